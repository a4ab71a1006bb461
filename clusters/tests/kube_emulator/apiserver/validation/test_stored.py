"""What is stored of an object: defaults are added, fields of gates that are off are dropped.

``refusals/recorded/stored.json`` has what kube-apiserver 1.36.3 returned for the objects of ``refusals.full``: once as each
release (``--emulated-version``) with its default gates, once as 1.36 with all of DRA's gates (``all``). ``lists`` and
``tolerations`` of 1.34 are from kube-apiserver 1.34.4, which differs there from its emulation by 1.36.3. Two things were
removed: the taint that an admission plugin adds to new nodes, and the status of a CustomResourceDefinition.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from refusals import full
from refusals.validating import GATES, RECORDED, resource_of

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.registry import (
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36, Release

STORED = json.loads((RECORDED / "stored.json").read_text())
TABLES = {"gated": full.GATED, "status": full.STATUSES, "minimal": full.MINIMAL}
SEEN = ("generation", "labels", "annotations", "finalizers")


def context_of(release: str) -> Context:
    gates = (
        gates_of(V1_36, dict.fromkeys(GATES, True)) if release == "all" else gates_of(Release.parse(release))
    )
    return Context(V1_36 if release == "all" else Release.parse(release), gates, stamp="2026-01-01T00:00:00Z")


def seen(item: JsonObject, causes: list[Cause]) -> JsonObject:
    if causes:
        return {"causes": [[cause.type, cause.field, cause.message] for cause in causes]}
    shown = {name: value for name, value in item.items() if name not in ("metadata", "apiVersion", "kind")}
    for name in ("serviceAccountName", "serviceAccount"):  # set by an admission plugin that was off
        if item["kind"] == "Pod" and shown["spec"].get(name) == "default":
            del shown["spec"][name]
    return shown | {"metadata": {name: item["metadata"][name] for name in SEEN if name in item["metadata"]}}


def answers() -> Iterator[Any]:
    for release, groups in STORED.items():
        for group, items in groups.items():
            for name, wanted in items.items():
                yield pytest.param(release, group, name, wanted, id=f"{release} {group}: {name}")


@pytest.mark.parametrize(("release", "group", "name", "wanted"), list(answers()))
def test_an_object_is_stored_as_the_real_server_stores_it(
    release: str, group: str, name: str, wanted: JsonObject
) -> None:
    context, item = context_of(release), copy.deepcopy(TABLES[group][name])
    resource = resource_of(item)
    if group == "status":
        old = {key: value for key, value in copy.deepcopy(item).items() if key != "status"}
        prepare_create(resource, old, context)
        prepare_update(resource, old, item, "status", context)
        causes = validate_update(resource, old, item, "status", context)
    else:
        prepare_create(resource, item, context)
        causes = validate_create(resource, item, context)
    assert seen(item, causes) == wanted


def test_a_field_of_a_disabled_gate_is_kept_if_the_stored_object_uses_the_gate() -> None:
    on, off = context_of("all"), context_of("1.34")
    old = copy.deepcopy(full.GATED["taints"])
    prepare_create(resource_of(old), old, on)
    new = copy.deepcopy(old)
    new["spec"]["devices"].append({"name": "gpu-1", "taints": [{"key": "b", "effect": "NoExecute"}]})
    prepare_update(resource_of(new), old, new, "", off)
    assert [len(device["taints"]) for device in new["spec"]["devices"]] == [1, 1]


def test_the_device_status_of_drivers_is_removed_with_the_allocation() -> None:
    context, old = context_of("all"), copy.deepcopy(full.STATUSES["devices"])
    new = copy.deepcopy(old)
    del new["status"]["allocation"]
    del new["status"]["reservedFor"]
    prepare_update(resource_of(new), old, new, "status", context)
    assert new["status"] == {}
    assert validate_update(resource_of(new), old, new, "status", context) == []


def test_a_claim_that_is_being_deleted_cannot_be_reserved_for_new_consumers() -> None:
    context, old = context_of("all"), copy.deepcopy(full.STATUSES["devices"])
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    new = copy.deepcopy(old)
    new["status"]["reservedFor"].append({"resource": "pods", "name": "q", "uid": "other"})
    [cause] = validate_update(resource_of(new), old, new, "status", context)
    assert (cause.type, cause.field) == ("FieldValueForbidden", "status.reservedFor")
    new["status"]["reservedFor"] = []
    assert validate_update(resource_of(new), old, new, "status", context) == []


def test_admin_access_requires_the_label_on_the_namespace() -> None:
    item = copy.deepcopy(full.GATED["alternatives"])
    item["spec"]["devices"]["requests"][0]["exactly"]["adminAccess"] = True
    labelled = Context(
        V1_36, gates_of(V1_36), namespace_labels={"resource.kubernetes.io/admin-access": "true"}
    )
    prepare_create(resource_of(item), item, labelled)
    assert validate_create(resource_of(item), item, labelled) == []
    assert validate_create(resource_of(item), item, Context(V1_36, gates_of(V1_36))) != []


def test_selectors_are_checked_by_the_check_expression_of_the_context() -> None:
    item = copy.deepcopy(full.MINIMAL["class"])
    item["spec"] = {"selectors": [{"cel": {"expression": "x"}}]}
    context = Context(check_expression=lambda text: [f"no {text}", "too complex, exceeds cost limit"])
    assert [(cause.type, cause.message) for cause in validate_create(resource_of(item), item, context)] == [
        ("FieldValueInvalid", 'Invalid value: "x": no x'),
        ("FieldValueForbidden", "Forbidden: too complex, exceeds cost limit"),
    ]


def test_only_a_change_of_the_spec_increments_the_generation() -> None:
    context, old = context_of("all"), copy.deepcopy(full.GATED["taints"])
    prepare_create(resource_of(old), old, context)
    new = copy.deepcopy(old)
    new["metadata"]["labels"] = {"a": "b"}
    prepare_update(resource_of(new), old, new, "", context)
    assert new["metadata"]["generation"] == 1
    new["spec"]["pool"]["generation"] = 2
    prepare_update(resource_of(new), old, new, "", context)
    assert new["metadata"]["generation"] == 2


def test_a_change_of_the_effect_renews_the_time_of_a_taint_rule() -> None:
    context, old = context_of("all"), copy.deepcopy(full.MINIMAL["taint rule"])
    prepare_create(resource_of(old), old, context)
    new = copy.deepcopy(old)
    new["spec"]["taint"]["effect"] = "NoSchedule"
    prepare_update(resource_of(new), old, new, "", Context(stamp="2026-02-02T00:00:00Z"))
    assert new["spec"]["taint"]["timeAdded"] == "2026-02-02T00:00:00Z"
