"""Pods, nodes, events, secrets and service accounts as data: defaults, refusals, binding, eviction, grace (pkg/apis/core)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import DUPLICATE, INVALID, REQUIRED, refused, sample

CORE = UPSTREAM + "pkg/apis/core/validation/validation.go"
DEFAULTS = UPSTREAM + "pkg/apis/core/v1/defaults.go"
NOT_FOUND = "FieldValueNotFound"
CLAIM: JsonObject = {"name": "gpu", "resourceClaimName": "c"}

refused(
    "pods/needs-containers",
    "A pod has containers.",
    "pods",
    {"spec.containers": []},
    (REQUIRED, "spec.containers"),
    source=CORE,
)
refused(
    "pods/container-needs-a-name",
    "A container has a name.",
    "pods",
    {"spec.containers.0.name": ""},
    (REQUIRED, "spec.containers[0].name"),
    source=CORE,
)
refused(
    "pods/container-needs-an-image",
    "A container has an image.",
    "pods",
    {"spec.containers.0.image": ""},
    (REQUIRED, "spec.containers[0].image"),
    source=CORE,
)
refused(
    "pods/sysctl-names",
    "Kernel parameters of a pod have names of letters, digits, dashes and dots.",
    "pods",
    {"spec.securityContext.sysctls": [{"name": "foo-", "value": "1"}, {"name": "net.core.x", "value": "1"}]},
    (INVALID, "spec.securityContext.sysctls[0].name"),
    source=CORE,
)
refused(
    "pods/claim-names-differ",
    "The claims of a pod have different names.",
    "pods",
    {"spec.resourceClaims": [CLAIM, CLAIM]},
    (DUPLICATE, "spec.resourceClaims[1].name"),
    source=CORE,
)
refused(
    "pods/claim-has-a-source",
    "A claim of a pod has a claim or a template.",
    "pods",
    {"spec.resourceClaims": [{"name": "gpu"}]},
    (INVALID, "spec.resourceClaims[0]"),
    source=CORE,
)
refused(
    "pods/claim-has-one-source",
    "A claim of a pod does not have both.",
    "pods",
    {"spec.resourceClaims": [{**CLAIM, "resourceClaimTemplateName": "t"}]},
    (INVALID, "spec.resourceClaims[0]"),
    source=CORE,
)
refused(
    "pods/container-claim-is-known",
    "A container uses claims of its pod.",
    "pods",
    {"spec.containers.0.resources.claims": [{"name": "no"}]},
    (NOT_FOUND, "spec.containers[0].resources.claims[0]"),
    source=CORE,
)
refused(
    "pods/restart-policy",
    "A restart policy is one of three.",
    "pods",
    {"spec.restartPolicy": "x"},
    ("FieldValueNotSupported", "spec.restartPolicy"),
    source=CORE,
)


def pod(context: CheckContext, **change: Any) -> JsonObject:
    """A pod that no scheduler touches."""
    item: JsonObject = context.create(
        "pods", sample(context, "pods", {f"spec.{name}": value for name, value in change.items()})
    )
    return item


@behaviour("pods/defaults", DEFAULTS)
def defaults(context: CheckContext) -> None:
    """A pod gets restartPolicy, dnsPolicy, grace period, schedulerName, security context and service links."""
    spec = pod(context)["spec"]
    wanted = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
    }
    same({name: spec.get(name) for name in wanted}, wanted, "spec")


@behaviour("pods/container-defaults", DEFAULTS)
def container_defaults(context: CheckContext) -> None:
    """A container gets pull policy, termination message and resources."""
    wanted = {
        "name": "c",
        "image": "x",
        "imagePullPolicy": "Always",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    found = pod(context)["spec"]["containers"][0]
    same({name: found.get(name) for name in wanted}, wanted, "container")


@behaviour("pods/pull-policy-of-a-tag", DEFAULTS)
def pull_policy(context: CheckContext) -> None:
    """An image with a tag other than latest gets IfNotPresent."""
    containers = [{"name": "c", "image": "x:v1"}]
    same(
        pod(context, containers=containers)["spec"]["containers"][0]["imagePullPolicy"],
        "IfNotPresent",
        "policy",
    )


@behaviour("pods/limits-become-requests", DEFAULTS)
def limits_become_requests(context: CheckContext) -> None:
    """A limit without request becomes the request."""
    containers = [{"name": "c", "image": "x", "resources": {"limits": {"cpu": "1"}}}]
    found = pod(context, containers=containers)["spec"]["containers"][0]["resources"]
    same(found, {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, "resources")


@behaviour("pods/status-on-create", UPSTREAM + "pkg/registry/core/pod/strategy.go")
def status_on_create(context: CheckContext) -> None:
    """A new pod is Pending with the QoS class BestEffort."""
    status = pod(context)["status"]
    same((status["phase"], status["qosClass"]), ("Pending", "BestEffort"), "status")


@behaviour("pods/spec-is-mostly-immutable", CORE)
def spec_is_immutable(context: CheckContext) -> None:
    """Of a pod's spec only images, deadlines, tolerations and few more can change."""
    stored = pod(context)
    body = context.put("pods", {**stored, "spec": {**stored["spec"], "hostNetwork": True}})
    status = body.refuse(422, "Invalid", "pod updates may not change fields other than")
    same([cause["field"] for cause in status["details"]["causes"]], ["spec"], "fields")


@behaviour("pods/binding-sets-the-node", UPSTREAM + "pkg/registry/core/pod/storage/storage.go")
def binding(context: CheckContext) -> None:
    """A Binding sets spec.nodeName and the condition PodScheduled, and is answered with 201 and a Status."""
    name = pod(context)["metadata"]["name"]
    path = context.path("pods", name, "binding")
    target = {"apiVersion": "v1", "kind": "Node", "name": "nowhere"}
    status = context.client.send("POST", path, {"metadata": {"name": name}, "target": target}).expect(201)
    same((status["kind"], status["status"]), ("Status", "Success"), "the answer")
    bound = context.get("pods", name).expect(200)
    conditions = {c["type"]: c["status"] for c in bound["status"].get("conditions", [])}
    same((bound["spec"]["nodeName"], conditions.get("PodScheduled")), ("nowhere", "True"), "the pod")


@behaviour("pods/binding-twice-is-a-conflict", UPSTREAM + "pkg/registry/core/pod/storage/storage.go")
def binding_twice(context: CheckContext) -> None:
    """A pod that has a node cannot be bound again: 409."""
    name = pod(context)["metadata"]["name"]
    path = context.path("pods", name, "binding")
    body = {"metadata": {"name": name}, "target": {"kind": "Node", "name": "nowhere"}}
    context.client.send("POST", path, body).expect(201)
    context.client.send("POST", path, body).refuse(409, "Conflict", 'is already assigned to node "nowhere"')


@behaviour(
    "pods/unscheduled-pod-goes-at-once", UPSTREAM + "pkg/registry/core/pod/strategy.go CheckGracefulDelete"
)
def unscheduled_goes(context: CheckContext) -> None:
    """A pod without node is removed at once."""
    name = pod(context)["metadata"]["name"]
    context.delete("pods", name).expect(200)
    context.get("pods", name).refuse(404, "NotFound")


@behaviour(
    "pods/scheduled-pod-ends-gracefully", UPSTREAM + "pkg/registry/core/pod/strategy.go CheckGracefulDelete"
)
def graceful(context: CheckContext) -> None:
    """A pod on a node stays with a deletionTimestamp until it is deleted with grace period 0."""
    name = pod(context, nodeName=context.name())["metadata"]["name"]
    context.defer(context.delete, "pods", name, {"gracePeriodSeconds": 0})
    metadata = context.delete("pods", name).expect(200)["metadata"]
    same(metadata["deletionGracePeriodSeconds"], 30, "deletionGracePeriodSeconds")
    context.get("pods", name).expect(200)


@behaviour("pods/grace-0-removes", UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go")
def grace_0(context: CheckContext) -> None:
    """A delete with gracePeriodSeconds 0 removes a pod on a node."""
    name = pod(context, nodeName=context.name())["metadata"]["name"]
    context.delete("pods", name, {"gracePeriodSeconds": 0}).expect(200)
    context.get("pods", name).refuse(404, "NotFound")


@behaviour("pods/eviction", UPSTREAM + "pkg/registry/core/pod/storage/eviction.go")
def eviction(context: CheckContext) -> None:
    """An Eviction of a pod without budget deletes it and is answered with 201."""
    name = pod(context)["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    context.client.send("POST", context.path("pods", name, "eviction"), body).expect(201)
    context.get("pods", name).refuse(404, "NotFound")


@behaviour("pods/eviction-obeys-a-budget", UPSTREAM + "pkg/registry/core/pod/storage/eviction.go")
def guarded_eviction(context: CheckContext) -> None:
    """A running pod whose PodDisruptionBudget allows nothing is not evicted: 429 with the budget as the cause."""
    name = pod(context, nodeName=context.name())["metadata"]["name"]
    labels = {"metadata": {"labels": {"guarded": name}}}
    context.patch("merge", "pods", name, labels).expect(200)
    running = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    context.patch("merge", "pods", name, running, "status").expect(200)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"guarded": name}}}
    context.create("poddisruptionbudgets", {"metadata": {"name": name}, "spec": spec}, api="/apis/policy/v1")
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    refused = context.client.send("POST", context.path("pods", name, "eviction"), body).refuse(
        429, "TooManyRequests"
    )
    [cause] = refused["details"]["causes"]
    same(cause["reason"], "DisruptionBudget", "the cause")
    holds(name in cause["message"], "the budget is named", cause["message"])


@behaviour(
    "pods/claim-statuses-by-apply",
    UPSTREAM + "staging/src/k8s.io/api/core/v1/types.go PodResourceClaimStatus",
)
def claim_statuses(context: CheckContext) -> None:
    """status.resourceClaimStatuses takes a server-side apply, as the claim controller does it."""
    name = pod(context, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])["metadata"][
        "name"
    ]
    status = {"resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "c"}]}
    item = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "status": status}
    body = context.patch("apply", "pods", name, item, "status", fieldManager="x", force="true").expect(200)
    same(body["status"]["resourceClaimStatuses"], status["resourceClaimStatuses"], "statuses")


@behaviour("pods/ephemeral-status-conditions-merge", UPSTREAM + "staging/src/k8s.io/api/core/v1/types.go")
def conditions_merge(context: CheckContext) -> None:
    """Conditions of a pod merge by type in a strategic patch of its status."""
    name = pod(context)["metadata"]["name"]
    for kind in ("example.com/a", "example.com/b"):
        patch = {"status": {"conditions": [{"type": kind, "status": "True"}]}}
        context.patch("strategic", "pods", name, patch, "status").expect(200)
    found = {c["type"] for c in context.get("pods", name).body["status"]["conditions"]}
    holds({"example.com/a", "example.com/b"} <= found, "both conditions", found)


@behaviour("pods/node-status-is-separate", UPSTREAM + "pkg/registry/core/node/strategy.go")
def node_status(context: CheckContext) -> None:
    """A node's status is written through its subresource."""
    name = context.name()
    context.create("nodes", {"metadata": {"name": name}})
    body = {"metadata": {"name": name}, "status": {"capacity": {"cpu": "4"}, "allocatable": {"cpu": "4"}}}
    same(
        context.put("nodes", body, "status").expect(200)["status"]["allocatable"], {"cpu": "4"}, "allocatable"
    )


@behaviour("pods/secret-string-data", UPSTREAM + "pkg/apis/core/v1/conversion.go")
def secret_string_data(context: CheckContext) -> None:
    """stringData of a Secret becomes data in base64 and is not given back; the type is Opaque."""
    body = context.create("secrets", {"metadata": {"name": "a"}, "stringData": {"x": "hello"}})
    same((body["data"], body["type"], "stringData" in body), ({"x": "aGVsbG8="}, "Opaque", False), "secret")


@behaviour("pods/immutable-configmap", CORE)
def immutable_configmap(context: CheckContext) -> None:
    """A ConfigMap that is immutable cannot change."""
    body = context.create("configmaps", {"metadata": {"name": "a"}, "data": {"x": "1"}, "immutable": True})
    context.put("configmaps", {**body, "data": {"x": "2"}}).invalid(("FieldValueForbidden", "data"))


@behaviour("pods/configmap-keys", CORE)
def configmap_keys(context: CheckContext) -> None:
    """A key of a ConfigMap has no slash."""
    context.post("configmaps", {"metadata": {"name": "a"}, "data": {"a/b": "1"}}).invalid(
        (INVALID, "data[a/b]")
    )


@behaviour("pods/event", UPSTREAM + "pkg/apis/core/validation/events.go")
def event(context: CheckContext) -> None:
    """An Event of core/v1 can be read through events.k8s.io with its other names."""
    item = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": context.namespace},
        "reason": "Because",
        "message": "so",
        "type": "Normal",
    }
    context.create("events", item)
    body = context.get("events", "e", api="/apis/events.k8s.io/v1").expect(200)
    same((body["regarding"]["name"], body["note"], body["reason"]), ("p", "so", "Because"), "event")


@behaviour("pods/events-by-object", UPSTREAM + "pkg/registry/core/event/strategy.go")
def events_by_object(context: CheckContext) -> None:
    """Events are selected by involvedObject.name and reason, as kubectl describe does."""
    for name in ("p", "q"):
        item = {
            "metadata": {"name": f"e-{name}"},
            "involvedObject": {"kind": "Pod", "name": name, "namespace": context.namespace},
            "reason": "Because",
        }
        context.create("events", item)
    selector = f"involvedObject.name=p,involvedObject.namespace={context.namespace},involvedObject.kind=Pod"
    found = context.get("events", fieldSelector=selector).expect(200)["items"]
    same([each["metadata"]["name"] for each in found], ["e-p"], "events")


@behaviour(
    "pods/lease-micro-time", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/micro_time.go"
)
def lease_micro_time(context: CheckContext) -> None:
    """Times of a Lease have microseconds."""
    spec = {"holderIdentity": "me", "renewTime": "2026-01-02T03:04:05.123456Z", "leaseDurationSeconds": 15}
    body = context.create("leases", {"metadata": {"name": "l"}, "spec": spec})
    same(body["spec"]["renewTime"], "2026-01-02T03:04:05.123456Z", "renewTime")
