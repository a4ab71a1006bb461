"""Webhooks over HTTPS, found by their Service; what an answer may be. Texts are those of kube-apiserver 1.37.2."""

import base64
from typing import Any

import pytest
from http_client import CONFIGS, Caller

from dra_clusters.checks.webhook_server import WebhookServer
from kube_emulator.apiserver.admission.services import ServiceError, Services
from kube_emulator.apiserver.admission.webhook_client import verdict

HEAD = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
SERVICE: dict[str, Any] = {
    "spec": {"ports": [{"port": 443, "targetPort": "hook"}], "selector": {"app": "hook"}}
}
POD = {
    "metadata": {"labels": {"app": "hook"}},
    "spec": {"containers": [{"ports": [{"name": "hook", "containerPort": 9443}]}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


class Objects:
    """Objects of namespace ``ns``, by plural."""

    def __init__(self, **plurals: Any) -> None:
        self._plurals = plurals

    def find(self, plural: str, _name: str, _namespace: str = "") -> Any:
        return self._plurals.get(plural)

    def values(self, plural: str, _namespace: str = "") -> list[dict[str, Any]]:
        return list(self._plurals.get(plural, ()))


def review(**response: Any) -> Any:
    return {**HEAD, "response": {"uid": "u", "allowed": True, **response}}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "webhook response was absent"),
        (HEAD, "webhook response was absent"),
        (review(uid="other"), 'expected response.uid="u", got "other"'),
        ({**review(), "kind": "X"}, "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview"),
        (review(patch="W10="), "webhook returned response.patch but not response.patchType"),
        (review(patchType="JSONPatch"), "webhook returned response.patchType but not response.patch"),
        (review(patchType="JSONPatch", patch="e30="), "received undecodable patch in webhook response"),
        (review(patchType="Merge", patch="W10="), 'unsupported patch type "Merge"'),
    ],
)
def test_an_answer_that_is_none_is_refused(answer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        verdict(answer, HEAD, "u", mutating=True)


def test_a_validating_webhook_may_not_patch() -> None:
    patch = base64.b64encode(b"[]").decode()
    with pytest.raises(ValueError, match=r"validating webhook may not return response\.patch"):
        verdict(review(patch=patch, patchType="JSONPatch"), HEAD, "u", mutating=False)


def test_a_service_is_the_loopback_of_a_ready_pod() -> None:
    assert Services(Objects(services=SERVICE, pods=[POD])).address("ns", "hook", 443) == "127.0.0.1:9443"
    waiting = {**POD, "status": {}}
    with pytest.raises(ServiceError, match='no endpoints available for service "hook"'):
        Services(Objects(services=SERVICE, pods=[waiting])).address("ns", "hook", 443)


def test_endpoints_and_an_external_name_lead_elsewhere() -> None:
    subset = {"addresses": [{"ip": "::1"}], "ports": [{"port": 8443}]}
    found = Services(Objects(services=SERVICE, endpoints={"subsets": [subset]}))
    assert found.address("ns", "hook", 443) == "[::1]:8443"
    external = {"spec": {"type": "ExternalName", "externalName": "hook.example.com"}}
    assert Services(Objects(services=external)).address("ns", "hook", 443) == "hook.example.com:443"


def test_a_service_without_that_port_leads_nowhere() -> None:
    with pytest.raises(ServiceError, match='no service port 80 found for service "hook"'):
        Services(Objects(services=SERVICE)).address("ns", "hook", 80)


@pytest.mark.slow
def test_a_webhook_beside_the_cluster_is_reached_by_endpoints(call: Caller) -> None:
    with WebhookServer(lambda request: {"allowed": request["name"] != "bad"}) as server:
        ports = [{"port": 443}]
        space = "/api/v1/namespaces/default"
        assert (
            call(
                "POST", f"{space}/services", {"metadata": {"name": "localhost"}, "spec": {"ports": ports}}
            ).code
            == 201
        )
        subset = {"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": server.port}]}
        assert (
            call("POST", f"{space}/endpoints", {"metadata": {"name": "localhost"}, "subsets": [subset]}).code
            == 201
        )
        rule = {
            "operations": ["CREATE"],
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["configmaps"],
        }
        hook = {
            "name": "a.hooks.example.com",
            "rules": [rule],
            "clientConfig": {
                "service": {"name": "localhost", "namespace": "default"},
                "caBundle": server.bundle,
            },
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
        }
        assert call("POST", CONFIGURATIONS, {"metadata": {"name": "a"}, "webhooks": [hook]}).code == 201
        answer = call("POST", CONFIGS, {"metadata": {"name": "bad"}})
        assert call("DELETE", f"{CONFIGURATIONS}/a").code == 200
    # the certificate is for 127.0.0.1, not for the name of the Service: it must not be trusted
    assert answer.code == 500
    assert "tls: failed to verify certificate" in answer.body["message"]
    assert server.requests == []
