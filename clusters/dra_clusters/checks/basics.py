"""Create, read, replace, delete: codes and envelopes of the plain verbs (API conventions; apiserver endpoints/handlers)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.world import World

HANDLERS = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/"
STORE = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"


@behaviour("basics/create-answers-201", HANDLERS + "create.go")
def create_answers_201(world: World) -> None:
    """A create is answered with 201 and the whole object, kind and apiVersion included."""
    body = world.post("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}}).expect(201)
    same((body["kind"], body["apiVersion"], body["data"]), ("ConfigMap", "v1", {"x": "1"}), "the answer")


@behaviour("basics/create-twice-is-already-exists", STORE)
def create_twice(world: World) -> None:
    """A second create of the name is 409 AlreadyExists and names the object in its details."""
    world.create("configmaps", {"metadata": {"name": "a"}})
    status = world.post("configmaps", {"metadata": {"name": "a"}}).refuse(
        409, "AlreadyExists", 'configmaps "a" already exists'
    )
    same(status["details"], {"name": "a", "kind": "configmaps"}, "details")


@behaviour("basics/get-of-nothing-is-not-found", STORE)
def get_of_nothing(world: World) -> None:
    """What is not there is 404 NotFound; details hold the name and the plural as kind."""
    status = world.get("configmaps", "no").refuse(404, "NotFound", 'configmaps "no" not found')
    same(status["details"], {"name": "no", "kind": "configmaps"}, "details")


@behaviour("basics/not-found-tells-the-group", STORE)
def not_found_tells_the_group(world: World) -> None:
    """NotFound of a kind in a group names resource and group."""
    status = world.get("resourceclaims", "no").refuse(
        404, "NotFound", 'resourceclaims.resource.k8s.io "no" not found'
    )
    same(
        status["details"],
        {"name": "no", "group": "resource.k8s.io", "kind": "resourceclaims"},
        "details",
    )


@behaviour("basics/unknown-resource-is-404", HANDLERS)
def unknown_resource(world: World) -> None:
    """A resource that a served group does not have is 404 NotFound with the general sentence."""
    answer = world.client.send("GET", "/api/v1/nothings")
    answer.refuse(404, "NotFound", "the server could not find the requested resource")


@behaviour("basics/unknown-path-is-plain-404", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/mux")
def unknown_path(world: World) -> None:
    """A path outside every group is a 404 in plain text."""
    answer = world.client.send("GET", "/apis/no.example.com/v1/things")
    same((answer.code, answer.text.strip()), (404, "404 page not found"), "the answer")


@behaviour("basics/put-answers-200", HANDLERS + "update.go")
def put_answers_200(world: World) -> None:
    """A replace is answered with 200 and what is stored."""
    stored = world.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    body = world.put("configmaps", {**stored, "data": {"y": "2"}}).expect(200)
    same(body["data"], {"y": "2"}, "data")


@behaviour("basics/put-of-nothing-is-not-found", STORE)
def put_of_nothing(world: World) -> None:
    """A replace of what is not there is NotFound where updates do not create."""
    world.put("configmaps", {"metadata": {"name": "no"}}).refuse(404, "NotFound")


@behaviour("basics/lease-put-creates", UPSTREAM + "pkg/registry/coordination/lease/strategy.go")
def lease_put_creates(world: World) -> None:
    """A replace of a Lease that is not there creates it: 201."""
    world.put("leases", {"metadata": {"name": "no"}, "spec": {"holderIdentity": "me"}}).expect(201)


@behaviour(
    "basics/put-name-must-match", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go"
)
def put_name_must_match(world: World) -> None:
    """A replace whose body has another name than the path is 400 BadRequest."""
    world.create("configmaps", {"metadata": {"name": "a"}})
    path = world.path("configmaps", "a")
    world.client.send("PUT", path, {"metadata": {"name": "b"}}).refuse(
        400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"
    )


@behaviour("basics/namespace-must-match", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/rest/meta.go")
def namespace_must_match(world: World) -> None:
    """A create whose body has another namespace than the path is 400 BadRequest."""
    world.post("configmaps", {"metadata": {"name": "a", "namespace": "default"}}).refuse(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    )


@behaviour("basics/namespace-must-exist", UPSTREAM + "plugin/pkg/admission/namespace/lifecycle")
def namespace_must_exist(world: World) -> None:
    """A create in a namespace that is not there is NotFound of the namespace."""
    path = f"/api/v1/namespaces/{world.name()}/configmaps"
    status = world.client.send("POST", path, {"metadata": {"name": "a"}}).refuse(404, "NotFound", "not found")
    same(status["details"]["kind"], "namespaces", "details.kind")


@behaviour("basics/wrong-kind-is-bad-request", HANDLERS + "create.go")
def wrong_kind(world: World) -> None:
    """A body of another kind than the path's is 400 BadRequest."""
    item = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}
    world.post("configmaps", item).refuse(
        400, "BadRequest", 'Secret in version "v1" cannot be handled as a ConfigMap'
    )


@behaviour("basics/wrong-version-is-bad-request", HANDLERS + "create.go")
def wrong_version(world: World) -> None:
    """A body of another API version than the path's is 400 BadRequest."""
    item = {"kind": "ConfigMap", "apiVersion": "v2", "metadata": {"name": "a"}}
    world.post("configmaps", item).refuse(
        400, "BadRequest", 'no kind "ConfigMap" is registered for version "v2"'
    )


@behaviour("basics/kind-may-be-left-out", HANDLERS + "create.go")
def kind_may_be_left_out(world: World) -> None:
    """A body without kind and apiVersion is taken as what the path says."""
    same(world.create("configmaps", {"metadata": {"name": "a"}})["kind"], "ConfigMap", "kind")


@behaviour("basics/malformed-json-is-bad-request", HANDLERS + "create.go")
def malformed_json(world: World) -> None:
    """A body that is no JSON is 400 BadRequest."""
    path = world.path("configmaps")
    headers = {"Content-Type": "application/json"}
    world.client.send("POST", path, b'{"metadata": ', headers=headers).refuse(400, "BadRequest")


@behaviour("basics/wrong-type-is-bad-request", HANDLERS + "create.go")
def wrong_type(world: World) -> None:
    """A member of the wrong JSON type is 400 BadRequest that names the Go field."""
    world.post("configmaps", {"metadata": {"name": "a"}, "data": {"x": 1}}).refuse(
        400, "BadRequest", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
    )


@behaviour("basics/unknown-content-type-is-415", HANDLERS + "negotiation/errors.go")
def unknown_content_type(world: World) -> None:
    """A body of a media type that the server does not know is 415 UnsupportedMediaType."""
    headers = {"Content-Type": "text/plain"}
    world.client.send("POST", world.path("configmaps"), b"x", headers=headers).refuse(
        415, "UnsupportedMediaType", "application/json"
    )


@behaviour("basics/unknown-accept-is-406", HANDLERS + "negotiation/errors.go")
def unknown_accept(world: World) -> None:
    """A media type that the server cannot give is 406 NotAcceptable."""
    headers = {"Accept": "image/png"}
    answer = world.client.send("GET", world.path("configmaps"), headers=headers)
    answer.refuse(
        406,
        "NotAcceptable",
        "Available representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )


@behaviour("basics/yaml-is-taken", HANDLERS + "create.go")
def yaml_is_taken(world: World) -> None:
    """A body may be YAML."""
    headers = {"Content-Type": "application/yaml"}
    text = b"kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  x: '1'\n"
    body = world.client.send("POST", world.path("configmaps"), text, headers=headers).expect(201)
    same(body["data"], {"x": "1"}, "data")


@behaviour("basics/yaml-is-given", HANDLERS + "negotiation")
def yaml_is_given(world: World) -> None:
    """With Accept: application/yaml the answer is YAML."""
    world.create("configmaps", {"metadata": {"name": "a"}})
    answer = world.client.send("GET", world.path("configmaps", "a"), headers={"Accept": "application/yaml"})
    same(answer.headers["content-type"], "application/yaml", "Content-Type")
    holds("kind: ConfigMap" in answer.text, "YAML", answer.text)


@behaviour(
    "basics/protobuf-is-given", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)
def protobuf_is_given(world: World) -> None:
    """With Accept: application/vnd.kubernetes.protobuf the answer starts with the magic number of the envelope."""
    kind = "application/vnd.kubernetes.protobuf"
    answer = world.client.send("GET", "/api/v1/namespaces/default", headers={"Accept": kind})
    same(
        (answer.code, answer.headers["content-type"], answer.content[:4]),
        (200, kind, b"k8s\x00"),
        "the answer",
    )


@behaviour(
    "basics/protobuf-comes-back", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)
def protobuf_comes_back(world: World) -> None:
    """An object read as protobuf can be sent back as protobuf."""
    kind = "application/vnd.kubernetes.protobuf"
    world.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    path = world.path("configmaps", "a")
    raw = world.client.send("GET", path, headers={"Accept": kind}).content
    body = world.client.send("PUT", path, raw, headers={"Content-Type": kind}).expect(200)
    same(body["data"], {"x": "1"}, "data")


@behaviour("basics/delete-answers-status", HANDLERS + "delete.go")
def delete_answers_status(world: World) -> None:
    """A delete that is done at once is answered with 200 and a Success Status that tells the uid."""
    stored = world.create("configmaps", {"metadata": {"name": "a"}})
    status = world.delete("configmaps", "a").expect(200)
    same((status["kind"], status["status"]), ("Status", "Success"), "the answer")
    same(
        status["details"],
        {"name": "a", "kind": "configmaps", "uid": stored["metadata"]["uid"]},
        "details",
    )
    world.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("basics/delete-of-nothing-is-not-found", STORE)
def delete_of_nothing(world: World) -> None:
    """A delete of what is not there is NotFound."""
    world.delete("configmaps", "no").refuse(404, "NotFound")


@behaviour("basics/method-not-allowed", HANDLERS)
def method_not_allowed(world: World) -> None:
    """A verb that the resource does not have is 405 MethodNotAllowed."""
    world.client.send("POST", world.path("configmaps", "a"), {}).refuse(405, "MethodNotAllowed")


@behaviour("basics/deletecollection", HANDLERS + "delete.go")
def deletecollection(world: World) -> None:
    """A delete of the collection removes what the selector matches and answers with the list of it."""
    for name, color in (("a", "red"), ("b", "red"), ("c", "blue")):
        world.create("configmaps", {"metadata": {"name": name, "labels": {"color": color}}})
    body = world.delete("configmaps", labelSelector="color=red").expect(200)
    same(body["kind"], "ConfigMapList", "kind of the answer")
    left = [item["metadata"]["name"] for item in world.get("configmaps", labelSelector="color").body["items"]]
    same(left, ["c"], "what is left")


@behaviour("basics/dry-run-create", "API concepts: dry-run")
def dry_run_create(world: World) -> None:
    """A dry run of a create answers as if, with a uid, and stores nothing."""
    body = world.post("configmaps", {"metadata": {"name": "a"}}, query={"dryRun": "All"}).expect(201)
    holds(body["metadata"].get("uid"), "a uid", body)
    world.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("basics/dry-run-delete", "API concepts: dry-run")
def dry_run_delete(world: World) -> None:
    """A dry run of a delete leaves the object."""
    world.create("configmaps", {"metadata": {"name": "a"}})
    world.delete("configmaps", "a", dryRun="All").expect(200)
    world.get("configmaps", "a").expect(200)


@behaviour(
    "basics/dry-run-wants-all", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation"
)
def dry_run_wants_all(world: World) -> None:
    """Another value of dryRun is 422 Invalid."""
    answer = world.post("configmaps", {"metadata": {"name": "a"}}, query={"dryRun": "Some"})
    answer.invalid(("FieldValueNotSupported", "dryRun"))


@behaviour(
    "basics/gzip", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go"
)
def gzip(world: World) -> None:
    """Answers above 128 KiB are compressed for who accepts gzip; small ones are not."""
    world.create("configmaps", {"metadata": {"name": "big"}, "data": {"x": "y" * 200_000}})
    world.create("configmaps", {"metadata": {"name": "small"}})
    found = [
        world.client.send("GET", world.path("configmaps", name), headers={"Accept-Encoding": "gzip"}).headers
        for name in ("big", "small")
    ]
    same([headers.get("content-encoding") for headers in found], ["gzip", None], "Content-Encoding")


@behaviour("basics/audit-id", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/filters/with_auditid.go")
def audit_id(world: World) -> None:
    """Each answer has an Audit-Id; one that the client sent is taken over."""
    answer = world.client.send("GET", "/api/v1/namespaces/default", headers={"Audit-ID": "mine"})
    same(answer.headers.get("audit-id"), "mine", "Audit-Id")


@behaviour(
    "basics/cache-control", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/filters/cachecontrol.go"
)
def cache_control(world: World) -> None:
    """Answers may not be cached."""
    answer = world.client.send("GET", "/api/v1/namespaces/default")
    same(answer.headers.get("cache-control"), "no-cache, private", "Cache-Control")


@behaviour(
    "basics/too-large-body",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/server/config.go MaxRequestBodyBytes",
)
def too_large_body(world: World) -> None:
    """A body above 3 MiB is 413 RequestEntityTooLarge."""
    item = {"metadata": {"name": "a"}, "data": {"x": "y" * (3 * 1024 * 1024)}}
    world.post("configmaps", item).refuse(413, "RequestEntityTooLarge", "limit is 3145728")
