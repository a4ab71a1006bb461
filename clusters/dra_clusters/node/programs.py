"""The programs of a real node besides the kubelet: found on this machine, or taken from a Debian package into the cache.

containerd passes CDI devices from 1.7 on; Debian's current release has an older one, so the package of a later release is
unpacked (never installed). runc and the CNI plugins must be installed: any version does.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dra_clusters.errors import EnvironmentFault, UsageError

CDI_SINCE = (1, 7)
CNI_FOLDERS = (Path("/opt/cni/bin"), Path("/usr/lib/cni"), Path("/usr/libexec/cni"))
CNI_PLUGINS = ("bridge", "host-local", "loopback")
TOOLS = {
    "runc": "runc",
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "cc": "gcc",
    "busybox": "busybox-static",
}
"""{program: Debian's package}."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FETCH_S = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePrograms:
    """Where the programs are.

    Attributes:
        containerd: the folder of ``containerd``, ``containerd-shim-runc-v2`` and ``ctr``.
        cni: the folder of the CNI plugins.
        busybox: linked statically, for the image of pods.
    """

    kubelet: Path
    containerd: Path
    runc: Path
    cni: Path
    busybox: Path


def missing_for_node(kubelet: Path | None, cache: Path) -> list[str]:
    """What a real node needs and what is not here, with the remedy; empty if nothing is missing."""
    lacking = [] if os.geteuid() == 0 else ["root (mounts and cgroups)"]
    if kubelet is None:
        lacking.append("kubelet (dra-cluster binaries build --parts api,kubelet)")
    if find_containerd(cache) is None:
        lacking.append("containerd 1.7 or later (install it, or dra-cluster binaries build --parts kubelet)")
    lacking += [
        f"{name} (package {package})" for name, package in TOOLS.items() if shutil.which(name) is None
    ]
    if find_cni() is None:
        lacking.append("CNI plugins (package containernetworking-plugins)")
    return lacking


def find_node_programs(kubelet: Path | None, cache: Path) -> NodePrograms:
    """The programs of a real node.

    Args:
        kubelet: the program, if it is there.
        cache: where ``fetch_containerd`` put containerd.

    Raises:
        UsageError: some cannot be used here; the message names all of them and what to do.
    """
    lacking = missing_for_node(kubelet, cache)
    containerd, cni = find_containerd(cache), find_cni()
    if lacking or kubelet is None or containerd is None or cni is None:
        message = f"a real kubelet needs what is not here: {'; '.join(lacking)}"
        raise UsageError(message)
    return NodePrograms(
        kubelet=kubelet,
        containerd=containerd,
        cni=cni,
        runc=Path(shutil.which("runc") or ""),
        busybox=Path(shutil.which("busybox") or ""),
    )


def find_cni() -> Path | None:
    """The folder of the CNI plugins."""
    return next((path for path in CNI_FOLDERS if all((path / each).is_file() for each in CNI_PLUGINS)), None)


def find_containerd(cache: Path) -> Path | None:
    """The folder of a containerd that knows CDI: on the PATH, or in the cache."""
    found = shutil.which("containerd")
    for folder in (Path(found).parent if found else None, cache / "containerd"):
        if folder is None or not (folder / "containerd").is_file():
            continue
        if containerd_version(folder / "containerd") >= CDI_SINCE:
            return folder
    return None


def containerd_version(program: Path) -> tuple[int, ...]:
    """The version of a containerd, e.g. (2, 1); (0,) if it does not say."""
    done = subprocess.run(
        [str(program), "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r" v?(\d+)\.(\d+)\.", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)


def fetch_containerd(cache: Path) -> Path:
    """Take containerd from the Debian package of a later release, if none is here that knows CDI; its folder.

    The archive is the one that this machine takes its packages from; the package is checked by apt's signatures.

    Raises:
        EnvironmentFault: it cannot be had.
    """
    if (found := find_containerd(cache)) is not None:
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None or not KEYRING.is_file():
        message = "there is no containerd 1.7 or later on the PATH, and no Debian to take a package from; install containerd"
        raise EnvironmentFault(message)
    with tempfile.TemporaryDirectory(prefix="dra-containerd-") as scratch:
        folder = Path(scratch)
        download(folder, "containerd", "sid")
        (archive,) = folder.glob("containerd_*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder / "x")], check=True)
        target = cache / "containerd"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("containerd-shim-runc-v2", "ctr", "containerd"):
            shutil.copy2(folder / "x/usr/bin" / name, target / name)
    return target


def download(folder: Path, package: str, suite: str) -> None:
    """Download PACKAGE of SUITE into FOLDER, with a private configuration of apt.

    Raises:
        EnvironmentFault: it cannot be had.
    """
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {debian_archive()} {suite} main\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
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


def debian_archive() -> str:
    """The archive that this machine takes its Debian packages from.

    Raises:
        EnvironmentFault: it has none.
    """
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^(?!#).*?(https?://\S+/debian/?)(?=\s|$)", text, re.MULTILINE)
    if found is None:
        message = "no Debian archive among this machine's package sources; install containerd 1.7 or later"
        raise EnvironmentFault(message)
    return found[1]
