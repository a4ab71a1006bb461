"""What the general controllers do: owners, namespaces, what a new namespace gets (pkg/controller/garbagecollector, namespace)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.scenario import Scenario

GARBAGE = UPSTREAM + "pkg/controller/garbagecollector"
NEEDS = ("api", "controllers")


FINE = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
}
"""The conditions of a namespace that ends without failures."""


def ending(context: CheckContext) -> list[JsonObject]:
    """The conditions of the namespace."""
    found: list[JsonObject] = (
        context.get("namespaces", context.namespace).expect(200)["status"].get("conditions", [])
    )
    return found


def gone(context: CheckContext, plural: str, name: str, timeout_s: float = 15) -> None:
    """Wait until the object is not there."""
    eventually(lambda: context.get(plural, name).code == 404, f"{plural} {name} is gone", timeout_s)


def owned(owner: JsonObject, name: str, kind: str, version: str = "v1", **reference: Any) -> JsonObject:
    """A config map with an owner."""
    metadata = owner["metadata"]
    entry = {
        "apiVersion": version,
        "kind": kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        **reference,
    }
    return {"metadata": {"name": name, "ownerReferences": [entry]}}


@behaviour("controllers/garbage-of-a-deleted-owner", GARBAGE, needs=NEEDS)
def garbage(context: CheckContext) -> None:
    """The dependents of a deleted object are deleted after it."""
    owner = context.create("configmaps", {"metadata": {"name": "owner"}})
    context.create("configmaps", owned(owner, "mine", "ConfigMap"))
    context.delete("configmaps", "owner").expect(200)
    gone(context, "configmaps", "mine", 30)


@behaviour("controllers/garbage-keeps-what-has-another-owner", GARBAGE, needs=NEEDS)
def garbage_keeps(context: CheckContext) -> None:
    """An object with another existing owner stays, without the reference to the deleted one."""
    owners = [context.create("configmaps", {"metadata": {"name": name}}) for name in ("dead", "alive")]
    item = owned(owners[0], "mine", "ConfigMap")
    item["metadata"]["ownerReferences"] += owned(owners[1], "x", "ConfigMap")["metadata"]["ownerReferences"]
    context.create("configmaps", item)
    context.delete("configmaps", "dead").expect(200)

    def names() -> Any:
        return [
            o["name"] for o in context.get("configmaps", "mine").expect(200)["metadata"]["ownerReferences"]
        ]

    eventually(lambda: names() == ["alive"], "only the living owner is named", 30)


@behaviour("controllers/owner-that-never-was", GARBAGE, needs=NEEDS)
def owner_never_was(context: CheckContext) -> None:
    """An object whose owner reference has an unknown uid is removed."""
    owner = context.create("configmaps", {"metadata": {"name": "owner"}})
    owner["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    context.create("configmaps", owned(owner, "mine", "ConfigMap"))
    gone(context, "configmaps", "mine", 30)


@behaviour("controllers/foreground-waits-for-dependents", GARBAGE, needs=NEEDS)
def foreground(context: CheckContext) -> None:
    """With propagationPolicy Foreground the owner goes after what it blocks on."""
    owner = context.create("configmaps", {"metadata": {"name": "owner"}})
    item = owned(owner, "mine", "ConfigMap", blockOwnerDeletion=True)
    item["metadata"]["finalizers"] = ["check.example.com/hold"]
    context.create("configmaps", item)
    context.delete("configmaps", "owner", {"propagationPolicy": "Foreground"}).expect(200)

    def stamp() -> Any:
        return context.get("configmaps", "mine").expect(200)["metadata"].get("deletionTimestamp")

    eventually(stamp, "the dependent is deleted", 30)
    context.get("configmaps", "owner").expect(200)
    context.patch("merge", "configmaps", "mine", {"metadata": {"finalizers": None}}).expect(200)
    gone(context, "configmaps", "owner", 30)


@behaviour("controllers/orphans-stay", GARBAGE, needs=NEEDS)
def orphans(context: CheckContext) -> None:
    """With propagationPolicy Orphan dependents stay without the reference."""
    owner = context.create("configmaps", {"metadata": {"name": "owner"}})
    context.create("configmaps", owned(owner, "mine", "ConfigMap"))
    context.delete("configmaps", "owner", {"propagationPolicy": "Orphan"}).expect(200)
    gone(context, "configmaps", "owner", 30)
    same(
        context.get("configmaps", "mine").expect(200)["metadata"].get("ownerReferences"),
        None,
        "ownerReferences",
    )


@behaviour("controllers/slices-go-with-their-node", GARBAGE, needs=NEEDS)
def slices_go(context: CheckContext) -> None:
    """A ResourceSlice that a Node owns goes when the node is deleted."""
    scenario = Scenario(context)
    node = scenario.node()
    uid = scenario.read("nodes", node)["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": True}
    name = scenario.publish(node, ["d0"])
    context.patch("merge", "resourceslices", name, {"metadata": {"ownerReferences": [reference]}}).expect(200)
    context.delete("nodes", node).expect(200)
    gone(context, "resourceslices", name, 30)


@behaviour("controllers/namespace-waits-for-finalizers", UPSTREAM + "pkg/controller/namespace", needs=NEEDS)
def namespace_waits(context: CheckContext) -> None:
    """A namespace whose objects have finalizers stays Terminating and says why in its conditions."""
    metadata = {"name": "held", "finalizers": ["check.example.com/hold"]}
    context.create("configmaps", {"metadata": metadata})
    context.defer(context.patch, "merge", "configmaps", "held", {"metadata": {"finalizers": None}})
    context.delete("namespaces", context.namespace).expect(200)

    def look() -> bool:
        found = {each["type"]: each["status"] for each in ending(context)}
        return found.get("NamespaceFinalizersRemaining") == "True" == found.get("NamespaceContentRemaining")

    eventually(look, "conditions that say what remains", 60)
    found = {each["type"]: (each["status"], each["reason"], each["message"]) for each in ending(context)}
    what = "check.example.com/hold in 1 resource instances"
    wanted = {
        **{kind: ("False", *texts) for kind, texts in FINE.items()},
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {what}",
        ),
    }
    same(found, wanted, "conditions")


@behaviour("controllers/pods-leave-a-namespace-first", UPSTREAM + "pkg/controller/namespace", needs=NEEDS)
def pods_first(context: CheckContext) -> None:
    """As long as a pod is in a namespace that ends, nothing else is deleted, and nothing is said of what remains."""
    scenario = Scenario(context)
    pod = scenario.pod(nodeName=scenario.node())
    context.create("configmaps", {"metadata": {"name": "kept"}})
    hold = {"metadata": {"finalizers": ["check.example.com/hold"]}}
    context.patch("merge", "pods", pod, hold).expect(200)
    context.defer(context.patch, "merge", "pods", pod, {"metadata": {"finalizers": None}})
    context.delete("namespaces", context.namespace).expect(200)
    eventually(lambda: len(ending(context)) == 5, "five conditions", 60)
    same({each["status"] for each in ending(context)}, {"False"}, "status of the conditions")
    same(scenario.read("configmaps", "kept")["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")


@behaviour("controllers/default-service-account", UPSTREAM + "pkg/controller/serviceaccount", needs=NEEDS)
def default_service_account(context: CheckContext) -> None:
    """A new namespace gets the service account default."""
    path = context.path("serviceaccounts", "default")
    eventually(lambda: context.client.send("GET", path).code == 200, "the service account default")


@behaviour(
    "controllers/root-certificates", UPSTREAM + "pkg/controller/certificates/rootcacertpublisher", needs=NEEDS
)
def root_certificates(context: CheckContext) -> None:
    """A new namespace gets the config map kube-root-ca.crt."""
    path = context.path("configmaps", "kube-root-ca.crt")
    eventually(lambda: context.client.send("GET", path).code == 200, "the config map kube-root-ca.crt")
