"""The Python that runs now, with its standard library and the libraries that it needs, as files of an image.

So an image has the Python for which its distributions were built, and no Linux distribution beside it: no shell, no
package manager. The libraries are in ``/lib64``, where every loader looks.
"""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.images.archive import ImageFile
from dra_clusters.images.elf import is_elf, needed

PROGRAM = "usr/local/bin/python3"
LIBRARY = f"usr/local/lib/python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"{LIBRARY}/site-packages"
LIBRARIES = "lib64"
SKIPPED = re.compile(
    r"^(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|site-packages|dist-packages|config-[^/]*)/"
    r"|(^|/)(__pycache__|tests?)/|^lib-dynload/_(tkinter|test|xx|ctypes_test|curses|dbm|gdbm)|\.(pyc|a)$"
)
LOADER_PATHS = (
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
)
ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
"""What programs ask for users, groups and hosts."""


def python_files() -> dict[str, ImageFile]:
    """{path: file} of the interpreter and the standard library, without the libraries that they need."""
    files = {path: ImageFile(content=text.encode()) for path, text in ACCOUNTS.items()}
    files[PROGRAM] = ImageFile(content=Path(sys.executable).resolve().read_bytes(), mode=0o755)
    standard = Path(sysconfig.get_path("stdlib"))
    for file in sorted(standard.rglob("*")):
        path = str(file.relative_to(standard))
        if file.is_file() and not SKIPPED.search(path):
            files[f"{LIBRARY}/{path}"] = ImageFile(content=file.read_bytes())
    return files


def with_libraries(files: Mapping[str, ImageFile]) -> dict[str, ImageFile]:
    """FILES with the shared libraries that they need and have not.

    An extension module of the standard library whose library is not on this machine is left out.

    Raises:
        EnvironmentFault: a library of another file is not here.
    """
    known = library_index()
    there = {Path(path).name for path in files}
    added: dict[str, ImageFile] = {}
    left = dict(files)
    for path, file in files.items():
        if not is_elf(file.content):
            continue
        waiting = needed(file.content)
        while waiting:
            name = waiting.pop()
            if name in there or f"{LIBRARIES}/{name}" in added:
                continue
            source = known.get(name)
            if source is None:
                if path.startswith(f"{LIBRARY}/lib-dynload/"):
                    del left[path]
                    break
                message = f"{path} needs the library {name}, which is not on this machine"
                raise EnvironmentFault(message)
            content = source.read_bytes()
            added[f"{LIBRARIES}/{name}"] = ImageFile(content=content, mode=0o755)
            waiting += needed(content)
    return left | added


def library_index() -> dict[str, Path]:
    """{name: file} of the libraries that this machine's loader and this Python find."""
    printed = run_ldconfig()
    folders = [*map(Path, LOADER_PATHS), Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib")]
    found = {path.name: path for folder in folders for path in libraries_in(folder)}
    return {
        **{
            name: Path(path)
            for name, path in re.findall(r"^\s*(\S+) \(libc6,x86-64.*?\) => (\S+)", printed, re.MULTILINE)
        },
        **found,
    }


def libraries_in(folder: Path) -> Iterable[Path]:
    """Files of a folder that look like shared libraries."""
    return (path for path in sorted(folder.glob("*.so*")) if path.is_file()) if folder.is_dir() else ()


def run_ldconfig() -> str:
    """What the loader's cache has; empty where there is no ldconfig."""
    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig"):
        if Path(program).is_file():
            return subprocess.run([program, "-p"], capture_output=True, text=True, check=False).stdout
    return ""
