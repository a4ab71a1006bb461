"""Create, read, replace, delete: codes and envelopes of the plain verbs (API conventions; apiserver endpoints/handlers)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

HANDLERS = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/"
DELETE_IN_BACKGROUND = b'k8s\0\n\x13\n\x02v1\x12\rDeleteOptions\x12\x0c"\nBackground'
"""DeleteOptions with ``propagationPolicy: Background`` in protobuf, in its envelope."""

STORE = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"


@behaviour("basics/create-answers-201", HANDLERS + "create.go")
def create_answers_201(context: CheckContext) -> None:
    """A create is answered with 201 and the whole object, kind and apiVersion included."""
    body = context.post("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}}).expect(201)
    same((body["kind"], body["apiVersion"], body["data"]), ("ConfigMap", "v1", {"x": "1"}), "the answer")


@behaviour("basics/create-twice-is-already-exists", STORE)
def create_twice(context: CheckContext) -> None:
    """A second create of the name is 409 AlreadyExists and names the object in its details."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    status = context.post("configmaps", {"metadata": {"name": "a"}}).refuse(
        409, "AlreadyExists", 'configmaps "a" already exists'
    )
    same(status["details"], {"name": "a", "kind": "configmaps"}, "details")


@behaviour("basics/get-of-nothing-is-not-found", STORE)
def get_of_nothing(context: CheckContext) -> None:
    """What is not there is 404 NotFound; details hold the name and the plural as kind."""
    status = context.get("configmaps", "no").refuse(404, "NotFound", 'configmaps "no" not found')
    same(status["details"], {"name": "no", "kind": "configmaps"}, "details")


@behaviour("basics/not-found-names-the-group", STORE)
def not_found_names_the_group(context: CheckContext) -> None:
    """NotFound of a kind in a group names resource and group."""
    status = context.get("resourceclaims", "no").refuse(
        404, "NotFound", 'resourceclaims.resource.k8s.io "no" not found'
    )
    same(
        status["details"],
        {"name": "no", "group": "resource.k8s.io", "kind": "resourceclaims"},
        "details",
    )


@behaviour("basics/unknown-resource-is-404", HANDLERS)
def unknown_resource(context: CheckContext) -> None:
    """A resource that a served group does not have is 404 NotFound with the general sentence."""
    answer = context.client.send("GET", "/api/v1/nothings")
    answer.refuse(404, "NotFound", "the server could not find the requested resource")


@behaviour("basics/unknown-path-is-plain-404", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/mux")
def unknown_path(context: CheckContext) -> None:
    """A path outside every group is a 404 in plain text."""
    answer = context.client.send("GET", "/apis/no.example.com/v1/things")
    same((answer.code, answer.text.strip()), (404, "404 page not found"), "the answer")


@behaviour("basics/put-answers-200", HANDLERS + "update.go")
def put_answers_200(context: CheckContext) -> None:
    """A replace is answered with 200 and what is stored."""
    stored = context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    body = context.put("configmaps", {**stored, "data": {"y": "2"}}).expect(200)
    same(body["data"], {"y": "2"}, "data")


@behaviour("basics/put-of-nothing-is-not-found", STORE)
def put_of_nothing(context: CheckContext) -> None:
    """A replace of what is not there is NotFound where updates do not create."""
    context.put("configmaps", {"metadata": {"name": "no"}}).refuse(404, "NotFound")


@behaviour("basics/lease-put-creates", UPSTREAM + "pkg/registry/coordination/lease/strategy.go")
def lease_put_creates(context: CheckContext) -> None:
    """A replace of a Lease that is not there creates it: 201."""
    context.put("leases", {"metadata": {"name": "no"}, "spec": {"holderIdentity": "me"}}).expect(201)


@behaviour(
    "basics/put-name-must-match", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go"
)
def put_name_must_match(context: CheckContext) -> None:
    """A replace whose body has another name than the path is 400 BadRequest."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    path = context.path("configmaps", "a")
    context.client.send("PUT", path, {"metadata": {"name": "b"}}).refuse(
        400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"
    )


@behaviour("basics/namespace-must-match", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go")
def namespace_must_match(context: CheckContext) -> None:
    """A create whose body has another namespace than the path is 400 BadRequest."""
    context.post("configmaps", {"metadata": {"name": "a", "namespace": "default"}}).refuse(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    )


@behaviour("basics/namespace-must-exist", UPSTREAM + "plugin/pkg/admission/namespace/lifecycle")
def namespace_must_exist(context: CheckContext) -> None:
    """A create in a namespace that is not there is NotFound of the namespace."""
    path = f"/api/v1/namespaces/{context.name()}/configmaps"
    status = context.client.send("POST", path, {"metadata": {"name": "a"}}).refuse(
        404, "NotFound", "not found"
    )
    same(status["details"]["kind"], "namespaces", "details.kind")


@behaviour("basics/wrong-kind-is-bad-request", HANDLERS + "create.go")
def wrong_kind(context: CheckContext) -> None:
    """A body of another kind than the path's is 400 BadRequest."""
    item = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}
    context.post("configmaps", item).refuse(
        400, "BadRequest", 'Secret in version "v1" cannot be handled as a ConfigMap'
    )


@behaviour("basics/wrong-version-is-bad-request", HANDLERS + "create.go")
def wrong_version(context: CheckContext) -> None:
    """A body of another API version than the path's is 400 BadRequest."""
    item = {"kind": "ConfigMap", "apiVersion": "v2", "metadata": {"name": "a"}}
    context.post("configmaps", item).refuse(
        400, "BadRequest", 'no kind "ConfigMap" is registered for version "v2"'
    )


@behaviour("basics/kind-may-be-left-out", HANDLERS + "create.go")
def kind_may_be_left_out(context: CheckContext) -> None:
    """A body without kind and apiVersion has those of the path."""
    same(context.create("configmaps", {"metadata": {"name": "a"}})["kind"], "ConfigMap", "kind")


@behaviour("basics/malformed-json-is-bad-request", HANDLERS + "create.go")
def malformed_json(context: CheckContext) -> None:
    """A body that is no JSON is 400 BadRequest."""
    path = context.path("configmaps")
    headers = {"Content-Type": "application/json"}
    context.client.send("POST", path, b'{"metadata": ', headers=headers).refuse(400, "BadRequest")


@behaviour("basics/wrong-type-is-bad-request", HANDLERS + "create.go")
def wrong_type(context: CheckContext) -> None:
    """A member of the wrong JSON type is 400 BadRequest that names the Go field."""
    context.post("configmaps", {"metadata": {"name": "a"}, "data": {"x": 1}}).refuse(
        400, "BadRequest", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
    )


@behaviour("basics/delete-answers-status", HANDLERS + "delete.go")
def delete_answers_status(context: CheckContext) -> None:
    """A delete that is done at once is answered with 200 and a Success Status that has the uid."""
    stored = context.create("configmaps", {"metadata": {"name": "a"}})
    status = context.delete("configmaps", "a").expect(200)
    same((status["kind"], status["status"]), ("Status", "Success"), "the answer")
    same(
        status["details"],
        {"name": "a", "kind": "configmaps", "uid": stored["metadata"]["uid"]},
        "details",
    )
    context.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("basics/delete-of-nothing-is-not-found", STORE)
def delete_of_nothing(context: CheckContext) -> None:
    """A delete of what is not there is NotFound."""
    context.delete("configmaps", "no").refuse(404, "NotFound")


@behaviour("basics/method-not-allowed", HANDLERS)
def method_not_allowed(context: CheckContext) -> None:
    """A verb that the resource does not have is 405 MethodNotAllowed."""
    context.client.send("POST", context.path("configmaps", "a"), {}).refuse(405, "MethodNotAllowed")


@behaviour("basics/deletecollection", HANDLERS + "delete.go")
def deletecollection(context: CheckContext) -> None:
    """A delete of the collection removes what the selector matches and answers with the list of it."""
    for name, color in (("a", "red"), ("b", "red"), ("c", "blue")):
        context.create("configmaps", {"metadata": {"name": name, "labels": {"color": color}}})
    body = context.delete("configmaps", labelSelector="color=red").expect(200)
    same(body["kind"], "ConfigMapList", "kind of the answer")
    left = [
        item["metadata"]["name"] for item in context.get("configmaps", labelSelector="color").body["items"]
    ]
    same(left, ["c"], "what is left")


@behaviour("basics/deletecollection-protobuf-options", HANDLERS + "delete.go")
def deletecollection_protobuf_options(context: CheckContext) -> None:
    """A delete of the collection reads its DeleteOptions in protobuf too, as every Go client sends them."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.create("configmaps", {"metadata": {"name": "b"}})
    kind = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    path = context.path("configmaps", "", api="/api/v1") + "?fieldSelector=metadata.name%3Da"
    context.client.send("DELETE", path, DELETE_IN_BACKGROUND, headers=kind).expect(200)
    same(
        (context.get("configmaps", "a").code, context.get("configmaps", "b").code), (404, 200), "what is left"
    )


@behaviour(
    "basics/invalid-timeout",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/filters/request_deadline.go",
)
def invalid_timeout(context: CheckContext) -> None:
    """A timeout in the query that is no duration is 400 BadRequest; a duration is accepted."""
    why = 'invalid timeout specified in the request URL - time: invalid duration "invalid"'
    context.get("configmaps", timeout="invalid").refuse(400, "BadRequest", why)
    context.get("configmaps", timeout="1m30s").expect(200)


@behaviour("basics/dry-run-create", "API concepts: dry-run")
def dry_run_create(context: CheckContext) -> None:
    """A dry run of a create answers as if, with a uid, and stores nothing."""
    body = context.post("configmaps", {"metadata": {"name": "a"}}, query={"dryRun": "All"}).expect(201)
    holds(body["metadata"].get("uid"), "a uid", body)
    context.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("basics/dry-run-delete", "API concepts: dry-run")
def dry_run_delete(context: CheckContext) -> None:
    """A dry run of a delete leaves the object."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.delete("configmaps", "a", dryRun="All").expect(200)
    context.get("configmaps", "a").expect(200)


@behaviour(
    "basics/dry-run-wants-all", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation"
)
def dry_run_wants_all(context: CheckContext) -> None:
    """Another value of dryRun is 422 Invalid."""
    answer = context.post("configmaps", {"metadata": {"name": "a"}}, query={"dryRun": "Some"})
    answer.invalid(("FieldValueNotSupported", "dryRun"))


@behaviour(
    "basics/gzip", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go"
)
def gzip(context: CheckContext) -> None:
    """Answers above 128 KiB are compressed for clients that accept gzip; small ones are not."""
    context.create("configmaps", {"metadata": {"name": "big"}, "data": {"x": "y" * 200_000}})
    context.create("configmaps", {"metadata": {"name": "small"}})
    found = [
        context.client.send(
            "GET", context.path("configmaps", name), headers={"Accept-Encoding": "gzip"}
        ).headers
        for name in ("big", "small")
    ]
    same([headers.get("content-encoding") for headers in found], ["gzip", None], "Content-Encoding")


@behaviour("basics/audit-id", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/filters/with_auditid.go")
def audit_id(context: CheckContext) -> None:
    """Each answer has an Audit-Id; one that the client sent is taken over."""
    answer = context.client.send("GET", "/api/v1/namespaces/default", headers={"Audit-ID": "mine"})
    same(answer.headers.get("audit-id"), "mine", "Audit-Id")


@behaviour(
    "basics/cache-control", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/filters/cachecontrol.go"
)
def cache_control(context: CheckContext) -> None:
    """Answers forbid caching."""
    answer = context.client.send("GET", "/api/v1/namespaces/default")
    same(answer.headers.get("cache-control"), "no-cache, private", "Cache-Control")


@behaviour(
    "basics/too-large-body",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/config.go MaxRequestBodyBytes",
)
def too_large_body(context: CheckContext) -> None:
    """A body above 3 MiB is 413 RequestEntityTooLarge."""
    item = {"metadata": {"name": "a"}, "data": {"x": "y" * (3 * 1024 * 1024)}}
    context.post("configmaps", item).refuse(413, "RequestEntityTooLarge", "limit is 3145728")
