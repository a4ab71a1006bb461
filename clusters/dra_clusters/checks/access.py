"""Authentication and authorization: tokens, impersonation, RBAC, reviews, granular status rights (pkg/registry/rbac; authorization API docs).

The administrator acts as others by impersonation, so that no second kubeconfig is needed. Behaviours with the need
``rbac`` are for clusters that enforce it.
"""

from collections.abc import Iterable
from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import sample

RBAC = UPSTREAM + "plugin/pkg/auth/authorizer/rbac"
ENFORCED = ("api", "rbac")
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"


def acting(context: CheckContext, user: str, *groups: str) -> dict[str, str]:
    """Headers that make the administrator USER."""
    headers = {"Impersonate-User": user}
    return headers | ({"Impersonate-Group": groups[0]} if groups else {})


def as_user(context: CheckContext, method: str, path: str, body: Any = None, *, user: str = "jane") -> Answer:
    """A request of USER."""
    return context.client.send(method, path, body, headers=acting(context, user))


def allow(
    context: CheckContext,
    verbs: Iterable[str],
    resources: Iterable[str],
    *,
    group: str = "",
    user: str = "jane",
    **rule: Any,
) -> None:
    """A role and its binding for USER in the own namespace."""
    name = context.name()
    rules = [{"apiGroups": [group], "resources": list(resources), "verbs": list(verbs), **rule}]
    context.create("roles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    context.create("rolebindings", {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]})


def allow_everywhere(context: CheckContext, verbs: Iterable[str], resource: str, *, user: str) -> None:
    """A cluster role for a resource of resource.k8s.io and its binding for USER."""
    name, group = context.name(), "rbac.authorization.k8s.io"
    rules = [{"apiGroups": ["resource.k8s.io"], "resources": [resource], "verbs": list(verbs)}]
    context.create("clusterroles", {"metadata": {"name": name}, "rules": rules})
    subjects = [{"kind": "User", "name": user, "apiGroup": group}]
    role = {"kind": "ClusterRole", "name": name, "apiGroup": group}
    context.create("clusterrolebindings", {"metadata": {"name": name}, "roleRef": role, "subjects": subjects})


def until_allowed(context: CheckContext, answer: Any) -> Answer:
    """The first answer that is not 403: the server's authorizer learns of roles by watching them."""
    found: Answer = answer()
    for _ in range(100):
        if found.code != 403:
            break
        found = answer()
    return found


@behaviour("access/forbidden-says-who-and-what", RBAC, needs=ENFORCED)
def forbidden(context: CheckContext) -> None:
    """403 names user, verb, resource, group and namespace; details hold the object."""
    path = context.path("resourceclaims", "a")
    status = as_user(context, "GET", path).refuse(
        403,
        "Forbidden",
        f'resourceclaims.resource.k8s.io "a" is forbidden: User "jane" cannot get resource "resourceclaims" in API'
        f' group "resource.k8s.io" in the namespace "{context.namespace}"',
    )
    same(status["details"], {"name": "a", "group": "resource.k8s.io", "kind": "resourceclaims"}, "details")


@behaviour("access/forbidden-at-cluster-scope", RBAC, needs=ENFORCED)
def forbidden_cluster(context: CheckContext) -> None:
    """403 of a cluster's kind says "at the cluster scope"."""
    as_user(context, "GET", "/api/v1/nodes").refuse(403, "Forbidden", "at the cluster scope")


@behaviour("access/role-allows", RBAC, needs=ENFORCED)
def role_allows(context: CheckContext) -> None:
    """A role lets its subject do its verbs, in its namespace only."""
    allow(context, ["get", "list"], ["configmaps"])
    until_allowed(context, lambda: as_user(context, "GET", context.path("configmaps"))).expect(200)
    as_user(context, "POST", context.path("configmaps"), {"metadata": {"name": "a"}}).refuse(403, "Forbidden")
    as_user(context, "GET", "/api/v1/namespaces/default/configmaps").refuse(403, "Forbidden")


@behaviour("access/resource-names", RBAC, needs=ENFORCED)
def resource_names(context: CheckContext) -> None:
    """resourceNames narrows a rule to objects."""
    for name in ("a", "b"):
        context.create("configmaps", {"metadata": {"name": name}})
    allow(context, ["get"], ["configmaps"], resourceNames=["a"])
    until_allowed(context, lambda: as_user(context, "GET", context.path("configmaps", "a"))).expect(200)
    as_user(context, "GET", context.path("configmaps", "b")).refuse(403, "Forbidden")


@behaviour("access/subresources-are-their-own", RBAC, needs=ENFORCED)
def subresources(context: CheckContext) -> None:
    """A rule for resourceclaims does not cover resourceclaims/status."""
    claim = context.create("resourceclaims", sample(context, "resourceclaims"))
    allow(context, ["get", "update"], ["resourceclaims"], group="resource.k8s.io")
    path = context.path("resourceclaims", claim["metadata"]["name"])
    until_allowed(context, lambda: as_user(context, "PUT", path, claim)).expect(200)
    as_user(context, "PUT", f"{path}/status", claim).refuse(
        403, "Forbidden", 'resource "resourceclaims/status"'
    )


@behaviour(
    "access/status-binding-is-granular",
    "KEP 4381; gate DRAResourceClaimGranularStatusAuthorization",
    needs=ENFORCED,
    since="1.36",
)
def granular_binding(context: CheckContext) -> None:
    """To allocate, a writer of the status needs update on resourceclaims/binding too: 422 with a Forbidden cause."""
    claim = context.create("resourceclaims", sample(context, "resourceclaims"))
    allow(context, ["update"], ["resourceclaims/status"], group="resource.k8s.io")
    path = context.path("resourceclaims", claim["metadata"]["name"], "status")
    result = {"request": "r", "driver": "d.example.com", "pool": "p", "device": "d0"}
    body = {**claim, "status": {"allocation": {"devices": {"results": [result]}}}}
    status = until_allowed(context, lambda: as_user(context, "PUT", path, body)).refuse(422, "Invalid")
    same({cause["reason"] for cause in status["details"]["causes"]}, {"FieldValueForbidden"}, "reasons")
    holds("resourceclaims/binding" in status["message"], "the missing right", status["message"])


@behaviour(
    "access/status-refusals-come-together",
    UPSTREAM + "pkg/registry/resource/resourceclaim/strategy.go",
    needs=ENFORCED,
    since="1.36",
)
def refusals_together(context: CheckContext) -> None:
    """A status that its writer is not allowed to set is one 422: first the missing right, then the faults."""
    claim = context.create("resourceclaims", sample(context, "resourceclaims"))
    allow(context, ["update"], ["resourceclaims/status"], group="resource.k8s.io")
    path = context.path("resourceclaims", claim["metadata"]["name"], "status")
    result = {"request": "nobody", "driver": "d.example.com", "pool": "p", "device": "d0"}
    body = {**claim, "status": {"allocation": {"devices": {"results": [result]}}}}
    status = until_allowed(context, lambda: as_user(context, "PUT", path, body)).refuse(422, "Invalid")
    causes = [(cause["reason"], cause["field"]) for cause in status["details"]["causes"]]
    wanted = ("FieldValueInvalid", "status.allocation.devices.results[0].request")
    same(causes, [("FieldValueForbidden", "status.allocation"), wanted], "causes")


@behaviour(
    "access/status-binding-allows",
    "KEP 4381; gate DRAResourceClaimGranularStatusAuthorization",
    needs=ENFORCED,
    since="1.36",
)
def granular_binding_allows(context: CheckContext) -> None:
    """With update on resourceclaims/binding, which is asked for at the cluster scope, the allocation is taken."""
    user = context.name()
    allow_everywhere(context, ["update"], "resourceclaims/binding", user=user)
    claim = context.create("resourceclaims", sample(context, "resourceclaims"))
    allow(context, ["update"], ["resourceclaims/status"], group="resource.k8s.io", user=user)
    path = context.path("resourceclaims", claim["metadata"]["name"], "status")
    result = {"request": "r", "driver": "d.example.com", "pool": "p", "device": "d0"}
    body = {**claim, "status": {"allocation": {"devices": {"results": [result]}}}}

    def write() -> Any:
        return as_user(context, "PUT", path, body, user=user)

    eventually(lambda: write().code == 200, "the allocation is written")


@behaviour(
    "access/status-devices-are-granular",
    "KEP 4381; gate DRAResourceClaimGranularStatusAuthorization",
    needs=ENFORCED,
    since="1.36",
)
def granular_devices(context: CheckContext) -> None:
    """To write status.devices a driver needs a right on resourceclaims/driver with its name."""
    claim = context.create("resourceclaims", sample(context, "resourceclaims"))
    result = {"request": "r", "driver": "d.example.com", "pool": "p", "device": "d0"}
    status = {"allocation": {"devices": {"results": [result]}}}
    claim = context.put("resourceclaims", {**claim, "status": status}, "status").expect(200)
    entry = {"driver": "d.example.com", "pool": "p", "device": "d0", "data": {"x": 1}}
    body = {**claim, "status": {**status, "devices": [entry]}}
    allow(context, ["update"], ["resourceclaims/status"], group="resource.k8s.io")
    path = context.path("resourceclaims", claim["metadata"]["name"], "status")
    refusal = until_allowed(context, lambda: as_user(context, "PUT", path, body)).refuse(422, "Invalid")
    holds("changing status.devices requires" in refusal["message"], "the missing right", refusal["message"])


@behaviour("access/cluster-role-allows", RBAC, needs=ENFORCED)
def cluster_role(context: CheckContext) -> None:
    """A cluster role with its binding allows in the whole cluster."""
    user = context.name()
    allow_everywhere(context, ["list"], "resourceslices", user=user)
    until_allowed(context, lambda: as_user(context, "GET", context.path("resourceslices"), user=user)).expect(
        200
    )


@behaviour("access/role-ref-is-immutable", UPSTREAM + "pkg/apis/rbac/validation")
def role_ref(context: CheckContext) -> None:
    """The roleRef of a binding cannot change."""
    role = {"kind": "Role", "name": "x", "apiGroup": "rbac.authorization.k8s.io"}
    body = context.create("rolebindings", {"metadata": {"name": "a"}, "roleRef": role})
    context.put("rolebindings", {**body, "roleRef": {**role, "name": "y"}}).invalid(
        ("FieldValueInvalid", "roleRef")
    )


@behaviour("access/escalation-is-refused", UPSTREAM + "pkg/registry/rbac/role/policybased", needs=ENFORCED)
def escalation(context: CheckContext) -> None:
    """A user cannot grant rights that the user does not have."""
    allow(context, ["create"], ["roles"], group="rbac.authorization.k8s.io")
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    path = context.path("roles")

    def make() -> Any:
        return as_user(context, "POST", path, {"metadata": {"name": context.name()}, "rules": rules})

    eventually(lambda: "attempting to grant" in make().text, "the refusal of rights that one does not have")
    make().refuse(403, "Forbidden", "attempting to grant RBAC permissions not currently held")


@behaviour("access/self-subject-access-review", "authorization API docs", needs=ENFORCED)
def self_review(context: CheckContext) -> None:
    """SelfSubjectAccessReview says whether the caller is allowed to do something, as kubectl auth can-i asks."""
    allow(context, ["get"], ["configmaps"])
    until_allowed(context, lambda: as_user(context, "GET", context.path("configmaps", "no")))
    found = []
    for verb in ("get", "delete"):
        attributes = {"namespace": context.namespace, "verb": verb, "resource": "configmaps"}
        path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
        body = as_user(context, "POST", path, {"spec": {"resourceAttributes": attributes}}).expect(201)
        found.append(body["status"]["allowed"])
    same(found, [True, False], "allowed")


@behaviour("access/subject-access-review", "authorization API docs", needs=ENFORCED)
def review(context: CheckContext) -> None:
    """SubjectAccessReview says whether any user is allowed to do something, and why."""
    allow(context, ["get"], ["configmaps"])
    until_allowed(context, lambda: as_user(context, "GET", context.path("configmaps", "no")))
    attributes = {"namespace": context.namespace, "verb": "get", "resource": "configmaps"}
    spec = {"user": "jane", "resourceAttributes": attributes}
    body = context.client.send("POST", f"{AUTHORIZATION}/subjectaccessreviews", {"spec": spec}).expect(201)
    holds(
        body["status"]["allowed"] and "RBAC: allowed by RoleBinding" in body["status"]["reason"],
        "allowed and why",
        body["status"],
    )


@behaviour("access/admin-may-all", "authorization API docs")
def admin_may_all(context: CheckContext) -> None:
    """The administrator is allowed everything, non-resource paths included."""
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    for attributes in (
        {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
        {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}},
    ):
        same(
            context.client.send("POST", path, {"spec": attributes}).expect(201)["status"]["allowed"],
            True,
            "allowed",
        )


@behaviour("access/rules-review", "authorization API docs", needs=ENFORCED)
def rules_review(context: CheckContext) -> None:
    """SelfSubjectRulesReview lists the rules in a namespace, as kubectl auth can-i --list asks."""
    allow(context, ["get"], ["configmaps"])
    until_allowed(context, lambda: as_user(context, "GET", context.path("configmaps", "no")))
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    body = as_user(context, "POST", path, {"spec": {"namespace": context.namespace}}).expect(201)
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}
    holds(rule in body["status"]["resourceRules"], f"{rule}", body["status"]["resourceRules"])


@behaviour(
    "access/default-roles", UPSTREAM + "plugin/pkg/auth/authorizer/rbac/bootstrappolicy", needs=ENFORCED
)
def default_roles(context: CheckContext) -> None:
    """cluster-admin, admin, edit, view and system:kube-scheduler are there."""
    for name in ("cluster-admin", "admin", "edit", "view", "system:kube-scheduler"):
        context.get("clusterroles", name).expect(200)
