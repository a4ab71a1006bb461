"""NVIDIA's own programs and libraries, as Debian ships them for two driver branches, to compare ours with.

The packages are downloaded with apt into a folder of the test's and never installed; where that is not possible the test
is skipped with the reason.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

RELEASES = {"535.261.03": ("bookworm", "535.261.03-1"), "550.163.01": ("trixie", "550.163.01-2")}


def mirror() -> str:
    """The archive that this machine takes its Debian packages from; skips where it is no Debian."""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^(?!#).*?(https?://\S+/debian/?)(?=\s|$)", text, re.MULTILINE)
    if found is None:
        pytest.skip("no Debian archive among this machine's package sources")
    return found[1]


def fetch(folder: Path, name: str, version: str) -> Path:
    """The package NAME of a driver VERSION, unpacked below FOLDER; skips where it cannot be had."""
    release, package = RELEASES[version]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip(f"no apt-get and dpkg-deb here to fetch Debian's {name} with")
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={key}] {mirror()} {release} contrib non-free\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache", "APT::Sandbox::User": "root", "Acquire::Retries": 1, "Acquire::http::Timeout": 20,
    }  # fmt: skip
    arguments = [argument for option, value in options.items() for argument in ("-o", f"{option}={value}")]
    for command in (["update"], ["download", f"{name}={package}"]):
        done = subprocess.run(
            ["apt-get", *arguments, *command],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        if done.returncode:
            pytest.skip(f"Debian's {name} {package} cannot be had here: {done.stderr.strip()[-200:]}")
    (archive,) = folder.glob(f"{name}_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(archive), str(folder / "x")], check=True)
    return folder / "x"
