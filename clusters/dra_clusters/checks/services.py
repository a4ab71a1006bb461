"""Services: addresses and status (API docs: Service)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext

SERVICE = UPSTREAM + "pkg/registry/core/service "


def service(kind: str, **spec: Any) -> JsonObject:
    """A Service of a type."""
    external = {"externalName": "x.example.com"} if kind == "ExternalName" else {}
    return {"metadata": {"name": "s"}, "spec": {"type": kind, "ports": [{"port": 80}], **external, **spec}}


@behaviour(
    "services/cluster-ip-follows-the-type", SERVICE + "storage/alloc.go, strategy.go dropTypeDependentFields"
)
def cluster_ip(context: CheckContext) -> None:
    """A Service that becomes a ClusterIP gets an address, a NodePort also a port; what becomes ExternalName loses both."""
    found = context.create("services", service("ExternalName"))
    same(
        [name for name in ("clusterIP", "clusterIPs") if name in found["spec"]],
        [],
        "addresses of an ExternalName",
    )
    change = {"spec": {"type": "ClusterIP", "externalName": None}}
    spec = context.patch("merge", "services", "s", change).expect(200)["spec"]
    holds(spec.get("clusterIP"), "an address", spec)
    same(spec["clusterIPs"], [spec["clusterIP"]], "clusterIPs")
    kept = context.patch("merge", "services", "s", {"spec": {"type": "NodePort"}}).expect(200)["spec"]
    same(kept["clusterIP"], spec["clusterIP"], "the address")
    holds(kept["ports"][0].get("nodePort"), "a node port", kept)
    back = context.patch("merge", "services", "s", {"spec": {"type": "ClusterIP"}}).expect(200)["spec"]
    same(back["ports"][0].get("nodePort"), None, "nodePort of a ClusterIP")
    last = {"spec": {"type": "ExternalName", "externalName": "x.example.com"}}
    spec = context.patch("merge", "services", "s", last).expect(200)["spec"]
    same([name for name in ("clusterIP", "clusterIPs", "ipFamilies") if name in spec], [], "addresses")


@behaviour("services/addresses-differ", SERVICE + "storage/alloc.go")
def addresses_differ(context: CheckContext) -> None:
    """Two Services have two addresses, and one that is taken is 422."""
    first = context.create("services", service("ClusterIP"))["spec"]["clusterIP"]
    other = service("ClusterIP")
    other["metadata"]["name"] = "t"
    holds(context.create("services", other)["spec"]["clusterIP"] != first, "another address", first)
    other = service("ClusterIP", clusterIP=first)
    other["metadata"]["name"] = "u"
    context.post("services", other).invalid(("FieldValueInvalid", "spec.clusterIPs"))


@behaviour(
    "services/cluster-ip-is-immutable",
    UPSTREAM
    + "pkg/apis/core/validation/validation.go validateServiceClusterIPsRelatedFields, ValidateServiceClusterIPsRelatedFields",
)
def immutable(context: CheckContext) -> None:
    """The address of a Service that keeps its type cannot be changed."""
    context.create("services", service("ClusterIP"))
    answer = context.patch("merge", "services", "s", {"spec": {"clusterIP": "None", "clusterIPs": ["None"]}})
    answer.refuse(422, "Invalid", "spec.clusterIPs[0]: Invalid value", "may not change once set")


@behaviour(
    "services/load-balancer-status",
    SERVICE + "strategy.go, pkg/apis/core/validation/validation.go ValidateLoadBalancerStatus",
)
def load_balancer_status(context: CheckContext) -> None:
    """The status of a LoadBalancer takes an ingress, with annotations and conditions; that of a ClusterIP refuses one."""
    context.create("services", service("LoadBalancer"))
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
    change = {
        "metadata": {"annotations": {"patched": "true"}},
        "status": ingress,
        "spec": {"sessionAffinity": "ClientIP"},
    }
    body = context.patch("merge", "services", "s", change, "status").expect(200)
    found = body["status"]["loadBalancer"]["ingress"]
    same(found, [{"ip": "203.0.113.1", "ipMode": "VIP"}], "ingress")
    kept = body["metadata"]["annotations"], body["spec"]["sessionAffinity"]
    same(kept, ({"patched": "true"}, "None"), "annotations, and spec")
    context.patch(
        "merge", "services", "s", {"status": {"loadBalancer": {"ingress": [{"ip": "nope"}]}}}, "status"
    ).invalid(("FieldValueInvalid", "status.loadBalancer.ingress[0].ip"))
    plain = service("ClusterIP")
    plain["metadata"]["name"] = "t"
    context.create("services", plain)
    context.patch("merge", "services", "t", {"status": ingress}, "status").invalid(
        ("FieldValueForbidden", "status.loadBalancer.ingress")
    )


@behaviour(
    "services/load-balancer-status-goes-with-the-type", SERVICE + "strategy.go dropTypeDependentFields"
)
def status_goes(context: CheckContext) -> None:
    """A LoadBalancer that becomes a ClusterIP loses its ingress."""
    context.create("services", service("LoadBalancer"))
    ingress = {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}
    context.patch("merge", "services", "s", {"status": ingress}, "status").expect(200)
    body = context.patch("merge", "services", "s", {"spec": {"type": "ClusterIP"}}).expect(200)
    same(body["status"], {"loadBalancer": {}}, "status")
