"""The verbs of the API server: what is stored, refused and watched."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_api.objects import JsonObject
from kube_emulator.apiserver.patches.json_patch import json_patch
from kube_emulator.apiserver.patches.merge import merge
from kube_emulator.apiserver.patches.strategic import strategic
from kube_emulator.apiserver.query.fields import field_selector
from kube_emulator.apiserver.query.labels import label_selector
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.bare import bare_api
from kube_emulator.apiserver.registry.watching import Event
from kube_emulator.apiserver.schema.kinds import info
from kube_emulator.apiserver.status import ApiError
from kube_emulator.releases.release import V1_37


@pytest.fixture
def api() -> Api:
    api = bare_api()
    api.create("namespaces", {"metadata": {"name": "default"}})
    return api


def config(name: str, **data: str) -> JsonObject:
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


def test_created_objects_have_identity_and_version(api: Api) -> None:
    stored = api.create("configmaps", config("a")).value
    assert stored["metadata"]["uid"]
    assert stored["kind"] == "ConfigMap"
    assert int(stored["metadata"]["resourceVersion"]) == api.store.revision


def test_a_second_object_of_the_name_is_refused(api: Api) -> None:
    api.create("configmaps", config("a"))
    with pytest.raises(ApiError, match="already exists") as caught:
        api.create("configmaps", config("a"))
    assert (caught.value.code, caught.value.reason) == (409, "AlreadyExists")


def test_an_update_from_an_old_version_is_a_conflict(api: Api) -> None:
    old = api.create("configmaps", config("a")).value
    api.update("configmaps", {**old, "data": {"x": "1"}})
    with pytest.raises(ApiError, match="has been modified") as caught:
        api.update("configmaps", {**old, "data": {"x": "2"}})
    assert caught.value.code == 409


def test_an_update_that_changes_nothing_has_no_new_version(api: Api) -> None:
    old = api.create("configmaps", config("a", x="1")).value
    assert api.update("configmaps", old).value is old


def test_the_namespace_must_exist(api: Api) -> None:
    with pytest.raises(ApiError, match='namespaces "nowhere" not found'):
        api.create("configmaps", {"metadata": {"name": "a", "namespace": "nowhere"}})


def test_generated_names_differ(api: Api) -> None:
    item = {"metadata": {"generateName": "a-", "namespace": "default"}}
    names = {api.create("configmaps", item).value["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20


def claim(name: str = "c") -> JsonObject:
    request = {"name": "gpu", "exactly": {"deviceClassName": "gpu"}}
    spec = {"devices": {"requests": [request]}}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec, "status": {"x": 1}}


ALLOCATION = {"devices": {"results": [{"request": "gpu", "driver": "d", "pool": "p", "device": "x"}]}}


def test_status_and_spec_are_written_apart(api: Api) -> None:
    stored = api.create("resourceclaims", claim()).value
    assert stored["status"] == {}
    assert stored["spec"]["devices"]["requests"][0]["exactly"]["count"] == 1
    changed = api.update("resourceclaims", {**stored, "status": {"allocation": ALLOCATION}}).value
    assert changed["status"] == {}
    changed = api.update(
        "resourceclaims", {**stored, "status": {"allocation": ALLOCATION}}, subresource="status"
    ).value
    assert changed["status"]["allocation"] == ALLOCATION
    assert "generation" not in changed["metadata"]


def test_a_claims_spec_and_allocation_cannot_change(api: Api) -> None:
    stored = api.create("resourceclaims", claim()).value
    with pytest.raises(ApiError, match="spec: Invalid value: .*: field is immutable"):
        api.update("resourceclaims", {**stored, "spec": {"devices": {}}})
    stored = api.update(
        "resourceclaims", {**stored, "status": {"allocation": ALLOCATION}}, subresource="status"
    ).value
    with pytest.raises(ApiError, match="status.allocation: Invalid value: .*: field is immutable"):
        api.update(
            "resourceclaims", {**stored, "status": {"allocation": {"devices": {}}}}, subresource="status"
        )


def test_finalizers_hold_an_object_until_they_are_gone(api: Api) -> None:
    item = config("a")
    item["metadata"]["finalizers"] = ["example.com/hold"]
    api.create("configmaps", item)
    held = api.delete("configmaps", "a", "default").value
    assert held["metadata"]["deletionTimestamp"]
    api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
    assert api.find("configmaps", "a", "default") is None


async def take(api: Api, count: int, **how: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    async with asyncio.timeout(5):
        events = api.watch("configmaps", **how)
        async for event in events:
            found.append((event.type, event.item.value["metadata"]["name"]))
            if len(found) == count:
                break
    return found


async def test_a_watch_goes_on_from_a_version(api: Api) -> None:
    first = api.create("configmaps", config("a")).value
    api.create("configmaps", config("b"))
    api.delete("configmaps", "a", "default")
    since = int(first["metadata"]["resourceVersion"])
    assert await take(api, 2, since=since) == [("ADDED", "b"), ("DELETED", "a")]


async def test_a_watch_without_version_begins_with_what_there_is(api: Api) -> None:
    api.create("configmaps", config("a"))
    assert await take(api, 1) == [("ADDED", "a")]


async def test_leaving_the_selection_is_a_deletion_for_the_watcher(api: Api) -> None:
    stored = api.create(
        "configmaps", {**config("a"), "metadata": {**config("a")["metadata"], "labels": {"x": "y"}}}
    )
    since = api.store.revision
    api.update("configmaps", {**stored.value, "metadata": {**stored.value["metadata"], "labels": {}}})
    assert await take(api, 1, since=since, matches=label_selector("x=y")) == [("DELETED", "a")]


async def test_a_compacted_version_is_gone(api: Api) -> None:
    since = api.store.revision
    api.store.forget()
    with pytest.raises(ApiError, match="too old resource version"):
        await anext(api.watch("configmaps", since=since))


async def test_bookmarks_come_when_nothing_happens(api: Api) -> None:
    event: Event = await anext(api.watch("configmaps", since=api.store.revision, bookmark_s=0.01))
    assert (event.type, event.revision) == ("BOOKMARK", api.store.revision)


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("a=b,c!=d", {"a": "b"}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a notin (b)", {}, True),
        ("!a", {"a": "b"}, False),
        ("a", {"a": ""}, True),
    ],
)
def test_label_selectors(text: str, labels: dict[str, str], holds: bool) -> None:
    assert label_selector(text)({"metadata": {"labels": labels}}) is holds


def test_field_selectors(api: Api) -> None:
    item = {"spec": {"nodeName": "n"}}
    slices = api.registry.served("resource.k8s.io", "v1", "resourceslices")
    assert slices is not None
    assert field_selector("spec.nodeName=n,spec.driver!=x", slices, V1_37)(item)
    assert not field_selector("spec.nodeName=m", slices, V1_37)(item)
    with pytest.raises(ApiError, match="invalid selector: 'nonsense'; can't understand 'nonsense'"):
        field_selector("nonsense", slices, V1_37)
    with pytest.raises(
        ApiError, match="field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x"
    ):
        field_selector("x=y", slices, V1_37)


def test_json_patches() -> None:
    document = {"a": [1, 2], "b": {"c": 3}}
    operations = [
        {"op": "add", "path": "/a/1", "value": 9},
        {"op": "replace", "path": "/b/c", "value": 4},
        {"op": "test", "path": "/a/0", "value": 1},
        {"op": "move", "from": "/b/c", "path": "/d"},
        {"op": "remove", "path": "/a/0"},
    ]
    assert json_patch(document, operations) == {"a": [9, 2], "b": {}, "d": 4}
    with pytest.raises(ApiError, match="the server rejected our request due to an error"):
        json_patch(document, [{"op": "remove", "path": "/nope"}])


def test_strategic_patches_merge_lists_by_their_key() -> None:
    pod = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "args": ["x"]}
    patch = {"containers": [{"name": "b", "image": "2"}, {"name": "a", "$patch": "delete"}], "args": ["y"]}
    assert strategic(pod, patch, info("core_v1.PodSpec")) == {
        "containers": [{"name": "b", "image": "2"}],
        "args": ["y"],
    }


DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(DOCUMENTS, DOCUMENTS)
def test_merging_twice_is_merging_once(target: Any, patch: Any) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once


def applied(**data: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", **config("a", **data)}


def test_what_an_applier_leaves_out_is_removed(api: Api) -> None:
    api.apply("configmaps", applied(x="1", y="1"), manager="me", force=False)
    stored = api.apply("configmaps", applied(x="2"), manager="me", force=False).value
    assert stored["data"] == {"x": "2"}


def test_two_appliers_conflict_over_a_value_unless_forced(api: Api) -> None:
    api.apply("configmaps", applied(x="1"), manager="me", force=False)
    with pytest.raises(ApiError, match='conflict with "me": .data.x'):
        api.apply("configmaps", applied(x="2"), manager="you", force=False)
    stored = api.apply("configmaps", applied(x="2"), manager="you", force=True).value
    assert stored["data"] == {"x": "2"}
    stored = api.apply("configmaps", applied(), manager="me", force=False).value
    assert stored["data"] == {"x": "2"}
