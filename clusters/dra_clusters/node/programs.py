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

from dra_clusters.errors import UsageError
from dra_clusters.node.debian import unpack

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
    with tempfile.TemporaryDirectory(prefix="dra-containerd-") as scratch:
        unpacked = unpack(Path(scratch), "containerd", "sid")
        target = cache / "containerd"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("containerd-shim-runc-v2", "ctr", "containerd"):
            shutil.copy2(unpacked / "usr/bin" / name, target / name)
    return target
