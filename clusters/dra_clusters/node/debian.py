"""Packages of Debian, unpacked without being installed, with a private configuration of apt that checks their signatures."""

import re
import shutil
import subprocess
from pathlib import Path

from dra_clusters.errors import EnvironmentFault

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FETCH_S = 180


def unpack(folder: Path, package: str, suite: str, components: str = "main") -> Path:
    """Download PACKAGE (``name`` or ``name=version``) of SUITE into FOLDER and unpack it there; where.

    Raises:
        EnvironmentFault: it cannot be had.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None or not KEYRING.is_file():
        message = f"no Debian to take the package {package} from"
        raise EnvironmentFault(message)
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {debian_archive()} {suite} {components}\n"
    )
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 1,
        "Acquire::http::Timeout": 20,
    }
    flags = [each for option, value in options.items() for each in ("-o", f"{option}={value}")]
    for command in (["update"], ["download", package]):
        done = subprocess.run(
            ["apt-get", *flags, *command],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_S,
        )
        if done.returncode:
            message = f"Debian's package {package} cannot be had: {done.stderr.strip()[-300:]}"
            raise EnvironmentFault(message)
    (archive,) = folder.glob(f"{package.partition('=')[0]}_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(archive), str(folder / "x")], check=True)
    return folder / "x"


def debian_archive() -> str:
    """The archive that this machine takes its Debian packages from.

    Raises:
        EnvironmentFault: it has none.
    """
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^(?!#).*?(https?://\S+/debian/?)(?=\s|$)", text, re.MULTILINE)
    if found is None:
        message = "no Debian archive among this machine's package sources"
        raise EnvironmentFault(message)
    return found[1]
