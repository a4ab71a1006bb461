"""Rules that only 1.37 has, tested against its source (validation.go after beta.0): there was no binary to record from."""

from typing import Any

import pytest
from refusals import bases
from refusals.case import GONE, changed
from refusals.validating import resource_of

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.registry import (
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from kube_emulator.apiserver.validation.warnings import warnings_of
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36, V1_37

OFF = ("DRAPartitionableDevicesType", "DRAOptionalNodeOperations", "DRANodeAllocatableResources")
CONTEXT = Context(V1_37, gates_of(V1_37, dict.fromkeys(OFF, True)))
D = "/spec/devices/0"
RANGE = f"{D}/capacity/bandwidth/requestPolicy"
COUNTERS = {f"{D}/consumesCounters": [{"counterSet": "a", "counters": {"m": {"value": "1"}}}]}
TYPED = {**COUNTERS, "/spec/partitionTypeAttribute": "gpu.example.com/profile"}
WHERE = "spec.devices[0].capacity[bandwidth].requestPolicy.validRange"
NODE = "spec.devices[0].nodeAllocatableResources[memory]"


def causes_of(base: JsonObject, change: dict[str, Any], context: Context = CONTEXT) -> list[str]:
    item = changed(base, change)
    prepare_create(resource_of(item), item, context)
    return [cause.text for cause in validate_create(resource_of(item), item, context)]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (
            {f"{D}/attributes": {"a/b/c": {"int": 1}}},
            'spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash',
        ),
        (
            {"/spec/partitionTypeAttribute": "a.b/c"},
            (
                'spec.partitionTypeAttribute: Invalid value: "a.b/c": '
                "may only be set on a slice which declares devices that consume counters"
            ),
        ),
        (
            TYPED,
            (
                "spec.devices[0].attributes[gpu.example.com/profile]: Required value: device consumes counters "
                "and `partitionTypeAttribute` names this attribute, so it must be set"
            ),
        ),
        (
            {"/spec/skipNodeOperations": ["NodePrepareResources"]},
            (
                'spec.skipNodeOperations: Invalid value: ["NodePrepareResources"]: '
                "NodePrepareResources cannot be skipped unless NodeUnprepareResources is also skipped"
            ),
        ),
        (
            {f"{D}/nodeAllocatableResources": {"memory": {}}},
            f"{NODE}: Required value: at least one of mapping or overhead must be set",
        ),
        (
            {f"{D}/nodeAllocatableResources": {"memory": {"mapping": {"capacityKey": "memory"}}}},
            (
                f"{NODE}.mapping.capacityMultiplier: Required value: "
                "capacityMultiplier is required when capacityKey is set"
            ),
        ),
        (
            {f"{D}/nodeAllocatableResources": {"memory": {"overhead": {"perPod": "-1"}}}},
            f'{NODE}.overhead.perPod: Invalid value: "-1": must be non-negative',
        ),
    ],
)
def test_a_slice_is_refused_by_the_new_rules(change: dict[str, Any], wanted: str) -> None:
    assert causes_of(bases.SLICE, change) == [wanted]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (
            {f"{RANGE}/default": "512Mi"},
            f'{WHERE}.default: Invalid value: "512Mi": default is less than min: 1Gi',
        ),
        (
            {f"{RANGE}/validRange/step": "0"},
            f'{WHERE}.step: Invalid value: "0": must be greater than zero',
        ),
        (
            {f"{RANGE}/validRange": {"min": "100u"}, f"{RANGE}/default": "1"},
            f'{WHERE}.min: Invalid value: "100u": value cannot be represented as a milli value',
        ),
    ],
)
def test_a_range_is_refused_by_the_new_rules(change: dict[str, Any], wanted: str) -> None:
    assert causes_of(bases.SHARED_SLICE, change)[:1] == [wanted]


def test_a_step_can_be_a_fraction() -> None:
    change = {RANGE: {"default": "1500m", "validRange": {"min": "500m", "max": "2", "step": "500m"}}}
    assert causes_of(bases.SHARED_SLICE, change) == []
    assert causes_of(bases.SHARED_SLICE, change, Context(V1_36, gates_of(V1_36))) == []
    odd = {**change, f"{RANGE}/default": "1300m"}
    assert [text.partition(": ")[0] for text in causes_of(bases.SHARED_SLICE, odd)] == [f"{WHERE}.step"]


def test_a_partition_type_attribute_of_the_driver_needs_no_domain_on_the_device() -> None:
    assert causes_of(bases.SLICE, {**TYPED, f"{D}/attributes": {"profile": {"string": "1g.10gb"}}}) == []


def test_all_node_operations_can_be_skipped() -> None:
    assert causes_of(bases.SLICE, {"/spec/skipNodeOperations": ["*"]}) == []


def test_fields_of_alpha_gates_are_dropped_by_default() -> None:
    item = changed(bases.SLICE, {"/spec/skipNodeOperations": ["*"], **TYPED})
    prepare_create(resource_of(item), item, Context(V1_37, gates_of(V1_37)))
    assert not {"skipNodeOperations", "partitionTypeAttribute"} & set(item["spec"])


def test_an_unchanged_capacity_is_not_validated_again() -> None:
    item = changed(bases.SLICE, {f"{D}/capacity": {"no-dash": {"value": "1"}}})
    old = changed(item, {})
    prepare_update(resource_of(item), old, item, "", CONTEXT)
    assert validate_update(resource_of(item), old, item, "", CONTEXT) == []


def test_upper_case_in_a_drivers_name_is_warned_of() -> None:
    [warning] = warnings_of("ResourceSlice", changed(bases.SLICE, {"/spec/driver": "GPU.example.com"}))
    assert warning == (
        'spec.driver: driver names should be lowercase; "GPU.example.com" contains uppercase characters'
    )
    assert warnings_of("ResourceSlice", changed(bases.SLICE, {"/spec/pool": GONE})) == []
