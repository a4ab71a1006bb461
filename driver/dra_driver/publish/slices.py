"""The wanted ResourceSlices of one node's pool, split at the limits of the API (resource/v1, 1.37), as pure functions.

Names are deterministic, so that a restarted driver finds its slices again and a repeated creation does not make a second
slice. A node without devices gets one empty slice: it shows that the driver runs and found nothing.
"""

import hashlib
from collections.abc import Sequence

from dra_api.identifiers import DriverName, NodeName
from dra_api.names import SLICE_DEVICES_MAX, SLICE_RICH_DEVICES_MAX
from dra_api.objects import Device, Node, OwnerReference, ResourceSliceInput

NAME_MAX = 253
RICH_FIELDS = ("taints", "consumesCounters")
LIST_VALUES = ("bools", "ints", "strings", "versions")


def slice_name(node_name: NodeName, driver_name: DriverName, index: int) -> str:
    """``<node>-<driver>-<index>``; with a digest in the middle where that would be too long for an object name."""
    name = f"{node_name}-{driver_name}-{index}"
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.sha256(f"{node_name}/{driver_name}".encode()).hexdigest()[:16]
    return f"{node_name[:180].rstrip('.-')}-{digest}-{index}"


def is_rich(device: Device) -> bool:
    """Whether the lower limit of devices per slice applies to a slice with this device."""
    values = device.get("attributes", {}).values()
    return any(device.get(name) for name in RICH_FIELDS) or any(
        value.keys() & set(LIST_VALUES) for value in values
    )


def split(devices: Sequence[Device]) -> list[list[Device]]:
    """Devices in groups that each fit one slice; one empty group if there are none."""
    limit = SLICE_RICH_DEVICES_MAX if any(map(is_rich, devices)) else SLICE_DEVICES_MAX
    return [list(devices[start : start + limit]) for start in range(0, max(len(devices), 1), limit)]


def wanted_slices(
    devices: Sequence[Device], *, driver_name: DriverName, node: Node
) -> list[ResourceSliceInput]:
    """The slices of NODE's pool in their order, with generation 0: ``make_plan`` sets it.

    The pool has the node's name. The node owns the slices: they are garbage-collected with it.
    """
    name, groups = NodeName(node["metadata"]["name"]), split(devices)
    owner: OwnerReference = {
        "apiVersion": "v1",
        "kind": "Node",
        "name": name,
        "uid": node["metadata"]["uid"],
        "controller": True,
    }
    return [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": slice_name(name, driver_name, index), "ownerReferences": [owner]},
            "spec": {
                "driver": driver_name,
                "nodeName": name,
                "pool": {"name": name, "generation": 0, "resourceSliceCount": len(groups)},
                "devices": group,
            },
        }
        for index, group in enumerate(groups)
    ]
