"""Pure: what a kubelet is allowed to write, by the content of the object (``plugin/pkg/admission/noderestriction/admission.go``, 1.36.3).

The node authorizer has allowed the request; here the content of the object decides. Volumes and certificates are left out.
"""

from collections.abc import Callable, Mapping

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.auth.node_authorizer import LEASES
from kube_emulator.apiserver.auth.write import Write

Find = Callable[[str, str, str], ReadOnlyObject | None]
"""(plural, name, namespace) -> object."""

MIRROR = "kubernetes.io/config.mirror"
KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    }
)
KUBELET_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
RESTRICTED = "node-restriction.kubernetes.io"


def complaint(node: str, write: Write, find: Find) -> str:
    """Why the kubelet of NODE is not allowed to do this; empty if it is."""
    rule = RULES.get((write.group, write.plural))
    return rule(node, write, find) if rule else ""


def pod(node: str, write: Write, _: Find) -> str:
    """Mirror pods of its own, and the status of the pods on its node."""
    if write.subresource == "status":
        return pod_status(node, write)
    if write.subresource == "eviction":
        mine = node_of(write.old) == node
        return "" if mine else f"node {node} can only evict pods with spec.nodeName set to itself"
    if write.subresource:
        return f"unexpected pod subresource \"{write.subresource}\", only 'status' and 'eviction' are allowed"
    if write.operation == "DELETE":
        mine = node_of(write.old) == node
        return "" if mine else f'node "{node}" can only delete pods with spec.nodeName set to itself'
    if write.operation == "CREATE":
        return new_pod(node, write.new or {}, _)
    return f'unexpected operation "{write.operation}", node "{node}" can only create and delete mirror pods'


def new_pod(node: str, item: ReadOnlyObject, find: Find) -> str:
    """A kubelet creates only mirror pods of its static pods, which its Node owns."""
    metadata = item["metadata"]
    owners = metadata.get("ownerReferences") or []
    owner = owners[0] if owners else {}
    only = f'node "{node}" can only create pods with'
    if MIRROR not in (metadata.get("annotations") or {}):
        return f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
    if node_of(item) != node:
        return f"{only} spec.nodeName set to itself"
    if len(owners) > 1:
        return f"{only} a single owner reference set to itself"
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        return f"{only} an owner reference set to itself"
    if not owner.get("controller"):
        return f"{only} a controller owner reference set to itself"
    if owner.get("blockOwnerDeletion"):
        return f'node "{node}" must not set blockOwnerDeletion on an owner reference'
    uid = ((find("nodes", node, "") or {}).get("metadata") or {}).get("uid", "")
    if owner.get("uid") != uid:
        return f"node {node} UID mismatch: expected {owner.get('uid')} got {uid}"
    # The node authorizer lets a kubelet read what its pods refer to: a mirror pod could open any claim to it.
    if item["spec"].get("resourceClaims"):
        return f'node "{node}" can not create pods that reference resourceclaims'
    return ""


def pod_status(node: str, write: Write) -> str:
    """Status of its pods, but neither labels nor which claims they have."""
    old, new = write.old or {}, write.new or {}
    before, after = old.get("status") or {}, new.get("status") or {}
    if node_of(old) != node:
        return f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'  # noqa: S608 # no SQL
    if (old["metadata"].get("labels") or {}) != (new["metadata"].get("labels") or {}):
        return f'node "{node}" cannot update labels through pod status'
    # The node authorizer lets a kubelet read the claims listed here, so the kubelet must not write the list.
    if (before.get("resourceClaimStatuses") or []) != (after.get("resourceClaimStatuses") or []):
        return f'node "{node}" cannot update resource claim statues'  # upstream's spelling
    if before.get("extendedResourceClaimStatus") != after.get("extendedResourceClaimStatus"):
        return f'node "{node}" cannot update extended resource claim status'
    return ""


def node_object(node: str, write: Write, _: Find) -> str:
    """Its own Node, but neither taints nor owners nor labels of others' domains."""
    if write.name != node:
        return f'node "{node}" is not allowed to modify node "{write.name}"'
    old, new = write.old or {}, write.new or {}
    labels = forbidden_labels(labels_of(old), labels_of(new))
    if write.operation == "CREATE" and labels:
        return f'node "{node}" is not allowed to set the following labels: {", ".join(labels)}'
    if write.operation != "UPDATE":
        return ""
    if ((old.get("spec") or {}).get("taints") or []) != ((new.get("spec") or {}).get("taints") or []):
        return f'node "{node}" is not allowed to modify taints'
    if (old["metadata"].get("ownerReferences") or []) != (new["metadata"].get("ownerReferences") or []):
        return f'node "{node}" is not allowed to modify ownerReferences'
    return f"is not allowed to modify labels: {', '.join(labels)}" if labels else ""


def labels_of(item: ReadOnlyObject) -> Mapping[str, str]:
    """The labels of an object, which may be empty."""
    return (item.get("metadata") or {}).get("labels") or {}


def node_of(item: ReadOnlyObject | None) -> str:
    """The node of a pod or of a slice."""
    return ((item or {}).get("spec") or {}).get("nodeName") or ""


def forbidden_labels(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Labels that differ and that a kubelet is not allowed to change."""
    changed = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
    return sorted(name for name in changed if is_forbidden_label(name))


def is_forbidden_label(name: str) -> bool:
    """Whether NAME is of the restricted domain, or of Kubernetes without being one of the kubelet's."""
    domain = name.partition("/")[0] if "/" in name else ""

    def under(*parents: str) -> bool:
        return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)

    # This domain is for labels by which administrators keep workloads off nodes: never the kubelet's (KEP-279).
    if under(RESTRICTED):
        return True
    return under("kubernetes.io", "k8s.io") and name not in KUBELET_LABELS and not under(*KUBELET_DOMAINS)


def token(node: str, write: Write, find: Find) -> str:
    """A token for a service account is bound to a pod of its node."""
    if write.operation != "CREATE" or write.subresource != "token":
        return ""
    bound = ((write.new or {}).get("spec") or {}).get("boundObjectRef") or {}
    if (bound.get("apiVersion"), bound.get("kind")) != ("v1", "Pod") or not bound.get("name"):
        return "node requested token not bound to a pod"
    if not bound.get("uid"):
        return "node requested token with a pod binding without a uid"
    found = find("pods", bound["name"], write.namespace)
    # A pod that does not exist is not refused here: the token request itself fails with 404.
    if found is not None and found["metadata"]["uid"] != bound["uid"]:
        return (
            f"the UID in the bound object reference ({bound['uid']}) does not match the UID in record."
            " The object might have been deleted and then recreated"
        )
    if found is not None and node_of(found) != node:
        return "node requested token bound to a pod scheduled on a different node"
    return ""


def lease(node: str, write: Write, _: Find) -> str:
    """Its own lease."""
    if write.namespace != LEASES:
        return f'can only access leases in the "{LEASES}" system namespace'
    if write.name != node:
        return "can only access node lease with the same name as the requesting node"
    return ""


def resource_slice(node: str, write: Write, _: Find) -> str:
    """Slices of its own node."""
    # An update needs no check: spec.nodeName is immutable, and the node authorizer has compared the stored one.
    item = write.new if write.operation == "CREATE" else write.old
    if write.operation in ("CREATE", "DELETE") and node_of(item) != node:
        verb = write.operation.lower()
        return f"can only {verb} ResourceSlice with the same NodeName as the requesting node"
    return ""


RULES: Mapping[tuple[str, str], Callable[[str, Write, Find], str]] = {
    ("", "pods"): pod,
    ("", "nodes"): node_object,
    ("", "serviceaccounts"): token,
    ("coordination.k8s.io", "leases"): lease,
    ("resource.k8s.io", "resourceslices"): resource_slice,
}
