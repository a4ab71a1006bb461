"""Controllers around accounts and roles: tokens in secrets, aggregated ClusterRoles.

What kube-controller-manager's serviceaccount-token and clusterrole-aggregation controllers do (1.36), in one
pass after each change of what concerns them.
"""

import base64

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth import accounts
from kube_emulator.apiserver.auth.rbac import aggregated
from kube_emulator.apiserver.auth.signer import Signer
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.changes import changes_of

WATCHED = ("serviceaccounts", "secrets", "clusterroles")
NAME = "kubernetes.io/service-account.name"
UID = "kubernetes.io/service-account.uid"


async def run_serviceaccount_tokens(api: Api, signer: Signer, authority: bytes) -> None:
    """Run until cancelled; AUTHORITY is the CA certificate that is put into secrets."""
    async for _ in changes_of(api.store, WATCHED):
        for secret in api.values("secrets"):
            fill_secret(api, secret, signer, authority)
        aggregate(api)


def fill_secret(api: Api, secret: JsonObject, signer: Signer, authority: bytes) -> None:
    """A secret for an account gets its token; one without its account goes."""
    metadata, data = secret["metadata"], dict(secret.get("data") or {})
    marks = metadata.get("annotations") or {}
    if secret.get("type") != accounts.SECRET_TYPE or not marks.get(NAME):
        return
    account = api.find("serviceaccounts", marks[NAME], metadata["namespace"])
    if account is None or marks.get(UID, account["metadata"]["uid"]) != account["metadata"]["uid"]:
        api.delete("secrets", metadata["name"], metadata["namespace"])
        return
    wanted = {"ca.crt": authority, "namespace": metadata["namespace"].encode()}
    if not data.get("token"):
        wanted["token"] = signer.sign(accounts.legacy_claims(secret, account)).encode()
    data |= {member: base64.b64encode(value).decode() for member, value in wanted.items()}
    if data != secret.get("data"):
        marks = {**marks, UID: account["metadata"]["uid"]}
        api.update("secrets", {**secret, "data": data, "metadata": {**metadata, "annotations": marks}})


def aggregate(api: Api) -> None:
    """ClusterRoles that gather others show what they gathered."""
    roles = api.values("clusterroles")
    gathered = aggregated(roles)
    for role in roles:
        rules = [rule.document() for rule in gathered[role["metadata"]["name"]]]
        if role.get("aggregationRule") and rules != (role.get("rules") or []):
            api.update("clusterroles", {**role, "rules": rules})
