"""The status of a domain from what its daemons wrote and from their pods. Pure."""

from collections.abc import Iterable, Sequence

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


def is_ready(pod: Pod) -> bool:
    """Whether the pod's condition Ready holds."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def nodes_of(cliques: Iterable[ComputeDomainClique], pods: Sequence[Pod]) -> list[DomainNode]:
    """The nodes of a domain: daemons in a clique whose pod is there, and daemons on nodes outside any fabric.

    An entry whose node has no daemon's pod is left out: the node was lost, or left, and could not remove it.
    """
    alive = {pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")}
    found = [
        DomainNode(
            name=daemon["nodeName"],
            ipAddress=daemon["ipAddress"],
            cliqueID=daemon["cliqueID"],
            index=daemon["index"],
            status=daemon["status"],
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
                    status="Ready" if is_ready(pod) else "NotReady",
                )
            )
    return sorted(found, key=lambda node: (node["cliqueID"], node["index"], node["name"]))


def readiness(wanted: int, nodes: Sequence[DomainNode], pods: Sequence[Pod]) -> tuple[bool, str, str]:
    """(ready, reason, message) of a domain that WANTED nodes."""
    waiting = [node["name"] for node in nodes if node["status"] != "Ready"]
    unknown = len(pods) - len(nodes)
    if len(nodes) < wanted:
        more = f"; {unknown} more daemons have not joined yet" if unknown > 0 else ""
        return False, "WaitingForNodes", f"{len(nodes)} of {wanted} nodes have joined{more}"
    if waiting:
        names = ", ".join(waiting[:SHOWN]) + (" and more" if len(waiting) > SHOWN else "")
        return False, "NodesNotReady", f"not ready on {len(waiting)} of {len(nodes)} nodes: {names}"
    if not nodes:
        return (
            True,
            "NoNodesYet",
            "no node has joined; a node joins when a pod with a claim of the domain is there",
        )
    return True, "NodesReady", f"all {len(nodes)} nodes are ready"


def status_of(
    domain: ComputeDomain,
    nodes: list[DomainNode],
    pods: Sequence[Pod],
    *,
    problem: tuple[str, str] | None,
    deleting: tuple[str, str] | None,
    now: str,
) -> ComputeDomainStatus:
    """The status; a condition's time changes with its value only.

    PROBLEM is (reason, message) why the domain's objects cannot be made, DELETING of what a deletion waits for.
    """
    ready, reason, message = readiness(domain["spec"].get("numNodes", 0), nodes, pods)
    if problem:
        ready, reason, message = False, *problem
    old = {one["type"]: one for one in (domain.get("status") or {}).get("conditions") or []}
    generation = domain["metadata"].get("generation", 1)
    accepted = ("Rejected", problem[1]) if problem else ("Accepted", "the domain's objects exist")
    conditions = [
        condition("Accepted", problem is None, *accepted, old=old, now=now, generation=generation),
        condition("Ready", ready, reason, message, old=old, now=now, generation=generation),
    ]
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
