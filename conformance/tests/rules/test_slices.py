"""Rules on slices as objects."""

from typing import Any

import pytest

from dra_conformance.rules.slices import RULES, by_value, explicit_false


def broken_slice(**changes: Any) -> dict[str, Any]:
    device = {"name": "gpu-0", "attributes": {"a": {"int": 1}}, "capacity": {"m": {"value": "1Gi"}}}
    spec = {
        "driver": "d.example.com",
        "nodeName": "node-0",
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 1},
        "devices": [{**device, **changes.pop("device", {})}],
    }
    owner = {"kind": "Node", "name": "node-0"}
    return {"metadata": {"name": "s", "ownerReferences": [owner]}, "spec": {**spec, **changes}}


def problems(rule_id: str, item: dict[str, Any]) -> list[str]:
    return list(RULES[rule_id][0]([item], "d.example.com", "node-0"))


@pytest.mark.parametrize("rule_id", RULES)
def test_a_good_slice_breaks_no_rule(rule_id: str) -> None:
    assert problems(rule_id, broken_slice()) == []


@pytest.mark.parametrize(
    ("rule_id", "changes"),
    [
        ("RSL-002", {"allNodes": True}),
        ("RSL-003", {"nodeName": "other"}),
        ("RSL-005", {"pool": {"name": "a//b", "generation": 1, "resourceSliceCount": 1}}),
        ("RSL-007", {"device": {"name": "GPU"}}),
        ("RSL-008", {"devices": [{"name": "a"}, {"name": "a"}]}),
        ("RSL-009", {"devices": [{"name": f"a{n}"} for n in range(129)]}),
        ("RSL-011", {"device": {"attributes": {"a-b": {"int": 1}}}}),
        ("RSL-012", {"device": {"attributes": {f"a{n}": {"int": 1} for n in range(40)}}}),
        ("RSL-013", {"device": {"attributes": {"a": {"int": 1, "bool": True}}}}),
        ("RSL-014", {"device": {"attributes": {"a": {"string": "x" * 65}}}}),
        ("RSL-015", {"device": {"attributes": {"a": {"version": "1.02.3"}}}}),
        ("RSL-016", {"device": {"capacity": {"m": {"value": "1024Mi"}}}}),
        ("RSL-022", {"pool": {"name": "a", "generation": -1, "resourceSliceCount": 1}}),
        ("RSL-041", {"device": {"attributes": {"a": {"string": "x" * (2 << 20)}}}}),
        ("POOL-001", {"pool": {"name": "a", "generation": 1, "resourceSliceCount": 2}}),
        (
            "DIS-005",
            {"device": {"attributes": {"resource.kubernetes.io/pciBusID": {"string": "0000:00:00.0"}}}},
        ),
        ("DIS-006", {"device": {"attributes": {"resource.kubernetes.io/pciBusID": {"string": "00:00"}}}}),
        ("DIS-007", {"device": {"attributes": {"numaNode": {"int": 0}}}}),
        ("DIS-008", {"device": {"attributes": {"k8s.io/x": {"int": 0}}}}),
        ("DIS-009", {"device": {"attributes": {"d.example.com/x": {"int": 0}}}}),
        ("DIS-010", {"device": {"attributes": {"driverVersion": {"string": "1.2.3"}}}}),
        ("DIS-011", {"device": {"attributes": {"memory": {"string": "80 GiB"}}}}),
        ("DIS-012", {"device": {"attributes": {"path": {"string": "/etc/passwd"}}}}),
    ],
)
def test_each_broken_slice_breaks_its_rule(rule_id: str, changes: dict[str, Any]) -> None:
    assert problems(rule_id, broken_slice(**changes)) != []


def test_only_placement_booleans_may_not_be_false() -> None:
    device = {"name": "d", "allowMultipleAllocations": False, "bindsToNode": False}
    assert list(explicit_false({"nodeName": "n", "devices": [device]})) == []
    spec = {"allNodes": False, "devices": [device | {"allNodes": False}]}
    assert list(explicit_false(spec)) == ["allNodes is false", "d: allNodes is false"]


def test_a_quantity_that_the_server_wrote_in_its_own_form_is_the_same() -> None:
    sent = [{"name": "gpu-0", "capacity": {"memory": {"value": "1024Mi"}, "links": {"value": "2000"}}}]
    stored = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}, "links": {"value": "2k"}}}]
    assert by_value(sent) == by_value(stored)


def test_a_field_that_was_dropped_is_a_difference() -> None:
    sent = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}}, "bindsToNode": True}]
    stored = [{"name": "gpu-0", "capacity": {"memory": {"value": "1Gi"}}}]
    assert by_value(sent) != by_value(stored)
