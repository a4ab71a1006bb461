"""Rules that 1.38 adds, after the source of 1.38.0-beta.0 (validation.go); its programs could not be built to record from."""

from typing import Any

import pytest
from refusals import bases
from refusals.case import changed
from refusals.validating import resource_of

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.registry import (
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37, V1_38

MAPPED = {"DRANodeAllocatableResources": True}
BEFORE, NOW = Context(V1_37, gates_of(V1_37, MAPPED)), Context(V1_38, gates_of(V1_38, MAPPED))
D = "/spec/devices/0"
AMOUNT = "/spec/devices/requests/0/exactly/capacity"
TERM = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
PLACED = {"/spec/nodeName": None, "/spec/perDeviceNodeSelection": True}
CASES: list[tuple[JsonObject, dict[str, Any], str]] = [
    (
        bases.SLICE,
        {f"{D}/attributes": {"v": {"version": "1234567890123456789.0.0"}}},
        (
            'spec.devices[0].attributes[v].version: Invalid value: "1234567890123456789.0.0": '
            "must be a string compatible with semver.org spec 2.0.0, with at most 18 digits in numbers"
        ),
    ),
    (
        bases.SLICE,
        {f"{D}/attributes": {"v": {"version": "1.0.0-1234567890123456789"}}},
        (
            'spec.devices[0].attributes[v].version: Invalid value: "1.0.0-1234567890123456789": '
            "must be a string compatible with semver.org spec 2.0.0, with at most 18 digits in numbers"
        ),
    ),
    (
        bases.CLAIM,
        {AMOUNT: {"requests": {"a/b/c": "1"}}},
        (
            'spec.devices.requests[0].exactly.capacity.requests: Invalid value: "a/b/c": '
            "must not contain more than one slash"
        ),
    ),
]


def causes_of(base: JsonObject, change: dict[str, Any], context: Context = NOW) -> list[str]:
    item = changed(base, change)
    prepare_create(resource_of(item), item, context)
    return [cause.text for cause in validate_create(resource_of(item), item, context)]


@pytest.mark.parametrize(("base", "change", "wanted"), CASES)
def test_what_1_37_accepts_is_refused(base: JsonObject, change: dict[str, Any], wanted: str) -> None:
    assert causes_of(base, change, BEFORE) == []
    assert causes_of(base, change) == [wanted]


@pytest.mark.parametrize("version", ["123456789012345678.0.0", "1.0.0-1234567890123456789a"])
def test_a_version_may_have_18_digits_or_a_longer_word(version: str) -> None:
    assert causes_of(bases.SLICE, {f"{D}/attributes": {"v": {"version": version}}}) == []


@pytest.mark.parametrize("terms", [1, 2])
def test_the_node_selector_of_a_device_has_one_term(terms: int) -> None:
    change = {
        "/spec/perDeviceNodeSelection": True,
        f"{D}/nodeSelector": {"nodeSelectorTerms": [TERM] * terms},
    }
    item = changed(bases.SLICE, change)
    del item["spec"]["nodeName"]
    assert causes_of(item, {}, BEFORE) == []
    refused = ["must have exactly one node selector term" in text for text in causes_of(item, {})]
    assert refused == [True] * (terms - 1)


def test_a_capacity_key_that_is_no_name_is_refused_for_its_form() -> None:
    mapping = {"mapping": {"capacityKey": "no-dash", "capacityMultiplier": "1"}}
    change = {f"{D}/nodeAllocatableResources": {"memory": mapping}}
    assert "Not found" in causes_of(bases.SLICE, change, BEFORE)[0]
    assert "a valid C identifier" in causes_of(bases.SLICE, change)[0]


def test_devices_that_do_not_change_are_not_validated_again() -> None:
    item = changed(bases.SLICE, {f"{D}/attributes": {"no-dash": {"int": 1}}})
    old = changed(item, {})
    for context, refused in ((BEFORE, True), (NOW, False)):
        prepare_update(resource_of(item), old, item, "", context)
        assert bool(validate_update(resource_of(item), old, item, "", context)) is refused
