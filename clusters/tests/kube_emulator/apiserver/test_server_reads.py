"""Reading over HTTP: lists and their parts, selectors, watches, forms. Expected texts are those of kube-apiserver 1.36.3."""

import gzip
from typing import Any

import pytest
from http_client import CONFIGS, Caller

from kube_emulator import Cluster
from kube_emulator.apiserver.schema import protobuf

pytestmark = pytest.mark.slow
SLICES = "/apis/resource.k8s.io/{}/resourceslices"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def config(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "data": {"x": "1"}}


def names(body: Any) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


def test_a_list_comes_in_parts_of_one_revision(call: Caller) -> None:
    for name in "abc":
        call("POST", CONFIGS, config(f"part-{name}", part="1"))
    first = call("GET", f"{CONFIGS}?limit=2").body
    call("POST", CONFIGS, config("part-d", part="1"))
    token = first["metadata"]["continue"]
    rest = call("GET", f"{CONFIGS}?limit=2&continue={token}").body
    assert first["metadata"]["remainingItemCount"] == 1
    assert rest["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
    assert names(first) + names(rest) == ["part-a", "part-b", "part-c"]


def test_a_token_that_is_too_old_is_answered_with_a_fresh_one(call: Caller, api_cluster: Cluster) -> None:
    for name in "ab":
        call("POST", CONFIGS, config(f"old-{name}"))
    token = call("GET", f"{CONFIGS}?limit=1").body["metadata"]["continue"]
    api_cluster.cut_watches(forget=True)
    call("DELETE", f"{CONFIGS}/old-a")
    gone = call("GET", f"{CONFIGS}?continue={token}")
    assert (gone.code, gone.body["reason"]) == (410, "Expired")
    fresh = call("GET", f"{CONFIGS}?continue={gone.body['metadata']['continue']}")
    assert "old-b" in names(fresh.body)


def test_a_list_at_an_exact_version_is_as_it_was(call: Caller) -> None:
    version = call("POST", CONFIGS, config("then", at="1")).body["metadata"]["resourceVersion"]
    call("DELETE", f"{CONFIGS}/then")
    then = call(
        "GET", f"{CONFIGS}?resourceVersion={version}&resourceVersionMatch=Exact&labelSelector=at"
    ).body
    assert names(then) == ["then"]
    assert then["metadata"]["resourceVersion"] == version


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("resourceVersion=abc", 400, 'invalid resource version: resourceVersion: Invalid value: "abc"'),
        ("resourceVersion=99999999", 504, "Timeout: Too large resource version: 99999999"),
        (
            "resourceVersionMatch=Exact",
            422,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422, '"exact" is forbidden for resourceVersion "0"'),
        ("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
        ("continue=abc", 400, "invalid continue token"),
        ("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("labelSelector=a%3D%3D%3Db", 400, "unable to parse requirement: found '=', expected: identifier"),
        ("labelSelector=a%3Db%2C", 400, "found '', expected: identifier after ','"),
        ("fieldSelector=foo%3Dbar", 400, '"foo" is not a known field selector'),
        ("watch=1&sendInitialEvents=true", 422, "sendInitialEvents requires setting resourceVersionMatch"),
        (
            "watch=1&resourceVersionMatch=Exact",
            422,
            "is forbidden for watch unless sendInitialEvents is provided",
        ),
    ],
)
def test_wrong_options_are_refused_with_the_message_of_the_real_server(
    call: Caller, query: str, code: int, message: str
) -> None:
    answer = call("GET", f"{CONFIGS}?{query}")
    assert answer.code == code
    assert message in answer.body["message"]


def test_a_streaming_list_ends_its_initial_events_with_a_bookmark(call: Caller) -> None:
    call("POST", CONFIGS, config("streamed", stream="1"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = call("GET", f"{CONFIGS}?{query}&timeoutSeconds=1&labelSelector=stream").lines
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_from_a_compacted_version_gets_an_error_event(call: Caller, api_cluster: Cluster) -> None:
    api_cluster.cut_watches(forget=True)
    call("POST", CONFIGS, config("after-compaction"))
    [event] = call("GET", f"{CONFIGS}?watch=1&resourceVersion=1&timeoutSeconds=5").lines
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_slices_are_selected_by_node_and_seen_in_each_version(call: Caller) -> None:
    pool = {"name": "n1", "generation": 1, "resourceSliceCount": 1}
    device = {"name": "g", "attributes": {"a": {"string": "x"}}}
    spec = {"driver": "d.example.com", "nodeName": "n1", "pool": pool, "devices": [device]}
    assert call("POST", SLICES.format("v1"), {"metadata": {"name": "s1"}, "spec": spec}).code == 201
    assert names(call("GET", SLICES.format("v1") + "?fieldSelector=spec.nodeName%3Dn1").body) == ["s1"]
    assert names(call("GET", SLICES.format("v1") + "?fieldSelector=spec.nodeName%3Dn2").body) == []
    old = call("GET", SLICES.format("v1beta1") + "/s1")
    assert old.body["apiVersion"] == "resource.k8s.io/v1beta1"
    assert old.body["spec"]["devices"] == [{"name": "g", "basic": {"attributes": {"a": {"string": "x"}}}}]
    assert "resource.k8s.io/v1beta1 ResourceSlice is deprecated in v1.35+" in old.headers["warning"]


def test_items_of_a_list_leave_out_their_kind(call: Caller) -> None:
    call("POST", CONFIGS, config("bare"))
    assert "kind" not in call("GET", CONFIGS).body["items"][0]


def test_objects_come_as_yaml_protobuf_table_and_metadata_only(call: Caller) -> None:
    call("POST", CONFIGS, config("forms", forms="1"))
    assert b"kind: ConfigMap" in call("GET", f"{CONFIGS}/forms", Accept="application/yaml").content
    proto = call("GET", f"{CONFIGS}/forms", Accept=protobuf.MEDIA_TYPE)
    assert protobuf.decode(proto.content)["data"] == {"x": "1"}
    table = call("GET", f"{CONFIGS}?labelSelector=forms", Accept=TABLE).body
    assert table["rows"][0]["cells"][:2] == ["forms", 1]
    partial = call("GET", CONFIGS, Accept=TABLE.replace("Table", "PartialObjectMetadataList")).body
    assert partial["items"][0]["kind"] == "PartialObjectMetadata"


def test_an_unknown_media_type_is_not_acceptable(call: Caller) -> None:
    answer = call("GET", CONFIGS, Accept="text/html")
    assert (answer.code, answer.body["reason"]) == (406, "NotAcceptable")


def test_a_watch_is_served_as_protobuf(call: Caller) -> None:
    call("POST", CONFIGS, config("framed", framed="1"))
    raw = call(
        "GET", f"{CONFIGS}?watch=1&timeoutSeconds=1&labelSelector=framed", Accept=protobuf.MEDIA_TYPE
    ).content
    event, item, rest = protobuf.read_frame(raw)
    assert (event, item["metadata"]["name"], rest) == ("ADDED", "framed", b"")


def test_big_answers_are_compressed_for_clients_that_accept_gzip(call: Caller) -> None:
    call("POST", CONFIGS, {"metadata": {"name": "big"}, "data": {"x": "y" * 200_000}})
    answer = call("GET", f"{CONFIGS}/big", Accept_Encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.decompress(answer.content)) > 200_000
    assert "content-encoding" not in call("GET", f"{CONFIGS}/big").headers


def test_events_are_the_same_through_both_groups(call: Caller) -> None:
    event = {
        "metadata": {"name": "e1"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "R",
        "message": "m",
    }
    assert call("POST", "/api/v1/namespaces/default/events", event).code == 201
    other_group = call(
        "GET", "/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name%3Dp"
    ).body
    assert [item["note"] for item in other_group["items"]] == ["m"]


def test_what_does_not_exist_is_not_found(call: Caller) -> None:
    assert call("GET", "/api/v1/foos").body["message"] == "the server could not find the requested resource"
    assert call("GET", "/apis/none/v1/foos").content == b"404 page not found\n"
    assert call("PUT", CONFIGS).code == 405


def test_discovery_lists_each_version_and_its_subresources(call: Caller) -> None:
    group = call("GET", "/apis/resource.k8s.io").body
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta2", "v1beta1", "v1alpha3"]
    rows = call("GET", "/api/v1").body["resources"]
    assert {"pods", "pods/binding", "pods/eviction", "pods/status"} <= {row["name"] for row in rows}


def test_discovery_in_one_document_is_kept_by_its_tag(call: Caller) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    answer = call("GET", "/apis", Accept=accept)
    assert answer.body["apiVersion"] == "apidiscovery.k8s.io/v2"
    assert call("GET", "/apis", Accept=accept, If_None_Match=answer.headers["etag"]).code == 304


def test_openapi_documents_have_hashes(call: Caller) -> None:
    paths = call("GET", "/openapi/v3").body["paths"]
    document = call("GET", paths["apis/resource.k8s.io/v1"]["serverRelativeURL"]).body
    assert "io.k8s.api.resource.v1.ResourceSlice" in document["components"]["schemas"]


def test_health_is_reported_check_by_check(call: Caller) -> None:
    assert call("GET", "/readyz").content == b"ok"
    assert b"[+]etcd ok" in call("GET", "/livez?verbose").content
    assert call("GET", "/version/").body["gitVersion"].startswith("v1.36")
