"""The Service ``default/kubernetes`` and its Endpoints, by which clients inside a cluster find the API server.

kube-apiserver itself keeps both (pkg/controlplane/controller/kubernetesservice and pkg/controlplane/reconcilers, 1.37), with or
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
    """Keep both until cancelled; SERVER is the address of the API server."""
    async for _ in changes_of(api.store, ("services", "endpoints")):
        keep_kubernetes_service(api, server)


def keep_kubernetes_service(api: Api, server: tuple[str, int]) -> None:
    """Create what is missing, and put right where the Endpoints lead."""
    if api.find("services", NAME, NAMESPACE) is None:
        api.create("services", service(server[1]))
    found, wanted = api.find("endpoints", NAME, NAMESPACE), endpoints(server)
    if found is None:
        api.create("endpoints", wanted)
    elif found.get("subsets") != wanted["subsets"]:
        api.update("endpoints", {**found, "subsets": wanted["subsets"]})


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
