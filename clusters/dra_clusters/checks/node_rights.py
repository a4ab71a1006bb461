"""What a kubelet is allowed to do with ResourceSlices (node authorizer; NodeRestriction). The administrator acts as the node."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Answer, same
from dra_clusters.checks.context import CheckContext

NEEDS = ("api", "rbac")
AUTHORIZER = UPSTREAM + "plugin/pkg/auth/authorizer/node/node_authorizer.go"
ADMISSION = UPSTREAM + "plugin/pkg/admission/noderestriction/admission.go"


def as_node(
    context: CheckContext, node: str, method: str, path: str, body: Any = None, **query: str
) -> Answer:
    """A request of the kubelet of NODE."""
    headers = {"Impersonate-User": f"system:node:{node}", "Impersonate-Group": "system:nodes"}
    return context.client.send(method, path, body, headers=headers, query=query or None)


def slice_of(context: CheckContext, node: str) -> JsonObject:
    """A slice on NODE, not yet created."""
    pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "d.example.com", "nodeName": node, "pool": pool, "devices": [{"name": "d0"}]}
    return {"metadata": {"name": context.name()}, "spec": spec}


@behaviour("access/node-creates-its-own-slices", ADMISSION, needs=NEEDS)
def creates_own(context: CheckContext) -> None:
    """A kubelet creates and deletes slices of its own node; one of another node it can neither create nor delete."""
    own, other = context.name(), context.name()
    path = context.path("resourceslices")
    mine = slice_of(context, own)
    as_node(context, own, "POST", path, mine).expect(201)
    as_node(context, own, "DELETE", f"{path}/{mine['metadata']['name']}").expect(200)
    foreign = slice_of(context, other)
    as_node(context, own, "POST", path, foreign).refuse(403, "Forbidden", "same NodeName")
    context.create("resourceslices", foreign)
    as_node(context, own, "DELETE", f"{path}/{foreign['metadata']['name']}").refuse(403, "Forbidden")
    context.get("resourceslices", foreign["metadata"]["name"]).expect(200)


@behaviour("access/node-lists-its-own-slices", AUTHORIZER, needs=NEEDS)
def lists_own(context: CheckContext) -> None:
    """A kubelet lists and deletes collections of slices by its own node name only: neither all nor those of another node."""
    own, other = context.name(), context.name()
    path = context.path("resourceslices")
    for node in (own, other):
        context.create("resourceslices", slice_of(context, node))
    selected = {"fieldSelector": f"spec.nodeName={own}"}
    items = as_node(context, own, "GET", path, **selected).expect(200)["items"]
    same([item["spec"]["nodeName"] for item in items], [own], "nodes of the list")
    for method in ("GET", "DELETE"):
        as_node(context, own, method, path).refuse(403, "Forbidden")
        as_node(context, own, method, path, fieldSelector=f"spec.nodeName={other}").refuse(403, "Forbidden")
    as_node(context, own, "DELETE", path, **selected).expect(200)
    left = context.get("resourceslices", fieldSelector=f"spec.nodeName={own}").expect(200)["items"]
    same(left, [], "own slices after deletecollection")
