"""Pure: when the users of a claim have to leave its devices (device_taint_eviction.go, 1.36)."""

from collections.abc import Iterable, Mapping, Sequence

from dra_api.objects import (
    DeviceResult,
    DeviceTaint,
    DeviceTaintRule,
    DeviceToleration,
    ResourceClaim,
    ResourceSlice,
)
from kube_emulator.clock import moment
from kube_emulator.scheduler.framework.tolerations import meant, tolerates
from kube_emulator.scheduler.framework.usage import results_of


def device_taints(
    result: DeviceResult, slices: Iterable[ResourceSlice], rules: Sequence[DeviceTaintRule]
) -> list[DeviceTaint]:
    """The taints of an allocated device, from the newest generation of its pool and from RULES."""
    known = list(slices)
    newest = max((item["spec"]["pool"]["generation"] for item in known), default=0)
    found: list[DeviceTaint] = []
    for item in known:
        if item["spec"]["pool"]["generation"] == newest:
            for device in item["spec"].get("devices") or []:
                if device["name"] == result["device"]:
                    found += device.get("taints") or []
    names = result["driver"], result["pool"], result["device"]
    return found + [rule["spec"]["taint"] for rule in rules if meant(rule, *names)]


def tolerated_s(taint: DeviceTaint, tolerations: Sequence[DeviceToleration]) -> float | None:
    """How long TAINT is tolerated, in seconds; None: forever.

    Only tolerations whose effect is NoExecute, or that name none, count.
    """
    covering = [t for t in tolerations if tolerates(t, taint)]
    if not covering:
        return 0.0
    limits = [t.get("tolerationSeconds") for t in covering]
    return None if None in limits else max(0.0, float(min(limit for limit in limits if limit is not None)))


def eviction_time(
    claim: ResourceClaim,
    slices: Mapping[tuple[str, str], Mapping[str, ResourceSlice]],
    rules: Sequence[DeviceTaintRule],
    now: float,
) -> float | None:
    """When the users of CLAIM have to go, in seconds since 1970; None: they may stay."""
    times = []
    for result in results_of(claim):
        pool = slices.get((result["driver"], result["pool"]), {})
        for taint in device_taints(result, pool.values(), rules):
            if taint.get("effect") != "NoExecute":
                continue
            seconds = tolerated_s(taint, result.get("tolerations") or [])
            if seconds is not None:
                added = taint.get("timeAdded")
                times.append((moment(added) if added else now) + seconds)
    return min(times, default=None)
