"""Compiles the client library once for each content of its sources, into the user's cache.

A build at install time would go stale in an editable install and would make the wheel depend on a platform; a compile
takes a fraction of a second and happens once. The file is put in its place in one step, so that processes which start
together cannot see half of it.
"""

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from fake_nvml.errors import EnvironmentFault

SONAME = "libnvidia-ml.so.1"
CUDA = "libcuda.so.1"
FLAGS = ("-O2", "-fno-plt", "-g0", "-fPIC", "-shared", "-fvisibility=hidden", "-std=gnu11", "-Wl,-z,now")
SOURCES = {
    SONAME: (
        "shim.c",
        "entries_generated.c",
        "branch.c",
        "telemetry.c",
        "shim.h",
        "plain.h",
        "branches/r535.def",
        "branches/r550.def",
        "branches/r555.def",
    ),
    CUDA: ("cuda.c", "cuda_memory.c", "cuda_client.h"),
}


def compiler() -> list[str]:
    """The C compiler's command: ``$CC``, else ``cc``, else the one in the package ``ziglang``.

    Raises:
        EnvironmentFault: there is none.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen and shutil.which(chosen[0]):
        return chosen
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    message = (
        "the fake libnvidia-ml.so.1 is compiled on first use and there is no C compiler here; "
        "install one (Debian: apt-get install gcc libc6-dev) or the Python package that has one (pip install ziglang)"
    )
    raise EnvironmentFault(message)


def cache_folder() -> Path:
    """Where compiled files are kept: ``$XDG_CACHE_HOME/fake-nvml``, by default ``~/.cache/fake-nvml``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "fake-nvml"


def compile_once(
    sources: dict[str, str], flags: tuple[str, ...], name: str, folder: Path | None = None
) -> Path:
    """Compile SOURCES {file name: text} with FLAGS to a file NAME, unless that was done before.

    Raises:
        EnvironmentFault: no compiler, it failed, or the cache cannot be written.
    """
    digest = hashlib.sha256(repr((sorted(sources.items()), flags)).encode()).hexdigest()[:16]
    target = (folder or cache_folder()) / digest / name
    if target.exists():
        return target
    command = compiler()
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            for file, text in sources.items():
                (Path(scratch) / Path(file).name).write_text(text)
            units = [file for file in sources if file.endswith(".c")]
            made = Path(scratch) / name
            ran = subprocess.run(
                [*command, *units, *flags, "-o", str(made)],
                cwd=scratch,
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.returncode:
                message = f"{shlex.join(command)} could not compile {', '.join(units)}: {ran.stderr[-2000:]}"
                raise EnvironmentFault(message)
            made.replace(target)
    except OSError as error:
        message = (
            f"cannot write the compiled library to {target.parent}: {error.strerror}; set XDG_CACHE_HOME"
        )
        raise EnvironmentFault(message) from error
    return target


def library(name: str = SONAME) -> Path:
    """A client library, compiled if need be."""
    shim = files("fake_nvml").joinpath("shim")
    sources = {source: shim.joinpath(source).read_text() for source in SOURCES[name]}
    return compile_once(sources, (*FLAGS, f"-Wl,-soname,{name}"), name)


def libraries() -> dict[str, Path]:
    """All client libraries by the names under which programs load them."""
    return {name: library(name) for name in SOURCES}
