"""Pure: what is written into a claim that got devices (allocator, assembly of results and configuration, 1.36)."""

from collections.abc import Sequence

from dra_api.objects import AllocationConfig, AllocationResult, DeviceAllocation, DeviceClass, DeviceResult
from kube_emulator.scheduler.framework.allocator import Chosen, Search
from kube_emulator.scheduler.framework.capacity import printed
from kube_emulator.scheduler.framework.constraints import covers
from kube_emulator.scheduler.framework.requests import Claim, Wanted
from kube_emulator.scheduler.framework.selection import selector_of


def allocations(found: Search) -> list[AllocationResult]:
    """The ``status.allocation`` of each of the search's claims."""
    name = found.node["metadata"]["name"]
    written: list[AllocationResult] = []
    for number, claim in enumerate(found.claims):
        chosen = found.chosen[number]
        picked = [options[found.picked[number, index]] for index, options in enumerate(claim.requests)]
        devices: DeviceAllocation = {"results": [result_of(item, found.gates) for item in chosen]}
        if configs := configs_of(claim, picked):
            devices["config"] = configs
        places = [
            {**item.device.placed, "bindsToNode": item.device.spec.get("bindsToNode")} for item in chosen
        ]
        selector = selector_of(places, name)
        allocation: AllocationResult = {"devices": devices}
        if selector:
            allocation["nodeSelector"] = selector
        written.append(allocation)
    return written


def result_of(chosen: Chosen, gates: frozenset[str]) -> DeviceResult:
    """One allocated device."""
    driver, pool, device = chosen.device.id
    result: DeviceResult = {"request": chosen.wanted.name, "driver": driver, "pool": pool, "device": device}
    if chosen.wanted.admin:
        result["adminAccess"] = True
    if chosen.wanted.tolerations:
        result["tolerations"] = [toleration.copy() for toleration in chosen.wanted.tolerations]
    if "DRADeviceBindingConditions" in gates:
        if conditions := chosen.device.spec.get("bindingConditions"):
            result["bindingConditions"] = list(conditions)
        if failures := chosen.device.spec.get("bindingFailureConditions"):
            result["bindingFailureConditions"] = list(failures)
    if chosen.share:
        result["shareID"] = chosen.share
    if chosen.amounts:
        result["consumedCapacity"] = {name: printed(amount) for name, amount in chosen.amounts.items()}
    if skipped := chosen.device.slice.get("skipNodeOperations"):
        result["skipNodeOperations"] = list(skipped)
    return result


def configs_of(claim: Claim, picked: Sequence[Wanted]) -> list[AllocationConfig]:
    """Configurations for the node: the classes' first, so that the claim's override them.

    What applies to all requests names none, as since 1.37; earlier releases named them.
    """
    by_class: dict[str, tuple[DeviceClass, list[str]]] = {}
    for wanted in picked:
        name = wanted.device_class["metadata"]["name"]
        by_class.setdefault(name, (wanted.device_class, []))[1].append(wanted.name)
    found: list[AllocationConfig] = [
        {"source": "FromClass", "requests": names, **config}
        for device_class, names in by_class.values()
        for config in (device_class.get("spec") or {}).get("config") or []
    ]
    for config in claim.config:
        names = config.get("requests") or []
        if not names or any(covers(names, wanted.name) for wanted in picked):
            found.append({"source": "FromClaim", **config})
    for config in found:
        names = config.get("requests") or []
        if not names or all(covers(names, wanted.name) for wanted in picked):
            config.pop("requests", None)
    return found
