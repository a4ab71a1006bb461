"""Server-side apply (KEP 555; API reference: server-side apply)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import Answer, holds, same
from dra_clusters.checks.context import CheckContext

DOCUMENT = "Kubernetes docs: server-side apply"
MANAGED = "KEP 555; structured-merge-diff v6"


def apply(
    context: CheckContext, manager: str, plural: str = "configmaps", *, name: str = "a", **rest: Any
) -> Answer:
    """Apply as MANAGER; ``force`` is taken out of REST, the other members make the object."""
    query: JsonObject = {"fieldManager": manager} | ({"force": "true"} if rest.pop("force", False) else {})
    kinds = {"configmaps": ("v1", "ConfigMap"), "pods": ("v1", "Pod")}
    kinds["resourceclaims"] = ("resource.k8s.io/v1", "ResourceClaim")
    kinds["resourceslices"] = ("resource.k8s.io/v1", "ResourceSlice")
    version, kind = kinds[plural]
    metadata = {"name": name, **rest.pop("metadata", {})}
    subresource = rest.pop("subresource", "")
    item = {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}
    return context.patch("apply", plural, name, item, subresource, **query)


def managers(body: JsonObject) -> JsonObject:
    """The fields of each manager."""
    return {entry["manager"]: entry["fieldsV1"] for entry in body["metadata"]["managedFields"]}


@behaviour("applying/creates-with-201", DOCUMENT)
def creates(context: CheckContext) -> None:
    """Applying what is not there creates it: 201; again it is 200 with the same resourceVersion."""
    first = apply(context, "me", data={"x": "1"}).expect(201)
    second = apply(context, "me", data={"x": "1"}).expect(200)
    versions = [body["metadata"]["resourceVersion"] for body in (first, second)]
    same(versions[0], versions[1], "resourceVersion")


@behaviour("applying/records-the-fields", MANAGED)
def records_the_fields(context: CheckContext) -> None:
    """The manager's entry has operation Apply and owns exactly what was applied."""
    body = apply(context, "me", data={"x": "1"}, metadata={"labels": {"l": "1"}}).expect(201)
    entry = body["metadata"]["managedFields"][0]
    same((entry["manager"], entry["operation"]), ("me", "Apply"), "the entry")
    same(entry["fieldsV1"], {"f:data": {"f:x": {}}, "f:metadata": {"f:labels": {"f:l": {}}}}, "fields")


@behaviour("applying/removes-what-is-left-out", DOCUMENT)
def removes(context: CheckContext) -> None:
    """A field that its only manager no longer applies is removed."""
    apply(context, "me", data={"x": "1", "y": "2"}).expect(201)
    same(apply(context, "me", data={"x": "1"}).expect(200)["data"], {"x": "1"}, "data")


@behaviour("applying/keeps-what-others-own", DOCUMENT)
def keeps_what_others_own(context: CheckContext) -> None:
    """A field that another manager owns too stays when one leaves it out."""
    apply(context, "me", data={"x": "1", "y": "2"}).expect(201)
    apply(context, "you", data={"y": "2"}).expect(200)
    same(apply(context, "me", data={"x": "1"}).expect(200)["data"], {"x": "1", "y": "2"}, "data")


@behaviour("applying/conflict-is-409", DOCUMENT)
def conflict(context: CheckContext) -> None:
    """Another value for another manager's field is 409 Conflict with a FieldManagerConflict cause for the field."""
    apply(context, "me", data={"x": "1"}).expect(201)
    status = apply(context, "you", data={"x": "2"}).refuse(
        409, "Conflict", 'Apply failed with 1 conflict: conflict with "me": .data.x'
    )
    same(
        status["details"]["causes"],
        [{"reason": "FieldManagerConflict", "message": 'conflict with "me"', "field": ".data.x"}],
        "causes",
    )


@behaviour("applying/force-takes-the-field", DOCUMENT)
def force(context: CheckContext) -> None:
    """With force the applier takes the field from its manager."""
    apply(context, "me", data={"x": "1"}).expect(201)
    body = apply(context, "you", data={"x": "2"}, force=True).expect(200)
    same(body["data"], {"x": "2"}, "data")
    same(managers(body), {"you": {"f:data": {"f:x": {}}}}, "managers")


@behaviour("applying/same-value-is-shared", DOCUMENT)
def shared(context: CheckContext) -> None:
    """The same value applied by two managers is owned by both."""
    apply(context, "me", data={"x": "1"}).expect(201)
    body = apply(context, "you", data={"x": "1"}).expect(200)
    same(sorted(managers(body)), ["me", "you"], "managers")


@behaviour("applying/update-owns-too", DOCUMENT)
def update_owns(context: CheckContext) -> None:
    """A field written by an update conflicts with an apply; the message says how it was written."""
    item = {"metadata": {"name": "a"}, "data": {"x": "1"}}
    context.post("configmaps", item, query={"fieldManager": "editor"}).expect(201)
    apply(context, "you", data={"x": "2"}).refuse(409, "Conflict", 'conflict with "editor" using v1')


@behaviour("applying/update-takes-ownership", DOCUMENT)
def update_takes(context: CheckContext) -> None:
    """An update that changes an applied field takes it from its manager."""
    apply(context, "me", data={"x": "1", "y": "1"}).expect(201)
    body = context.patch("merge", "configmaps", "a", {"data": {"x": "2"}}, fieldManager="editor").expect(200)
    same(managers(body)["me"], {"f:data": {"f:y": {}}}, "what the applier has left")


@behaviour("applying/manager-is-required", DOCUMENT)
def manager_is_required(context: CheckContext) -> None:
    """Applying without fieldManager is 400 or 422 that says so."""
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    answer = context.patch("apply", "configmaps", "a", item)
    answer.invalid(("FieldValueRequired", "fieldManager"))


@behaviour("applying/kind-is-required", DOCUMENT)
def kind_is_required(context: CheckContext) -> None:
    """Applying without kind and apiVersion is 400 BadRequest."""
    answer = context.patch("apply", "configmaps", "a", {"metadata": {"name": "a"}}, fieldManager="me")
    answer.refuse(400, "BadRequest")


@behaviour("applying/managed-fields-are-refused", DOCUMENT)
def managed_fields_are_refused(context: CheckContext) -> None:
    """Applying an object with managedFields is 400 BadRequest."""
    answer = apply(context, "me", metadata={"managedFields": [{"manager": "x"}]})
    answer.refuse(400, "BadRequest", "metadata.managedFields must be nil")


@behaviour("applying/force-is-for-apply-only", DOCUMENT)
def force_is_for_apply(context: CheckContext) -> None:
    """force with a merge patch is 422 Invalid."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.patch("merge", "configmaps", "a", {}, force="true").invalid(("FieldValueForbidden", "force"))


@behaviour("applying/unknown-field-is-refused", DOCUMENT)
def unknown_field(context: CheckContext) -> None:
    """Applying a field that the schema does not have is refused with 500: it cannot be typed."""
    answer = apply(context, "me", nothing={"x": "1"})
    answer.refuse(500, None, ".nothing: field not declared in schema")


@behaviour("applying/lists-by-key", MANAGED)
def lists_by_key(context: CheckContext) -> None:
    """Two managers own different elements of a list of kind map by their keys."""
    base = {"schedulerName": "nobody"}
    spec = {"containers": [{"name": "a", "image": "x"}], **base}
    apply(context, "me", "pods", name="p", spec=spec).expect(201)
    tolerated = [{"name": "a", "image": "x"}]
    body = apply(context, "you", "pods", name="p", spec={"containers": tolerated}).expect(200)
    holds(
        'k:{"name":"a"}' in managers(body)["you"]["f:spec"]["f:containers"],
        "a key of the element",
        managers(body),
    )


@behaviour("applying/finalizers-are-a-set", MANAGED)
def finalizers_are_a_set(context: CheckContext) -> None:
    """finalizers are a set: each manager owns its values."""
    context.defer(context.patch, "merge", "configmaps", "a", {"metadata": {"finalizers": None}})
    apply(context, "me", metadata={"finalizers": ["x.example.com/1"]}).expect(201)
    body = apply(context, "you", metadata={"finalizers": ["x.example.com/2"]}).expect(200)
    same(sorted(body["metadata"]["finalizers"]), ["x.example.com/1", "x.example.com/2"], "finalizers")
    body = apply(context, "me").expect(200)
    same(body["metadata"]["finalizers"], ["x.example.com/2"], "finalizers after one left")


@behaviour("applying/slice-devices-are-atomic", "resource/v1 types.go: devices is listType=atomic")
def slice_devices_are_atomic(context: CheckContext) -> None:
    """The devices of a ResourceSlice are owned as a whole."""
    name = context.name()
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n", "devices": [{"name": "d0"}]}
    context.forget_on_exit(context.path("resourceslices", name))
    body = apply(context, "me", "resourceslices", name=name, spec=spec).expect(201)
    same(managers(body)["me"]["f:spec"]["f:devices"], {}, "fields of devices")


@behaviour("applying/version-is-recorded", MANAGED, needs=("api", "resource.k8s.io/v1beta1"))
def version_is_recorded(context: CheckContext) -> None:
    """An apply through v1beta1 is recorded as of that version."""
    spec = {"devices": {"requests": [{"name": "r", "deviceClassName": "x"}]}}
    item = {
        "apiVersion": "resource.k8s.io/v1beta1",
        "kind": "ResourceClaim",
        "metadata": {"name": "a"},
        "spec": spec,
    }
    api = "/apis/resource.k8s.io/v1beta1"
    body = context.patch("apply", "resourceclaims", "a", item, api=api, fieldManager="me").expect(201)
    same(
        body["metadata"]["managedFields"][0]["apiVersion"],
        "resource.k8s.io/v1beta1",
        "apiVersion of the entry",
    )


@behaviour("applying/status-is-its-own", DOCUMENT)
def status_is_its_own(context: CheckContext) -> None:
    """An apply to status is recorded with subresource status and does not touch spec."""
    spec = {"containers": [{"name": "a", "image": "x"}], "schedulerName": "nobody"}
    context.create("pods", {"metadata": {"name": "p"}, "spec": spec})
    condition = {"type": "example.com/x", "status": "True"}
    body = apply(
        context, "me", "pods", name="p", subresource="status", status={"conditions": [condition]}
    ).expect(200)
    entry = next(e for e in body["metadata"]["managedFields"] if e["manager"] == "me")
    same((entry["operation"], entry["subresource"]), ("Apply", "status"), "the entry")
    same([c["type"] for c in body["status"]["conditions"]], ["example.com/x"], "conditions")


@behaviour("applying/dry-run", "API concepts: dry-run")
def dry_run(context: CheckContext) -> None:
    """A dry run of an apply stores nothing."""
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    context.patch("apply", "configmaps", "a", item, fieldManager="me", dryRun="All").expect(201)
    context.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("applying/uid-of-nothing-is-a-conflict", DOCUMENT)
def uid_of_nothing(context: CheckContext) -> None:
    """Applying with a uid never creates: 409 Conflict."""
    answer = apply(context, "me", metadata={"uid": "u"})
    answer.refuse(409, "Conflict", "uid mismatch")
