"""Writing over HTTP: bodies, patches, owners, deletion. Expected texts are those of kube-apiserver 1.36.3."""

import json
from pathlib import Path
from typing import Any

import pytest
from http_client import APPLY, CONFIGS, JSON_PATCH, MERGE, STRATEGIC, Caller
from kubectl import run_kubectl

from kube_emulator import Cluster
from kube_emulator.apiserver.schema import protobuf

pytestmark = pytest.mark.slow
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
PODS = "/api/v1/namespaces/default/pods"


def config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "a", "image": "i"}], "terminationGracePeriodSeconds": 5}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a"', "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (b"[" * 100_000, "couldn't get version/kind; json parse error"),
        (b'{"kind":"Secret","apiVersion":"v1"}', 'Secret in version "v1" cannot be handled as a ConfigMap'),
        (
            b'{"metadata":{"name":"x"},"data":{"x":1}}',
            "cannot unmarshal number into Go struct field ConfigMap.data",
        ),
        (
            b'{"metadata":{"name":"x","namespace":"other"}}',
            "does not match the namespace sent on the request",
        ),
    ],
)
def test_a_body_that_is_no_such_object_is_a_bad_request(call: Caller, body: bytes, message: str) -> None:
    answer = call("POST", CONFIGS, body)
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
    assert message in answer.body["message"]


def test_unknown_and_duplicate_fields_warn_or_refuse(call: Caller) -> None:
    body = b'{"metadata":{"name":"strict"},"foo":1,"data":{"a":"1","a":"2"}}'
    strict = call("POST", f"{CONFIGS}?fieldValidation=Strict", body)
    assert 'strict decoding error: unknown field "foo", duplicate field "data.a"' in strict.body["message"]
    warned = call("POST", f"{CONFIGS}?dryRun=All", body)
    assert warned.code == 201
    assert "field" in warned.headers["warning"]
    assert call("GET", f"{CONFIGS}/strict").code == 404


LOWERCASE = '299 - "spec.driver: driver names should be lowercase; \\"GPU.example.com\\" contains uppercase characters"'


def slice_of(name: str, driver: str) -> dict[str, Any]:
    pool = {"name": "n", "generation": 1, "resourceSliceCount": 1}
    head = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": name}}
    return {**head, "spec": {"driver": driver, "nodeName": "n", "pool": pool}}


def test_every_write_of_a_valid_object_sends_its_warnings(call: Caller) -> None:
    item = slice_of("upper", "GPU.example.com")
    labels = {"metadata": {"labels": {"a": "b"}}}
    path = f"{SLICES}/upper"
    answers = [
        call("POST", SLICES, item),
        call("PUT", path, {**item, "metadata": {"name": "upper", "labels": {"a": "a"}}}),
        call("PATCH", path, labels, kind=MERGE),
        call("PATCH", f"{path}?fieldManager=m", item, kind=APPLY),
        call(
            "PATCH",
            f"{path}-applied?fieldManager=m",
            slice_of("upper-applied", "GPU.example.com"),
            kind=APPLY,
        ),
    ]
    assert [(answer.code, answer.headers.get("warning")) for answer in answers] == [
        (201, LOWERCASE),
        (200, LOWERCASE),
        (200, LOWERCASE),
        (200, LOWERCASE),
        (201, LOWERCASE),
    ]
    assert "warning" not in call("GET", path).headers
    assert "warning" not in call("POST", SLICES, slice_of("lower", "gpu.example.com")).headers


def test_a_pod_whose_name_is_no_dns_label_warns_when_it_is_created_only(call: Caller) -> None:
    made = call("POST", PODS, {**pod("a.b"), "unheard": 1})
    assert made.code == 201
    unknown, _, hostname = made.headers["warning"].partition(", ")
    assert unknown == '299 - "unknown field \\"unheard\\""'
    assert hostname.startswith("299 - \"metadata.name: this is used in the Pod's hostname, ")
    changed = call("PATCH", f"{PODS}/a.b", {"metadata": {"labels": {"a": "b"}}}, kind=MERGE)
    assert (changed.code, changed.headers.get("warning")) == (200, None)


def test_kubectl_shows_warnings(api_cluster: Cluster, tmp_path: Path) -> None:
    item = json.dumps(slice_of("shown", "GPU.example.com"))
    done = run_kubectl(api_cluster.kubeconfig, tmp_path, "apply", "-f", "-", text=item)
    assert done.stdout == "resourceslice.resource.k8s.io/shown created\n"
    assert 'Warning: spec.driver: driver names should be lowercase; "GPU.example.com"' in done.stderr


def test_a_warning_that_no_header_can_have_is_dropped(call: Caller) -> None:
    made = call("POST", f"{CONFIGS}?dryRun=All", {"metadata": {"name": "control"}, "a\nb": 1, "c": 1})
    assert (made.code, made.headers["warning"]) == (201, '299 - "unknown field \\"c\\""')


def test_an_invalid_object_sends_no_warnings_of_its_validation(call: Caller) -> None:
    item = slice_of("invalid", "GPU.example.com")
    item["spec"]["pool"]["generation"] = -1
    answer = call("POST", SLICES, item)
    assert (answer.code, answer.headers.get("warning")) == (422, None)


def test_bodies_are_read_as_protobuf_and_yaml(call: Caller) -> None:
    raw = protobuf.encode(config("proto", x="1"))
    assert call("POST", CONFIGS, raw, kind=protobuf.MEDIA_TYPE).body["data"] == {"x": "1"}
    assert call("POST", CONFIGS, b"metadata: {name: yaml}\n", kind="application/yaml").code == 201
    assert call("POST", CONFIGS, b"x", kind="text/plain").code == 415


def test_a_body_of_more_than_three_mebibytes_is_too_big(call: Caller) -> None:
    answer = call("POST", CONFIGS, config("huge", x="y" * (3 << 20)))
    assert (answer.code, answer.body["reason"]) == (413, "RequestEntityTooLarge")


def test_an_update_from_an_old_version_is_a_conflict(call: Caller) -> None:
    item = call("POST", CONFIGS, config("old")).body
    call("PUT", f"{CONFIGS}/old", {**item, "data": {"x": "1"}})
    answer = call("PUT", f"{CONFIGS}/old", {**item, "data": {"x": "2"}})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert answer.body["details"] == {"name": "old", "kind": "configmaps"}


def test_what_only_the_server_sets_cannot_be_changed(call: Caller) -> None:
    call("POST", CONFIGS, config("fixed"))
    answer = call("PATCH", f"{CONFIGS}/fixed", {"metadata": {"uid": "q"}}, kind=MERGE)
    assert answer.code == 422
    assert answer.causes == [("FieldValueInvalid", "metadata.uid")] * 2


def test_leases_are_created_by_update_and_require_a_version_afterwards(call: Caller) -> None:
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}}
    assert call("PUT", f"{LEASES}/l", lease).code == 201
    answer = call("PUT", f"{LEASES}/l", lease)
    assert (
        "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
        in answer.body["message"]
    )


def test_an_update_that_changes_nothing_has_no_new_version(call: Caller) -> None:
    item = call("POST", CONFIGS, config("same", x="1")).body
    again = call("PUT", f"{CONFIGS}/same?fieldManager=another", item).body
    assert again["metadata"]["resourceVersion"] == item["metadata"]["resourceVersion"]


def test_managed_fields_have_the_public_form(call: Caller) -> None:
    made = call("POST", f"{CONFIGS}", config("owned", x="1")).body
    [entry] = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("tester", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:x": {}}}
    spec = call("POST", f"{PODS}?dryRun=All", pod("owned")).body["metadata"]["managedFields"][0]["fieldsV1"][
        "f:spec"
    ]
    assert set(spec["f:containers"]) == {'k:{"name":"a"}'}


def test_an_applier_conflicts_with_the_owner_of_the_value(call: Caller) -> None:
    call("PATCH", f"{CONFIGS}/ssa?fieldManager=m1", config("ssa", x="1"), kind=APPLY)
    answer = call("PATCH", f"{CONFIGS}/ssa?fieldManager=m2", config("ssa", x="2"), kind=APPLY)
    assert answer.body["message"] == 'Apply failed with 1 conflict: conflict with "m1": .data.x'
    assert answer.causes == [("FieldManagerConflict", ".data.x")]
    call("PATCH", f"{CONFIGS}/ssa?fieldManager=m3", {"data": {"x": "5", "z": "1"}}, kind=MERGE)
    answer = call("PATCH", f"{CONFIGS}/ssa?fieldManager=m2", config("ssa", x="2", z="2"), kind=APPLY)
    assert answer.body["message"] == (
        'Apply failed with 2 conflicts: conflicts with "m3" using v1:\n- .data.x\n- .data.z'
    )


def test_what_an_applier_leaves_out_is_removed_unless_another_owns_it(call: Caller) -> None:
    call("PATCH", f"{CONFIGS}/left?fieldManager=m1", config("left", x="1", y="1"), kind=APPLY)
    call("PATCH", f"{CONFIGS}/left?fieldManager=m2", config("left", y="1"), kind=APPLY)
    bare = {name: value for name, value in config("left").items() if name != "data"}
    left = call("PATCH", f"{CONFIGS}/left?fieldManager=m1", bare, kind=APPLY).body
    assert left["data"] == {"y": "1"}
    assert [entry["manager"] for entry in left["metadata"]["managedFields"]] == ["m2"]


def test_items_of_lists_are_owned_by_their_keys(call: Caller) -> None:
    first = pod("keyed")
    first["spec"]["tolerations"] = [{"key": "k", "operator": "Exists"}]
    call("PATCH", f"{PODS}/keyed?fieldManager=m1", pod("keyed"), kind=APPLY)
    other = pod("keyed")
    other["spec"]["containers"] = [{"name": "a", "image": "z"}]
    answer = call("PATCH", f"{PODS}/keyed?fieldManager=m2", other, kind=APPLY)
    assert answer.causes == [("FieldManagerConflict", '.spec.containers[name="a"].image')]


def test_apply_requires_a_manager_and_a_kind(call: Caller) -> None:
    assert call("PATCH", f"{CONFIGS}/x", config("x"), kind=APPLY).causes == [
        ("FieldValueRequired", "fieldManager")
    ]
    answer = call("PATCH", f"{CONFIGS}/x?fieldManager=m", {"metadata": {"name": "x"}}, kind=APPLY)
    assert answer.body["message"] == "invalid object type: /, Kind="


def test_the_first_apply_finds_untracked_fields_owned_by_before_first_apply(call: Caller) -> None:
    call("POST", CONFIGS, config("first", x="1"))
    call("PATCH", f"{CONFIGS}/first", {"metadata": {"managedFields": [{}]}}, kind=MERGE)
    entries = call("PATCH", f"{CONFIGS}/first?fieldManager=m", config("first", y="1"), kind=APPLY).body[
        "metadata"
    ]
    assert [entry["manager"] for entry in entries["managedFields"]] == ["m", "before-first-apply"]


def test_patches_that_cannot_be_applied(call: Caller) -> None:
    call("POST", CONFIGS, config("patched", x="1"))
    path = f"{CONFIGS}/patched"
    assert call("PATCH", path, [{"op": "test", "path": "/data/x", "value": "2"}], kind=JSON_PATCH).code == 422
    assert (
        call("PATCH", path, [{"op": "add", "path": "/data/y", "value": "1"}] * 10_001, kind=JSON_PATCH).code
        == 413
    )
    assert call("PATCH", path, {}, kind="application/json").code == 415
    assert call("PATCH", path, b"[]", kind=MERGE).code == 400
    answer = call("PATCH", path, {"data": {"x": 3}}, kind=MERGE)
    assert answer.causes == [("FieldValueInvalid", "patch")]


def test_a_strategic_patch_merges_containers_by_name(call: Caller) -> None:
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]},
    }
    deployment = {
        "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    path = "/apis/apps/v1/namespaces/default/deployments"
    assert call("POST", path, deployment).body["metadata"]["generation"] == 1
    patch = {
        "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
        "containers": [{"name": "a", "image": "2"}],
    }
    changed = call("PATCH", f"{path}/d", {"spec": {"template": {"spec": patch}}}, kind=STRATEGIC).body
    images = {c["name"]: c["image"] for c in changed["spec"]["template"]["spec"]["containers"]}
    assert list(images.items()) == [("b", "1"), ("a", "2")]
    assert changed["metadata"]["generation"] == 2


def test_preconditions_and_policies_of_a_deletion(call: Caller) -> None:
    call("POST", CONFIGS, config("kept"))
    path = f"{CONFIGS}/kept"
    assert call("DELETE", path, {"preconditions": {"uid": "1"}}).code == 409
    assert call("DELETE", path, {"propagationPolicy": "Foo"}).causes == [
        ("FieldValueNotSupported", "propagationPolicy")
    ]
    held = call("DELETE", f"{path}?propagationPolicy=Foreground").body
    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]
    call("PATCH", path, {"metadata": {"finalizers": None}}, kind=MERGE)
    assert call("GET", path).code == 404


def test_a_completed_deletion_answers_with_a_status(call: Caller) -> None:
    uid = call("POST", CONFIGS, config("done")).body["metadata"]["uid"]
    answer = call("DELETE", f"{CONFIGS}/done").body
    assert answer["details"] == {"name": "done", "kind": "configmaps", "uid": uid}


def test_a_collection_is_deleted_by_selector_and_listed(call: Caller) -> None:
    for name in ("many-a", "many-b"):
        call("POST", CONFIGS, {"metadata": {"name": name, "labels": {"many": "1"}}})
    gone = call("DELETE", f"{CONFIGS}?labelSelector=many").body
    assert [item["metadata"]["name"] for item in gone["items"]] == ["many-a", "many-b"]
    assert call("GET", f"{CONFIGS}?labelSelector=many").body["items"] == []


def test_a_bound_pod_is_deleted_with_grace(call: Caller) -> None:
    call("POST", PODS, pod("graceful"))
    binding = {"metadata": {"name": "graceful"}, "target": {"kind": "Node", "name": "n"}}
    assert call("POST", f"{PODS}/graceful/binding", binding).code == 201
    again = call("POST", f"{PODS}/graceful/binding", binding)
    assert 'pod graceful is already assigned to node "n"' in again.body["message"]
    marked = call("DELETE", f"{PODS}/graceful").body["metadata"]
    assert (marked["deletionGracePeriodSeconds"], marked["generation"]) == (5, 2)
    call("DELETE", f"{PODS}/graceful?gracePeriodSeconds=0")
    assert call("GET", f"{PODS}/graceful").code == 404


def test_a_terminating_namespace_accepts_no_new_objects(call: Caller) -> None:
    call("POST", "/api/v1/namespaces", {"metadata": {"name": "ending"}})
    assert call("DELETE", "/api/v1/namespaces/ending").body["status"] == {"phase": "Terminating"}
    answer = call("POST", "/api/v1/namespaces/ending/configmaps", config("late"))
    assert answer.code == 403
    assert answer.causes == [("NamespaceTerminating", "metadata.namespace")]
    call(
        "PUT",
        "/api/v1/namespaces/ending/finalize",
        {"metadata": {"name": "ending"}, "spec": {"finalizers": []}},
    )
    assert call("GET", "/api/v1/namespaces/ending").code == 404
    assert call("DELETE", "/api/v1/namespaces/default").code == 403


def test_writes_through_an_old_version_are_owned_in_it(call: Caller) -> None:
    path = "/apis/resource.k8s.io/v1beta1/resourceslices/old-slice"
    pool = {"name": "n", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "nodeName": "n", "pool": pool, "devices": [{"name": "g", "basic": {}}]}
    head = {
        "apiVersion": "resource.k8s.io/v1beta1",
        "kind": "ResourceSlice",
        "metadata": {"name": "old-slice"},
    }
    made = call("PATCH", f"{path}?fieldManager=m", {**head, "spec": spec}, kind=APPLY)
    assert made.code == 201
    [entry] = made.body["metadata"]["managedFields"]
    assert entry["apiVersion"] == "resource.k8s.io/v1beta1"
    assert call("GET", path.replace("v1beta1", "v1")).body["spec"]["devices"] == [{"name": "g"}]
