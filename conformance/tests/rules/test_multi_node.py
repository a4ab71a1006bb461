"""Rules on devices that more than one node reaches."""

from typing import Any

import pytest

from dra_conformance.rules.multi_node import Offered, miscounted, offered, repeated, selects, wrongly_covered

NODES = {"a": {"rack": "0", "n": "1"}, "b": {"rack": "0", "n": "2"}, "c": {"rack": "1", "n": "3"}}
RACKS = [{"a", "b"}, {"c"}]


def published(*values: str, operator: str = "In", name: str = "pool", nodes: int | None = None) -> Any:
    """A slice with one device for the nodes whose rack is one of VALUES."""
    terms = [{"matchExpressions": [{"key": "rack", "operator": operator, "values": list(values)}]}]
    attributes = {"example.com/type": {"string": "fabric"}} | (
        {} if nodes is None else {"nodes": {"int": nodes}}
    )
    return {
        "spec": {
            "pool": {"name": name},
            "nodeSelector": {"nodeSelectorTerms": terms},
            "devices": [{"name": "fabric", "attributes": attributes}],
        }
    }


def test_a_device_is_known_with_its_nodes_type_and_count() -> None:
    assert offered([published("0", nodes=2)], NODES) == [Offered("pool/fabric", ("a", "b"), "fabric", 2)]


def test_a_slice_of_one_node_is_no_fabric_and_one_of_all_nodes_covers_all() -> None:
    local = {"spec": {"pool": {"name": "a"}, "nodeName": "a", "devices": [{"name": "gpu-0"}]}}
    everywhere = {"spec": {"pool": {"name": "all"}, "allNodes": True, "devices": [{"name": "x"}]}}
    assert [device.nodes for device in offered([local, everywhere], NODES)] == [("a", "b", "c")]


def test_a_selector_must_match_one_rack_and_every_rack_have_a_device() -> None:
    right = offered([published("0"), published("1")], NODES)
    assert list(wrongly_covered(right, RACKS)) == []
    wide = offered([published("0", "1")], NODES)
    assert list(wrongly_covered(wide, RACKS)) == [
        "pool/fabric selects a, b, c",
        "no device selects a, b",
        "no device selects c",
    ]


def test_a_fabric_in_two_pools_is_seen() -> None:
    twice = offered([published("0", name="one"), published("0", name="two")], NODES)
    assert list(repeated(twice)) == ["one/fabric and two/fabric are both for a, b"]
    assert list(repeated(offered([published("0"), published("1")], NODES))) == []


def test_a_wrong_number_of_nodes_is_seen_and_none_is_not() -> None:
    assert list(miscounted(offered([published("0", nodes=3)], NODES))) == [
        "pool/fabric says 3 nodes and selects 2"
    ]
    assert list(miscounted(offered([published("0")], NODES))) == []


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ({"key": "rack", "operator": "NotIn", "values": ["0"]}, ["c"]),
        ({"key": "rack", "operator": "Exists"}, ["a", "b", "c"]),
        ({"key": "other", "operator": "DoesNotExist"}, ["a", "b", "c"]),
        ({"key": "n", "operator": "Gt", "values": ["1"]}, ["b", "c"]),
        ({"key": "n", "operator": "Lt", "values": ["x"]}, []),
    ],
)
def test_operators_mean_what_the_api_says(expression: Any, matched: list[str]) -> None:
    selector = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    assert [name for name, labels in NODES.items() if selects(selector, name, labels)] == matched


def test_an_empty_term_matches_nothing_and_a_field_the_name() -> None:
    assert not selects({"nodeSelectorTerms": [{}]}, "a", {})
    fields = [{"key": "metadata.name", "operator": "In", "values": ["a"]}]
    selector = {"nodeSelectorTerms": [{"matchFields": fields}]}
    assert selects(selector, "a", {})
    assert not selects(selector, "b", {})
