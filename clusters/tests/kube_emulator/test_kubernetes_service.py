"""The Service, the Endpoints and the EndpointSlice of the API server. Expected values are those of kube-apiserver 1.37.2."""

import time

import pytest
from http_client import Caller

from kube_emulator import Cluster

pytestmark = pytest.mark.slow
SERVICE = "/api/v1/namespaces/default/services/kubernetes"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ENDPOINTS = "/api/v1/namespaces/default/endpoints/kubernetes"


def place(call: Caller) -> tuple[str, int]:
    """Where the Endpoints lead."""
    (subset,) = call("GET", ENDPOINTS).body["subsets"]
    (address,), (port,) = subset["addresses"], subset["ports"]
    return address["ip"], port["port"]


def test_the_service_of_the_api_server_has_a_cluster_ip(call: Caller) -> None:
    body = call("GET", SERVICE).body
    assert body["spec"]["clusterIPs"] == [body["spec"]["clusterIP"]] == ["10.0.0.1"]
    assert body["status"] == {"loadBalancer": {}}


def test_its_endpoints_lead_to_the_api_server(call: Caller, api_cluster: Cluster) -> None:
    host, port = place(call)
    assert api_cluster.url == f"https://{host}:{port}"


def test_its_endpoint_slice_leads_to_the_api_server(call: Caller) -> None:
    (found,) = call("GET", f"{SLICES}?labelSelector=kubernetes.io/service-name=kubernetes").body["items"]
    (endpoint,), (port,) = found["endpoints"], found["ports"]
    assert (endpoint["addresses"], port["port"]) == ([place(call)[0]], place(call)[1])


@pytest.mark.parametrize("path", [SERVICE, ENDPOINTS, f"{SLICES}/kubernetes"])
def test_they_come_back_when_they_are_deleted(call: Caller, path: str) -> None:
    before = call("GET", path).body["metadata"]["uid"]
    call("DELETE", path)
    deadline = time.monotonic() + 10
    while (found := call("GET", path)).code == 404:
        assert time.monotonic() < deadline, f"{path} did not come back"
    assert found.body["metadata"]["uid"] != before


def test_endpoints_that_lead_elsewhere_are_put_right(call: Caller) -> None:
    before = place(call)
    found = call("GET", ENDPOINTS).body
    subsets = [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 1}]}]
    call("PUT", ENDPOINTS, {**found, "subsets": subsets})
    deadline = time.monotonic() + 10
    while place(call) != before:
        assert time.monotonic() < deadline, "the endpoints lead elsewhere"
