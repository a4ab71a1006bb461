"""Pure: which feature gate a device needs that is off (structured/internal/experimental allocator, 1.37)."""

from collections.abc import Collection

from dra_api.objects import Node
from kube_emulator.scheduler.framework.devices import Device

OPTIONAL_OPERATIONS = "DRAOptionalNodeOperations"
"""The gate, and the feature that a node declares whose kubelet knows it."""


def missing_gate(device: Device, node: Node, gates: Collection[str]) -> str:
    """The gate that is off, here or on NODE, and without which DEVICE cannot be used; nothing if there is none.

    A device like this counts for a request for all devices, which then fails.
    """
    if device.spec.get("consumesCounters") and "DRAPartitionableDevices" not in gates:
        return "DRAPartitionableDevices"
    known = (node.get("status") or {}).get("declaredFeatures") or []
    if device.slice.get("skipNodeOperations") and not (
        OPTIONAL_OPERATIONS in gates and OPTIONAL_OPERATIONS in known
    ):
        return OPTIONAL_OPERATIONS
    return ""
