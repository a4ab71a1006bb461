"""The status of a domain from what its daemons wrote and from their pods. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dra_api.objects import Condition, Pod
from dra_driver.computedomain.names import CLIQUE_LABEL, OUTSIDE
from dra_driver.computedomain.objects import (
    ComputeDomain,
    ComputeDomainClique,
    ComputeDomainStatus,
    DomainNode,
)

SHOWN = 5
"""Nodes that a message names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a domain cannot have more of.

    Attributes:
        clique: nodes of one IMEX domain.
        cluster: nodes with the kubelet plugin; None while that is not known.
    """

    clique: int
    cluster: int | None = None


def is_ready(pod: Pod) -> bool:
    """Whether the pod's condition Ready holds."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def nodes_of(
    cliques: Iterable[ComputeDomainClique], pods: Sequence[Pod], lost: Collection[str] = ()
) -> list[DomainNode]:
    """The nodes of a domain: daemons in a clique whose pod is there, and daemons on nodes outside any fabric.

    An entry whose node has no daemon's pod is left out: the node left, and could not remove it. A node that is LOST, whose
    kubelet does not answer, is not ready whatever its daemon wrote last.
    """
    alive = {pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")}
    found = [
        DomainNode(
            name=daemon["nodeName"],
            ipAddress=daemon["ipAddress"],
            cliqueID=daemon["cliqueID"],
            index=daemon["index"],
            status=daemon["status"] if daemon["nodeName"] not in lost else "NotReady",
        )
        for clique in cliques
        for daemon in clique.get("daemons") or []
        if daemon["nodeName"] in alive
    ]
    for pod in pods:
        outside = (pod["metadata"].get("labels") or {}).get(CLIQUE_LABEL) == ""
        if outside and pod["spec"].get("nodeName"):
            found.append(
                DomainNode(
                    name=pod["spec"]["nodeName"],
                    ipAddress=(pod.get("status") or {}).get("podIP", ""),
                    cliqueID="",
                    index=OUTSIDE,
                    status="Ready" if is_ready(pod) and pod["spec"]["nodeName"] not in lost else "NotReady",
                )
            )
    return sorted(found, key=lambda node: (node["cliqueID"], node["index"], node["name"]))


def left_out(nodes: Sequence[DomainNode], pods: Sequence[Pod], limit: int) -> tuple[str, list[str]]:
    """(clique, nodes) of daemons that cannot join a clique because LIMIT others have; none if all can."""
    joined = {node["name"] for node in nodes}
    for clique in sorted({node["cliqueID"] for node in nodes if node["cliqueID"]}):
        outside = sorted(
            pod["spec"]["nodeName"]
            for pod in pods
            if (pod["metadata"].get("labels") or {}).get(CLIQUE_LABEL) == clique
            and pod["spec"].get("nodeName")
            and pod["spec"]["nodeName"] not in joined
        )
        if outside and sum(node["cliqueID"] == clique for node in nodes) >= limit:
            return clique, outside
    return "", []


def readiness(
    wanted: int, nodes: Sequence[DomainNode], pods: Sequence[Pod], limits: Limits
) -> tuple[bool, str, str]:
    """(ready, reason, message) of a domain that WANTED nodes."""
    clique, outside = left_out(nodes, pods, limits.clique)
    if outside:
        names = shown(outside)
        why = (
            f"clique {clique} has {limits.clique} nodes, the most of one IMEX domain; {names} cannot join: use fewer nodes, or "
            "raise --max-nodes-per-imex-domain of the controller"
        )
        return False, "CliqueFull", why
    if limits.cluster is not None and wanted > limits.cluster:
        why = (
            f"wanted {wanted} nodes, and {limits.cluster} have the kubelet plugin of ComputeDomains; add nodes, or create the "
            "domain with a smaller spec.numNodes"
        )
        return False, "TooFewNodes", why
    waiting = [node["name"] for node in nodes if node["status"] != "Ready"]
    unknown = len(pods) - len(nodes)
    if len(nodes) < wanted:
        more = f"; {unknown} more daemons have not joined yet" if unknown > 0 else ""
        return False, "WaitingForNodes", f"{len(nodes)} of {wanted} nodes have joined{more}"
    if waiting:
        return False, "NodesNotReady", f"not ready on {len(waiting)} of {len(nodes)} nodes: {shown(waiting)}"
    if not nodes:
        return (
            True,
            "NoNodesYet",
            "no node has joined; a node joins when a pod with a claim of the domain is there",
        )
    return True, "NodesReady", f"all {len(nodes)} nodes are ready"


def shown(names: Sequence[str]) -> str:
    """Names for a message: not all of many."""
    return ", ".join(names[:SHOWN]) + (" and more" if len(names) > SHOWN else "")


def status_of(
    domain: ComputeDomain,
    nodes: list[DomainNode],
    pods: Sequence[Pod],
    *,
    limits: Limits,
    shared: Sequence[str],
    problem: tuple[str, str] | None,
    deleting: tuple[str, str] | None,
    now: str,
) -> ComputeDomainStatus:
    """The status; a condition's time changes with its value only.

    PROBLEM is (reason, message) why the domain's objects cannot be made, DELETING of what a deletion waits for. SHARED are cliques
    that other domains are in, too: each domain has an IMEX of its own there, and importing memory fails now and then.
    """
    ready, reason, message = readiness(domain["spec"].get("numNodes", 0), nodes, pods, limits)
    if problem:
        ready, reason, message = False, *problem
    old = {one["type"]: one for one in (domain.get("status") or {}).get("conditions") or []}
    generation = domain["metadata"].get("generation", 1)
    accepted = ("Rejected", problem[1]) if problem else ("Accepted", "the domain's objects exist")
    conditions = [
        condition("Accepted", problem is None, *accepted, old=old, now=now, generation=generation),
        condition("Ready", ready, reason, message, old=old, now=now, generation=generation),
    ]
    if shared:
        why = (
            f"other ComputeDomains have nodes in {shown(shared)}, too; CUDA may refuse to share memory (CUDA_ERROR_NOT_SUPPORTED): use "
            "one domain a clique, or set NCCL_MNNVL_ENABLE=0 and NCCL_CUMEM_ENABLE=0 in the workload"
        )
        conditions.append(
            condition("CliqueShared", True, "OtherDomains", why, old=old, now=now, generation=generation)
        )
    if deleting:
        conditions.append(condition("Terminating", True, *deleting, old=old, now=now, generation=generation))
    return {"status": "Ready" if ready else "NotReady", "nodes": nodes, "conditions": conditions}


def condition(
    kind: str, holds: bool, reason: str, message: str, *, old: dict[str, Condition], now: str, generation: int
) -> Condition:
    """A condition that was observed now."""
    value, known = "True" if holds else "False", old.get(kind)
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastTransitionTime": known["lastTransitionTime"] if known and known["status"] == value else now,
        "observedGeneration": generation,
    }
