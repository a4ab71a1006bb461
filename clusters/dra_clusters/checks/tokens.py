"""Who one is: tokens of service accounts, anonymous, impersonation (authentication API docs; KEP 1205)."""

from typing import Any

from dra_clusters.checks.access import AUTHENTICATION, ENFORCED, as_user
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.refusals import sample
from dra_clusters.checks.world import World


def token_of(world: World, **spec: Any) -> Any:
    """A token of a service account of the own namespace."""
    world.post("serviceaccounts", {"metadata": {"name": "robot"}})
    path = world.path("serviceaccounts", "robot", "token")
    return world.client.send("POST", path, {"spec": spec}).expect(201)


@behaviour("access/no-token-is-anonymous", "authentication docs: anonymous requests", needs=ENFORCED)
def anonymous(world: World) -> None:
    """Without credentials one is system:anonymous, who may read health and version but no secrets."""
    nothing = {"Authorization": ""}
    same(world.client.send("GET", "/readyz", headers=nothing).code, 200, "code of /readyz")
    world.client.send("GET", "/api/v1/secrets", headers=nothing).refuse(
        403, "Forbidden", 'secrets is forbidden: User "system:anonymous" cannot list resource "secrets"'
    )


@behaviour("access/bad-token-is-401", "authentication docs")
def bad_token(world: World) -> None:
    """A token that nobody knows is 401 Unauthorized."""
    answer = world.client.send("GET", "/api/v1/namespaces", headers={"Authorization": "Bearer nobody"})
    answer.refuse(401, "Unauthorized", "Unauthorized")


@behaviour("access/who-am-i", "KEP 3325")
def who_am_i(world: World) -> None:
    """SelfSubjectReview tells who one is; an impersonated user is that user."""
    answer = as_user(world, "POST", f"{AUTHENTICATION}/selfsubjectreviews", {})
    info = answer.expect(201)["status"]["userInfo"]
    same((info["username"], "system:authenticated" in info["groups"]), ("jane", True), "user")


@behaviour("access/impersonation-needs-a-right", "authentication docs: user impersonation", needs=ENFORCED)
def impersonation(world: World) -> None:
    """Who has no right to impersonate cannot."""
    token = token_of(world)["status"]["token"]
    headers = {"Authorization": f"Bearer {token}", "Impersonate-User": "jane"}
    world.client.send("GET", "/api/v1/nodes", headers=headers).refuse(403, "Forbidden", "cannot impersonate")


@behaviour("access/token-request", "KEP 1205")
def token_request(world: World) -> None:
    """A service account's token is given on request and names its user and groups."""
    body = token_of(world)
    same(body["kind"], "TokenRequest", "kind")
    headers = {"Authorization": f"Bearer {body['status']['token']}"}
    answer = world.client.send("POST", f"{AUTHENTICATION}/selfsubjectreviews", {}, headers=headers)
    info = answer.expect(201)["status"]["userInfo"]
    same(info["username"], f"system:serviceaccount:{world.namespace}:robot", "username")
    wanted = {"system:serviceaccounts", f"system:serviceaccounts:{world.namespace}", "system:authenticated"}
    same(set(info["groups"]), wanted, "groups")


@behaviour("access/token-review", "KEP 1205")
def token_review(world: World) -> None:
    """TokenReview tells whose a token is, and that a wrong one is nobody's."""
    token = token_of(world)["status"]["token"]
    path = f"{AUTHENTICATION}/tokenreviews"
    found = [
        world.client.send("POST", path, {"spec": {"token": each}})
        .expect(201)["status"]
        .get("authenticated", False)
        for each in (token, "nobody's")
    ]
    same(found, [True, False], "authenticated")


@behaviour("access/token-dies-with-its-account", "KEP 1205")
def token_dies(world: World) -> None:
    """A token is no longer good when its service account is gone (a real server remembers it for ten seconds)."""
    headers = {"Authorization": f"Bearer {token_of(world)['status']['token']}"}
    path = f"{AUTHENTICATION}/selfsubjectreviews"
    world.client.send("POST", path, {}, headers=headers).expect(201)
    world.delete("serviceaccounts", "robot").expect(200)
    eventually(
        lambda: world.client.send("POST", path, {}, headers=headers).code == 401, "401 for the token", 20
    )


@behaviour("access/token-of-a-pod-knows-its-node", "KEP 4193")
def token_of_a_pod(world: World) -> None:
    """A token bound to a pod on a node carries the node's name, which drivers' policies look at."""
    node = world.create("nodes", {"metadata": {"name": world.name()}})["metadata"]["name"]
    world.post("serviceaccounts", {"metadata": {"name": "robot"}})
    change = {"spec.serviceAccountName": "robot", "spec.nodeName": node}
    pod = world.create("pods", sample(world, "pods", change))
    world.defer(world.delete, "pods", pod["metadata"]["name"], {"gracePeriodSeconds": 0})
    reference = {
        "kind": "Pod",
        "apiVersion": "v1",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    headers = {"Authorization": f"Bearer {token_of(world, boundObjectRef=reference)['status']['token']}"}
    answer = world.client.send("POST", f"{AUTHENTICATION}/selfsubjectreviews", {}, headers=headers)
    extra = answer.expect(201)["status"]["userInfo"].get("extra", {})
    same(extra.get("authentication.kubernetes.io/node-name"), [node], f"node name in {extra}")


@behaviour("access/token-too-short", UPSTREAM + "pkg/apis/authentication/validation")
def token_too_short(world: World) -> None:
    """A token lives for at least ten minutes."""
    world.post("serviceaccounts", {"metadata": {"name": "robot"}})
    path = world.path("serviceaccounts", "robot", "token")
    answer = world.client.send("POST", path, {"spec": {"expirationSeconds": 60}})
    answer.invalid(("FieldValueInvalid", "spec.expirationSeconds"))
