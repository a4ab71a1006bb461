"""Pure: from the facts of a machine to one verdict per provider."""

from collections.abc import Callable, Collection, Iterable, Mapping

from dra_clusters.binaries.build import PROGRAMS
from dra_clusters.doctor.facts import Facts, Verdict
from dra_clusters.errors import EnvironmentFault
from dra_clusters.kind.plan import choose

CONTROL_PLANE = ("etcd", "kube-apiserver")
"""The programs without which no cluster of real binaries starts."""
BUILD_MB = 4000
"""Free space that a build needs: Go's module and build caches, and the programs themselves."""


def verdicts(facts: Facts) -> list[Verdict]:
    """One verdict for each provider, by name."""
    return [Verdict(provider=name, usable=not missing, detail=missing or detail) for name, missing, detail in
            ((name, *decide(facts)) for name, decide in sorted(DECISIONS.items()))]  # fmt: skip


def embedded(facts: Facts) -> tuple[str, str]:
    """(What is missing, what it can do here) of the provider ``embedded``: Python packages only."""
    absent = sorted(name for name, version in facts.packages.items() if not version)
    if absent:
        return f"not installed: {', '.join(absent)}; run: pip install dra-conformance", ""
    if facts.user_namespaces or facts.mount_namespaces:
        return "", "all of it"
    return "", "all but processes of pods: they need root or user namespaces"


def binaries(facts: Facts) -> tuple[str, str]:
    """(What is missing, what it can do here) of the provider ``binaries``: $KUBEBUILDER_ASSETS, the cache, or Go."""
    if facts.assets:
        absent = [name for name in CONTROL_PLANE if name not in facts.assets_programs]
        if absent:
            return f"$KUBEBUILDER_ASSETS is {facts.assets}, which lacks {' and '.join(absent)}", ""
        return (
            "",
            f"{', '.join(facts.assets_programs)} of {facts.assets}; {real_nodes(facts, [facts.assets_programs])}",
        )
    if ready := complete(facts.built):
        return (
            "",
            f"Kubernetes {', '.join(ready)} of {facts.cache}; {real_nodes(facts, facts.built.values())}",
        )
    go = facts.programs.get("go")
    if go is None or not go.path:
        return "no programs: set $KUBEBUILDER_ASSETS, or install Go to build them", ""
    if facts.cache_free_mb < BUILD_MB:
        return (
            f"no programs, and {facts.cache} has {facts.cache_free_mb} MB free of the {BUILD_MB} MB that a build needs",
            "",
        )
    return "no programs; run: dra-cluster binaries build", ""


def real_nodes(facts: Facts, sets: Iterable[Collection[str]]) -> str:
    """Whether nodes can be real kubelets, or what is missing; SETS are the programs that are there."""
    missing = list(facts.node_missing)
    if not any("kubelet" in names for names in sets):
        missing.insert(0, "kubelet (dra-cluster binaries build --parts kubelet)")
    return f"no real kubelets: {', '.join(missing)}" if missing else "real kubelets (--kubelet real)"


def complete(built: Mapping[str, Collection[str]]) -> list[str]:
    """The versions in BUILT with a whole control plane, sorted."""
    return sorted(version for version, names in built.items() if set(CONTROL_PLANE) <= set(names))


def existing(facts: Facts) -> tuple[str, str]:
    """(What is missing, what it can do here) of the provider ``existing``: a kubeconfig whose cluster answers."""
    if not facts.kubeconfig:
        return "no kubeconfig: set $KUBECONFIG", ""
    if facts.cluster_problem:
        return f"the cluster of {facts.kubeconfig}: {facts.cluster_problem}", ""
    return "", f"{facts.cluster} of {facts.kubeconfig}"


def kind(facts: Facts) -> tuple[str, str]:
    """(What is missing, what it can do here) of the provider ``kind``: an engine, the program, and a node image."""
    try:
        choice = choose(facts.kind)
    except EnvironmentFault as error:
        return str(error), ""
    lacking = missing_for_image(facts) if choice.own_image else ""
    program = "" if facts.kind.kind else "; kind is built on first use"
    return lacking, f"{', '.join(choice.reasons)}{program}"


def missing_for_image(facts: Facts) -> str:
    """What a node image that is made here needs and is not here, with the remedy; empty if nothing is missing."""
    if not facts.kind.debian or "mmdebstrap" not in facts.kind.programs:
        return (
            "on cgroup v1 the node image is made here, with mmdebstrap (Debian: apt-get install mmdebstrap)"
        )
    needed = {name for names in PROGRAMS.values() for name in names}
    if any(needed <= set(names) for names in facts.built.values()):
        return ""
    return "on cgroup v1 the node image is made here, of programs that are not built; run: dra-cluster binaries build --parts api,scheduler,controllers,kubelet,node-image"


DECISIONS: Mapping[str, Callable[[Facts], tuple[str, str]]] = {
    "binaries": binaries,
    "embedded": embedded,
    "existing": existing,
    "kind": kind,
}
"""The decision of each provider in ``dra_clusters.choose.NAMES``."""
