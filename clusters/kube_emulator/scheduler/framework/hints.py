"""Pure: which parked pods a change may help (queueing hints of kube-scheduler's plugins, 1.36)."""

from enum import Enum
from typing import Any, cast

from dra_api.objects import JsonObject, Node, Pod, ReadOnlyObject, ResourceClaim
from kube_emulator.scheduler.framework.neighbours import concerned
from kube_emulator.scheduler.framework.state import claim_names, ended, key_of
from kube_emulator.scheduler.framework.usage import results_of


class Wake(Enum):
    """Whom a change helps, if not certain pods."""

    NOBODY = "nobody"
    ALL = "all"


def labels_of(item: ReadOnlyObject | None) -> Any:
    """The labels of an object, if there is one."""
    return item["metadata"].get("labels") if item else None


def of_node(node: Node | None) -> Any:
    """What of a node decides whether a pod fits; heartbeats do not."""
    if node is None:
        return None
    spec = node.get("spec") or {}
    allocatable = (node.get("status") or {}).get("allocatable")
    return node["metadata"].get("labels"), spec.get("unschedulable"), spec.get("taints"), allocatable


class Hints:
    """Remembers which pods wait for which claims."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[str]] = {}
        self._follows: dict[str, set[str]] = {}
        self._attached: set[str] = set()
        """Waiting pods that require something of other pods."""

    def follow(self, key: str, pod: Pod) -> None:
        """The pod KEY waits for its claims, those that do not exist too."""
        namespace = pod["metadata"]["namespace"]
        if concerned(pod):
            self._attached.add(key)
        for name in claim_names(pod):
            self._waiting.setdefault(f"{namespace}/{name}", set()).add(key)
            self._follows.setdefault(key, set()).add(f"{namespace}/{name}")

    def _drop(self, pod: str) -> None:
        self._attached.discard(pod)
        for claim in self._follows.pop(pod, ()):
            pods = self._waiting.get(claim, set())
            pods.discard(pod)
            if not pods:
                self._waiting.pop(claim, None)

    def seen(self, plural: str, before: JsonObject | None, after: JsonObject | None) -> Wake | set[str]:
        """Whom the change from BEFORE to AFTER may help."""
        item = after or before
        if item is None:
            return Wake.NOBODY
        if plural == "pods":
            return self._pod(key_of(item), cast("Pod | None", before), cast("Pod | None", after))
        if plural == "resourceclaims":
            # Freed devices may serve any pod; any other change of a claim concerns only pods that use it.
            old, new = cast("ResourceClaim | None", before), cast("ResourceClaim | None", after)
            freed = old is not None and bool(results_of(old)) and (new is None or not results_of(new))
            return Wake.ALL if freed else set(self._waiting.get(key_of(item), ()))
        if plural == "nodes":
            return (
                Wake.ALL
                if after is not None and of_node(cast("Node | None", before)) != of_node(cast(Node, after))
                else Wake.NOBODY
            )
        if plural == "namespaces":
            return Wake.ALL if self._attached and labels_of(before) != labels_of(after) else Wake.NOBODY
        same = before is not None and after is not None and before.get("spec") == after.get("spec")
        return Wake.NOBODY if same else Wake.ALL

    def _pod(self, key: str, before: Pod | None, after: Pod | None) -> Wake:
        gone = after is None or ended(after)
        if gone or (after is not None and after["spec"].get("nodeName")):
            self._drop(key)
        placed = before is not None and bool(before["spec"].get("nodeName"))
        if gone:
            return Wake.ALL if placed and before is not None and not ended(before) else Wake.NOBODY
        arrived = after is not None and bool(after["spec"].get("nodeName")) and not placed
        relabelled = placed and labels_of(before) != labels_of(after)
        return Wake.ALL if self._attached and (arrived or relabelled) else Wake.NOBODY

    def changed(self, before: Pod, after: Pod) -> bool:
        """Whether a waiting pod itself changed in what decides where it goes."""
        return (
            before["spec"] != after["spec"]
            or before["metadata"].get("labels") != after["metadata"].get("labels")
            or claims_of(before) != claims_of(after)
        )


def claims_of(pod: Pod) -> Any:
    """The names of a pod's generated claims."""
    return (pod.get("status") or {}).get("resourceClaimStatuses")
