"""The OpenAPI documents; the stories with kubectl prove that kubectl reads them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kube_emulator.apiserver.schema import gnostic, kinds
from kube_emulator.apiserver.schema.descriptors import message_class
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.schema.openapi import digest, document_v2, document_v3, index, root_of
from kube_emulator.apiserver.schema.schemas import descriptions, schemas
from kube_emulator.releases.release import V1_35, V1_36, V1_37


@dataclass(frozen=True)
class Row:
    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    status: bool = False


CLAIMS = Row("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim", status=True)
PODS = Row("", "v1", "pods", "Pod", status=True)
FOOS = Row("example.com", "v1", "foos", "Foo", namespaced=False)
CLAIM_PATH = "/apis/resource.k8s.io/v1/namespaces/{namespace}/resourceclaims"


def references(document: Any) -> set[str]:
    if isinstance(document, dict):
        own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
        return own.union(*map(references, document.values()))
    return set().union(*map(references, document)) if isinstance(document, list) else set()


@pytest.mark.parametrize("resource", [CLAIMS, PODS, FOOS])
def test_every_reference_has_a_schema(resource: Row) -> None:
    three, two = document_v3([resource], V1_37), document_v2([resource], V1_37)
    assert references(three) <= {f"#/components/schemas/{name}" for name in three["components"]["schemas"]}
    assert references(two) <= {f"#/definitions/{name}" for name in two["definitions"]}


def test_every_operation_has_its_action_and_kind() -> None:
    paths = document_v3([CLAIMS], V1_37)["paths"]
    actions = {
        (path, method): operation["x-kubernetes-action"]
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert actions == {
        (CLAIM_PATH, "get"): "list",
        (CLAIM_PATH, "post"): "post",
        (CLAIM_PATH, "delete"): "deletecollection",
        (f"{CLAIM_PATH}/{{name}}", "get"): "get",
        (f"{CLAIM_PATH}/{{name}}", "put"): "put",
        (f"{CLAIM_PATH}/{{name}}", "patch"): "patch",
        (f"{CLAIM_PATH}/{{name}}", "delete"): "delete",
        (f"{CLAIM_PATH}/{{name}}/status", "get"): "get",
        (f"{CLAIM_PATH}/{{name}}/status", "put"): "put",
        (f"{CLAIM_PATH}/{{name}}/status", "patch"): "patch",
        ("/apis/resource.k8s.io/v1/resourceclaims", "get"): "list",
    }
    kind = {"group": "resource.k8s.io", "kind": "ResourceClaim", "version": "v1"}
    assert paths[CLAIM_PATH]["post"]["x-kubernetes-group-version-kind"] == kind


def test_patch_has_the_parameter_field_validation_by_which_kubectl_detects_server_side_validation() -> None:
    patch = document_v3([PODS], V1_37)["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert {"fieldValidation", "force"} <= {
        each["name"] for each in patch["parameters"] if each["in"] == "query"
    }


def test_a_list_has_the_extensions_that_say_how_it_merges() -> None:
    status = schemas(["core_v1.PodStatus"], 3)["io.k8s.api.core.v1.PodStatus"]
    conditions = status["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert (
        conditions["x-kubernetes-list-map-keys"] == [conditions["x-kubernetes-patch-merge-key"]] == ["type"]
    )
    assert conditions["x-kubernetes-patch-strategy"] == "merge"


def test_a_schema_has_its_kind_and_its_required_members() -> None:
    found = schemas(["resource_v1.ResourceSlice"], 3)
    schema = found["io.k8s.api.resource.v1.ResourceSlice"]
    kind = {"group": "resource.k8s.io", "kind": "ResourceSlice", "version": "v1"}
    assert schema["x-kubernetes-group-version-kind"] == [kind]
    assert schema["required"] == ["spec"]
    assert found["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {
        "oneOf": [{"type": "string"}, {"type": "number"}]
    }


def test_every_description_is_of_a_member_that_exists() -> None:
    for name in descriptions():
        table, message, *member = name.split(".")
        if message != "TypeMeta":
            assert not member or member[0] in kinds.info(f"{table}.{message}").fields, name


def test_every_type_of_resource_v1_has_a_description() -> None:
    plain = {"DeviceClassList", "ResourceClaimList", "ResourceClaimTemplateList", "ResourceSliceList"}
    for message in kinds.table("resource_v1").messages.values():
        if message.short not in plain | {"DeviceTaintRuleList"}:
            assert message.name in descriptions() or message.short == "DeviceTaintRuleStatus"


def test_a_type_of_a_beta_version_has_the_description_of_its_name_in_v1() -> None:
    device = schemas(["resource_v1beta1.BasicDevice"], 3)["io.k8s.api.resource.v1beta1.BasicDevice"]
    assert device["description"] == descriptions()["resource_v1.Device"]


def test_a_document_has_only_the_fields_of_its_release() -> None:
    name = "io.k8s.api.resource.v1.DeviceAttribute"
    old, new = (
        schemas(["resource_v1.DeviceAttribute"], 3, release)[name]["properties"] for release in (V1_35, V1_36)
    )
    assert new.keys() - old.keys() == {"ints", "bools", "strings", "versions"}


def test_a_custom_resource_has_its_own_schema() -> None:
    own: JsonSchema = {"type": "object", "properties": {"spec": {"type": "object"}}}
    schema = document_v3([FOOS], V1_37, {"Foo": own})["components"]["schemas"]["com.example.v1.Foo"]
    assert schema["properties"].keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "example.com", "kind": "Foo", "version": "v1"}
    ]


def empty_lists(value: Any, path: str = "") -> Iterator[str]:
    """Where VALUE has an empty list."""
    for name, member in value.items() if isinstance(value, dict) else enumerate(value):
        if member == []:
            yield f"{path}/{name}"
        elif isinstance(member, dict | list):
            yield from empty_lists(member, f"{path}/{name}")


def test_a_document_has_no_empty_lists_which_the_types_of_go_would_lose() -> None:
    assert not list(empty_lists(document_v3([PODS, CLAIMS, FOOS], V1_37)))
    assert not list(empty_lists(document_v2([PODS, CLAIMS, FOOS], V1_37)))


def test_the_index_has_the_path_and_digest_of_each_document() -> None:
    digests = {root_of(each): digest([each], V1_37) for each in (PODS, FOOS)}
    address = index(digests)["paths"]["apis/example.com/v1"]["serverRelativeURL"]
    assert address == f"/openapi/v3/apis/example.com/v1?hash={digests['apis/example.com/v1']}"
    assert (
        digest([FOOS], V1_37, {"Foo": {"type": "object"}})
        != digests["apis/example.com/v1"]
        != digests["api/v1"]
    )


def test_the_protobuf_form_of_version_2_has_the_same_content() -> None:
    document = document_v2([CLAIMS, FOOS], V1_37)
    message = message_class("openapi_v2.Document").FromString(gnostic.encode(document))
    definitions = {each.f1: each.f2 for each in message.f9.f1}
    assert definitions.keys() == document["definitions"].keys()
    claim = definitions["io.k8s.api.resource.v1.ResourceClaim"]
    extensions = {each.f1: json.loads(each.f2.f2) for each in claim.f31}
    assert extensions == {
        "x-kubernetes-group-version-kind": [
            {"group": "resource.k8s.io", "kind": "ResourceClaim", "version": "v1"}
        ]
    }
    assert [each.f1 for each in message.f8.f2] == list(document["paths"])
