"""Watches (API concepts: efficient detection of changes; KEP 365 bookmarks, KEP 3157 streaming lists)."""

import threading

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Client, holds, same, take
from dra_clusters.checks.context import CheckContext

CONCEPTS = "API concepts: efficient detection of changes"
WATCH = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go"
END = "k8s.io/initial-events-end"


def version(context: CheckContext) -> str:
    """The resourceVersion of the list of config maps."""
    return str(context.get("configmaps", labelSelector="mine").expect(200)["metadata"]["resourceVersion"])


def config(name: str, **labels: str) -> JsonObject:
    """A config map that the watches of this module look for."""
    return {"metadata": {"name": name, "labels": {"mine": "yes", **labels}}}


@behaviour("watching/from-a-version-sends-all-later-events", CONCEPTS)
def from_a_version(context: CheckContext) -> None:
    """A watch from a list's version gives each later change once, in order."""
    start = version(context)
    context.create("configmaps", config("a"))
    context.patch("merge", "configmaps", "a", {"data": {"x": "1"}}).expect(200)
    context.delete("configmaps", "a").expect(200)
    with context.client.watch(
        context.path("configmaps"), resourceVersion=start, labelSelector="mine"
    ) as events:
        types = [event["type"] for event in take(events, 3)]
    same(types, ["ADDED", "MODIFIED", "DELETED"], "types")


@behaviour("watching/without-a-version-starts-with-what-is-there", CONCEPTS)
def without_a_version(context: CheckContext) -> None:
    """A watch without resourceVersion begins with ADDED for what is there."""
    for name in ("a", "b"):
        context.create("configmaps", config(name))
    with context.client.watch(context.path("configmaps"), labelSelector="mine") as events:
        found = {(event["type"], event["object"]["metadata"]["name"]) for event in take(events, 2)}
    same(found, {("ADDED", "a"), ("ADDED", "b")}, "events")


@behaviour("watching/is-live", CONCEPTS)
def is_live(context: CheckContext) -> None:
    """A change reaches a watch that is open already."""
    start = version(context)
    with context.client.watch(
        context.path("configmaps"), resourceVersion=start, labelSelector="mine"
    ) as events:
        context.create("configmaps", config("a"))
        same(take(events, 1)[0]["type"], "ADDED", "type")


@behaviour(
    "watching/deleted-holds-the-last-state", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/cacher"
)
def deleted_holds_the_last_state(context: CheckContext) -> None:
    """DELETED holds the object as it was, with the resourceVersion of the deletion."""
    stored = context.create("configmaps", config("a") | {"data": {"x": "1"}})
    start = stored["metadata"]["resourceVersion"]
    context.delete("configmaps", "a").expect(200)
    with context.client.watch(
        context.path("configmaps"), resourceVersion=start, labelSelector="mine"
    ) as events:
        event = take(events, 1)[0]
    same((event["type"], event["object"]["data"]), ("DELETED", {"x": "1"}), "the event")
    holds(int(event["object"]["metadata"]["resourceVersion"]) > int(start), "a newer version", event)


@behaviour(
    "watching/leaving-the-selector-is-deleted", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/cacher"
)
def leaving_the_selector(context: CheckContext) -> None:
    """An object that comes to match is ADDED, one that no longer matches is DELETED."""
    start = version(context)
    context.create("configmaps", config("a"))
    for color in ("red", "blue"):
        patch = {"metadata": {"labels": {"color": color}}}
        context.patch("merge", "configmaps", "a", patch).expect(200)
    with context.client.watch(
        context.path("configmaps"), resourceVersion=start, labelSelector="color=red"
    ) as events:
        found = [(e["type"], e["object"]["metadata"]["labels"].get("color")) for e in take(events, 2)]
    same(found, [("ADDED", "red"), ("DELETED", "red")], "events")


@behaviour("watching/field-selector", CONCEPTS)
def field_selector(context: CheckContext) -> None:
    """A watch with a field selector on metadata.name sees that object only."""
    start = version(context)
    for name in ("a", "b"):
        context.create("configmaps", config(name))
    query: JsonObject = {"resourceVersion": start, "fieldSelector": "metadata.name=b"}
    with context.client.watch(context.path("configmaps"), **query) as events:
        same(take(events, 1)[0]["object"]["metadata"]["name"], "b", "name")


@behaviour("watching/slices-by-node", WATCH)
def slices_by_node(context: CheckContext) -> None:
    """A watch of ResourceSlices with a field selector on spec.nodeName, as node plugins open it, sees those of the node only."""
    start = context.get("resourceslices").expect(200)["metadata"]["resourceVersion"]
    nodes = [context.name(), context.name()]
    for node in nodes:
        pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
        spec = {"driver": "d.example.com", "nodeName": node, "pool": pool, "devices": [{"name": "d0"}]}
        context.create("resourceslices", {"metadata": {"name": context.name()}, "spec": spec})
    query: JsonObject = {"resourceVersion": start, "fieldSelector": f"spec.nodeName={nodes[1]}"}
    with context.client.watch(context.path("resourceslices"), **query) as events:
        same(take(events, 1)[0]["object"]["spec"]["nodeName"], nodes[1], "node of the first event")


@behaviour("watching/one-object", WATCH)
def one_object(context: CheckContext) -> None:
    """watch=true on the path of one object with its name in the field selector works on the list path."""
    context.create("configmaps", config("a"))
    with context.client.watch(f"/api/v1/watch/namespaces/{context.namespace}/configmaps/a") as events:
        same(take(events, 1)[0]["object"]["metadata"]["name"], "a", "name")


@behaviour("watching/timeout-ends-it", WATCH)
def timeout_ends_it(context: CheckContext) -> None:
    """timeoutSeconds ends a watch in an orderly way."""
    with context.client.watch(context.path("configmaps"), timeoutSeconds=1, labelSelector="mine") as events:
        same([event["type"] for event in events], [], "events")


@behaviour("watching/objects-have-kind", CONCEPTS)
def objects_have_kind(context: CheckContext) -> None:
    """Objects in events have kind and apiVersion."""
    context.create("configmaps", config("a"))
    with context.client.watch(context.path("configmaps"), labelSelector="mine") as events:
        item = take(events, 1)[0]["object"]
    same((item["kind"], item["apiVersion"]), ("ConfigMap", "v1"), "envelope")


@behaviour("watching/streaming-list-ends-with-a-bookmark", "KEP 3157")
def streaming_list(context: CheckContext) -> None:
    """sendInitialEvents gives ADDED for what is there, then a bookmark with the annotation initial-events-end."""
    context.create("configmaps", config("a"))
    query: JsonObject = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
        "labelSelector": "mine",
    }
    with context.client.watch(context.path("configmaps"), **query) as events:
        first, second = next(events), next(events)
    same((first["type"], second["type"]), ("ADDED", "BOOKMARK"), "types")
    metadata = second["object"]["metadata"]
    same(metadata.get("annotations"), {END: "true"}, "annotations")
    holds(
        int(metadata["resourceVersion"]) >= int(first["object"]["metadata"]["resourceVersion"]),
        "a version",
        metadata,
    )


@behaviour("watching/bookmark-is-bare", "KEP 365")
def bookmark_is_bare(context: CheckContext) -> None:
    """A bookmark has kind, apiVersion and metadata with the version, and nothing of an object."""
    query: JsonObject = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    with context.client.watch(context.path("configmaps"), labelSelector="mine", **query) as events:
        item = next(events)["object"]
    same(
        (item["kind"], item["apiVersion"], sorted(item)),
        ("ConfigMap", "v1", ["apiVersion", "kind", "metadata"]),
        "bookmark",
    )


@behaviour("watching/initial-events-need-match", "KEP 3157; metainternalversion/validation")
def initial_events_need_match(context: CheckContext) -> None:
    """sendInitialEvents without resourceVersionMatch is 422 Forbidden at resourceVersionMatch."""
    answer = context.get("configmaps", watch="true", sendInitialEvents="true")
    answer.invalid(("FieldValueForbidden", "resourceVersionMatch"))


@behaviour("watching/initial-events-are-for-watches", "KEP 3157; metainternalversion/validation")
def initial_events_for_watches(context: CheckContext) -> None:
    """sendInitialEvents in a list is 422 Forbidden."""
    answer = context.get("configmaps", sendInitialEvents="true", resourceVersionMatch="NotOlderThan")
    answer.invalid(
        ("FieldValueForbidden", "sendInitialEvents"), ("FieldValueForbidden", "resourceVersionMatch")
    )


@behaviour("watching/match-is-not-for-plain-watches", "metainternalversion/validation")
def match_not_for_watches(context: CheckContext) -> None:
    """resourceVersionMatch in a watch without sendInitialEvents is 422 Forbidden."""
    answer = context.get("configmaps", watch="true", resourceVersion="1", resourceVersionMatch="NotOlderThan")
    answer.invalid(("FieldValueForbidden", "resourceVersionMatch"))


@behaviour("watching/garbage-version-is-refused", WATCH)
def garbage_version(context: CheckContext) -> None:
    """A watch from a version that is no number is refused with 500 and what the parser said."""
    answer = context.get("configmaps", watch="true", resourceVersion="x")
    answer.refuse(500, None, 'resourceVersion: Invalid value: "x"')


@behaviour("watching/from-0-starts-with-what-is-there", CONCEPTS)
def from_0(context: CheckContext) -> None:
    """A watch from version 0 begins with ADDED for what is there."""
    context.create("configmaps", config("a"))
    with context.client.watch(
        context.path("configmaps"), resourceVersion="0", labelSelector="mine"
    ) as events:
        same(take(events, 1)[0]["type"], "ADDED", "type")


@behaviour(
    "watching/table-events", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go"
)
def table_events(context: CheckContext) -> None:
    """A watch that accepts tables gets a Table of one row in each event."""
    context.create("configmaps", config("a"))
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    with context.client.watch(context.path("configmaps"), headers=headers, labelSelector="mine") as events:
        item = take(events, 1)[0]["object"]
    same((item["kind"], len(item["rows"]), item["rows"][0]["cells"][0]), ("Table", 1, "a"), "the event")


@behaviour("watching/metadata-only", "API concepts: partial object metadata")
def metadata_only(context: CheckContext) -> None:
    """A watch that accepts PartialObjectMetadata gets it."""
    context.create("configmaps", config("a") | {"data": {"x": "1"}})
    headers = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}
    with context.client.watch(context.path("configmaps"), headers=headers, labelSelector="mine") as events:
        item = take(events, 1)[0]["object"]
    same(
        (item["kind"], sorted(item)),
        ("PartialObjectMetadata", ["apiVersion", "kind", "metadata"]),
        "the object",
    )


@behaviour("watching/many-watches-see-the-same", CONCEPTS)
def many_watches(context: CheckContext) -> None:
    """Watches side by side see the same changes in the same order."""
    start, path = version(context), context.path("configmaps")
    seen: dict[int, list[str]] = {}

    def follow(number: int) -> None:
        client = Client(context.kubeconfig)
        with client.watch(path, resourceVersion=start, labelSelector="mine") as events:
            seen[number] = [event["object"]["metadata"]["resourceVersion"] for event in take(events, 10)]

    threads = [threading.Thread(target=follow, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for number in range(10):
        context.create("configmaps", config(f"a-{number}"))
    for thread in threads:
        thread.join(25)
    same(len(seen), 3, "watches that got all")
    holds(seen[0] == seen[1] == seen[2] == sorted(seen[0], key=int), "one order", seen)


@behaviour(
    "watching/other-versions-convert",
    "API concepts; resource/v1beta1",
    needs=("api", "resource.k8s.io/v1beta1"),
)
def other_versions_convert(context: CheckContext) -> None:
    """A watch through v1beta1 gets objects of v1beta1, however they were written."""
    spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x"}}]}}
    context.create("resourceclaims", {"metadata": {"name": "a"}, "spec": spec})
    path = context.path("resourceclaims", api="/apis/resource.k8s.io/v1beta1")
    with context.client.watch(path) as events:
        item = take(events, 1)[0]["object"]
    same(item["apiVersion"], "resource.k8s.io/v1beta1", "apiVersion")
    same(item["spec"]["devices"]["requests"][0]["deviceClassName"], "x", "deviceClassName")
