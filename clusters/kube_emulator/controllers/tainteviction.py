"""Evicts pods from nodes with NoExecute taints (kube-controller-manager pkg/controller/tainteviction, 1.36).

A pod that tolerates all of them for ever stays, one that tolerates them for a while goes after the shortest such time. The
time begins when the pod was first seen to be due, as upstream, not when the taint was added.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast

from dra_api.objects import DeviceTaint, DeviceToleration, Node, Pod, PodCondition, PodStatus
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_pod
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of, run_keyed
from kube_emulator.events import record_event
from kube_emulator.scheduler.framework.tolerations import tolerates

SOURCE = "taint-eviction-controller"
CONDITION: PodCondition = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByTaintManager",
    "message": "Taint manager: deleting due to NoExecute taint",
}


def patience(taints: Iterable[DeviceTaint], tolerations: Sequence[DeviceToleration]) -> float | None:
    """How long a pod may stay on a node with TAINTS: 0 for not at all, None for ever (getMinTolerationTime)."""
    times: list[float] = []
    for taint in taints:
        if taint.get("effect") != "NoExecute":
            continue
        found = [one for one in tolerations if tolerates(one, taint)]
        if not found:
            return 0.0
        times += [
            max(0.0, float(one["tolerationSeconds"]))
            for one in found
            if one.get("tolerationSeconds") is not None
        ]
    return min(times, default=None)


class TaintEvictionController:
    """The taint eviction controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pods: dict[str, set[Key]] = defaultdict(set)
        """{node: pods that are bound to it}."""
        self._since: dict[str, float] = {}
        """{UID of a pod: since when it has been due}."""

    async def run(self) -> None:
        """Run until cancelled."""
        await run_keyed(self._api, ("nodes", "pods"), self._keys_of, self._sync)

    def _keys_of(self, changed: Changed) -> Iterable[Key]:
        if changed.plural == "nodes":
            taints = [(item or {}).get("spec", {}).get("taints") for item in (changed.before, changed.after)]
            return sorted(self._pods[changed.item["metadata"]["name"]]) if taints[0] != taints[1] else ()
        key, node = key_of(changed.item), changed.item["spec"].get("nodeName")
        if not node:
            return ()
        if changed.after is None:
            self._pods[node].discard(key)
            self._since.pop(changed.item["metadata"]["uid"], None)
            return ()
        self._pods[node].add(key)
        return (key,)

    def _sync(self, key: Key) -> float | None:
        pod = find_pod(self._api, key[1], key[0])
        if (
            pod is None
            or pod["metadata"].get("deletionTimestamp")
            or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        ):
            return None
        node = cast("Node | None", self._api.find("nodes", pod["spec"].get("nodeName", "")))
        taints = (node["spec"].get("taints") or []) if node else []
        limit = patience(taints, pod["spec"].get("tolerations") or [])
        uid, now = pod["metadata"]["uid"], self._api.clock.time()
        if limit is None:
            if self._since.pop(uid, None) is not None:
                self._record(pod, f"Cancelling deletion of Pod {key[0]}/{key[1]}")
            return None
        left = self._since.setdefault(uid, now) + limit - now
        if left > 0:
            return left
        self._record(pod, f"Marking for deletion Pod {key[0]}/{key[1]}")
        self._evict(pod)
        return None

    def _record(self, pod: Pod, message: str) -> None:
        record_event(
            self._api, pod, reason="TaintManagerEviction", message=message, source=SOURCE, kind="Normal"
        )

    def _evict(self, pod: Pod) -> None:
        status = (pod.get("status") or PodStatus()).copy()
        others = [one for one in status.get("conditions") or [] if one["type"] != CONDITION["type"]]
        status["conditions"] = [*others, {**CONDITION, "lastTransitionTime": self._api.clock.stamp()}]
        self._api.update("pods", {**pod, "status": status}, subresource="status")
        metadata = pod["metadata"]
        self._api.delete("pods", metadata["name"], metadata["namespace"], uid=metadata["uid"])
