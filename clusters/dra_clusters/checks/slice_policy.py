"""The policy that DRA drivers ship: a node's service account writes the slices of its own node only."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import Answer, eventually
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.policies import BINDINGS, POLICIES, validation

NODE_NAME = "authentication.kubernetes.io/node-name"


def own_slices_policy(user: str) -> JsonObject:
    """The spec of a policy that restricts USER, whose tokens name a node."""
    rule = {
        "apiGroups": ["resource.k8s.io"],
        "apiVersions": ["v1", "v1beta1", "v1beta2"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["resourceslices"],
    }
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [
            {"name": "isRestrictedUser", "expression": f"request.userInfo.username == '{user}'"}
        ],
        "variables": [
            {"name": "userNodeName", "expression": f"request.userInfo.extra[?'{NODE_NAME}'][0].orValue('')"},
            {
                "name": "objectNodeName",
                "expression": "(request.operation == 'DELETE' ? oldObject : object).spec.?nodeName.orValue('')",
            },
        ],
        "validations": [
            validation("variables.userNodeName != ''", message="no node association found for user"),
            validation(
                "variables.userNodeName == variables.objectNodeName",
                messageExpression="'the user of node ' + variables.userNodeName + ' may not modify slices of ' +"
                " (variables.objectNodeName == '' ? 'the cluster' : variables.objectNodeName)",
            ),
        ],
    }


@behaviour(
    "policies/node-writes-its-own-slices", "https://github.com/kubernetes-sigs/dra-example-driver (chart)"
)
def own_slices(context: CheckContext) -> None:
    """A policy as DRA drivers ship it: a service account of a pod writes slices of its own node only."""
    name, user = context.name(), f"system:serviceaccount:{context.namespace}:driver"
    context.create(POLICIES, {"metadata": {"name": name}, "spec": own_slices_policy(user)})
    context.create(
        BINDINGS, {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}
    )
    grant(context, name, user)

    def write(node: str, on: str) -> Answer:
        headers = {"Impersonate-User": user} | (
            {f"Impersonate-Extra-{NODE_NAME.replace('/', '%2f')}": on} if on else {}
        )
        pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
        item = {
            "metadata": {"name": context.name()},
            "spec": {"driver": "d.example.com", "nodeName": node, "pool": pool, "devices": [{"name": "d"}]},
        }
        path = context.path("resourceslices")
        return context.client.send("POST", path, item, query={"dryRun": "All"}, headers=headers)

    eventually(lambda: write("n1", "n2").code == 422, "the policy acts")
    write("n1", "n2").refuse(
        422, "Invalid", "denied request: the user of node n2 may not modify slices of n1"
    )
    write("n1", "").refuse(422, "Invalid", 'variable "userNodeName" fails to evaluate: no such key: extra')
    write("n1", "n1").expect(201)


def grant(context: CheckContext, name: str, user: str) -> None:
    """Let USER write slices."""
    rule = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["*"]}
    context.create("clusterroles", {"metadata": {"name": name}, "rules": [rule]})
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}
    role = {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", "name": name}
    context.create(
        "clusterrolebindings", {"metadata": {"name": name}, "subjects": [subject], "roleRef": role}
    )
