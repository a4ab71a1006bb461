"""ObjectMeta: what the server writes and what it refuses (API conventions; apimachinery validation/objectmeta.go)."""

import datetime
import uuid

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, holds, same
from dra_clusters.checks.context import RESOURCE, CheckContext

META = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/rest/create.go"
RULES = UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go"
CLAIM = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x"}}]}}


@behaviour("metadata/uid", META)
def uid(context: CheckContext) -> None:
    """A created object gets a random UUID as uid; one in the body is not taken."""
    body = context.create("configmaps", {"metadata": {"name": "a", "uid": "mine"}})
    same(uuid.UUID(body["metadata"]["uid"]).version, 4, "version of the UUID")


@behaviour("metadata/creation-timestamp", META)
def creation_timestamp(context: CheckContext) -> None:
    """creationTimestamp is now, in RFC 3339 with whole seconds in UTC; one in the body is not taken."""
    body = context.create(
        "configmaps", {"metadata": {"name": "a", "creationTimestamp": "2001-01-01T00:00:00Z"}}
    )
    stamp = datetime.datetime.strptime(body["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    age = datetime.datetime.now(datetime.UTC) - stamp.replace(tzinfo=datetime.UTC)
    holds(abs(age.total_seconds()) < 120, "a time of about now", body["metadata"]["creationTimestamp"])


@behaviour("metadata/generation-starts-at-1", UPSTREAM + "pkg/registry/resource/resourceclaim/strategy.go")
def generation_starts_at_1(context: CheckContext) -> None:
    """ResourceClaims get no generation in these releases; ResourceSlices start at 1."""
    body = context.create(
        "resourceslices",
        {
            "metadata": {"name": context.name()},
            "spec": {
                "driver": "d.example.com",
                "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
                "nodeName": "n",
            },
        },
    )
    same(body["metadata"].get("generation"), 1, "generation")


@behaviour(
    "metadata/generation-grows-with-spec", UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go"
)
def generation_grows_with_spec(context: CheckContext) -> None:
    """A change of a ResourceSlice's spec raises generation by one; a label does not."""
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "pool": pool, "nodeName": "n"}
    body = context.create("resourceslices", {"metadata": {"name": context.name()}, "spec": spec})
    body["metadata"]["labels"] = {"x": "y"}
    body = context.put("resourceslices", body).expect(200)
    same(body["metadata"]["generation"], 1, "generation after a label")
    body["spec"]["pool"]["generation"] = 2
    same(
        context.put("resourceslices", body).expect(200)["metadata"]["generation"],
        2,
        "generation after a change",
    )


@behaviour("metadata/configmaps-have-no-generation", UPSTREAM + "pkg/registry/core/configmap/strategy.go")
def configmaps_have_no_generation(context: CheckContext) -> None:
    """Kinds whose spec no controller observes have no generation."""
    same(
        "generation" in context.create("configmaps", {"metadata": {"name": "a"}})["metadata"],
        False,
        "generation",
    )


@behaviour("metadata/generate-name", META)
def generate_name(context: CheckContext) -> None:
    """generateName gives a name of the prefix and five characters without vowels."""
    body = context.create("configmaps", {"metadata": {"generateName": "a-"}})
    tail = body["metadata"]["name"].removeprefix("a-")
    holds(len(tail) == 5 and set(tail) <= set("bcdfghjklmnpqrstvwxz2456789"), "a suffix of five", tail)
    same(body["metadata"]["generateName"], "a-", "generateName")


@behaviour(
    "metadata/generate-name-is-cut", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/names/generate.go"
)
def generate_name_is_cut(context: CheckContext) -> None:
    """A long generateName is cut so that the name has 63 characters."""
    same(
        len(context.create("configmaps", {"metadata": {"generateName": "a" * 80}})["metadata"]["name"]),
        63,
        "length",
    )


@behaviour("metadata/name-is-required", RULES)
def name_is_required(context: CheckContext) -> None:
    """Neither name nor generateName is 422 with one cause."""
    context.post("configmaps", {"metadata": {}}).invalid(("FieldValueRequired", "metadata.name"))


@behaviour("metadata/name-is-a-subdomain", RULES)
def name_is_a_subdomain(context: CheckContext) -> None:
    """A name that is no DNS subdomain is 422 and the message quotes rule and expression."""
    status = context.post("configmaps", {"metadata": {"name": "A_b"}}).invalid(
        ("FieldValueInvalid", "metadata.name")
    )
    holds(
        "a lowercase RFC 1123 subdomain must consist of" in status["message"], "the rule", status["message"]
    )


@behaviour("metadata/name-message", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go")
def name_message(context: CheckContext) -> None:
    """The message of 422 starts with kind and quoted name and continues with the field error."""
    status = context.post("configmaps", {"metadata": {"name": "A_b"}}).refuse(422, "Invalid")
    start = 'ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": '
    holds(status["message"].startswith(start), start, status["message"])


@behaviour("metadata/name-length", RULES)
def name_length(context: CheckContext) -> None:
    """A name of more than 253 characters is 422."""
    status = context.post("configmaps", {"metadata": {"name": "a" * 254}}).invalid(
        ("FieldValueInvalid", "metadata.name")
    )
    holds("must be no more than 253 characters" in status["message"], "the limit", status["message"][-120:])


@behaviour("metadata/namespace-name-is-a-label", UPSTREAM + "pkg/apis/core/validation/validation.go")
def namespace_name_is_a_label(context: CheckContext) -> None:
    """The name of a Namespace must be a DNS label."""
    context.post("namespaces", {"metadata": {"name": "a.b"}}).invalid(("FieldValueInvalid", "metadata.name"))


@behaviour("metadata/label-value", RULES)
def label_value(context: CheckContext) -> None:
    """An invalid label value is 422 at metadata.labels."""
    context.post("configmaps", {"metadata": {"name": "a", "labels": {"x": "a b"}}}).invalid(
        ("FieldValueInvalid", "metadata.labels")
    )


@behaviour("metadata/label-key", RULES)
def label_key(context: CheckContext) -> None:
    """A label key that is no qualified name is 422 at metadata.labels."""
    context.post("configmaps", {"metadata": {"name": "a", "labels": {"a b": "x"}}}).invalid(
        ("FieldValueInvalid", "metadata.labels")
    )


@behaviour("metadata/annotation-key", RULES)
def annotation_key(context: CheckContext) -> None:
    """An annotation key that is no qualified name is 422 at metadata.annotations."""
    context.post("configmaps", {"metadata": {"name": "a", "annotations": {"a b": "x"}}}).invalid(
        ("FieldValueInvalid", "metadata.annotations")
    )


@behaviour("metadata/annotations-size", RULES + " TotalAnnotationSizeLimitB")
def annotations_size(context: CheckContext) -> None:
    """Annotations of more than 256 KiB are 422 FieldValueTooLong."""
    context.post("configmaps", {"metadata": {"name": "a", "annotations": {"x": "y" * 262_145}}}).invalid(
        ("FieldValueTooLong", "metadata.annotations")
    )


def nobody_as_owner(context: CheckContext) -> Answer:
    """Create with an owner reference whose members are all empty."""
    owner = {"apiVersion": "", "kind": "", "name": "", "uid": ""}
    return context.post("configmaps", {"metadata": {"name": "a", "ownerReferences": [owner]}})


@behaviour("metadata/owner-is-complete", RULES, since="1.37")
def owner_is_complete(context: CheckContext) -> None:
    """An owner reference without uid, kind, name or apiVersion is 422 FieldValueRequired at each, with its index."""
    members = ("apiVersion", "kind", "name", "uid")
    causes = [("FieldValueRequired", f"metadata.ownerReferences[0].{name}") for name in members]
    nobody_as_owner(context).invalid(*causes)


@behaviour("metadata/owner-is-complete-before-1.37", RULES, until="1.36")
def owner_is_complete_before(context: CheckContext) -> None:
    """Before 1.37 it is FieldValueInvalid, without the index."""
    members = ("apiVersion", "kind", "name", "uid")
    causes = [("FieldValueInvalid", f"metadata.ownerReferences.{name}") for name in members]
    nobody_as_owner(context).invalid(*causes)


@behaviour("metadata/one-controller", RULES)
def one_controller(context: CheckContext) -> None:
    """Two owners that say controller are 422."""
    owners = [
        {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": True}
        for name in ("p", "q")
    ]
    context.post("configmaps", {"metadata": {"name": "a", "ownerReferences": owners}}).invalid(
        ("FieldValueInvalid", "metadata.ownerReferences")
    )


@behaviour("metadata/finalizer-is-qualified", RULES)
def finalizer_is_qualified(context: CheckContext) -> None:
    """A finalizer must be a qualified name."""
    context.post("configmaps", {"metadata": {"name": "a", "finalizers": ["a b"]}}).invalid(
        ("FieldValueInvalid", "metadata.finalizers"), ("FieldValueInvalid", "metadata.finalizers[0]")
    )


@behaviour("metadata/uid-cannot-change", RULES)
def uid_cannot_change(context: CheckContext) -> None:
    """A replace with another uid is a conflict on a precondition."""
    body = context.create("configmaps", {"metadata": {"name": "a"}})
    del body["metadata"]["resourceVersion"]
    body["metadata"]["uid"] = str(uuid.uuid4())
    context.put("configmaps", body).refuse(409, "Conflict", "Precondition failed: UID in precondition")


@behaviour(
    "metadata/system-fields-cannot-change",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/rest/update.go",
)
def system_fields_cannot_change(context: CheckContext) -> None:
    """A replace keeps creationTimestamp and uid where the body has none."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    new = context.put("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}}).expect(200)
    for field in ("uid", "creationTimestamp"):
        same(new["metadata"][field], old["metadata"][field], field)


@behaviour("metadata/creation-timestamp-is-kept", RULES)
def creation_timestamp_is_kept(context: CheckContext) -> None:
    """A replace with another creationTimestamp succeeds and the old one stays."""
    old = context.create("configmaps", {"metadata": {"name": "a"}})
    body = {**old, "metadata": {**old["metadata"], "creationTimestamp": "2001-01-01T00:00:00Z"}}
    new = context.put("configmaps", body).expect(200)
    same(new["metadata"]["creationTimestamp"], old["metadata"]["creationTimestamp"], "creationTimestamp")


@behaviour("metadata/deletion-timestamp-is-not-taken", META)
def deletion_timestamp_is_not_taken(context: CheckContext) -> None:
    """A create cannot bring a deletionTimestamp."""
    metadata = {"name": "a", "deletionTimestamp": "2030-01-01T00:00:00Z", "finalizers": ["a.example.com/x"]}
    body = context.create("configmaps", {"metadata": metadata})
    context.defer(context.patch, "merge", "configmaps", "a", {"metadata": {"finalizers": None}})
    same("deletionTimestamp" in body["metadata"], False, "deletionTimestamp")


@behaviour("metadata/self-link-is-gone", "KEP 1164")
def self_link_is_gone(context: CheckContext) -> None:
    """There is no selfLink, even if one is sent."""
    same(
        "selfLink" in context.create("configmaps", {"metadata": {"name": "a", "selfLink": "/x"}})["metadata"],
        False,
        "selfLink",
    )


@behaviour(
    "metadata/resource-version-on-create",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go",
)
def resource_version_on_create(context: CheckContext) -> None:
    """A create with a resourceVersion is refused with 500, as the store says it."""
    answer = context.post("configmaps", {"metadata": {"name": "a", "resourceVersion": "5"}})
    answer.refuse(500, None, "resourceVersion should not be set on objects to be created")


@behaviour("metadata/managed-fields-name-the-manager", "KEP 555")
def managed_fields_name_the_manager(context: CheckContext) -> None:
    """managedFields name the manager of fieldManager, the verb, the version and the fields."""
    item = {"metadata": {"name": "a"}, "data": {"x": "1"}}
    body = context.post("configmaps", item, query={"fieldManager": "me"}).expect(201)
    entry = body["metadata"]["managedFields"][0]
    same(
        {name: entry[name] for name in ("manager", "operation", "apiVersion", "fieldsType", "fieldsV1")},
        {
            "manager": "me",
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:x": {}}},
        },
        "the entry",
    )


@behaviour(
    "metadata/manager-from-user-agent",
    UPSTREAM + "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go",
)
def manager_from_user_agent(context: CheckContext) -> None:
    """Without fieldManager the manager is the user agent up to its first slash."""
    headers = {"User-Agent": "tool/v1 (x)"}
    answer = context.client.send(
        "POST", context.path("configmaps"), {"metadata": {"name": "a"}, "data": {"x": "1"}}, headers=headers
    )
    same(
        [entry["manager"] for entry in answer.expect(201)["metadata"]["managedFields"]], ["tool"], "managers"
    )


@behaviour("metadata/managed-fields-can-be-reset", "API concepts: clearing managedFields")
def managed_fields_can_be_reset(context: CheckContext) -> None:
    """A replace with managedFields [{}] empties them."""
    body = context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}})
    body["metadata"]["managedFields"] = [{}]
    same("managedFields" in context.put("configmaps", body).expect(200)["metadata"], False, "managedFields")


@behaviour(
    "metadata/claim-has-no-generation-before-status",
    UPSTREAM + "pkg/registry/resource/resourceclaim/strategy.go",
)
def claim_generation(context: CheckContext) -> None:
    """A new ResourceClaim has an empty status, whatever the body says."""
    item = {
        "metadata": {"name": "a"},
        "spec": CLAIM,
        "status": {"reservedFor": [{"resource": "pods", "name": "p", "uid": "u"}]},
    }
    same(context.create("resourceclaims", item, api=RESOURCE).get("status"), {}, "status")
