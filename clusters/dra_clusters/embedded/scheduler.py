"""The scheduler: watches, lets ``scheduling`` decide, and writes (kube-scheduler with its DRA plugin, 1.36 and 1.37).

Everything between reading the changes and writing the result happens without a pause of the event loop, so what is
decided is still true when it is written: allocations need not be assumed in memory as upstream's are. Only the wait for
binding conditions takes time; its claims are allocated and reserved before it begins.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.events import tell
from dra_clusters.embedded.gates import gates_of
from dra_clusters.embedded.scheduling.conditions import POLL_S, conditional, state_of
from dra_clusters.embedded.scheduling.cycle import Cycle, Placement, Unschedulable
from dra_clusters.embedded.scheduling.hints import Hints, Wake
from dra_clusters.embedded.scheduling.queue import PodQueue
from dra_clusters.embedded.scheduling.requests import AllocationError
from dra_clusters.embedded.scheduling.state import PLURALS, State, ended, key_of
from dra_clusters.embedded.status import ApiError
from dra_clusters.embedded.store import Change

log = logging.getLogger(__name__)
Object = dict[str, Any]
FINALIZER = "resource.kubernetes.io/delete-protection"
SOURCE = "default-scheduler"
FILTER_TIMEOUT_S = 10.0
"""DynamicResourcesArgs filterTimeout."""
BATCH = 20
"""Pods between two pauses, so that the server gets its turn."""


class NotReady(Exception):
    """A claim of the pod is not there yet (PreEnqueue)."""


async def run_scheduler(api: Api) -> None:
    """Schedule until cancelled."""
    await Scheduler(api).run()


class Scheduler:
    """One scheduler."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clock: Clock = getattr(api, "clock", None) or Clock()
        gates: frozenset[str] = getattr(api, "gates", None) or gates_of("1.37")
        self._state = State(gates)
        self._hints = Hints()
        self._queue = PodQueue()
        self._start = 0
        self._binding: dict[str, asyncio.Task[None]] = {}
        self._random = random.Random("deallocation")  # noqa: S311 # which claim is freed is no secret

    async def run(self) -> None:
        """Schedule until cancelled."""
        changes = self._api.store.subscribe()
        try:
            for plural in PLURALS:
                for item in self._api.values(plural):
                    self._note(plural, None, item)
            while True:
                self._schedule_some(changes)
                if not self._queue.idle():
                    await asyncio.sleep(0)
                    continue
                await self._next(changes)
        finally:
            self._api.store.unsubscribe(changes)
            for task in self._binding.values():
                task.cancel()

    async def _next(self, changes: "asyncio.Queue[Change | None]") -> None:
        """Wait for a change, or until a pod's time has come."""
        pause = self._queue.wait_s(self._clock.time())
        try:
            change = await (changes.get() if pause is None else self._clock.wait_for(changes.get(), pause))
        except TimeoutError:
            change = None
        if change is not None:
            self._see(change)
        self._queue.mature(self._clock.time())

    def _schedule_some(self, changes: "asyncio.Queue[Change | None]") -> None:
        """Schedule up to BATCH pods, each with the cluster as it is then."""
        for _ in range(BATCH):
            while not changes.empty():
                change = changes.get_nowait()
                if change is not None:
                    self._see(change)
            key = self._queue.pop()
            if key is None:
                return
            namespace, _, name = key.partition("/")
            pod = self._api.find("pods", name, namespace)
            if pod is not None and wants_node(pod):
                self._schedule(key, pod)

    def _see(self, change: Change) -> None:
        if change.plural in PLURALS:
            before = change.before.value if change.before else None
            self._note(change.plural, before, change.after.value if change.after else None)

    def _note(self, plural: str, before: Object | None, after: Object | None) -> None:
        """Learn of a change, and wake the pods that it may help."""
        self._state.put(plural, before, after)
        wake = self._hints.seen(plural, before, after)
        if wake is Wake.ALL:
            self._queue.wake_all()
        elif isinstance(wake, set):
            self._queue.wake(wake)
        if plural != "pods":
            return
        key = key_of(after or before or {})
        if after is None or not wants_node(after):
            self._queue.forget(key)
        elif before is None or self._hints.changed(before, after):
            self._queue.put(key, int(after["spec"].get("priority") or 0))

    def _schedule(self, key: str, pod: Object) -> None:
        """One attempt to place POD."""
        cycle: Cycle | None = None
        try:
            claims = self._claims_of(pod)
            self._hints.follow(key, claims)
            cycle = Cycle(pod, claims, self._state, self._clock.time(), self._deadline)
            placement = cycle.run(self._start)
            self._start = placement.index
            self._reserve(key, pod, claims, placement)
        except NotReady as error:
            self._refuse(pod, "Unschedulable", unready(len(self._state.nodes), error))
        except Unschedulable as error:
            self._refuse(pod, "Unschedulable", str(error))
            self._free(pod, cycle.unavailable if cycle else [])
        except AllocationError as error:
            self._refuse(pod, "SchedulerError", f'running "DynamicResources" filter plugin: {error}')
            self._queue.retry(key, self._clock.time())
        except ApiError as error:
            log.info("pod %s: %s", key, error)
            self._refuse(pod, "SchedulerError", f'running PreBind plugin "DynamicResources": {error}')
            self._queue.retry(key, self._clock.time())

    def _deadline(self) -> Callable[[], bool]:
        end = self._clock.monotonic() + FILTER_TIMEOUT_S
        timed = "DRASchedulerFilterTimeout" in self._state.gates
        return lambda: timed and self._clock.monotonic() > end

    def _claims_of(self, pod: Object) -> list[Object]:
        """The claims of POD, the one for its extended resources last.

        Raises:
            NotReady: one is missing, going, or not this pod's.
        """
        entries = pod["spec"].get("resourceClaims") or []
        found = [claim_of(self._api, pod, entry) for entry in entries]
        claims = [claim for claim in found if claim is not None]
        namespace = pod["metadata"]["namespace"]
        special = self._state.special.get(pod["metadata"]["uid"])
        claim = self._api.find("resourceclaims", special, namespace) if special else None
        return [*claims, claim] if claim is not None else claims

    def _reserve(self, key: str, pod: Object, claims: list[Object], placement: Placement) -> None:
        """Write the allocations and reservations, then bind, or wait for the devices first."""
        allocated = [claim for claim in claims if (claim.get("status") or {}).get("allocation")]
        held = [self._write(claim, pod, None) for claim in allocated]
        for claim, allocation in zip(placement.claims, placement.allocations, strict=True):
            special = claim["metadata"]["name"].startswith("<")
            written = self._write(self._create(claim) if special else claim, pod, allocation)
            if special:
                self._tell_mappings(pod, written, placement.mappings)
            held.append(written)
        if any(conditional(claim) and state_of(claim, self._clock.time()) != "ready" for claim in held):
            self._state.place(pod, placement.node)
            names = [claim["metadata"]["name"] for claim in held]
            self._binding[key] = asyncio.ensure_future(self._bind_later(key, pod, names, placement.node))
            return
        self._bind(key, pod, placement.node)

    def _create(self, claim: Object) -> Object:
        """The claim for extended resources, with a name."""
        metadata = {name: value for name, value in claim["metadata"].items() if name not in ("name", "uid")}
        return self._api.create("resourceclaims", {**claim, "metadata": metadata}).value

    def _tell_mappings(self, pod: Object, claim: Object, mappings: list[Object]) -> None:
        """Note in POD which claim and requests serve its extended resources."""
        noted = {"resourceClaimName": claim["metadata"]["name"], "requestMappings": mappings}
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = {**(current.get("status") or {}), "extendedResourceClaimStatus": noted}
        self._api.update("pods", {**current, "status": status}, subresource="status")

    def _write(self, claim: Object, pod: Object, allocation: Object | None) -> Object:
        """Write that POD uses the claim, and its ALLOCATION if that is new."""
        metadata = claim["metadata"]
        if allocation is not None and FINALIZER not in (metadata.get("finalizers") or []):
            finalizers = [*(metadata.get("finalizers") or []), FINALIZER]
            claim = self._api.update(
                "resourceclaims", {**claim, "metadata": {**metadata, "finalizers": finalizers}}
            ).value
        status = dict(claim.get("status") or {})
        if allocation is not None:
            stamped = "DRADeviceBindingConditions" in self._state.gates
            status["allocation"] = allocation | (
                {"allocationTimestamp": self._clock.stamp()} if stamped else {}
            )
        user = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        if all(other["uid"] != user["uid"] for other in status.get("reservedFor") or []):
            status["reservedFor"] = [*(status.get("reservedFor") or []), user]
        return self._api.update("resourceclaims", {**claim, "status": status}, subresource="status").value

    async def _bind_later(self, key: str, pod: Object, names: list[str], node: str) -> None:
        """Bind POD when the devices of its claims are ready; give the claims back when they fail or are late."""
        namespace, state = pod["metadata"]["namespace"], "waiting"
        message = f"waiting for binding conditions for device on node {node}"
        tell(self._api, pod, reason="BindingConditionsPending", message=message, source=SOURCE, kind="Normal")
        try:
            while state == "waiting":
                await self._clock.sleep(POLL_S)
                claims = [self._api.find("resourceclaims", name, namespace) for name in names]
                now = self._clock.time()
                states = {state_of(claim, now) if claim else "failed" for claim in claims}
                state = next((s for s in ("failed", "late", "waiting") if s in states), "ready")
            current = self._api.find("pods", pod["metadata"]["name"], namespace)
            if current is None or current["metadata"]["uid"] != pod["metadata"]["uid"]:
                return
            if state == "ready":
                self._bind(key, current, node)
                return
            why = "device binding timeout" if state == "late" else "device binding failed"
            self._unreserve(current, names)
            self._refuse(current, "SchedulerError", f'running PreBind plugin "DynamicResources": {why}')
            self._state.put("pods", current, current)
            self._queue.retry(key, self._clock.time())
        finally:
            self._binding.pop(key, None)

    def _unreserve(self, pod: Object, names: list[str]) -> None:
        """POD does not use its claims after all."""
        for name in names:
            claim = self._api.find("resourceclaims", name, pod["metadata"]["namespace"])
            if claim is not None:
                status = dict(claim.get("status") or {})
                users = [
                    u for u in status.pop("reservedFor", None) or [] if u["uid"] != pod["metadata"]["uid"]
                ]
                new = {**claim, "status": status | ({"reservedFor": users} if users else {})}
                self._api.update("resourceclaims", new, subresource="status")

    def _free(self, pod: Object, unavailable: list[Object]) -> None:
        """Take the allocation from one claim that keeps POD from every node, if nobody else uses it (PostFilter)."""
        uid = pod["metadata"]["uid"]
        special = self._state.special.get(uid)
        idle = [
            claim
            for claim in unavailable
            if all(user["uid"] == uid for user in (claim.get("status") or {}).get("reservedFor") or [])
        ]
        if not idle:
            return
        claim = self._random.choice(idle)
        metadata = claim["metadata"]
        status = {
            name: value
            for name, value in claim["status"].items()
            if name not in ("allocation", "reservedFor", "devices")
        }
        freed = self._api.update("resourceclaims", {**claim, "status": status}, subresource="status").value
        if metadata["name"] == special:
            kept = [name for name in metadata.get("finalizers") or [] if name != FINALIZER]
            self._api.update(
                "resourceclaims", {**freed, "metadata": {**freed["metadata"], "finalizers": kept}}
            )
            self._api.delete("resourceclaims", metadata["name"], metadata["namespace"])

    def _bind(self, key: str, pod: Object, node: str) -> None:
        """Give POD its node."""
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        bound = self._api.update("pods", {**current, "spec": {**current["spec"], "nodeName": node}}).value
        self._queue.forget(key)
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": self._clock.stamp()}
        self._set_condition(bound, condition)
        message = f"Successfully assigned {key} to {node}"
        tell(self._api, bound, reason="Scheduled", message=message, source=SOURCE, kind="Normal")

    def _refuse(self, pod: Object, reason: str, why: str) -> None:
        """Say in POD why it waits; the condition is written only if it does not stand there already."""
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": why,
            "lastTransitionTime": self._clock.stamp(),
        }
        conditions = (pod.get("status") or {}).get("conditions") or []
        known: Object = next((c for c in conditions if c["type"] == "PodScheduled"), {})
        if (known.get("reason"), known.get("message")) != (reason, why):
            self._set_condition(pod, condition)
            tell(self._api, pod, reason="FailedScheduling", message=why, source=SOURCE)

    def _set_condition(self, pod: Object, condition: Object) -> None:
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = dict(current.get("status") or {})
        others = [c for c in status.get("conditions") or [] if c["type"] != condition["type"]]
        status["conditions"] = [*others, condition]
        self._api.update("pods", {**current, "status": status}, subresource="status")


def wants_node(pod: Object) -> bool:
    """Whether POD is this scheduler's to place."""
    spec = pod["spec"]
    if (
        spec.get("nodeName")
        or spec.get("schedulingGates")
        or pod["metadata"].get("deletionTimestamp")
        or ended(pod)
    ):
        return False
    return spec.get("schedulerName") in (None, "", SOURCE)


def claim_of(api: Api, pod: Object, entry: Object) -> Object | None:
    """The claim behind an entry of ``spec.resourceClaims``; None: none is needed.

    Raises:
        NotReady: it is missing, going, or not POD's.
    """
    namespace, name = pod["metadata"]["namespace"], entry.get("resourceClaimName")
    owned = not name
    if owned:
        statuses = (pod.get("status") or {}).get("resourceClaimStatuses") or []
        made = {status["name"]: status.get("resourceClaimName") for status in statuses}
        if entry["name"] not in made:
            message = f'pod "{key_of(pod)}": ResourceClaim not created yet'
            raise NotReady(message)
        name = made[entry["name"]]
    if not name:
        return None
    claim = api.find("resourceclaims", name, namespace)
    if claim is None:
        message = f'resourceclaim.resource.k8s.io "{name}" not found'
        raise NotReady(message)
    if claim["metadata"].get("deletionTimestamp"):
        message = f'resourceclaim "{name}" is being deleted'
        raise NotReady(message)
    if owned and not owns(pod, claim):
        message = f"ResourceClaim {namespace}/{name} was not created for Pod {key_of(pod)} (Pod is not owner)"
        raise NotReady(message)
    return claim


def owns(pod: Object, claim: Object) -> bool:
    """Whether CLAIM was made for POD."""
    owners = claim["metadata"].get("ownerReferences") or []
    return any(owner.get("controller") and owner["uid"] == pod["metadata"]["uid"] for owner in owners)


def unready(nodes: int, error: NotReady) -> str:
    """The text of the condition of a pod whose claim is missing."""
    return f"0/{nodes} nodes are available: {error}."
