"""Keeps as many pods as a ReplicaSet wants (kube-controller-manager pkg/controller/replicaset, 1.36)."""

from collections.abc import Iterable
from typing import cast

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.query.labels import selects
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.verbs.budgets import is_ready
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.dependents import REPLICA_SET, Dependents
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of, run_keyed
from kube_emulator.controllers.pod_control import (
    PodControl,
    available_in,
    is_active,
    pod_from,
    restarts_of,
    set_condition,
    write_status,
)

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
BURST = 500
"""Pods that one sync creates or deletes at most (BurstReplicas)."""


class ReplicaSetController:
    """The replicaset controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pods = Dependents(api, "pods", REPLICA_SET)
        self._control = PodControl(api, "replicaset-controller", self._pods)

    async def run(self) -> None:
        """Run until cancelled."""
        await run_keyed(self._api, ("replicasets", "pods"), self._keys_of, self._sync)

    def _keys_of(self, changed: Changed) -> Iterable[Key]:
        return self._pods.note(changed) if changed.plural == "pods" else [key_of(changed.item)]

    def _sync(self, key: Key) -> float | None:
        replica_set = self._api.find("replicasets", key[1], key[0])
        if replica_set is None:
            return None
        pods = self._active(replica_set)
        failure: ApiError | None = None
        if not replica_set["metadata"].get("deletionTimestamp"):
            try:
                self._scale(replica_set, pods)
            except ApiError as error:
                failure = error
            pods = self._active(replica_set)
        wanted = replica_set["spec"]["replicas"] - len(pods)
        status = status_of(replica_set, pods, self._api.clock.time())
        conditions = [one for one in status.pop("conditions", []) if one["type"] != "ReplicaFailure"]
        if failure is not None:
            reason = "FailedCreate" if wanted > 0 else "FailedDelete"
            condition = {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": reason,
                "message": failure.message,
            }
            before = (replica_set.get("status") or {}).get("conditions") or []
            conditions = set_condition(before, condition, self._api.clock.stamp())
        write_status(
            self._api, "replicasets", replica_set, status | ({"conditions": conditions} if conditions else {})
        )
        if failure is not None:
            raise failure
        waits = [available_in(pod, min_ready_of(replica_set), self._api.clock.time()) for pod in pods]
        return min((wait for wait in waits if wait), default=None)

    def _active(self, replica_set: JsonObject) -> list[Pod]:
        return [pod for pod in cast("list[Pod]", self._pods.of(replica_set)) if is_active(pod)]

    def _scale(self, replica_set: JsonObject, pods: list[Pod]) -> None:
        """Create or delete pods until there are as many as wanted."""
        missing = replica_set["spec"]["replicas"] - len(pods)
        for _ in range(min(missing, BURST)):
            self._control.create(
                replica_set, pod_from(replica_set, REPLICA_SET, replica_set["spec"]["template"])
            )
        if missing < 0:
            crowds: dict[str, int] = {}
            for pod in pods:
                node = pod["spec"].get("nodeName", "")
                crowds[node] = crowds.get(node, 0) + 1
            for pod in sorted(pods, key=lambda pod: deletion_rank(pod, crowds))[: min(-missing, BURST)]:
                self._control.delete(replica_set, pod)


def min_ready_of(item: JsonObject) -> int:
    """``spec.minReadySeconds``."""
    return int(item["spec"].get("minReadySeconds") or 0)


def deletion_rank(pod: Pod, crowds: dict[str, int]) -> tuple[object, ...]:
    """Who goes first when there are too many: what runs least, then what ran least (ActivePodsWithRanks)."""
    phase, node = (pod.get("status") or {}).get("phase"), pod["spec"].get("nodeName", "")
    cost = (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0")
    since = [
        one["lastTransitionTime"]
        for one in (pod.get("status") or {}).get("conditions") or []
        if one["type"] == "Ready"
    ]
    return (
        bool(node),
        ("Pending", "Unknown", "Running").index(phase) if phase in ("Pending", "Unknown", "Running") else 0,
        is_ready(pod),
        int(cost) if cost.lstrip("-").isdigit() else 0,
        -crowds[node],
        inverted(since[0]) if is_ready(pod) and since else "",
        -restarts_of(pod),
        inverted(pod["metadata"]["creationTimestamp"]),
    )


def inverted(stamp: str) -> str:
    """A text that sorts the other way round: what is newer comes first."""
    return "".join(chr(0x7F - ord(letter)) for letter in stamp)


def status_of(replica_set: JsonObject, pods: list[Pod], now: float) -> JsonObject:
    """The status of a ReplicaSet whose active pods are PODS; counts of 0 are left out where the API does."""
    labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    counts = {
        "fullyLabeledReplicas": sum(
            selects({"matchLabels": labels}, pod["metadata"].get("labels") or {}) for pod in pods
        ),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": sum(available_in(pod, min_ready_of(replica_set), now) == 0 for pod in pods),
    }
    kept = {
        name: value
        for name, value in (replica_set.get("status") or {}).items()
        if name not in counts and name != "replicas"
    }
    return {
        **kept,
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
