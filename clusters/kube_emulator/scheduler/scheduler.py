"""The scheduler: watches, lets ``framework`` decide, and writes (kube-scheduler with its DRA plugin, 1.36 and 1.37).

Everything between reading the changes and writing the result happens without a pause of the event loop, so what is
decided is still true when it is written: allocations need not be assumed in memory as upstream's are. Only the wait for
binding conditions takes time; its claims are allocated and reserved before it begins.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import cast

from dra_api.objects import JsonObject, Pod, PodResourceClaim, ResourceClaim
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_claim, find_pod
from kube_emulator.apiserver.status import ApiError
from kube_emulator.events import record_event
from kube_emulator.scheduler.binding import SOURCE, Writer
from kube_emulator.scheduler.framework.conditions import POLL_S, conditional, state_of
from kube_emulator.scheduler.framework.cycle import Cycle, Placement, Unschedulable, likeness
from kube_emulator.scheduler.framework.hints import Hints, Wake
from kube_emulator.scheduler.framework.queue import PodQueue
from kube_emulator.scheduler.framework.requests import AllocationError
from kube_emulator.scheduler.framework.state import PLURALS, State, ended, key_of
from kube_emulator.store.store import Change

log = logging.getLogger(__name__)
FILTER_TIMEOUT_S = 10.0
"""DynamicResourcesArgs filterTimeout."""
TURN_S = 0.02
"""How long pods are scheduled between two pauses, so that the server gets its turn."""


class NotReady(Exception):
    """A claim of the pod is not there yet (PreEnqueue)."""


async def run_scheduler(api: Api) -> None:
    """Schedule until cancelled."""
    await Scheduler(api).run()


class Scheduler:
    """One scheduler."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clock = api.clock
        self._state = State(api.gates, api.release)
        self._hints = Hints()
        self._queue = PodQueue()
        self._start = 0
        self._unschedulable: dict[bytes, str] = {}
        """{likeness of pods that fit nowhere: why}; good until something happens that may help them."""
        self._changes: asyncio.Queue[Change | None] = asyncio.Queue()
        self._binding: dict[str, asyncio.Task[None]] = {}
        self._writer = Writer(api)

    async def run(self) -> None:
        """Schedule until cancelled."""
        self._changes = self._api.store.subscribe(PLURALS)
        try:
            for plural in PLURALS:
                for item in self._api.values(plural):
                    self._update(plural, None, item)
            while True:
                self._schedule_some()
                if self._queue.idle():
                    await self._next()
                else:
                    await asyncio.sleep(0)
        finally:
            self._api.store.unsubscribe(self._changes)
            for task in self._binding.values():
                task.cancel()

    async def _next(self) -> None:
        """Wait for a change, or until a pod's time has come."""
        pause = self._queue.wait_s(self._clock.time())
        try:
            waiting = self._changes.get()
            change = await (waiting if pause is None else self._clock.wait_for(waiting, pause))
        except TimeoutError:
            change = None
        if change is not None:
            self._handle(change)
        self._queue.flush_backoff(self._clock.time())

    def _schedule_some(self) -> None:
        """Schedule pods for TURN_S, each with the cluster as it is then."""
        end = self._clock.monotonic() + TURN_S
        while self._clock.monotonic() < end:
            while not self._changes.empty():
                change = self._changes.get_nowait()
                if change is not None:
                    self._handle(change)
            key = self._queue.pop()
            if key is None:
                return
            namespace, _, name = key.partition("/")
            pod = find_pod(self._api, name, namespace)
            if pod is not None and wants_node(pod) and key not in self._binding:
                self._schedule(key, pod)

    def _handle(self, change: Change) -> None:
        if change.plural in PLURALS:
            before = change.before.value if change.before else None
            self._update(change.plural, before, change.after.value if change.after else None)

    def _update(self, plural: str, before: JsonObject | None, after: JsonObject | None) -> None:
        """Handle a change, and activate the pods that it may help."""
        self._state.put(plural, before, after)
        wake = self._hints.seen(plural, before, after)
        if wake is Wake.ALL:
            self._unschedulable.clear()
            self._queue.activate_all()
        elif isinstance(wake, set):
            self._queue.activate(wake)
        if plural != "pods":
            return
        key = key_of(after or before or {})
        old, new = cast("Pod | None", before), cast("Pod | None", after)
        if new is None or not wants_node(new):
            self._queue.forget(key)
        elif old is None or self._hints.changed(old, new):
            self._queue.put(key, int(new["spec"].get("priority") or 0))

    def _schedule(self, key: str, pod: Pod) -> None:
        """One attempt to place POD; what the API refuses, and what is wrong with a claim, is tried again later."""
        try:
            self._attempt(key, pod)
        except ApiError as error:
            log.info("pod %s: %s", key, error)
            self._queue.retry(key, self._clock.time())
        except AllocationError as error:
            self._queue.retry(key, self._clock.time())
            with contextlib.suppress(
                ApiError
            ):  # the pod cannot be written, e.g. while its namespace is deleted
                why = f'running "DynamicResources" filter plugin: {error}'
                self._writer.refuse(pod, "SchedulerError", why)

    def _attempt(self, key: str, pod: Pod) -> None:
        """Place POD, or say in it why it waits. Raises ApiError, AllocationError."""
        self._hints.follow(key, pod)
        try:
            claims = self._claims_of(pod)
        except NotReady as error:
            # As long as PreEnqueue refuses a pod there is no attempt, so nothing is written about one.
            log.debug("pod %s is not attempted: %s", key, error)
            return
        like = likeness(pod, claims, self._state)
        if like in self._unschedulable:
            self._writer.refuse(pod, "Unschedulable", self._unschedulable[like])
            return
        cycle = Cycle(pod, claims, self._state, self._clock.time(), self._deadline)
        try:
            placement = cycle.run(self._start)
        except Unschedulable as error:
            self._writer.refuse(pod, "Unschedulable", str(error))
            self._writer.free(cycle.idle())
            if like is not None:
                self._unschedulable[like] = str(error)
            return
        self._start = placement.index
        self._reserve(key, pod, claims, placement)

    def _deadline(self) -> Callable[[], bool]:
        end = self._clock.monotonic() + FILTER_TIMEOUT_S
        timed = "DRASchedulerFilterTimeout" in self._state.gates
        return lambda: timed and self._clock.monotonic() > end

    def _claims_of(self, pod: Pod) -> list[ResourceClaim]:
        """The claims of POD, the one for its extended resources last.

        Raises:
            NotReady: one is missing, going, or not this pod's.
        """
        entries = pod["spec"].get("resourceClaims") or []
        found = [claim_of(self._api, pod, entry) for entry in entries]
        claims = [claim for claim in found if claim is not None]
        namespace = pod["metadata"]["namespace"]
        special = self._state.special.get(pod["metadata"]["uid"])
        claim = find_claim(self._api, special, namespace) if special else None
        return [*claims, claim] if claim is not None else claims

    def _reserve(self, key: str, pod: Pod, claims: list[ResourceClaim], placement: Placement) -> None:
        """Write the allocations and reservations, then bind, or wait for the devices first."""
        allocated = [claim for claim in claims if (claim.get("status") or {}).get("allocation")]
        held = [self._writer.write(claim, pod, None) for claim in allocated]
        for claim, allocation in zip(placement.claims, placement.allocations, strict=True):
            special = claim["metadata"]["name"].startswith("<")
            written = self._writer.write(self._writer.create(claim) if special else claim, pod, allocation)
            if special:
                self._writer.write_request_mappings(pod, written, placement.mappings)
            held.append(written)
        if any(conditional(claim) and state_of(claim, self._clock.time()) != "ready" for claim in held):
            self._state.place(pod, placement.node)
            names = [claim["metadata"]["name"] for claim in held]
            self._binding[key] = asyncio.ensure_future(self._bind_later(key, pod, names, placement.node))
            return
        self._writer.bind(key, pod, placement.node)

    async def _bind_later(self, key: str, pod: Pod, names: list[str], node: str) -> None:
        """Bind POD when the devices of its claims are ready; give the claims back when they fail or are late."""
        message = f"waiting for binding conditions for device on node {node}"
        record_event(
            self._api, pod, reason="BindingConditionsPending", message=message, source=SOURCE, kind="Normal"
        )
        try:
            state = await self._readiness(pod["metadata"]["namespace"], names)
        finally:
            self._binding.pop(key, None)
        current = find_pod(self._api, pod["metadata"]["name"], pod["metadata"]["namespace"])
        if current is None or current["metadata"]["uid"] != pod["metadata"]["uid"]:
            return
        try:
            if state == "ready":
                self._writer.bind(key, current, node)
                return
            why = "device binding timeout" if state == "late" else "device binding failed"
            self._writer.unreserve(current, names)
            self._writer.refuse(
                current, "SchedulerError", f'running PreBind plugin "DynamicResources": {why}'
            )
        except ApiError as error:
            log.info("pod %s: %s", key, error)
        self._state.put("pods", dict(current), dict(current))
        self._unschedulable.clear()
        self._queue.retry(key, self._clock.time())
        self._changes.put_nowait(None)

    async def _readiness(self, namespace: str, names: list[str]) -> str:
        """``ready``, ``failed`` or ``late``, once the claims NAMES are no longer waiting."""
        while True:
            await self._clock.sleep(POLL_S)
            claims = [find_claim(self._api, name, namespace) for name in names]
            now = self._clock.time()
            states = {state_of(claim, now) if claim else "failed" for claim in claims}
            state = next((found for found in ("failed", "late", "waiting") if found in states), "ready")
            if state != "waiting":
                return state


def wants_node(pod: Pod) -> bool:
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


def claim_of(api: Api, pod: Pod, entry: PodResourceClaim) -> ResourceClaim | None:
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
    claim = find_claim(api, name, namespace)
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


def owns(pod: Pod, claim: ResourceClaim) -> bool:
    """Whether CLAIM was made for POD."""
    owners = claim["metadata"].get("ownerReferences") or []
    return any(owner.get("controller") and owner["uid"] == pod["metadata"]["uid"] for owner in owners)
