"""The Service ``default/kubernetes``, its Endpoints and EndpointSlice, by which clients inside a cluster find the API server.

kube-apiserver itself keeps them (pkg/controlplane/controller/kubernetesservice and pkg/controlplane/reconcilers, 1.37), with or
without controllers. Upstream looks every 10 s whether they are there; here they come back with the change that removed them.
"""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.changes import changes_of

NAME, NAMESPACE = "kubernetes", "default"
CLUSTER_IP = "10.0.0.1"
"""The first address of kube-apiserver's default ``--service-cluster-ip-range``."""
MIRROR = "endpointslice.kubernetes.io/skip-mirror"


async def run_kubernetes_service(api: Api, server: tuple[str, int]) -> None:
    """Keep them until cancelled; SERVER is the address of the API server."""
    async for _ in changes_of(api.store, ("services", "endpoints", "endpointslices")):
        keep_kubernetes_service(api, server)


def keep_kubernetes_service(api: Api, server: tuple[str, int]) -> None:
    """Create what is missing, and put right where the endpoints lead."""
    if api.find("services", NAME, NAMESPACE) is None:
        api.create("services", service(server[1]))
    found, wanted = api.find("endpoints", NAME, NAMESPACE), endpoints(server)
    if found is None:
        api.create("endpoints", wanted)
    elif found.get("subsets") != wanted["subsets"]:
        api.update("endpoints", {**found, "subsets": wanted["subsets"]})
    found, wanted = api.find("endpointslices", NAME, NAMESPACE), endpoint_slice(server)
    if found is None:
        api.create("endpointslices", wanted)
    elif any(found.get(member) != wanted[member] for member in ("endpoints", "ports")):
        api.update("endpointslices", {**found, "endpoints": wanted["endpoints"], "ports": wanted["ports"]})


def service(port: int) -> JsonObject:
    """The Service; PORT is where the API server listens."""
    ports = [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": port}]
    labels = {"component": "apiserver", "provider": "kubernetes"}
    return {
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {"ports": ports, "clusterIP": CLUSTER_IP, "clusterIPs": [CLUSTER_IP], "type": "ClusterIP"},
    }


def endpoints(server: tuple[str, int]) -> JsonObject:
    """The Endpoints, which lead to SERVER."""
    ports = [{"name": "https", "port": server[1], "protocol": "TCP"}]
    return {
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {MIRROR: "true"}},
        "subsets": [{"addresses": [{"ip": server[0]}], "ports": ports}],
    }


def endpoint_slice(server: tuple[str, int]) -> JsonObject:
    """The same as an EndpointSlice."""
    labels = {"kubernetes.io/service-name": NAME}
    return {
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [server[0]], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": server[1], "protocol": "TCP"}],
    }
