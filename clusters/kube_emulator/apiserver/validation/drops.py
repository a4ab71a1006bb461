"""Drops fields whose feature gate is off from what a client sends, unless the stored object already uses the gate.

The exception lets clients update objects that were stored while the gate was on. The client gets success with fields
missing, as from a real API server. Everything here changes the new object in place. Sources (1.36):
``pkg/registry/resource/*/strategy.go``, ``pkg/api/resourceclaimspec/util.go``, ``pkg/api/pod/util.go``.
"""

from collections.abc import Callable, Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.allocations import results_of, shared_id
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.devices import LISTED
from kube_emulator.releases.release import V1_35

Places = Callable[[JsonObject], Iterator[tuple[JsonObject, str]]]
"""Finds the fields of a gate in a spec or status: (the object that has the field, the field)."""
Table = tuple[tuple[tuple[str, ...], Places], ...]
"""(gates, the places of their fields), in upstream's order; all of the gates must be on."""


def _devices(spec: JsonObject) -> list[JsonObject]:
    return spec.get("devices") or []


def _slice_taints(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        yield device, "taints"


def _slice_partitions(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield spec, "sharedCounters"
    yield spec, "perDeviceNodeSelection"
    for device in _devices(spec):
        for member in ("consumesCounters", "nodeName", "nodeSelector", "allNodes"):
            yield device, member


def _slice_binding(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        for member in ("bindingConditions", "bindingFailureConditions", "bindsToNode"):
            yield device, member


def _slice_shares(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        yield device, "allowMultipleAllocations"
        for capacity in (device.get("capacity") or {}).values():
            yield capacity, "requestPolicy"


def _slice_node_resources(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        yield device, "nodeAllocatableResourceMappings"
        yield device, "nodeAllocatableResources"


def _slice_lists(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        for value in (device.get("attributes") or {}).values():
            for member in LISTED.intersection(value):
                yield value, member


def _slice_operations(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield spec, "skipNodeOperations"
    for device in _devices(spec):
        yield device, "skipNodeOperations"


def _slice_partition_type(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield spec, "partitionTypeAttribute"


def _slice_groups(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for device in _devices(spec):
        for consumption in device.get("consumesCounters") or []:
            yield consumption, "compatibilityGroups"


def _requests(spec: JsonObject) -> list[JsonObject]:
    return (spec.get("devices") or {}).get("requests") or []


def _device_requests(spec: JsonObject) -> Iterator[JsonObject]:
    for request in _requests(spec):
        if request.get("exactly") is not None:
            yield request["exactly"]
        yield from request.get("firstAvailable") or []


def _claim_lists(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for request in _requests(spec):
        yield request, "firstAvailable"


def _claim_tolerations(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for request in _device_requests(spec):
        yield request, "tolerations"


def _claim_admin(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for request in _requests(spec):
        if request.get("exactly") is not None:
            yield request["exactly"], "adminAccess"


def _claim_capacity(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for constraint in (spec.get("devices") or {}).get("constraints") or []:
        yield constraint, "distinctAttribute"
    for request in _device_requests(spec):
        yield request, "capacity"


def _claim_derived(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for request in _device_requests(spec):
        yield request, "derivedAttributes"


def _class_resource(spec: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield spec, "extendedResourceName"


def _status_devices(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield status, "devices"


def _status_admin(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for result in results_of(status):
        yield result, "adminAccess"


def _status_shares(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for result in results_of(status):
        yield result, "shareID"
        yield result, "consumedCapacity"
    for device in status.get("devices") or []:
        yield device, "shareID"


def _status_binding(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for result in results_of(status):
        yield result, "bindingConditions"
        yield result, "bindingFailureConditions"


def _status_operations(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for result in results_of(status):
        yield result, "skipNodeOperations"


def _pod_extended(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    yield status, "extendedResourceClaimStatus"


def _pod_health(status: JsonObject) -> Iterator[tuple[JsonObject, str]]:
    for kind in ("containerStatuses", "initContainerStatuses"):
        for item in status.get(kind) or []:
            yield item, "allocatedResourcesStatus"


SLICE: Table = (
    (("DRADeviceTaints",), _slice_taints),
    (("DRAPartitionableDevices",), _slice_partitions),
    (("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus"), _slice_binding),
    (("DRAConsumableCapacity",), _slice_shares),
    (("DRANodeAllocatableResources",), _slice_node_resources),
    (("DRAListTypeAttributes",), _slice_lists),
    (("DRAOptionalNodeOperations",), _slice_operations),
    (("DRAPartitionableDevicesType",), _slice_partition_type),
    (("DRADeviceCompatibilityGroups",), _slice_groups),
)
CLAIM: Table = (
    (("DRAPrioritizedList",), _claim_lists),
    (("DRADeviceTaints",), _claim_tolerations),
    (("DRAAdminAccess",), _claim_admin),
    (("DRAConsumableCapacity",), _claim_capacity),
    (("DRADerivedAttributes",), _claim_derived),
)
KEPT_BEFORE_1_35 = (_claim_tolerations,)
"""Fields that 1.34 does not drop, as recorded from kube-apiserver 1.34.4."""
CLASS: Table = ((("DRAExtendedResource",), _class_resource),)
STATUS: Table = (
    (("DRAResourceClaimDeviceStatus",), _status_devices),
    (("DRAAdminAccess",), _status_admin),
    (("DRAConsumableCapacity",), _status_shares),
    (("DRADeviceBindingConditions",), _status_binding),
    (("DRAOptionalNodeOperations",), _status_operations),
)
POD_STATUS: Table = (
    (("DRAExtendedResource",), _pod_extended),
    (("ResourceHealthStatus",), _pod_health),
)


def drop(rows: Table, new: JsonObject, old: JsonObject | None, context: Context) -> None:
    """Drop the fields of gates that are off from the spec NEW, unless OLD uses the same gate."""
    for gates, places in rows:
        if places in KEPT_BEFORE_1_35 and not context.at_least(V1_35):
            continue
        if not all(context.on(gate) for gate in gates) and not uses(places, old):
            for around, field in list(places(new)):
                around.pop(field, None)


def uses(places: Places, item: JsonObject | None) -> bool:
    """Whether ITEM uses any of these PLACES.

    An empty list and none are the same in Go, a pointer to false and none are not: an explicit false counts as use.
    """
    if item is None:
        return False
    return any(around.get(field) not in (None, [], {}) for around, field in places(item))


def drop_status(new: JsonObject, old: JsonObject, spec: JsonObject, context: Context) -> None:
    """The same for a claim's status; a gate that the claim's SPEC uses counts as used.

    Otherwise a scheduler could not store the allocation of a request that was accepted while the gate was on.
    """
    of_spec = {"DRAAdminAccess": _claim_admin, "DRAConsumableCapacity": _claim_capacity}
    for gates, places in STATUS:
        used = uses(of_spec[gates[0]], spec) if gates[0] in of_spec else False
        if not used:
            drop(((gates, places),), new, old, context)
    if context.on("DRAResourceClaimDeviceStatus") or old.get("devices"):
        _drop_deallocated(new, old)


def _drop_deallocated(new: JsonObject, old: JsonObject) -> None:
    """What drivers reported about a device is removed with the device's allocation (dropDeallocatedStatusDevices)."""
    gone = {shared_id(result) for result in results_of(old)} - {
        shared_id(result) for result in results_of(new)
    }
    kept = [device for device in new.get("devices") or [] if shared_id(device) not in gone]
    new.pop("devices", None)
    if kept:
        new["devices"] = kept
