"""Authentication: tokens of service accounts, anonymous, impersonation (authentication API docs; KEP 1205)."""

from typing import Any

from dra_clusters.checks.access import AUTHENTICATION, ENFORCED, as_user
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import sample


def token_of(context: CheckContext, **spec: Any) -> Any:
    """A token of a service account of the own namespace."""
    context.post("serviceaccounts", {"metadata": {"name": "robot"}})
    path = context.path("serviceaccounts", "robot", "token")
    return context.client.send("POST", path, {"spec": spec}).expect(201)


@behaviour("access/no-token-is-anonymous", "authentication docs: anonymous requests", needs=ENFORCED)
def anonymous(context: CheckContext) -> None:
    """Without credentials the user is system:anonymous, who is allowed to read health and version but no secrets."""
    nothing = {"Authorization": ""}
    same(context.client.send("GET", "/readyz", headers=nothing).code, 200, "code of /readyz")
    context.client.send("GET", "/api/v1/secrets", headers=nothing).refuse(
        403, "Forbidden", 'secrets is forbidden: User "system:anonymous" cannot list resource "secrets"'
    )


@behaviour("access/bad-token-is-401", "authentication docs")
def bad_token(context: CheckContext) -> None:
    """An unknown token is 401 Unauthorized."""
    answer = context.client.send("GET", "/api/v1/namespaces", headers={"Authorization": "Bearer nobody"})
    answer.refuse(401, "Unauthorized", "Unauthorized")


@behaviour("access/who-am-i", "KEP 3325")
def who_am_i(context: CheckContext) -> None:
    """SelfSubjectReview returns the caller; an impersonated user is that user."""
    answer = as_user(context, "POST", f"{AUTHENTICATION}/selfsubjectreviews", {})
    info = answer.expect(201)["status"]["userInfo"]
    same((info["username"], "system:authenticated" in info["groups"]), ("jane", True), "user")


@behaviour("access/impersonation-needs-a-right", "authentication docs: user impersonation", needs=ENFORCED)
def impersonation(context: CheckContext) -> None:
    """A user without the right to impersonate is refused."""
    token = token_of(context)["status"]["token"]
    headers = {"Authorization": f"Bearer {token}", "Impersonate-User": "jane"}
    context.client.send("GET", "/api/v1/nodes", headers=headers).refuse(
        403, "Forbidden", "cannot impersonate"
    )


@behaviour("access/token-request", "KEP 1205")
def token_request(context: CheckContext) -> None:
    """A service account's token is given on request and names its user and groups."""
    body = token_of(context)
    same(body["kind"], "TokenRequest", "kind")
    headers = {"Authorization": f"Bearer {body['status']['token']}"}
    answer = context.client.send("POST", f"{AUTHENTICATION}/selfsubjectreviews", {}, headers=headers)
    info = answer.expect(201)["status"]["userInfo"]
    same(info["username"], f"system:serviceaccount:{context.namespace}:robot", "username")
    wanted = {"system:serviceaccounts", f"system:serviceaccounts:{context.namespace}", "system:authenticated"}
    same(set(info["groups"]), wanted, "groups")


@behaviour("access/token-review", "KEP 1205")
def token_review(context: CheckContext) -> None:
    """TokenReview returns the user of a token, and not authenticated for a wrong one."""
    token = token_of(context)["status"]["token"]
    path = f"{AUTHENTICATION}/tokenreviews"
    found = [
        context.client.send("POST", path, {"spec": {"token": each}})
        .expect(201)["status"]
        .get("authenticated", False)
        for each in (token, "nobody's")
    ]
    same(found, [True, False], "authenticated")


@behaviour("access/token-dies-with-its-account", "KEP 1205")
def token_dies(context: CheckContext) -> None:
    """A token is no longer valid when its service account is gone (a real server remembers it for ten seconds)."""
    headers = {"Authorization": f"Bearer {token_of(context)['status']['token']}"}
    path = f"{AUTHENTICATION}/selfsubjectreviews"
    context.client.send("POST", path, {}, headers=headers).expect(201)
    context.delete("serviceaccounts", "robot").expect(200)
    eventually(
        lambda: context.client.send("POST", path, {}, headers=headers).code == 401, "401 for the token", 20
    )


@behaviour("access/token-of-a-pod-knows-its-node", "KEP 4193")
def token_of_a_pod(context: CheckContext) -> None:
    """A token bound to a pod on a node carries the node's name, which drivers' policies look at."""
    node = context.create("nodes", {"metadata": {"name": context.name()}})["metadata"]["name"]
    context.post("serviceaccounts", {"metadata": {"name": "robot"}})
    change = {"spec.serviceAccountName": "robot", "spec.nodeName": node}
    pod = context.create("pods", sample(context, "pods", change))
    context.defer(context.delete, "pods", pod["metadata"]["name"], {"gracePeriodSeconds": 0})
    reference = {
        "kind": "Pod",
        "apiVersion": "v1",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    headers = {"Authorization": f"Bearer {token_of(context, boundObjectRef=reference)['status']['token']}"}
    answer = context.client.send("POST", f"{AUTHENTICATION}/selfsubjectreviews", {}, headers=headers)
    extra = answer.expect(201)["status"]["userInfo"].get("extra", {})
    same(extra.get("authentication.kubernetes.io/node-name"), [node], f"node name in {extra}")


@behaviour("access/token-too-short", UPSTREAM + "pkg/apis/authentication/validation")
def token_too_short(context: CheckContext) -> None:
    """A token lives for at least ten minutes."""
    context.post("serviceaccounts", {"metadata": {"name": "robot"}})
    path = context.path("serviceaccounts", "robot", "token")
    answer = context.client.send("POST", path, {"spec": {"expirationSeconds": 60}})
    answer.invalid(("FieldValueInvalid", "spec.expirationSeconds"))
