"""Tokens of service accounts, as a real kube-apiserver 1.36.3 makes and refuses them."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth import accounts
from kube_emulator.apiserver.auth.attributes import EXTRA
from kube_emulator.apiserver.auth.authenticator import Certificate
from kube_emulator.apiserver.auth.security import Security
from kube_emulator.apiserver.auth.signer import BadTokenError, Signer
from kube_emulator.apiserver.status import ApiError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

NOON = 1_795_565_855.0


class StoredObjects:
    """A few objects and a time."""

    def __init__(self) -> None:
        self.time = NOON
        self.items: dict[tuple[str, str, str], JsonObject] = {}
        self.put("serviceaccounts", "sa", "default")
        self.put("nodes", "node-0")
        self.put("pods", "p", "default", spec={"serviceAccountName": "sa", "nodeName": "node-0"})

    def put(self, plural: str, name: str, namespace: str = "", **members: Any) -> JsonObject:
        metadata = {"name": name, "namespace": namespace, "uid": f"{name}-{len(self.items)}"}
        self.items[plural, name, namespace] = {"metadata": metadata, **members}
        return self.items[plural, name, namespace]

    def find(self, plural: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        return self.items.get((plural, name, namespace))

    def values(self, plural: str, namespace: str = "") -> list[JsonObject]:
        return [item for key, item in self.items.items() if key[0] == plural and namespace in ("", key[2])]


@pytest.fixture
def objects() -> StoredObjects:
    return StoredObjects()


@pytest.fixture
def security(objects: StoredObjects) -> Security:
    return Security(
        objects,
        lambda: False,
        gates=gates_of(V1_36),
        enforced=True,
        now=lambda: objects.time,
        nodes=["node-0"],
    )


POD = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
NODE = {"apiVersion": "v1", "kind": "Node", "name": "node-0"}


def said(token: str) -> JsonObject:
    body = token.split(".")[1]
    claims: JsonObject = json.loads(base64.urlsafe_b64decode(body + "=="))
    return claims


def refusal(security: Security, token: str) -> str:
    with pytest.raises(BadTokenError) as caught:
        security.authenticator.token_user(token)
    return str(caught.value)


def test_a_token_has_the_claims_of_upstreams_tokens(security: Security) -> None:
    claims = said(security.account_token("default", "sa", bound=POD))
    assert sorted(claims) == ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]
    assert claims["sub"] == "system:serviceaccount:default:sa"
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "sa", "uid": "sa-0"},
        "node": {"name": "node-0", "uid": "node-0-1"},
        "pod": {"name": "p", "uid": "p-2"},
    }


def test_its_user_has_groups_and_names_pod_and_node(security: Security) -> None:
    user = security.authenticator.token_user(security.account_token("default", "sa", bound=POD))
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
    extra = {name.removeprefix(EXTRA): value for name, (value,) in user.extra}
    assert extra.pop("credential-id").startswith("JTI=")
    assert extra == {"node-name": "node-0", "node-uid": "node-0-1", "pod-name": "p", "pod-uid": "p-2"}


def test_a_token_bound_to_a_node_names_it(security: Security, objects: StoredObjects) -> None:
    token = security.account_token("default", "sa", bound=NODE)
    assert security.authenticator.token_user(token).values(f"{EXTRA}node-name") == ("node-0",)
    del objects.items["nodes", "node-0", ""]
    assert "service account token has been invalidated" in refusal(security, token)


def test_a_token_ends_with_its_time_and_a_minute(security: Security, objects: StoredObjects) -> None:
    token = security.reviews.issue("default", "sa", {"spec": {"expirationSeconds": 600}})["status"]["token"]
    objects.time += 659
    security.authenticator.token_user(token)
    objects.time += 2
    assert refusal(security, token) == "[invalid bearer token, service account token has expired]"


def test_a_token_ends_with_its_pod(security: Security, objects: StoredObjects) -> None:
    token = security.account_token("default", "sa", bound=POD)
    objects.put("pods", "p", "default", spec={})["metadata"]["uid"] = "new"
    assert "pod UID (new) does not match service account pod ref claim (p-2)" in refusal(security, token)
    del objects.items["pods", "p", "default"]
    assert "service account token has been invalidated" in refusal(security, token)


def test_a_token_ends_with_its_account(security: Security, objects: StoredObjects) -> None:
    token = security.account_token("default", "sa")
    objects.items["serviceaccounts", "sa", "default"]["metadata"]["deletionTimestamp"] = (
        "2020-01-01T00:00:00Z"
    )
    assert "service account default/sa has been deleted" in refusal(security, token)
    del objects.items["serviceaccounts", "sa", "default"]
    assert 'serviceaccounts "sa" not found' in refusal(security, token)


def test_a_token_of_another_audience_is_refused(security: Security) -> None:
    token = security.reviews.issue("default", "sa", {"spec": {"audiences": ["vault"]}})["status"]["token"]
    assert refusal(security, token) == (
        '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences'
        ' ["https://kubernetes.default.svc.cluster.local"]]'
    )
    assert security.authenticator.token_user(token, ["vault"]).account == ("default", "sa")


@pytest.mark.parametrize("spoil", ["head", "body", "tail", "none"])
def test_a_forged_token_is_refused(security: Security, spoil: str) -> None:
    head, body, tail = security.account_token("default", "sa").split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    forged = {
        "head": (Signer().sign({}).split(".")[0], body, tail),
        "body": (head, Signer().sign({"iss": accounts.ISSUER}).split(".")[1], tail),
        "tail": (head, body, Signer().sign({}).split(".")[2]),
        "none": (unsigned, body, ""),
    }[spoil]
    assert refusal(security, ".".join(forged)) == "invalid bearer token"


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        (
            {"expirationSeconds": 10},
            422,
            "Invalid value: 10: may not specify a duration less than 10 minutes",
        ),
        ({"boundObjectRef": POD | {"name": "no"}}, 404, 'pods "no" not found'),
        (
            {"boundObjectRef": POD | {"uid": "zz"}},
            409,
            'cannot be fulfilled on Pod "p": the UID in the bound',
        ),
        (
            {"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}},
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
    ],
)
def test_a_wrong_request_for_a_token_is_refused(
    security: Security, spec: JsonObject, code: int, message: str
) -> None:
    with pytest.raises(ApiError, match=re.escape(message)) as caught:
        security.reviews.issue("default", "sa", {"spec": spec})
    assert caught.value.code == code


def test_a_pod_of_another_account_binds_nothing(security: Security, objects: StoredObjects) -> None:
    objects.put("serviceaccounts", "other", "default")
    with pytest.raises(ApiError, match='"other" to pod running with different serviceaccount name'):
        security.account_token("default", "other", bound=POD)


def test_the_token_of_a_secret_ends_with_the_secret(security: Security, objects: StoredObjects) -> None:
    secret = objects.put("secrets", "s", "default")
    account = objects.items["serviceaccounts", "sa", "default"]
    token = security.signer.sign(accounts.legacy_claims(secret, account))
    assert "Token does not match server's copy" in refusal(security, token)
    secret["data"] = {"token": base64.b64encode(token.encode()).decode()}
    assert security.authenticator.token_user(token).account == ("default", "sa")
    del objects.items["secrets", "s", "default"]
    assert "Token has been invalidated" in refusal(security, token)


def test_nothing_secret_shows(security: Security) -> None:
    token = security.token("admin")
    shown = repr([security, security.authenticator, security.signer, security.clients, vars(security).keys()])
    assert token not in shown
    with pytest.raises(ApiError, match="Unauthorized") as caught:
        security.authenticator.authenticate(f"Bearer {token}x", None)
    assert token not in str(caught.value.body())


def test_a_certificate_names_user_and_groups(security: Security) -> None:
    subject = ((("organizationName", "a"),), (("organizationName", "b"),), (("commonName", "jane"),))
    user = security.authenticator.authenticate("", Certificate(subject, b"der"))
    assert (user.name, user.groups) == ("jane", ("a", "b", "system:authenticated"))
    assert user.values(f"{EXTRA}credential-id")[0].startswith("X509SHA256=5050")


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer "])
def test_a_request_without_credentials_is_anonymous(security: Security, header: str) -> None:
    assert security.authenticator.authenticate(header, None).name == "system:anonymous"
