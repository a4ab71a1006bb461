"""Namespaces, finalizers and deletion (API concepts: resource deletion; namespaces)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext

STORE = UPSTREAM + "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go"
NAMESPACE = UPSTREAM + "pkg/registry/core/namespace"
FINALIZER = "check.example.com/hold"


def hold(context: CheckContext, name: str = "a") -> None:
    """A config map with a finalizer that is taken off at the end."""
    context.create("configmaps", {"metadata": {"name": name, "finalizers": [FINALIZER]}})
    context.defer(context.patch, "merge", "configmaps", name, {"metadata": {"finalizers": None}})


@behaviour("namespaces/new-one-is-active", NAMESPACE)
def new_is_active(context: CheckContext) -> None:
    """A new namespace is Active, has the finalizer kubernetes in its spec and its name as label."""
    body = context.get("namespaces", context.namespace).expect(200)
    same(
        (body["status"]["phase"], body["spec"]["finalizers"]),
        ("Active", ["kubernetes"]),
        "phase and finalizers",
    )
    same(body["metadata"]["labels"]["kubernetes.io/metadata.name"], context.namespace, "label")


@behaviour("namespaces/standard-ones", UPSTREAM + "pkg/controlplane/controller/systemnamespaces")
def standard_ones(context: CheckContext) -> None:
    """default, kube-system, kube-public and kube-node-lease are there."""
    for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        context.get("namespaces", name).expect(200)


@behaviour("namespaces/kubernetes-service", UPSTREAM + "pkg/controlplane/controller/kubernetesservice")
def kubernetes_service(context: CheckContext) -> None:
    """The Service kubernetes in namespace default has a cluster IP, and port 443 leads to the API server."""
    body = context.client.send("GET", "/api/v1/namespaces/default/services/kubernetes").expect(200)
    labels, spec = body["metadata"]["labels"], body["spec"]
    same((labels["component"], labels["provider"]), ("apiserver", "kubernetes"), "labels")
    same(
        (spec["type"], spec.get("selector"), spec["clusterIPs"]),
        ("ClusterIP", None, [spec["clusterIP"]]),
        "spec",
    )
    (port,) = spec["ports"]
    same((port["name"], port["protocol"], port["port"]), ("https", "TCP", 443), "port")


@behaviour("namespaces/default-cannot-be-deleted", UPSTREAM + "plugin/pkg/admission/namespace/lifecycle")
def default_stays(context: CheckContext) -> None:
    """Deleting the namespace default is 403 Forbidden."""
    context.delete("namespaces", "default").refuse(403, "Forbidden", "this namespace may not be deleted")


@behaviour("namespaces/delete-makes-it-terminating", NAMESPACE)
def terminating(context: CheckContext) -> None:
    """Deleting a namespace answers with the object, Terminating and with a deletionTimestamp."""
    name = context.name()
    context.create("namespaces", {"metadata": {"name": name}})
    body = context.delete("namespaces", name).expect(200)
    same((body["kind"], body["status"]["phase"]), ("Namespace", "Terminating"), "the answer")
    holds(body["metadata"].get("deletionTimestamp"), "a deletionTimestamp", body["metadata"])


@behaviour("namespaces/no-create-while-terminating", UPSTREAM + "plugin/pkg/admission/namespace/lifecycle")
def no_create(context: CheckContext) -> None:
    """A create in a namespace that is terminating is 403 with the cause NamespaceTerminating."""
    hold(context)
    context.delete("namespaces", context.namespace).expect(200)
    status = context.post("configmaps", {"metadata": {"name": "b"}}).refuse(
        403, "Forbidden", "because it is being terminated"
    )
    same([cause["reason"] for cause in status["details"]["causes"]], ["NamespaceTerminating"], "causes")


@behaviour("namespaces/finalize-removes-it", NAMESPACE)
def finalize(context: CheckContext) -> None:
    """A namespace that terminates is removed when its finalizer is removed through /finalize."""
    name = context.name()
    context.create("namespaces", {"metadata": {"name": name}})
    body = context.delete("namespaces", name).expect(200)
    body["spec"]["finalizers"] = []
    answer = context.client.send("PUT", f"/api/v1/namespaces/{name}/finalize", body)
    holds(answer.code in (200, 404, 409), "success, or a controller was faster", answer.text)
    eventually(lambda: context.get("namespaces", name).code == 404, "the namespace is gone")


@behaviour("namespaces/finalizer-keeps-the-object", STORE)
def finalizer_keeps(context: CheckContext) -> None:
    """Deleting an object with finalizers answers with the object, marks it and keeps it."""
    hold(context)
    body = context.delete("configmaps", "a").expect(200)
    metadata = context.get("configmaps", "a").expect(200)["metadata"]
    same((body["kind"], metadata["deletionGracePeriodSeconds"]), ("ConfigMap", 0), "answer and grace period")
    holds(metadata.get("deletionTimestamp"), "a deletionTimestamp", metadata)


@behaviour("namespaces/last-finalizer-removes", STORE)
def last_finalizer(context: CheckContext) -> None:
    """Removing the last finalizer of a deleted object removes the object."""
    hold(context)
    context.delete("configmaps", "a").expect(200)
    context.patch("merge", "configmaps", "a", {"metadata": {"finalizers": None}}).expect(200)
    context.get("configmaps", "a").refuse(404, "NotFound")


@behaviour("namespaces/delete-again-is-the-same", STORE)
def delete_again(context: CheckContext) -> None:
    """Deleting again what waits for a finalizer succeeds and keeps the first deletionTimestamp."""
    hold(context)
    first = context.delete("configmaps", "a").expect(200)
    second = context.delete("configmaps", "a").expect(200)
    stamps = [body["metadata"]["deletionTimestamp"] for body in (first, second)]
    same(stamps[1], stamps[0], "deletionTimestamp")


@behaviour(
    "namespaces/no-new-finalizer-while-deleting",
    UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go",
)
def no_new_finalizer(context: CheckContext) -> None:
    """A finalizer cannot be added while the object is being deleted."""
    hold(context)
    context.delete("configmaps", "a").expect(200)
    patch = {"metadata": {"finalizers": [FINALIZER, "check.example.com/other"]}}
    context.patch("merge", "configmaps", "a", patch).invalid(("FieldValueForbidden", "metadata.finalizers"))


@behaviour("namespaces/deletion-timestamp-stays", STORE)
def deletion_timestamp_stays(context: CheckContext) -> None:
    """A deletionTimestamp cannot be removed."""
    hold(context)
    context.delete("configmaps", "a").expect(200)
    body = context.patch("merge", "configmaps", "a", {"metadata": {"deletionTimestamp": None}}).expect(200)
    holds(body["metadata"].get("deletionTimestamp"), "a deletionTimestamp", body["metadata"])


@behaviour("namespaces/foreground-adds-a-finalizer", "garbage collection: foreground")
def foreground(context: CheckContext) -> None:
    """propagationPolicy Foreground marks the object and adds the finalizer foregroundDeletion."""
    hold(context)
    body = context.delete("configmaps", "a", {"propagationPolicy": "Foreground"}).expect(200)
    holds(
        "foregroundDeletion" in body["metadata"]["finalizers"],
        "foregroundDeletion",
        body["metadata"]["finalizers"],
    )
    context.defer(context.patch, "merge", "configmaps", "a", {"metadata": {"finalizers": None}})


@behaviour("namespaces/orphan-adds-a-finalizer", "garbage collection: orphan")
def orphan(context: CheckContext) -> None:
    """propagationPolicy Orphan marks the object and adds the finalizer orphan."""
    hold(context)
    body = context.delete("configmaps", "a", {"propagationPolicy": "Orphan"}).expect(200)
    holds("orphan" in body["metadata"]["finalizers"], "orphan", body["metadata"]["finalizers"])


@behaviour(
    "namespaces/unknown-policy", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation"
)
def unknown_policy(context: CheckContext) -> None:
    """Another propagationPolicy is 422 NotSupported."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.delete("configmaps", "a", {"propagationPolicy": "x"}).invalid(
        ("FieldValueNotSupported", "propagationPolicy")
    )


@behaviour(
    "namespaces/controller-empties-it", UPSTREAM + "pkg/controller/namespace", needs=("api", "controllers")
)
def controller_empties(context: CheckContext) -> None:
    """With controllers a deleted namespace is removed after its objects."""
    context.create("configmaps", {"metadata": {"name": "a"}})
    context.create("secrets", {"metadata": {"name": "a"}})
    context.delete("namespaces", context.namespace).expect(200)
    eventually(lambda: context.get("namespaces", context.namespace).code == 404, "the namespace is gone", 60)
