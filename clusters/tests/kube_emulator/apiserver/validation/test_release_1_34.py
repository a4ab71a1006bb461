"""Causes whose path or message was different in 1.34; `dra-cluster diff` compared them with kube-apiserver 1.34.4."""

import copy

import pytest
from refusals import bases
from refusals.validating import resource_of

from kube_emulator.apiserver.validation.causes import duplicate, invalid, required
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.registry import prepare_create, validate_create
from kube_emulator.apiserver.validation.release_1_34 import as_1_34
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_34, V1_36, Release


@pytest.mark.parametrize(
    ("path", "reported"),
    [
        ("spec.devices[1]", "spec.devices[1].name"),
        ("spec.spec.devices.requests[1]", "spec.spec.devices.requests[1].name"),
        ("spec.devices.requests[0].firstAvailable[1]", "spec.devices.requests[0].firstAvailable[1].name"),
        ("status.reservedFor[1]", "status.reservedFor[1].uid"),
        ("spec.devices.constraints[0].requests[1]", "spec.devices.constraints[0].requests[1]"),
    ],
)
def test_a_duplicate_is_reported_at_the_key_of_the_item(path: str, reported: str) -> None:
    [cause] = as_1_34([duplicate(path, "x")])
    assert cause.field == reported


def test_a_missing_driver_name_is_reported_as_malformed_too() -> None:
    kinds = [cause.type for cause in as_1_34([required("spec.driver")])]
    assert kinds == ["FieldValueRequired", "FieldValueInvalid"]


def test_an_attribute_without_value_is_reported_as_a_missing_value() -> None:
    path = "spec.devices[0].attributes[model]"
    [cause] = as_1_34([invalid(path, "", "exactly one value must be specified")])
    assert (cause.type, cause.field) == ("FieldValueRequired", path)


@pytest.mark.parametrize(("release", "field"), [(V1_34, "[a-b]"), (V1_36, "")])
def test_a_malformed_attribute_name_is_reported_at_the_attribute_in_1_34_and_at_the_map_later(
    release: Release, field: str
) -> None:
    item, context = copy.deepcopy(bases.SLICE), Context(release, gates_of(release))
    item["spec"]["devices"][0]["attributes"] = {"a-b": {"int": 1}}
    prepare_create(resource_of(item), item, context)
    [cause] = validate_create(resource_of(item), item, context)
    assert cause.field == f"spec.devices[0].attributes{field}"
