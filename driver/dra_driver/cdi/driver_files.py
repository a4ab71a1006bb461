"""Finds the files of NVIDIA's driver that a container needs to use a GPU: libraries, programs, firmware and sockets.

What is looked for is what NVIDIA's own generator mounts (nvidia-ctk 1.20, pkg/nvcdi/driver-nvml.go); a story compares the two.
Left out on purpose: the pipe of the host's MPS daemon, because a claim has a daemon of its own, and files for graphics.
Paths are those in the container: below the driver root on the host.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIBRARY_FOLDERS = (
    "usr/lib64",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/nvidia/current",
    "usr/lib/aarch64-linux-gnu/nvidia/current",
    "lib64",
    "lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
    "lib/x86_64-linux-gnu/nvidia/current",
    "lib/aarch64-linux-gnu/nvidia/current",
)
"""Where nvidia-ctk looks without a cache of ldconfig (pkg/lookup/library.go)."""
SUBFOLDERS = ("", "vdpau")
PROGRAM_FOLDERS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
PROGRAMS = (
    "nvidia-smi",
    "nvidia-debugdump",
    "nvidia-persistenced",
    "nvidia-cuda-mps-control",
    "nvidia-cuda-mps-server",
    "nvidia-imex",
    "nvidia-imex-ctl",
)
FIRMWARE = ("gsp*.bin", "ucodes*.bin")
SOCKETS = ("nvidia-persistenced/socket", "nvidia-fabricmanager/socket")
SONAME = re.compile(r"\.so\.\d+(\.\d+)*$")
EXTRA_LINKS = {"libcuda.so": "libcuda.so.1", "libnvidia-opticalflow.so": "libnvidia-opticalflow.so.1"}
"""{link that programs open, though no package makes it: its target}."""


@dataclass(frozen=True, slots=True)
class DriverFiles:
    """What was found for one version of the driver.

    Attributes:
        links: (target, path of the link) in the folders of the libraries.
    """

    version: str
    libraries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def find_driver_files(root: Path, version: str, release: str = os.uname().release) -> DriverFiles:
    """The files below ROOT of the driver's VERSION; RELEASE is the kernel's."""
    libraries = dict(_libraries(root, version))
    return DriverFiles(
        version=version,
        libraries=tuple(libraries.values()),
        programs=tuple(_first(root, PROGRAM_FOLDERS, PROGRAMS)),
        firmware=tuple(_firmware(root, version, release)),
        sockets=tuple(_first(root, ("run", "var/run"), SOCKETS)),
        links=tuple(dict.fromkeys(link for path in libraries.values() for link in _links(root, path))),
    )


def _libraries(root: Path, version: str) -> Iterator[tuple[Path, str]]:
    """(the file itself, its path) of each library; folders may be links to each other."""
    seen: set[Path] = set()
    for folder in LIBRARY_FOLDERS:
        for sub in SUBFOLDERS:
            for pattern in (f"lib*.so.{version}", "libnvidia-nvvm70.so.*"):
                for path in sorted((root / folder / sub).glob(pattern)):
                    if path.resolve() not in seen and not path.is_symlink():
                        seen.add(path.resolve())
                        yield path.resolve(), inside(root, path)


def _links(root: Path, library: str) -> Iterator[tuple[str, str]]:
    """The links to a library that the host has: the name that the loader looks for, and the one for dlopen."""
    path = root / library.lstrip("/")
    stem, folder = path.name.partition(".so")[0] + ".so", Path(library).parent
    for name, target in EXTRA_LINKS.items():
        if stem == name:
            yield target, str(folder / name)
    if stem == "libGLX_nvidia.so":
        yield path.name, str(folder / "libGLX_indirect.so.0")
    sonames = [
        each.name
        for each in sorted(path.parent.glob(f"{stem}.*"))
        if each.is_symlink() and SONAME.search(each.name) and each.resolve() == path.resolve()
    ]
    soname = min(sonames, key=len, default=path.name)  # libcuda.so.1, not libcuda.so.1.1
    if soname != path.name:
        yield path.name, str(folder / soname)
    if (path.parent / stem).is_symlink():
        yield soname, str(folder / stem)


def _first(root: Path, folders: tuple[str, ...], names: tuple[str, ...]) -> Iterator[str]:
    """Each of NAMES in the first of FOLDERS that has it."""
    for name in names:
        found = (root / folder / name for folder in folders if (root / folder / name).exists())
        if (path := next(found, None)) is not None:
            yield inside(root, path)


def _firmware(root: Path, version: str, release: str) -> Iterator[str]:
    folders = (
        f"lib/firmware/updates/{release}",
        "lib/firmware/updates",
        f"lib/firmware/{release}",
        "lib/firmware",
    )
    for pattern in FIRMWARE:
        for folder in folders:
            yield from (
                inside(root, path) for path in sorted((root / folder / "nvidia" / version).glob(pattern))
            )


def inside(root: Path, path: Path) -> str:
    """PATH as the container has it."""
    return f"/{path.relative_to(root)}"
