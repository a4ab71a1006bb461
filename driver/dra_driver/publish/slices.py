"""The wanted ResourceSlices of one node's pool, as pure functions; ``pool`` divides it into their contents.

Names are deterministic, so that a restarted driver finds its slices again and a repeated creation does not make a second
slice. A node without devices gets one empty slice: it shows that the driver runs and found nothing.
"""

import hashlib
from collections.abc import Sequence

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import Node, OwnerReference, ResourceSliceInput, ResourceSliceSpec
from dra_driver.publish.pool import Part

NAME_MAX = 253


def slice_name(node_name: NodeName, driver_name: DriverName, index: int) -> str:
    """``<node>-<driver>-<index>``; with a digest in the middle where that would be too long for an object name."""
    name = f"{node_name}-{driver_name}-{index}"
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.sha256(f"{node_name}/{driver_name}".encode()).hexdigest()[:16]
    return f"{node_name[:180].rstrip('.-')}-{digest}-{index}"


def wanted_slices(parts: Sequence[Part], *, driver_name: DriverName, node: Node) -> list[ResourceSliceInput]:
    """The slices of NODE's pool in their order, with generation 0: ``make_plan`` sets it.

    The pool has the node's name. The node owns the slices: they are garbage-collected with it.
    """
    name = NodeName(node["metadata"]["name"])
    owner: OwnerReference = {
        "apiVersion": "v1",
        "kind": "Node",
        "name": name,
        "uid": node["metadata"]["uid"],
        "controller": True,
    }

    def spec(part: Part) -> ResourceSliceSpec:
        made: ResourceSliceSpec = {
            "driver": driver_name,
            "nodeName": name,
            "pool": {"name": name, "generation": 0, "resourceSliceCount": len(parts)},
        }
        if part.counters:
            made["sharedCounters"] = list(part.counters)
        if part.devices or not part.counters:  # before 1.35 a slice has both, afterwards never
            made["devices"] = list(part.devices)
        return made

    return [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": slice_name(name, driver_name, index), "ownerReferences": [owner]},
            "spec": spec(part),
        }
        for index, part in enumerate(parts)
    ]
