"""Evicts pods from devices with NoExecute taints (kube-controller-manager pkg/controller/devicetainteviction, 1.36).

``taints`` decides when an eviction is due. This module follows changes, waits and deletes pods. A change of a slice
re-evaluates only pods whose claims have devices of its pool.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

from dra_api.objects import DeviceTaintRule, Pod, PodCondition, PodStatus, ResourceClaim, ResourceSlice
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_claim, find_pod, taint_rules
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import Changed, feed
from kube_emulator.controllers.resourceclaim import Key, done, key_of
from kube_emulator.controllers.rule_status import RuleStatus
from kube_emulator.controllers.taints import eviction_time
from kube_emulator.events import record_event
from kube_emulator.scheduler.framework.state import claim_names
from kube_emulator.scheduler.framework.usage import results_of

log = logging.getLogger(__name__)
SOURCE = "device-taint-eviction"
RETRY_S = 1.0
REASON = "DeviceTaintManagerEviction"
WATCHED = ("pods", "resourceclaims", "resourceslices", "devicetaintrules")
CONDITION: PodCondition = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "DeletionByDeviceTaintManager",
    "message": "Device Taint manager: deleting due to NoExecute taint",
}


class DeviceTaintEvictionController:
    """The device taint eviction controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clock = api.clock
        self._on = "DRADeviceTaints" in api.gates
        self._with_rules = "DRADeviceTaintRules" in api.gates
        self._slices: dict[tuple[str, str], dict[str, ResourceSlice]] = defaultdict(dict)
        self._claims: dict[tuple[str, str], set[Key]] = defaultdict(set)
        """{pool: allocated claims with devices of it}."""
        self._pods: dict[str, set[Key]] = defaultdict(set)
        """{``namespace/claim``: pods that use it}."""
        self._due: dict[Key, float] = {}
        self._status = RuleStatus(api, self._clock)

    async def run(self) -> None:
        """Run until cancelled."""
        if not self._on:
            return
        async for batch in feed(self._api, WATCHED, self._wait_s):
            pods: set[Key] = set()
            for changed in batch:
                pods |= self._handle(changed)
            for key in sorted(pods):
                self._guard(self._plan, key)
            for key in [key for key, due in self._due.items() if due <= self._clock.time()]:
                del self._due[key]
                if not self._guard(self._evict, key):
                    self._due[key] = self._clock.time() + RETRY_S
            if self._with_rules:
                self._guard(self._status.write, self._pending())

    def _guard(self, work: Callable[[Any], None], about: Any) -> bool:
        """Whether WORK did not fail; what the API refuses is tried again later."""
        try:
            work(about)
        except ApiError as error:
            log.info("%s: %s", work.__name__, error)
            return False
        return True

    def _wait_s(self) -> float | None:
        times = [*self._due.values(), *self._status.due.values()]
        return max(0.0, min(times) - self._clock.time()) if times else None

    def _handle(self, changed: Changed) -> set[Key]:
        """Handle a change; returns the pods whose eviction must be re-evaluated."""
        item = changed.item
        if changed.plural == "pods":
            key = key_of(item)
            for name in claim_names(cast(Pod, item)):
                pods = self._pods[f"{key[0]}/{name}"]
                (pods.discard if changed.after is None or done(cast(Pod, item)) else pods.add)(key)
            return {key}
        if changed.plural == "resourceslices":
            pool = item["spec"]["driver"], item["spec"]["pool"]["name"]
            self._slices[pool].pop(item["metadata"]["name"], None)
            if changed.after is not None:
                self._slices[pool][item["metadata"]["name"]] = cast(ResourceSlice, changed.after)
            return {pod for claim in self._claims[pool] for pod in self._pods["/".join(claim)]}
        if changed.plural == "devicetaintrules":
            self._status.changed(changed)
            claims = {claim for found in self._claims.values() for claim in found}
            return {pod for claim in claims for pod in self._pods["/".join(claim)]}
        return self._handle_claim(changed)

    def _handle_claim(self, changed: Changed) -> set[Key]:
        key = key_of(changed.item)
        for found, sign in ((changed.before, -1), (changed.after, 1)):
            for result in results_of(cast(ResourceClaim, found)) if found is not None else ():
                claims = self._claims[result["driver"], result["pool"]]
                (claims.add if sign > 0 else claims.discard)(key)
        return set(self._pods["/".join(key)])

    def _plan(self, key: Key) -> None:
        """Schedule or cancel the eviction of a pod, and record an event about it."""
        namespace, name = key
        pod, due, before = find_pod(self._api, name, namespace), None, self._due.pop(key, None)
        if pod is not None:
            due = self._time_of(pod)
        if due is not None:
            self._due[key] = due
            if before is None and pod is not None:
                record_event(
                    self._api,
                    pod,
                    reason=REASON,
                    message="Marking for deletion",
                    source=SOURCE,
                    kind="Normal",
                )
        elif before is not None and pod is not None and not pod["metadata"].get("deletionTimestamp"):
            record_event(
                self._api, pod, reason=REASON, message="Cancelling deletion", source=SOURCE, kind="Normal"
            )

    def _time_of(self, pod: Pod) -> float | None:
        """When POD is to be evicted; None if it is not."""
        if done(pod) or not pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            return None
        rules = taint_rules(self._api) if self._with_rules else []
        times = []
        for name in claim_names(pod):
            claim = find_claim(self._api, name, pod["metadata"]["namespace"])
            users = ((claim.get("status") or {}).get("reservedFor") or []) if claim else []
            if claim is not None and any(user["uid"] == pod["metadata"]["uid"] for user in users):
                times.append(eviction_time(claim, self._slices, rules, self._clock.time()))
        return min((time for time in times if time is not None), default=None)

    def _evict(self, key: Key) -> None:
        """Delete a pod."""
        pod = find_pod(self._api, key[1], key[0])
        # Decided again: the taint may have gone since the eviction was scheduled.
        if pod is None or self._time_of(pod) is None:
            return
        status = (pod.get("status") or PodStatus()).copy()
        others = [c for c in status.get("conditions") or [] if c["type"] != CONDITION["type"]]
        status["conditions"] = [*others, {**CONDITION, "lastTransitionTime": self._clock.stamp()}]
        self._api.update("pods", {**pod, "status": status}, subresource="status")
        self._api.delete("pods", key[1], key[0], uid=pod["metadata"]["uid"])
        for rule in taint_rules(self._api) if self._with_rules else ():
            if self._time_with(pod, [rule]):
                self._status.evicted(rule)

    def _time_with(self, pod: Pod, rules: list[DeviceTaintRule]) -> bool:
        """Whether RULES alone evict POD."""
        for name in claim_names(pod):
            claim = find_claim(self._api, name, pod["metadata"]["namespace"])
            if claim is not None and eviction_time(claim, {}, rules, self._clock.time()) is not None:
                return True
        return False

    def _pending(self) -> Callable[[DeviceTaintRule], tuple[int, int]]:
        """A function that counts, for a rule, the pods that would be evicted and their namespaces."""

        def count(rule: DeviceTaintRule) -> tuple[int, int]:
            pods = {
                pod
                for claims in self._claims.values()
                for claim in claims
                for pod in self._pods["/".join(claim)]
                if (found := find_pod(self._api, pod[1], pod[0])) is not None
                and not found["metadata"].get("deletionTimestamp")
                and self._time_with(found, [rule])
            }
            return len(pods), len({namespace for namespace, _ in pods})

        return count
