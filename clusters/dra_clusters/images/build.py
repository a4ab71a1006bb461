"""``dra-cluster image build``: OCI archives of the driver, of the fake GPU node and of the suite, from what is installed here.

No engine, no registry and no root is needed, and equal installations give equal bytes.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.images.archive import Image, ImageFile, write_archive
from dra_clusters.images.distributions import files_of, package_files, required
from dra_clusters.images.python_base import LIBRARIES, PROGRAM, SITE, python_files, with_libraries

REPOSITORY = "localhost/dra-conformance"
DISTRIBUTION = "dra-conformance"
NVML_CACHE = "var/cache/fake-nvml"
BUILD_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image has.

    Attributes:
        packages: of this repository.
        distributions: what these packages import; what those require is added.
        commands: {name: module}; the first one is the entry point.
        nvml: whether the fake libraries are compiled into it.
    """

    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    commands: Mapping[str, str]
    nvml: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


RECIPES: Mapping[str, Recipe] = {
    "driver": Recipe(
        packages=("dra_api", "dra_driver"),
        distributions=(
            "grpcio",
            "httpx2",
            "lightkube",
            "lightkube-models",
            "msgspec",
            "nvidia-ml-py",
            "prometheus-client",
            "protobuf",
            "pyyaml",
        ),
        commands={"dra-driver": "dra_driver.cli"},
    ),
    "fake-node": Recipe(
        packages=("fake_nvml",),
        distributions=("msgspec", "nvidia-ml-py", "pyyaml"),
        commands={"fake-nvml": "fake_nvml.cli"},
        nvml=True,
        environment={"XDG_CACHE_HOME": "/var/cache"},
    ),
    "suite": Recipe(
        packages=("dra_api", "dra_driver", "fake_nvml", "kube_emulator", "dra_clusters", "dra_conformance"),
        distributions=(DISTRIBUTION,),
        commands={
            "dra-conformance": "dra_conformance.cli",
            "dra-cluster": "dra_clusters.cli",
            "dra-driver": "dra_driver.cli",
            "fake-nvml": "fake_nvml.cli",
        },
        nvml=True,
        environment={"XDG_CACHE_HOME": "/var/cache"},
    ),
}
"""{image: recipe}."""

SCRIPT = """\
#!/{program}
import sys
from {module} import main
sys.exit(main())
"""


def image_of(name: str, repository: str = REPOSITORY) -> Image:
    """The image NAME.

    Raises:
        UsageError: there is none.
        EnvironmentFault: something that it needs is not installed.
    """
    if name not in RECIPES:
        message = f"unknown image {name!r}; there are {', '.join(RECIPES)}"
        raise UsageError(message)
    recipe = RECIPES[name]
    files = python_files()
    files |= {f"{SITE}/{path}": ImageFile(content=file.read_bytes()) for path, file in site_files(recipe)}
    for command, module in recipe.commands.items():
        text = SCRIPT.format(program=PROGRAM, module=module)
        files[f"usr/local/bin/{command}"] = ImageFile(content=text.encode(), mode=0o755)
    if recipe.nvml:
        files |= nvml_files()
    return Image(
        names=tuple(f"{repository}/{name}:{tag}" for tag in (version(DISTRIBUTION), "latest")),
        files=with_libraries(files),
        entrypoint=(f"/usr/local/bin/{next(iter(recipe.commands))}",),
        environment={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": f"/{LIBRARIES}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **recipe.environment,
        },
        folders=("tmp", "run", "root", "var/tmp"),
        labels={
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": version(DISTRIBUTION),
        },
    )


def site_files(recipe: Recipe) -> Iterator[tuple[str, Path]]:
    """(path in site-packages, file) of everything that a recipe names."""
    for package in recipe.packages:
        yield from package_files(package)
    names = {*required(recipe.distributions), DISTRIBUTION}
    for name in sorted(names):
        yield from files_of(name)


def cached(name: str, folder: Path) -> Path:
    """The archive of an image in FOLDER, written if what it is made of has changed since.

    Raises:
        EnvironmentFault: as ``image_of`` and ``build``.
    """
    stamps = [
        (path, file.stat().st_size, file.stat().st_mtime_ns) for path, file in site_files(RECIPES[name])
    ]
    key = hashlib.sha256(repr((sys.version, sys.base_prefix, stamps)).encode()).hexdigest()[:12]
    target = folder / key / f"{name}.tar"
    if not target.is_file():
        for old in folder.glob(f"*/{name}.tar"):
            old.unlink()
        (written,) = build([name], folder / f".{key}.{os.getpid()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        written.replace(target)
        written.parent.rmdir()
    return target


def nvml_files() -> dict[str, ImageFile]:
    """The fake libraries, compiled as the program compiles them: it finds them in its cache.

    Raises:
        EnvironmentFault: they cannot be compiled.
    """
    with tempfile.TemporaryDirectory(prefix="dra-image-") as scratch:
        environment = {**os.environ, "XDG_CACHE_HOME": scratch}
        command = [sys.executable, "-m", "fake_nvml.cli", "driver-root", f"{scratch}/root", "--machine", "t4"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=BUILD_S
        )
        if done.returncode:
            message = f"the fake libraries cannot be compiled: {done.stderr.strip()[-300:]}"
            raise EnvironmentFault(message)
        cache = Path(scratch) / "fake-nvml"
        return {
            f"{NVML_CACHE}/{path.relative_to(cache)}": ImageFile(content=path.read_bytes(), mode=0o755)
            for path in sorted(cache.rglob("*"))
            if path.is_file()
        }


def build(names: Sequence[str], output: Path, repository: str = REPOSITORY) -> list[Path]:
    """Write an archive of each image into OUTPUT; their paths.

    Raises:
        UsageError: an unknown image.
        EnvironmentFault: something is missing, or OUTPUT cannot be written.
    """
    for name in names:
        if name not in RECIPES:
            image_of(name)
    written = []
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name in names:
            written.append(output / f"{name}.tar")
            write_archive(written[-1], [image_of(name, repository)])
    except OSError as error:
        message = f"cannot write {error.filename or output}: {error.strerror}; give another --output"
        raise EnvironmentFault(message) from error
    return written
