"""What kubelets may ask for and write; the texts are those of a real kube-apiserver 1.36.3 (Node,RBAC; NodeRestriction)."""

from collections.abc import Mapping
from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth.attributes import NODES, Attributes, Decision, User, equalities
from kube_emulator.apiserver.auth.node_authorizer import decide
from kube_emulator.apiserver.auth.node_restriction import complaint
from kube_emulator.apiserver.auth.write import Write

KUBELET = User(name="system:node:node-0", groups=(NODES,))
DRA = "resource.k8s.io"


class StoredObjects:
    """Objects in a dictionary."""

    def __init__(self, **kinds: list[JsonObject]) -> None:
        self.kinds = kinds

    def values(self, plural: str, namespace: str = "") -> list[JsonObject]:
        items = self.kinds.get(plural, [])
        return [item for item in items if not namespace or item["metadata"]["namespace"] == namespace]

    def find(self, plural: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        return next((i for i in self.values(plural, namespace) if i["metadata"]["name"] == name), None)


def slice_of(node: str) -> JsonObject:
    return {"metadata": {"name": f"slice-{node}"}, "spec": {"nodeName": node}}


def pod(**spec: Any) -> JsonObject:
    return {
        "metadata": {"name": "p", "namespace": "default", "uid": "u"},
        "spec": {"nodeName": "node-0", "containers": [], **spec},
        "status": {},
    }


def ask(
    verb: str, resource: str, *, selector: str = "", objects: StoredObjects | None = None, **more: str
) -> Decision:
    plural, _, subresource = resource.partition("/")
    group = DRA if plural.startswith("resource") else "coordination.k8s.io" if plural == "leases" else ""
    fields = equalities(selector)
    asked = Attributes(
        user=KUBELET,
        verb=verb,
        group=group,
        resource=plural,
        subresource=subresource,
        fields=fields,
        **more,
    )
    found = decide(asked, objects or StoredObjects())
    assert found is not None
    return found


@pytest.mark.parametrize("verb", ["list", "watch", "deletecollection"])
def test_many_slices_are_asked_for_by_node(verb: str) -> None:
    assert ask(verb, "resourceslices", selector="spec.nodeName=node-0").allowed
    assert not ask(verb, "resourceslices", selector="spec.nodeName=node-1").allowed
    assert ask(verb, "resourceslices").reason == (
        "can only list/watch/deletecollection resourceslices with nodeName field selector"
    )


def test_a_slice_of_another_node_is_out_of_reach() -> None:
    objects = StoredObjects(resourceslices=[slice_of("node-0"), slice_of("node-1")])
    assert ask("delete", "resourceslices", name="slice-node-0", objects=objects).allowed
    assert ask("delete", "resourceslices", name="slice-node-1", objects=objects).reason == (
        "no relationship found between node 'node-0' and this object"
    )


def test_a_claim_is_read_once_a_pod_of_the_node_has_it() -> None:
    objects = StoredObjects(pods=[pod(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])])
    assert not ask("get", "resourceclaims", namespace="default", name="p-gpu-x", objects=objects).allowed
    objects.kinds["pods"][0]["status"] = {
        "resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "p-gpu-x"}]
    }
    assert ask("get", "resourceclaims", namespace="default", name="p-gpu-x", objects=objects).allowed
    assert ask("list", "resourceclaims", namespace="default", objects=objects).reason == (
        "can only get individual resources of this type"
    )


def test_secrets_and_config_maps_come_with_pods() -> None:
    source = {"envFrom": [{"secretRef": {"name": "s"}}]}
    objects = StoredObjects(
        pods=[pod(containers=[source], volumes=[{"name": "v", "configMap": {"name": "c"}}])]
    )
    assert ask("get", "secrets", namespace="default", name="s", objects=objects).allowed
    assert ask("watch", "configmaps", namespace="default", name="c", objects=objects).allowed
    assert not ask("get", "secrets", namespace="default", name="c", objects=objects).allowed
    assert ask("list", "configmaps", namespace="default").reason == "No Object name found"


def test_a_kubelet_reads_its_own_node_only() -> None:
    assert ask("get", "nodes", name="node-0").allowed
    assert ask("list", "nodes").reason == "node 'node-0' cannot read all nodes, only its own Node object"
    assert ask("get", "nodes", name="node-1").reason == (
        "node 'node-0' cannot read 'node-1', only its own Node object"
    )


@pytest.mark.parametrize(
    ("verb", "namespace", "name", "reason"),
    [
        ("get", "default", "node-0", 'can only access leases in the "kube-node-lease" system namespace'),
        (
            "get",
            "kube-node-lease",
            "x",
            "can only access node lease with the same name as the requesting node",
        ),
        ("list", "kube-node-lease", "", "can only get, create, update, patch, or delete a node lease"),
        ("update", "kube-node-lease", "node-0", ""),
    ],
)
def test_a_kubelet_has_one_lease(verb: str, namespace: str, name: str, reason: str) -> None:
    decision = ask(verb, "leases", namespace=namespace, name=name)
    assert (decision.allowed, decision.reason) == (not reason, reason)


def test_pods_are_listed_by_node() -> None:
    assert ask("list", "pods").reason == "can only list/watch pods with spec.nodeName field selector"
    assert ask("list", "pods", selector="spec.nodeName=node-0").allowed
    assert ask("patch", "pods/status", namespace="default", name="p").allowed


def test_others_are_none_of_the_node_authorizers_business() -> None:
    assert decide(Attributes(user=User(name="jane"), verb="get", resource="nodes"), StoredObjects()) is None


def complaint_of(operation: str, resource: str, *, objects: StoredObjects | None = None, **more: Any) -> str:
    plural, _, subresource = resource.partition("/")
    group = DRA if plural.startswith("resource") else "coordination.k8s.io" if plural == "leases" else ""
    write = Write(
        operation=operation, group=group, plural=plural, subresource=subresource, **{"name": "node-0", **more}
    )
    return complaint("node-0", write, (objects or StoredObjects()).find)


def test_a_kubelet_publishes_slices_of_its_own_node() -> None:
    assert complaint_of("CREATE", "resourceslices", new=slice_of("node-0")) == ""
    assert complaint_of("CREATE", "resourceslices", new=slice_of("node-1")) == (
        "can only create ResourceSlice with the same NodeName as the requesting node"
    )
    assert complaint_of("DELETE", "resourceslices", old={"metadata": {}, "spec": {"allNodes": True}}) == (
        "can only delete ResourceSlice with the same NodeName as the requesting node"
    )


def test_a_kubelet_does_not_say_which_claims_a_pod_has() -> None:
    new = pod() | {"status": {"resourceClaimStatuses": [{"name": "a"}]}}
    assert complaint_of("UPDATE", "pods/status", old=pod(), new=new) == (
        'node "node-0" cannot update resource claim statues'
    )
    assert complaint_of("UPDATE", "pods/status", old=pod(nodeName="node-1"), new=new) == (
        'node "node-0" can only update pod status for pods with spec.nodeName set to itself'
    )


def test_a_kubelet_makes_mirror_pods_only() -> None:
    assert complaint_of("CREATE", "pods", new=pod()) == (
        'pod does not have "kubernetes.io/config.mirror" annotation, node "node-0" can only create mirror pods'
    )


def node(**spec: Any) -> JsonObject:
    return {"metadata": {"name": "node-0"}, "spec": spec}


def test_a_kubelet_touches_neither_taints_nor_the_labels_of_others() -> None:
    assert complaint_of("UPDATE", "nodes", old=node(), new=node(taints=[{"key": "a"}])) == (
        'node "node-0" is not allowed to modify taints'
    )
    labels = {
        "x.kubernetes.io/a": "b",
        "node-restriction.kubernetes.io/z": "1",
        "kubernetes.io/os": "linux",
        "me": "",
    }
    new = {"metadata": {"name": "node-0", "labels": labels}, "spec": {}}
    assert complaint_of("UPDATE", "nodes", old=node(), new=new) == (
        "is not allowed to modify labels: node-restriction.kubernetes.io/z, x.kubernetes.io/a"
    )
    assert complaint_of("UPDATE", "nodes", name="node-1", old=node(), new=node()) == (
        'node "node-0" is not allowed to modify node "node-1"'
    )


def test_a_kubelet_asks_for_tokens_of_its_pods() -> None:
    objects = StoredObjects(pods=[pod()])

    def token(**reference: str) -> str:
        new = {"spec": {"boundObjectRef": reference}}
        return complaint_of("CREATE", "serviceaccounts/token", namespace="default", new=new, objects=objects)

    assert token() == "node requested token not bound to a pod"
    assert token(apiVersion="v1", kind="Pod", name="p") == (
        "node requested token with a pod binding without a uid"
    )
    assert token(apiVersion="v1", kind="Pod", name="p", uid="u") == ""
