"""Looks at the machine; every probe has a deadline and changes nothing."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dra_clusters.binaries.build import cache, programs_in
from dra_clusters.doctor.facts import Facts, Program
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import ClusterError
from dra_clusters.kind.machine import cgroup_version, look
from dra_clusters.node.programs import missing_for_node
from dra_clusters.raw_client import RawClient

PROBE_S = 5.0
PACKAGES = ("aiohttp", "cel-expr-python", "cryptography", "google-re2", "grpcio", "kubernetes", "protobuf")
VERSION_COMMANDS = {
    "cc": ("cc", "--version"),
    "go": ("go", "version"),
    "docker": ("docker", "--version"),
    "podman": ("podman", "--version"),
    "containerd": ("containerd", "--version"),
    "kind": ("kind", "--version"),
    "kubectl": ("kubectl", "version", "--client"),
}


def collect() -> Facts:
    """The facts of this machine."""
    kubeconfig = _kubeconfig()
    with ThreadPoolExecutor() as pool:
        programs = pool.map(_program, VERSION_COMMANDS.values())
        user = pool.submit(_unshare, "--user", "--map-root-user", "--mount")
        mount = pool.submit(_unshare, "--mount")
        kind = pool.submit(look)
        cluster, problem = _within_deadline(lambda: _cluster(kubeconfig)) if kubeconfig else ("", "")
        found = dict(zip(VERSION_COMMANDS, programs, strict=True))
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    return Facts(
        python=platform.python_version(),
        packages={name: _package(name) for name in PACKAGES},
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        cgroup=cgroup_version(),
        uid=os.getuid(),
        user_namespaces=user.result(),
        mount_namespaces=mount.result(),
        programs=found,
        kubeconfig=kubeconfig,
        cluster=cluster,
        cluster_problem=problem,
        cache=str(cache()),
        cache_free_mb=_free_mb(cache()),
        assets=assets,
        assets_programs=_names(Path(assets)) if assets else (),
        node_missing=tuple(missing_for_node(cache(), cache())),
        kind=kind.result(),
        built=_built(),
    )


def _package(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _run(*command: str) -> subprocess.CompletedProcess[str] | None:
    """What a command did; None if it did not end in time or cannot be run."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=PROBE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _program(command: tuple[str, ...]) -> Program:
    path = shutil.which(command[0])
    if path is None:
        return Program()
    done = _run(path, *command[1:])
    lines = (done.stdout or done.stderr).strip().splitlines() if done else []
    return Program(path=path, version=lines[0] if lines else f"no version within {PROBE_S:.0f} s")


def _unshare(*flags: str) -> bool | None:
    path = shutil.which("unshare")
    if path is None:
        return None
    done = _run(path, *flags, "true")
    return done is not None and done.returncode == 0


def _kubeconfig() -> str:
    default = Path("~/.kube/config").expanduser()
    return os.environ.get("KUBECONFIG") or (str(default) if default.exists() else "")


def _cluster(kubeconfig: str) -> tuple[str, str]:
    """(Version of the cluster, why it was not reached)."""
    try:
        with RawClient(Endpoint.of_kubeconfig(kubeconfig), timeout_s=PROBE_S) as client:
            return str(client.send("GET", "/version").expect(200)["gitVersion"]), ""
    except (ClusterError, KeyError, TypeError) as error:
        return "", str(error) or type(error).__name__


def _within_deadline(probe: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """The result of PROBE; a kubeconfig may name a program for credentials, which may hang."""
    found = [("", f"no answer within {2 * PROBE_S:.0f} s")]
    thread = threading.Thread(target=lambda: found.insert(0, probe()), daemon=True)
    thread.start()
    thread.join(2 * PROBE_S)
    return found[0]


def _free_mb(folder: Path) -> int:
    """Free space where FOLDER is, or would be made."""
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), Path("/"))
    return shutil.disk_usage(there).free // (1024 * 1024)


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(programs_in(folder).paths))


def _built() -> dict[str, tuple[str, ...]]:
    if not cache().is_dir():
        return {}
    folders = sorted(path for path in cache().iterdir() if re.fullmatch(r"[\d.]+", path.name))
    return {folder.name: _names(folder) for folder in folders}
