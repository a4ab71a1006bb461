"""The status of a domain of the control driver, from its daemons' pods and the nodes; with a defect a wrong one."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dra_conformance.controls.domain_objects import CLIQUE_LABEL


def holds(item: Any, kind: str = "Ready") -> bool:
    """Whether a condition of an object is true."""
    conditions = (item.get("status") or {}).get("conditions") or []
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


class Numbers:
    """Which number each node of a domain has: the lowest that is free in its clique."""

    def __init__(self, defect: str) -> None:
        self._defect = defect
        self._by_pod: dict[str, int] = {}

    def of(
        self, old: Mapping[str, Any], cliques: Mapping[str, str], pods: Mapping[str, str]
    ) -> dict[str, int]:
        """{node: number} for the nodes of CLIQUES; OLD are the entries that the status had, PODS the daemons by node."""
        if self._defect == "counts-on":
            return {name: self._by_pod.setdefault(pods[name], len(self._by_pod)) for name in sorted(cliques)}
        if self._defect == "one-number":
            return dict.fromkeys(cliques, 0)
        found = {name: old[name]["index"] for name in cliques if name in old}
        for name, clique in sorted(cliques.items()):
            if name in found:
                continue
            taken = {number for other, number in found.items() if cliques[other] == clique}
            found[name] = next(number for number in range(len(taken) + 1) if number not in taken)
        return found


def entries(
    domain: Any, pods: Iterable[Any], nodes: Mapping[str, Any], numbers: Numbers, defect: str
) -> list[dict[str, Any]]:
    """``status.nodes``."""
    placed = {pod["spec"]["nodeName"]: pod for pod in pods if pod["spec"].get("nodeName")}
    ready = {name: holds(pod) for name, pod in placed.items()}
    addresses = {name: (pod.get("status") or {}).get("podIP", "") for name, pod in placed.items()}
    if defect == "lists-every-node":
        ready = dict.fromkeys(nodes, True)
    ready = {name: value for name, value in ready.items() if name in nodes}
    cliques = {name: (nodes[name]["metadata"].get("labels") or {}).get(CLIQUE_LABEL, "") for name in ready}
    if defect == "one-clique":
        cliques = dict.fromkeys(ready, "same")
    old = {entry["name"]: entry for entry in (domain.get("status") or {}).get("nodes") or []}
    index = numbers.of(old, cliques, {name: pod["metadata"]["uid"] for name, pod in placed.items()})
    alive = {name for name in ready if defect == "trusts-lost-nodes" or holds(nodes[name])}
    return [
        {
            "name": name,
            "ipAddress": addresses.get(name, ""),
            "cliqueID": cliques[name],
            "index": index[name],
            "status": "Ready" if ready[name] and name in alive else "NotReady",
        }
        for name in sorted(ready)
    ]


def status_of(domain: Any, found: Sequence[dict[str, Any]], problem: str, defect: str) -> dict[str, Any]:
    """The status; a condition's time changes with its value only."""
    wanted = domain["spec"].get("numNodes", 0) + (defect == "never-ready")
    wanted = 0 if defect == "ready-early" else wanted
    before = (domain.get("status") or {}).get("status")
    ready = not problem and len(found) >= wanted and all(one["status"] == "Ready" for one in found)
    ready = ready or (defect == "stays-ready" and before == "Ready")
    status: dict[str, Any] = {"status": "Ready" if ready else "NotReady", "nodes": list(found)}
    if defect == "gives-no-reason":
        return status
    old: dict[str, Any] = next(iter((domain.get("status") or {}).get("conditions") or []), {})
    value = "True" if ready else "False"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status["conditions"] = [
        {
            "type": "Ready",
            "status": value,
            "reason": "TemplateTaken" if problem else "Nodes",
            "message": problem or f"{len(found)} of {wanted} nodes",
            "observedGeneration": domain["metadata"].get("generation", 1),
            "lastTransitionTime": old["lastTransitionTime"] if old.get("status") == value else now,
        }
    ]
    return status
