"""Three kinds of patch (API concepts: patching; apiserver endpoints/handlers/patch.go); the fourth is in ``applying``."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext

PATCH = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go"
STRATEGIC = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go"
CONTAINER = {"name": "a", "image": "x", "env": [{"name": "A", "value": "1"}]}


def make_pod(context: CheckContext) -> None:
    """A pod that no scheduler touches."""
    spec = {"containers": [CONTAINER], "schedulerName": "nobody", "automountServiceAccountToken": False}
    context.create("pods", {"metadata": {"name": "p", "labels": {"x": "1"}}, "spec": spec})


@behaviour("patching/merge-sets-and-removes", "RFC 7386")
def merge_sets_and_removes(context: CheckContext) -> None:
    """A merge patch sets members and removes those that are null."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    body = context.patch("merge", "configmaps", "a", {"data": {"x": None, "z": "3"}}).expect(200)
    same(body["data"], {"y": "2", "z": "3"}, "data")


@behaviour("patching/merge-replaces-lists", "RFC 7386")
def merge_replaces_lists(context: CheckContext) -> None:
    """A merge patch replaces lists."""
    context.create(
        "configmaps", {"metadata": {"name": "a", "finalizers": ["x.example.com/1", "x.example.com/2"]}}
    )
    context.defer(context.patch, "merge", "configmaps", "a", {"metadata": {"finalizers": None}})
    body = context.patch(
        "merge", "configmaps", "a", {"metadata": {"finalizers": ["x.example.com/3"]}}
    ).expect(200)
    same(body["metadata"]["finalizers"], ["x.example.com/3"], "finalizers")


@behaviour("patching/strategic-merges-finalizers", STRATEGIC)
def strategic_merges_finalizers(context: CheckContext) -> None:
    """A strategic patch merges finalizers, which is a list with patchStrategy merge."""
    context.create("configmaps", {"metadata": {"name": "a", "finalizers": ["x.example.com/1"]}})
    context.defer(context.patch, "merge", "configmaps", "a", {"metadata": {"finalizers": None}})
    body = context.patch(
        "strategic", "configmaps", "a", {"metadata": {"finalizers": ["x.example.com/2"]}}
    ).expect(200)
    same(sorted(body["metadata"]["finalizers"]), ["x.example.com/1", "x.example.com/2"], "finalizers")


@behaviour("patching/strategic-merges-by-key", STRATEGIC)
def strategic_merges_by_key(context: CheckContext) -> None:
    """A strategic patch finds the container by name and keeps its other members."""
    make_pod(context)
    body = context.patch(
        "strategic", "pods", "p", {"spec": {"containers": [{"name": "a", "image": "y"}]}}
    ).expect(200)
    found = body["spec"]["containers"]
    same([(c["name"], c["image"], c["env"]) for c in found], [("a", "y", CONTAINER["env"])], "containers")


@behaviour("patching/strategic-delete-directive", STRATEGIC)
def strategic_delete_directive(context: CheckContext) -> None:
    """$patch: delete removes the element with the key."""
    make_pod(context)
    condition = {"type": "example.com/x", "status": "True", "lastTransitionTime": None}
    context.patch("strategic", "pods", "p", {"status": {"conditions": [condition]}}, "status").expect(200)
    remove = {"status": {"conditions": [{"type": "example.com/x", "$patch": "delete"}]}}
    body = context.patch("strategic", "pods", "p", remove, "status").expect(200)
    left = [c["type"] for c in body["status"].get("conditions", [])]
    same("example.com/x" in left, False, "the condition is there")


@behaviour("patching/strategic-replace-directive", STRATEGIC)
def strategic_replace_directive(context: CheckContext) -> None:
    """$patch: replace makes the map what the patch says."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    body = context.patch("strategic", "configmaps", "a", {"data": {"$patch": "replace", "z": "3"}}).expect(
        200
    )
    same(body["data"], {"z": "3"}, "data")


@behaviour("patching/strategic-owner-references-by-uid", STRATEGIC)
def strategic_owner_references(context: CheckContext) -> None:
    """Owner references merge by uid."""
    uids = [
        context.create("configmaps", {"metadata": {"name": name}})["metadata"]["uid"] for name in ("a", "b")
    ]
    owners = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid}
        for name, uid in zip(("a", "b"), uids, strict=True)
    ]
    make_pod(context)
    context.patch("strategic", "pods", "p", {"metadata": {"ownerReferences": owners[:1]}}).expect(200)
    body = context.patch("strategic", "pods", "p", {"metadata": {"ownerReferences": owners[1:]}}).expect(200)
    same(sorted(o["uid"] for o in body["metadata"]["ownerReferences"]), sorted(uids), "owners")


@behaviour("patching/strategic-retain-keys-of-unknown-list", STRATEGIC)
def strategic_atomic_list(context: CheckContext) -> None:
    """Device requests of a claim template are atomic for a strategic patch."""
    exactly = {"deviceClassName": "x"}
    spec = {"spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}}}
    context.create("resourceclaims", {"metadata": {"name": "a"}, **spec})
    path = {"metadata": {"labels": {"x": "y"}}}
    body = context.patch("strategic", "resourceclaims", "a", path).expect(200)
    same(body["metadata"]["labels"], {"x": "y"}, "labels")


@behaviour("patching/json-operations", "RFC 6902")
def json_operations(context: CheckContext) -> None:
    """A JSON patch tests, replaces, adds and removes in order."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
    operations = [
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "replace", "path": "/data/x", "value": "9"},
        {"op": "add", "path": "/data/a~1b", "value": "3"},
        {"op": "remove", "path": "/data/y"},
    ]
    answer = context.patch("json", "configmaps", "a", operations[:2] + operations[3:])
    same(answer.expect(200)["data"], {"x": "9"}, "data")


@behaviour("patching/json-escapes", "RFC 6901")
def json_escapes(context: CheckContext) -> None:
    """~1 in a path of a JSON patch is a slash."""
    context.create("configmaps", {"metadata": {"name": "a", "labels": {"x": "y"}}})
    operation = {"op": "add", "path": "/metadata/labels/example.com~1b", "value": "3"}
    body = context.patch("json", "configmaps", "a", [operation]).expect(200)
    same(body["metadata"]["labels"], {"x": "y", "example.com/b": "3"}, "labels")


@behaviour("patching/json-test-fails", PATCH)
def json_test_fails(context: CheckContext) -> None:
    """A JSON patch whose test fails is 422 Invalid and changes nothing."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    operations = [{"op": "test", "path": "/data/x", "value": "2"}, {"op": "remove", "path": "/data"}]
    context.patch("json", "configmaps", "a", operations).refuse(
        422, "Invalid", "the server rejected our request"
    )
    same(context.get("configmaps", "a").body["data"], {"x": "1"}, "data")


@behaviour("patching/json-remove-of-nothing", PATCH)
def json_remove_of_nothing(context: CheckContext) -> None:
    """A JSON patch that removes what is not there is 422 Invalid."""
    context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    context.patch("json", "configmaps", "a", [{"op": "remove", "path": "/data/no"}]).refuse(422, "Invalid")


@behaviour("patching/json-malformed", PATCH)
def json_malformed(context: CheckContext) -> None:
    """A JSON patch that is no list is 400 BadRequest."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.patch("json", "configmaps", "a", {"op": "remove"}).refuse(400, "BadRequest")


@behaviour("patching/unknown-type-is-415", PATCH)
def unknown_type(context: CheckContext) -> None:
    """A patch of a media type that is no patch is 415 UnsupportedMediaType."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    headers = {"Content-Type": "application/json"}
    answer = context.client.send("PATCH", context.path("configmaps", "a"), {}, headers=headers)
    answer.refuse(415, "UnsupportedMediaType", "415: Unsupported Media Type")


@behaviour("patching/of-nothing-is-not-found", PATCH)
def of_nothing(context: CheckContext) -> None:
    """A merge patch of what is not there is NotFound."""
    context.patch("merge", "configmaps", "no", {}).refuse(404, "NotFound")


@behaviour("patching/empty-patch-changes-nothing", PATCH)
def empty_patch(context: CheckContext) -> None:
    """An empty merge patch is 200 and keeps the resourceVersion."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    new = context.patch("merge", "configmaps", "a", {}).expect(200)
    same(new["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"], "resourceVersion")


@behaviour("patching/name-cannot-change", PATCH)
def name_cannot_change(context: CheckContext) -> None:
    """A patch that changes the name is 400 BadRequest."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.patch("merge", "configmaps", "a", {"metadata": {"name": "b"}}).refuse(
        400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"
    )


@behaviour("patching/result-is-validated", PATCH)
def result_is_validated(context: CheckContext) -> None:
    """What a patch makes must be valid."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.patch("merge", "configmaps", "a", {"metadata": {"labels": {"x": "a b"}}}).invalid(
        ("FieldValueInvalid", "metadata.labels")
    )


@behaviour("patching/status-leaves-spec", UPSTREAM + "pkg/registry/core/pod/strategy.go")
def status_leaves_spec(context: CheckContext) -> None:
    """A patch of the status subresource changes status only, a patch of the object spec only."""
    make_pod(context)
    patch = {"spec": {"containers": [{"name": "a", "image": "z"}]}, "status": {"phase": "Running"}}
    body = context.patch("strategic", "pods", "p", patch, "status").expect(200)
    same((body["spec"]["containers"][0]["image"], body["status"]["phase"]), ("x", "Running"), "after status")
    body = context.patch("strategic", "pods", "p", {"status": {"phase": "Failed"}}).expect(200)
    same(body["status"]["phase"], "Running", "phase after a patch of the object")


@behaviour("patching/dry-run", "API concepts: dry-run")
def dry_run(context: CheckContext) -> None:
    """A dry run of a patch answers with the result and stores nothing."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    body = context.patch("merge", "configmaps", "a", {"data": {"x": "1"}}, dryRun="All").expect(200)
    same(
        (body["data"], context.get("configmaps", "a").body.get("data")),
        ({"x": "1"}, None),
        "answer and store",
    )
