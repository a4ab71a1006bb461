"""Conversion of objects between API versions.

``refusals/recorded/conversions.json`` has the same objects as kube-apiserver 1.36.3 returned them in each version. All of them
were the same again after they were created in their other version.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals.validating import RECORDED

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.conversion import GROUP, REQUEST_FIELDS, from_storage, to_storage

CONVERTED = json.loads((RECORDED / "conversions.json").read_text())
EVENTS = [pair for pair in CONVERTED.values() if "events.k8s.io" in pair]
SPECS = {name: pair for name, pair in CONVERTED.items() if "v1beta1" in pair}

NAMES = st.text("abc", min_size=1, max_size=4)
VALUES = st.one_of(NAMES, st.integers(1, 9), st.just(True))
DEVICES = st.dictionaries(NAMES.map(lambda name: f"x{name}"), VALUES, max_size=4)
EXACTLY = st.dictionaries(st.sampled_from(REQUEST_FIELDS), VALUES, min_size=1)
REQUESTS = st.one_of(
    st.builds(lambda name, exactly: {"name": name, "exactly": exactly}, NAMES, EXACTLY),
    st.builds(lambda name, item: {"name": name, "firstAvailable": [item]}, NAMES, EXACTLY),
)


def kind_of(spec: JsonObject) -> str:
    if "spec" in spec:
        return "ResourceClaimTemplate"
    if "pool" in spec:
        return "ResourceSlice"
    return "ResourceClaim" if "devices" in spec else "DeviceClass"


@pytest.mark.parametrize("name", SPECS)
def test_objects_convert_to_v1beta1_as_the_real_server_converts_them(name: str) -> None:
    pair = SPECS[name]
    kind = kind_of(pair["v1"])
    older = from_storage(GROUP, "v1beta1", kind, {"kind": kind, "spec": pair["v1"]})
    assert older == {"apiVersion": f"{GROUP}/v1beta1", "kind": kind, "spec": pair["v1beta1"]}
    assert to_storage(GROUP, "v1beta1", kind, older)["spec"] == pair["v1"]


@pytest.mark.parametrize("pair", EVENTS)
def test_events_convert_to_their_own_group_as_the_real_server_converts_them(
    pair: dict[str, JsonObject],
) -> None:
    newer = from_storage("events.k8s.io", "v1", "Event", pair["v1"])
    assert newer == pair["events.k8s.io"]
    kept = {name: value for name, value in pair["v1"].items() if value != ""}
    assert to_storage("events.k8s.io", "v1", "Event", newer) == kept


@given(st.lists(REQUESTS, max_size=3))
def test_requests_are_unchanged_after_a_round_trip_through_v1beta1(requests: list[JsonObject]) -> None:
    claim = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ResourceClaim",
        "spec": {"devices": {"requests": requests}},
    }
    older = from_storage(GROUP, "v1beta1", "ResourceClaim", claim)
    assert not any("exactly" in request for request in older["spec"]["devices"]["requests"])
    assert to_storage(GROUP, "v1beta1", "ResourceClaim", older) == claim


@given(st.lists(DEVICES, max_size=3), st.sampled_from([{"nodeName": "n"}, {"allNodes": True}, {}]))
def test_devices_are_unchanged_after_a_round_trip_through_v1beta1(
    devices: list[JsonObject], place: JsonObject
) -> None:
    named = [{"name": f"d{index}", **device} for index, device in enumerate(devices)]
    item = {"apiVersion": f"{GROUP}/v1", "kind": "ResourceSlice", "spec": {**place, "devices": named}}
    older = from_storage(GROUP, "v1beta1", "ResourceSlice", item)
    assert all(set(device) == {"name", "basic"} for device in older["spec"]["devices"])
    assert to_storage(GROUP, "v1beta1", "ResourceSlice", older) == item


@pytest.mark.parametrize("version", ["v1beta2", "v1alpha3"])
def test_other_versions_differ_only_in_api_version(version: str) -> None:
    item = {"apiVersion": f"{GROUP}/v1", "kind": "DeviceTaintRule", "spec": {"taint": {"key": "a"}}}
    older = from_storage(GROUP, version, "DeviceTaintRule", item)
    assert older == {**item, "apiVersion": f"{GROUP}/{version}"}
    assert to_storage(GROUP, version, "DeviceTaintRule", older) == item


def test_an_empty_node_name_in_v1beta1_means_that_it_is_not_set() -> None:
    item = {"spec": {"nodeName": "", "allNodes": False, "devices": [{"name": "a"}]}}
    assert to_storage(GROUP, "v1beta1", "ResourceSlice", item)["spec"] == {"devices": [{"name": "a"}]}


def test_conversion_does_not_change_status_and_metadata() -> None:
    item = {"metadata": {"managedFields": [{"apiVersion": "x"}]}, "status": {"reservedFor": []}}
    assert to_storage(GROUP, "v1beta1", "ResourceClaim", item) == {**item, "apiVersion": f"{GROUP}/v1"}
