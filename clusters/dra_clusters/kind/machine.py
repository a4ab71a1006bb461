"""What this machine has for kind, as frozen values: engines, cgroups, rights, programs. Looking changes nothing."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dra_clusters.binaries.build import cache
from dra_clusters.node.debian import KEYRING

ENGINES = ("docker", "podman")
PROBE_S = 20.0
SYS_RESOURCE = 24
"""Number of CAP_SYS_RESOURCE (linux/capability.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFound:
    """A container engine whose program is here.

    Attributes:
        problem: what it says when it is asked how it is; empty if it works.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine.

    Attributes:
        cgroup: ``v2``, ``v1`` or ``none``.
        sys_resource: whether this user has, or the engine's daemon may have, CAP_SYS_RESOURCE.
        booted_by_systemd: whether systemd manages the cgroups.
        programs: those on the PATH out of kind, go, mmdebstrap, runc.
        kind: the program, on the PATH or in the cache; empty if there is none.
        debian: whether packages can be taken from Debian.
        wanted_engine: ``$KIND_EXPERIMENTAL_PROVIDER``, which kind reads too.
    """

    engines: tuple[EngineFound, ...] = ()
    cgroup: str = "none"
    uid: int = 0
    sys_resource: bool = True
    booted_by_systemd: bool = True
    programs: frozenset[str] = frozenset()
    kind: str = ""
    debian: bool = False
    wanted_engine: str = ""


def look() -> Machine:
    """What is here now."""
    names = ("kind", "go", "mmdebstrap", "runc")
    cached = cache().parent / "kind/kind"
    return Machine(
        engines=tuple(ask(name) for name in ENGINES if shutil.which(name)),
        cgroup=cgroup_version(),
        uid=os.geteuid(),
        sys_resource=has_capability(Path("/proc/self/status").read_text(), SYS_RESOURCE),
        booted_by_systemd=Path("/run/systemd/system").is_dir(),
        programs=frozenset(name for name in names if shutil.which(name)),
        kind=shutil.which("kind") or (str(cached) if cached.is_file() else ""),
        debian=shutil.which("apt-get") is not None and KEYRING.is_file(),
        wanted_engine=os.environ.get("KIND_EXPERIMENTAL_PROVIDER", ""),
    )


def ask(name: str) -> EngineFound:
    """Whether an engine works; podman needs no daemon, so that its ``info`` says enough."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [shutil.which(name) or name, "info"],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=PROBE_S,
        )
    except subprocess.TimeoutExpired:
        return EngineFound(name=name, problem=f"no answer within {PROBE_S:.0f} s")
    except OSError as error:
        return EngineFound(name=name, problem=error.strerror or type(error).__name__)
    # docker's client prints its own part and ends with 0 although the daemon does not answer
    said = [line for line in done.stderr.splitlines() if re.search(r"(?i)error|cannot|denied|refused", line)]
    if done.returncode == 0 and (name == "podman" or "Server Version" in done.stdout):
        return EngineFound(name=name)
    lines = said or done.stderr.strip().splitlines() or [f"{name} info ended with code {done.returncode}"]
    return EngineFound(name=name, problem=lines[-1].strip()[:200])


def cgroup_version() -> str:
    """``v2``, ``v1`` or ``none``."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return "v2"
    return "v1" if (root / "memory").exists() else "none"


def has_capability(status: str, number: int) -> bool:
    """Whether a process may have a capability at all, from its ``/proc/PID/status``."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)", status, re.MULTILINE)
    return found is None or bool(int(found[1], 16) >> number & 1)
