"""What the API server refuses of ResourceSlices."""

import copy
from typing import Any

import pytest

from dra_clusters.embedded.validation import slice_causes, slice_update_causes

Object = dict[str, Any]
GOOD: Object = {
    "metadata": {"name": "s"},
    "spec": {
        "driver": "gpu.example.com",
        "nodeName": "node-0",
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {
                "name": "gpu-0",
                "attributes": {"a": {"string": "x"}, "example.com/v": {"version": "1.2.3"}},
                "capacity": {"memory": {"value": "80Gi"}},
            }
        ],
    },
}


def changed(path: str, value: Any) -> Object:
    item = copy.deepcopy(GOOD)
    *steps, last = path.split("/")
    place: Any = item["spec"]
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    return item


def test_a_good_slice_passes() -> None:
    assert slice_causes(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("driver", "no_underscores", "spec.driver"),
        ("pool/name", "a//b", "spec.pool.name"),
        ("pool/resourceSliceCount", 0, "spec.pool.resourceSliceCount"),
        ("pool/generation", -1, "spec.pool.generation"),
        ("allNodes", True, "spec"),
        ("allNodes", False, "spec.allNodes"),
        ("devices/0/name", "GPU_0", "spec.devices[0].name"),
        ("devices/0/attributes/a", {"string": "x" * 65}, "spec.devices[0].attributes[a].string"),
        ("devices/0/attributes/a", {"string": "x", "int": 1}, "spec.devices[0].attributes[a]"),
        ("devices/0/attributes/a", {}, "spec.devices[0].attributes[a]"),
        ("devices/0/attributes/a", {"version": "v1.2.3"}, "spec.devices[0].attributes[a].version"),
        ("devices/0/attributes/no-dash", {"int": 1}, "spec.devices[0].attributes[no-dash]"),
        ("devices/0/capacity/memory", {"value": "80 GB"}, "spec.devices[0].capacity[memory].value"),
        ("devices/0/capacity/memory", {"value": "-1"}, "spec.devices[0].capacity[memory].value"),
        ("devices/0/nodeName", "node-0", "spec.devices[0]"),
        ("devices", [{"name": "gpu-0"}, {"name": "gpu-0"}], "spec.devices[1].name"),
        ("devices", [{"name": f"gpu-{n}"} for n in range(129)], "spec.devices"),
        ("devices", [{"name": f"gpu-{n}", "taints": [{}]} for n in range(65)], "spec.devices"),
        (
            "devices",
            [{"name": "d", "attributes": {f"a{n}": {"int": n} for n in range(33)}}],
            "spec.devices[0]",
        ),
    ],
)
def test_each_broken_rule_is_told_with_its_field(path: str, value: Any, field: str) -> None:
    assert field in [cause[0] for cause in slice_causes(changed(path, value))]


def test_identity_cannot_change() -> None:
    fields = [cause[0] for cause in slice_update_causes(GOOD, changed("nodeName", "other"))]
    assert fields == ["spec.nodeName"]
