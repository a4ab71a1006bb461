"""Pure over a few look-ups: what a kubelet is allowed to ask for (``plugin/pkg/auth/authorizer/node/node_authorizer.go``, 1.36.3).

A kubelet reads what belongs to the pods of its node and writes its own node, lease, slices and the status of its pods. What
cannot be decided without the object that is written is left to ``node_restriction``. Volumes and certificates are
left out: the embedded cluster has none.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, cast

from dra_api.objects import Pod, PodStatus, ReadOnlyObject
from kube_emulator.apiserver.auth.attributes import Attributes, Decision
from kube_emulator.apiserver.auth.bootstrap import NODE, rule
from kube_emulator.apiserver.auth.policy import allows

NODE_RULES = tuple(rule(row) for row in NODE)
LEASES = "kube-node-lease"
SLICES = "resource.k8s.io"
ALLOW = Decision(True)


class Objects(Protocol):
    """Where the authorizer finds objects."""

    def find(self, plural: str, name: str, namespace: str = "") -> ReadOnlyObject | None:
        """An object, or None."""

    def values(self, plural: str, namespace: str = "") -> list[dict[str, Any]]:
        """The objects of a kind."""


def decide(asked: Attributes, objects: Objects) -> Decision | None:
    """The answer for a kubelet; None for anyone else."""
    node = asked.user.node
    if node is None:
        return None
    if not node:
        return Decision(False, f'unknown node for user "{asked.user.name}"')
    special = SPECIAL.get((asked.group, asked.resource))
    if special is not None:
        return special(node, asked, objects)
    return Decision(any(allows(one, asked) for one in NODE_RULES))


def related(node: str, asked: Attributes, objects: Objects) -> Decision:
    """Whether the object belongs to NODE or to a pod there."""
    if not asked.name:
        return Decision(False, "No Object name found")
    if belongs(node, asked, objects):
        return ALLOW
    return Decision(False, f"no relationship found between node '{node}' and this object")


def belongs(node: str, asked: Attributes, objects: Objects) -> bool:
    """Whether the object belongs to NODE: upstream keeps a graph of this (``graph.go``), here the pods are searched."""
    if asked.resource == "resourceslices":
        found = objects.find("resourceslices", asked.name)
        return found is not None and (found.get("spec") or {}).get("nodeName") == node
    if asked.resource == "pods":
        found = objects.find("pods", asked.name, asked.namespace)
        return found is not None and (found.get("spec") or {}).get("nodeName") == node
    wanted = (asked.resource, asked.name)
    pods = (cast(Pod, pod) for pod in objects.values("pods", asked.namespace))
    return any(wanted in references(pod) for pod in pods if pod["spec"].get("nodeName") == node)


def references(pod: Pod) -> Iterator[tuple[str, str]]:
    """(plural, name) of what a pod needs of its namespace."""
    spec = pod["spec"]
    status: PodStatus = pod.get("status") or {}
    if spec.get("serviceAccountName"):
        yield "serviceaccounts", spec["serviceAccountName"]
    statuses = {
        item["name"]: item.get("resourceClaimName") for item in status.get("resourceClaimStatuses") or ()
    }
    for claim in spec.get("resourceClaims") or ():
        name = claim.get("resourceClaimName") or statuses.get(claim["name"])
        if name:
            yield "resourceclaims", name
    extended = status.get("extendedResourceClaimStatus")
    if extended and extended.get("resourceClaimName"):
        yield "resourceclaims", extended["resourceClaimName"]
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", secret.get("name", "")
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        yield from of_environment(container)
    for volume in spec.get("volumes") or ():
        yield from of_volume(volume)


def of_environment(container: ReadOnlyObject) -> Iterator[tuple[str, str]]:
    """Config maps and secrets that a container's environment comes from."""
    for source in container.get("envFrom") or ():
        yield "configmaps", (source.get("configMapRef") or {}).get("name", "")
        yield "secrets", (source.get("secretRef") or {}).get("name", "")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        yield "configmaps", (source.get("configMapKeyRef") or {}).get("name", "")
        yield "secrets", (source.get("secretKeyRef") or {}).get("name", "")


def of_volume(volume: ReadOnlyObject) -> Iterator[tuple[str, str]]:
    """Config maps and secrets in a volume."""
    yield "configmaps", (volume.get("configMap") or {}).get("name", "")
    yield "secrets", (volume.get("secret") or {}).get("secretName", "")
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield "configmaps", (source.get("configMap") or {}).get("name", "")
        yield "secrets", (source.get("secret") or {}).get("name", "")


def read_namespaced(node: str, asked: Attributes, objects: Objects) -> Decision:
    """Secrets and config maps."""
    if asked.verb not in ("get", "list", "watch"):
        return Decision(False, "can only read resources of this type")
    if asked.subresource:
        return Decision(False, "cannot read subresource")
    if not asked.namespace:
        return Decision(False, "can only read namespaced object of this type")
    return related(node, asked, objects)


def get_only(node: str, asked: Attributes, objects: Objects) -> Decision:
    """Claims: one at a time, so that a kubelet cannot list those of other nodes."""
    if asked.verb != "get":
        return Decision(False, "can only get individual resources of this type")
    if asked.subresource:
        return Decision(False, "cannot get subresource")
    return related(node, asked, objects)


def account(node: str, asked: Attributes, objects: Objects) -> Decision:
    """Service accounts of its pods, and tokens for them."""
    if asked.verb == "get" and not asked.subresource:
        return read_namespaced(node, asked, objects)
    if asked.verb != "create" or not asked.name:
        return Decision(False, "can only create tokens for individual service accounts")
    if asked.subresource != "token":
        return Decision(False, "can only create token subresource of serviceaccount")
    return related(node, asked, objects)


def lease(node: str, asked: Attributes, _: Objects) -> Decision:
    """Its own lease; the name of a new one is in the body, which ``node_restriction`` checks."""
    if asked.verb not in ("get", "create", "update", "patch", "delete"):
        return Decision(False, "can only get, create, update, patch, or delete a node lease")
    if asked.namespace != LEASES:
        return Decision(False, f'can only access leases in the "{LEASES}" system namespace')
    if asked.verb != "create" and asked.name != node:
        return Decision(False, "can only access node lease with the same name as the requesting node")
    return ALLOW


def slices(node: str, asked: Attributes, objects: Objects) -> Decision:
    """The slices of its node; many at once only by field selector."""
    if asked.subresource:
        return Decision(False, "cannot authorize ResourceSlice subresources")
    if asked.verb == "create":  # the node is in the body, which node_restriction checks
        return ALLOW
    if asked.verb in ("get", "update", "patch", "delete"):
        return related(node, asked, objects)
    if asked.verb in ("watch", "list", "deletecollection"):
        if ("spec.nodeName", node) in asked.fields:
            return ALLOW
        return Decision(
            False, "can only list/watch/deletecollection resourceslices with nodeName field selector"
        )
    verbs = "get, watch, list, create, update, patch, delete, deletecollection"
    return Decision(False, f"only the following verbs are allowed for a ResourceSlice: {verbs}")


def nodes(node: str, asked: Attributes, _: Objects) -> Decision:
    """Its own node."""
    if asked.subresource == "status":
        return Decision(asked.verb in ("update", "patch"))
    if asked.subresource or asked.verb not in ("create", "update", "patch", "get", "list", "watch"):
        return Decision(False)
    if asked.verb in ("create", "update", "patch") or asked.name == node:
        return ALLOW
    whom = f"read '{asked.name}'" if asked.name else "read all nodes"
    return Decision(False, f"node '{node}' cannot {whom}, only its own Node object")


def pods(node: str, asked: Attributes, objects: Objects) -> Decision:
    """Its pods; it also makes and deletes mirror pods, writes the status of its pods and evicts them."""
    if asked.subresource:
        verbs = {"status": ("update", "patch"), "eviction": ("create",)}.get(asked.subresource, ())
        return Decision(asked.verb in verbs)
    if asked.verb == "get":
        return related(node, asked, objects)
    if asked.verb in ("list", "watch"):
        if ("spec.nodeName", node) in asked.fields:
            return ALLOW
        if asked.name:
            return related(node, asked, objects)
        return Decision(False, "can only list/watch pods with spec.nodeName field selector")
    return Decision(asked.verb in ("create", "delete"))


SPECIAL: Mapping[tuple[str, str], Callable[[str, Attributes, Objects], Decision]] = {
    ("", "secrets"): read_namespaced,
    ("", "configmaps"): read_namespaced,
    ("", "serviceaccounts"): account,
    ("", "nodes"): nodes,
    ("", "pods"): pods,
    ("coordination.k8s.io", "leases"): lease,
    (SLICES, "resourceslices"): slices,
    (SLICES, "resourceclaims"): get_only,
}
