"""Pure: from what a machine has to how kind is used on it, or to one line that says what is missing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.kind.machine import ENGINES, Machine
from dra_clusters.provider import ClusterOptions

PUBLISHED: Mapping[str, str] = MappingProxyType(
    {
        "1.37": "v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5",
        "1.36": "v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed",
        "1.35": "v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0",
        "1.34": "v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d",
    }
)
"""{release: tag and digest of kindest/node}, of the notes of kind v0.33.0. A tag alone may be another kind's build."""

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
"""A cluster's name is part of host names, container names and folders; with ``-control-plane`` it must fit 63 letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How kind is used here.

    Attributes:
        engine: ``docker`` or ``podman``.
        private: whether podman gets a configuration of our own: runc and cgroupfs, as no systemd manages cgroups here.
        own_image: whether the node image must be made here, because the published one cannot run.
        reasons: what was found, for people.
    """

    engine: str
    private: bool = False
    own_image: bool = False
    reasons: tuple[str, ...] = ()


def choose(machine: Machine) -> Choice:
    """How kind is used on MACHINE.

    Raises:
        EnvironmentFault: it cannot be; the message says what to do.
    """
    engine = chosen_engine(machine)
    reasons = [f"engine {engine}"]
    if machine.cgroup == "v1":
        if machine.uid != 0:
            message = "kind on cgroup v1 needs root (rootless containers need cgroup v2); run it as root"
            raise EnvironmentFault(message)
        reasons.append("cgroup v1, so the node image is made here: the published ones need v2")
    private = (
        engine == "podman"
        and machine.uid == 0
        and (machine.cgroup == "v1" or not machine.sys_resource or not machine.booted_by_systemd)
    )
    if private:
        reasons.append("podman with runc and cgroupfs")
        if "runc" not in machine.programs:
            message = "podman needs runc here; install it (Debian: apt-get install runc)"
            raise EnvironmentFault(message)
    if not machine.kind and "go" not in machine.programs:
        message = (
            "no kind on the PATH, and no go to build it; install one (go install sigs.k8s.io/kind@v0.33.0)"
        )
        raise EnvironmentFault(message)
    return Choice(engine=engine, private=private, own_image=machine.cgroup == "v1", reasons=tuple(reasons))


def chosen_engine(machine: Machine) -> str:
    """The engine: the one of $KIND_EXPERIMENTAL_PROVIDER, else docker, else podman.

    Raises:
        EnvironmentFault: none works.
    """
    found = {each.name: each.problem for each in machine.engines}
    if machine.wanted_engine and machine.wanted_engine not in ENGINES:
        message = f"$KIND_EXPERIMENTAL_PROVIDER is {machine.wanted_engine!r}; there are {', '.join(ENGINES)}"
        raise EnvironmentFault(message)
    names = (machine.wanted_engine,) if machine.wanted_engine else ENGINES
    for name in names:
        # runc's docker cannot start privileged containers without that capability
        if found.get(name) == "" and (name == "podman" or machine.sys_resource):
            return name
    if not found:
        message = "no container engine; install docker or podman (Debian: apt-get install podman)"
        raise EnvironmentFault(message)
    message = "; ".join(f"{name}: {why_not(name, found, machine)}" for name in names)
    raise EnvironmentFault(f"no container engine that works: {message}")


def why_not(name: str, found: Mapping[str, str], machine: Machine) -> str:
    """Why an engine cannot be used, and what to do."""
    problem = found.get(name)
    if problem is None:
        return f"not installed (Debian: apt-get install {'docker.io' if name == 'docker' else name})"
    if not problem and not machine.sys_resource:
        return "it needs CAP_SYS_RESOURCE for privileged containers, which is not allowed here; use podman"
    if "permission denied" in problem.lower():
        return f"{problem}; add this user to the group {name}, or run as root"
    if "daemon" in problem.lower() or "refused" in problem.lower():
        return f"{problem} Start it (systemctl start {name})"
    return problem


def published_image(kubernetes: str) -> str:
    """The published node image of a release.

    Raises:
        UsageError: kind v0.33 has none.
    """
    if kubernetes not in PUBLISHED:
        message = f"kind has no node image of Kubernetes {kubernetes}; there are {', '.join(sorted(PUBLISHED))}, or give --node-image"
        raise UsageError(message)
    return f"docker.io/kindest/node:{PUBLISHED[kubernetes]}"


def check_kind_options(options: ClusterOptions) -> None:
    """Check what a kind cluster can be asked for.

    Raises:
        UsageError: a bad name, too many nodes, or hollow ones.
    """
    if options.name and not NAME.fullmatch(options.name):
        message = f"--name {options.name!r}: wanted at most 40 of a-z, 0-9 and -, beginning and ending with a letter or digit"
        raise UsageError(message)
    if options.hollow:
        message = "a kind cluster has no hollow nodes; they are the embedded cluster's"
        raise UsageError(message)


def node_names(cluster: str, workers: int) -> tuple[str, ...]:
    """The names that kind gives: control plane first, then workers (pkg/cluster/internal/providers/common/namer.go)."""
    numbered = (f"{cluster}-worker{number if number > 1 else ''}" for number in range(1, workers + 1))
    return (f"{cluster}-control-plane", *numbered)
