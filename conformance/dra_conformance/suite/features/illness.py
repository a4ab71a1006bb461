"""One device becomes sick and is healed, once for all checks: what was seen meanwhile in slices, streams and answers.

Waiting for hardware and drivers is what such checks cost, so it is done once; each check judges one aspect of what was
recorded. The order: a harmless condition, sickness, a repair of the slice, unprepare of the claim that was there before,
prepare and unprepare of one that tolerates the taint, recovery, sickness, recovery.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dra_api import names
from dra_api.objects import JsonObject
from dra_clusters.provider import ApiRequest
from dra_conformance.expectations import POLL_S
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.health import HealthStream
from dra_conformance.rules.health import UNHEALTHY, Device, Report

HARD = ("NoSchedule", "NoExecute")
HEALTH = (names.HEALTH_V1, names.HEALTH_V1ALPHA1)
FIRST_S = 5.0
"""A first message comes within this time."""
IDLE_S, IDLE_WRITES = 0.5, 3
CHANGES = 4
"""Sickness and recovery, twice."""


@dataclass(slots=True)
class Illness:
    """What was recorded.

    Attributes:
        tainted_at: when the taint was seen, in seconds of the monotonic clock; None if it was not.
        unhealthy_at: when the first stream said so.
        warned, sick, healed: the driver's slices after each.
        refused: what the API server refused by the end.
        writes: the driver's writes of slices, oldest first.
        idle_writes: those while the device was sick and nothing changed.
        deaf: streams that were to stay open and did not hear of the sickness.
        unprepare_error, prepare_error: what the driver answered about claims of the sick device; empty for success.
        left: CDI devices that were left after unprepare.
    """

    device: Device
    before: list[JsonObject]
    published: frozenset[Device]
    streams: list[HealthStream] = field(default_factory=list)
    warned: list[JsonObject] = field(default_factory=list)
    sick: list[JsonObject] = field(default_factory=list)
    healed: list[JsonObject] = field(default_factory=list)
    refused: list[JsonObject] = field(default_factory=list)
    writes: list[ApiRequest] = field(default_factory=list)
    sickened_at: float = 0
    tainted_at: float | None = None
    unhealthy_at: float | None = None
    sick_report: Report | None = None
    idle_writes: int = 0
    untainted: bool = False
    healthy_again: bool = False
    deaf: list[str] = field(default_factory=list)
    unprepare_error: str = ""
    prepare_error: str = ""
    left: list[str] = field(default_factory=list)
    steps: tuple[dict[str, Any], ...] = ()

    @property
    def all_slices(self) -> list[JsonObject]:
        """Every slice that was seen or refused."""
        return [*self.before, *self.warned, *self.sick, *self.healed, *self.refused]

    @property
    def reports(self) -> list[Report]:
        """Every message of every stream."""
        return [report for stream in self.streams for report in stream.reports]


def taints_on(slices: list[JsonObject], device: Device) -> list[JsonObject]:
    """The taints of DEVICE in SLICES."""
    return [
        taint
        for item in slices
        if item["spec"]["pool"]["name"] == device[0]
        for entry in item["spec"].get("devices") or []
        if entry["name"] == device[1]
        for taint in entry.get("taints") or []
    ]


def hard_taints(slices: list[JsonObject], device: Device) -> list[JsonObject]:
    """Those that keep pods away or end them."""
    return [taint for taint in taints_on(slices, device) if taint.get("effect") in HARD]


def published_devices(slices: list[JsonObject]) -> frozenset[Device]:
    """(pool, name) of every device."""
    return frozenset(
        (item["spec"]["pool"]["name"], device["name"])
        for item in slices
        for device in item["spec"].get("devices") or []
    )


def wait_for(condition: Callable[[], object], timeout_s: float) -> float | None:
    """When CONDITION came to hold, in seconds of the monotonic clock; None after TIMEOUT_S."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return None
        time.sleep(POLL_S)
    return time.monotonic()


def watch_illness(harness: Harness) -> Illness:
    """Make the last plain device sick and heal it.

    Raises:
        NotApplicable: the descriptor has no hooks for it.
    """
    harness.levers.require("sicken", "heal")
    pool, name, _ = harness.devices()[-1]
    before = harness.api.own_slices()
    seen = Illness((pool, name), before, published_devices(before))
    start = time.time()
    listed = harness.kubelet.info().supported_versions
    seen.streams = [harness.kubelet.watch_health(version) for version in HEALTH if version in listed]
    for stream in seen.streams:
        stream.began(FIRST_S)
    others = watch_beside(harness, seen)
    claim = harness.claim(seen.device)
    harness.kubelet.attempt(claim)
    try:
        if harness.levers.has("warn"):
            harness.levers.pull("warn", seen.device)
            budget_s = harness.descriptor.budgets.detect_seconds
            wait_for(lambda: bool(taints_on(harness.api.own_slices(), seen.device)), budget_s)
            seen.warned = harness.api.own_slices()
        fall_sick(harness, seen)
        sick_since = time.time()
        wait_for(lambda: len(harness.api.driver_writes(after=sick_since)) > IDLE_WRITES, IDLE_S)
        seen.idle_writes = len(harness.api.driver_writes(after=sick_since))
        seen.deaf = [deafness(stream) for stream in [*others[:1], *seen.streams] if not heard(stream, seen)]
        try_repair(harness, seen)
        try_claims(harness, seen, claim)
        for hook in ("heal", "sicken"):
            harness.levers.pull(hook, seen.device)
    finally:
        recover(harness, seen)
    seen.refused, seen.writes = harness.api.refused_slices(), harness.api.driver_writes(after=start)
    for stream in others:
        stream.close()
    seen.steps = harness.evidence.take()
    return seen


def watch_beside(harness: Harness, seen: Illness) -> list[HealthStream]:
    """Further streams: one that must go on, one that is never read, and one that is closed at once; the first two are returned."""
    if not seen.streams:
        return []
    version = seen.streams[0].version
    unread = harness.kubelet.watch_health(version, read=False)
    going, staying = harness.kubelet.watch_health(version), harness.kubelet.watch_health(version)
    for stream in (going, staying):
        stream.began(FIRST_S)
    going.close()
    return [staying, unread]


def heard(stream: HealthStream, seen: Illness) -> bool:
    """Whether STREAM said that the device is unhealthy, within a second of the first stream."""
    if stream.ended:
        return False
    if seen.unhealthy_at is None:
        return True  # nobody heard: another question
    return stream.wait(lambda: any(report.of(seen.device) == UNHEALTHY for report in stream.reports), 1.0)


def deafness(stream: HealthStream) -> str:
    """What is said of a stream that did not hear."""
    return (
        f"{stream.version} ended: {stream.ended}" if stream.ended else f"{stream.version} did not hear of it"
    )


def fall_sick(harness: Harness, seen: Illness) -> None:
    """Make the device sick and wait until slices and streams show it."""
    budget_s = harness.descriptor.budgets.detect_seconds
    harness.levers.pull("sicken", seen.device)
    seen.sickened_at = time.monotonic()
    seen.tainted_at = wait_for(lambda: bool(hard_taints(harness.api.own_slices(), seen.device)), budget_s)
    if seen.streams:
        late_s = max(seen.sickened_at + budget_s - time.monotonic(), FIRST_S)
        reports = seen.streams[0].reports
        seen.streams[0].wait(lambda: any(report.of(seen.device) == UNHEALTHY for report in reports), late_s)
        found = next((report for report in [*reports] if report.of(seen.device) == UNHEALTHY), None)
        seen.unhealthy_at = found.at if found else None
        seen.sick_report = found or (reports[-1] if reports else None)
    seen.sick = harness.api.own_slices()


def try_repair(harness: Harness, seen: Illness) -> None:
    """Edit the slice of the sick device, so that the driver writes it again."""
    for item in [item for item in seen.sick if taints_on([item], seen.device)][:1]:
        edited = [*item["spec"]["devices"]]
        edited[-1] = {key: value for key, value in edited[-1].items() if key != "attributes"}
        harness.api.patch_slice(item["metadata"]["name"], {"spec": {"devices": edited}})
        name = edited[-1]["name"]
        wait_for(partial(has_attributes, harness, name), FIRST_S)


def has_attributes(harness: Harness, device: str) -> bool:
    """Whether a device of that name is published with attributes."""
    return any(
        entry["name"] == device and entry.get("attributes")
        for item in harness.api.own_slices()
        for entry in item["spec"].get("devices") or []
    )


def try_claims(harness: Harness, seen: Illness, claim: Any) -> None:
    """Unprepare the claim that was there before; prepare another one that tolerates the taints."""
    ids = [name for device in harness.kubelet.attempt(claim)[claim.uid].devices for name in device.cdi_ids]
    seen.unprepare_error = harness.kubelet.attempt_unprepare(claim)[claim.uid].error
    seen.left = harness.still_defined(ids)
    pool, device = seen.device
    result = {"request": "gpu", "driver": harness.descriptor.driver, "pool": pool, "device": device}
    tolerating = harness.claim(extra_results=[{**result, "tolerations": [{"operator": "Exists"}]}])
    seen.prepare_error = harness.kubelet.attempt(tolerating)[tolerating.uid].error
    harness.release(claim, tolerating)


def recover(harness: Harness, seen: Illness) -> None:
    """Heal the device and wait until slices and streams show it."""
    budget_s = harness.descriptor.budgets.detect_seconds
    harness.levers.pull("heal", seen.device)
    gone = wait_for(lambda: not hard_taints(harness.api.own_slices(), seen.device), budget_s)
    seen.untainted, seen.healed = gone is not None, harness.api.own_slices()
    if seen.streams:
        reports = seen.streams[0].reports
        seen.healthy_again = seen.streams[0].wait(
            lambda: bool(reports) and reports[-1].of(seen.device) != UNHEALTHY, budget_s
        )
