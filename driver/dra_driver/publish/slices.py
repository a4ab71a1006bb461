"""Pure: devices to the ResourceSlices of one node's pool, split at every limit of the API (resource/v1, 1.37).

Names are deterministic, so that a restarted driver finds its slices again and two tries never make two slices. A node
without devices gets one empty slice: the scheduler can then tell an empty node from a silent driver.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from dra_api.names import SLICE_DEVICES_MAX, SLICE_RICH_DEVICES_MAX

NAME_MAX = 253
RICH_FIELDS = ("taints", "consumesCounters")
LIST_VALUES = ("bools", "ints", "strings", "versions")


def slice_name(node_name: str, driver_name: str, index: int) -> str:
    """``<node>-<driver>-<index>``; with a digest in the middle where that would be too long for an object name."""
    name = f"{node_name}-{driver_name}-{index}"
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.sha256(f"{node_name}/{driver_name}".encode()).hexdigest()[:16]
    return f"{node_name[:180].rstrip('.-')}-{digest}-{index}"


def is_rich(device: dict[str, Any]) -> bool:
    """Whether the device lowers the number of devices that its slice may hold."""
    values = device.get("attributes", {}).values()
    return any(device.get(name) for name in RICH_FIELDS) or any(
        value.keys() & set(LIST_VALUES) for value in values
    )


def split(devices: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Devices in groups that each fit one slice; one empty group if there are none."""
    limit = SLICE_RICH_DEVICES_MAX if any(map(is_rich, devices)) else SLICE_DEVICES_MAX
    return [list(devices[start : start + limit]) for start in range(0, max(len(devices), 1), limit)]


def wanted_slices(
    devices: Sequence[dict[str, Any]], *, driver_name: str, node: dict[str, Any]
) -> list[dict[str, Any]]:
    """The slices of NODE's pool in their order, with generation 0: the plan decides it.

    NODE is the Node object; the pool has its name, and its slices go away with it.
    """
    name, groups = node["metadata"]["name"], split(devices)
    owner = {
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
