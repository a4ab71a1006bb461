"""What the general controllers do: owners, namespaces, what a new namespace gets (pkg/controller/garbagecollector, namespace)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.stage import Stage
from dra_clusters.checks.world import World

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
"""What is told of a namespace that ends without failures."""


def ending(world: World) -> list[JsonObject]:
    """The conditions of the namespace."""
    found: list[JsonObject] = (
        world.get("namespaces", world.namespace).expect(200)["status"].get("conditions", [])
    )
    return found


def gone(world: World, plural: str, name: str, timeout_s: float = 15) -> None:
    """Wait until the object is not there."""
    eventually(lambda: world.get(plural, name).code == 404, f"{plural} {name} is gone", timeout_s)


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
def garbage(world: World) -> None:
    """What a deleted object owned goes after it."""
    owner = world.create("configmaps", {"metadata": {"name": "owner"}})
    world.create("configmaps", owned(owner, "mine", "ConfigMap"))
    world.delete("configmaps", "owner").expect(200)
    gone(world, "configmaps", "mine", 30)


@behaviour("controllers/garbage-keeps-what-has-another-owner", GARBAGE, needs=NEEDS)
def garbage_keeps(world: World) -> None:
    """What has another owner that lives stays, without the reference to the dead one."""
    owners = [world.create("configmaps", {"metadata": {"name": name}}) for name in ("dead", "alive")]
    item = owned(owners[0], "mine", "ConfigMap")
    item["metadata"]["ownerReferences"] += owned(owners[1], "x", "ConfigMap")["metadata"]["ownerReferences"]
    world.create("configmaps", item)
    world.delete("configmaps", "dead").expect(200)

    def names() -> Any:
        return [o["name"] for o in world.get("configmaps", "mine").expect(200)["metadata"]["ownerReferences"]]

    eventually(lambda: names() == ["alive"], "only the living owner is named", 30)


@behaviour("controllers/owner-that-never-was", GARBAGE, needs=NEEDS)
def owner_never_was(world: World) -> None:
    """What names an owner with a uid that is nobody's is removed."""
    owner = world.create("configmaps", {"metadata": {"name": "owner"}})
    owner["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    world.create("configmaps", owned(owner, "mine", "ConfigMap"))
    gone(world, "configmaps", "mine", 30)


@behaviour("controllers/foreground-waits-for-dependents", GARBAGE, needs=NEEDS)
def foreground(world: World) -> None:
    """With propagationPolicy Foreground the owner goes after what it blocks on."""
    owner = world.create("configmaps", {"metadata": {"name": "owner"}})
    item = owned(owner, "mine", "ConfigMap", blockOwnerDeletion=True)
    item["metadata"]["finalizers"] = ["check.example.com/hold"]
    world.create("configmaps", item)
    world.delete("configmaps", "owner", {"propagationPolicy": "Foreground"}).expect(200)

    def stamp() -> Any:
        return world.get("configmaps", "mine").expect(200)["metadata"].get("deletionTimestamp")

    eventually(stamp, "the dependent is deleted", 30)
    world.get("configmaps", "owner").expect(200)
    world.patch("merge", "configmaps", "mine", {"metadata": {"finalizers": None}}).expect(200)
    gone(world, "configmaps", "owner", 30)


@behaviour("controllers/orphans-stay", GARBAGE, needs=NEEDS)
def orphans(world: World) -> None:
    """With propagationPolicy Orphan dependents stay without the reference."""
    owner = world.create("configmaps", {"metadata": {"name": "owner"}})
    world.create("configmaps", owned(owner, "mine", "ConfigMap"))
    world.delete("configmaps", "owner", {"propagationPolicy": "Orphan"}).expect(200)
    gone(world, "configmaps", "owner", 30)
    same(
        world.get("configmaps", "mine").expect(200)["metadata"].get("ownerReferences"),
        None,
        "ownerReferences",
    )


@behaviour("controllers/slices-go-with-their-node", GARBAGE, needs=NEEDS)
def slices_go(world: World) -> None:
    """A ResourceSlice that a Node owns goes when the node is deleted."""
    stage = Stage(world)
    node = stage.node()
    uid = stage.read("nodes", node)["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": True}
    name = stage.publish(node, ["d0"])
    world.patch("merge", "resourceslices", name, {"metadata": {"ownerReferences": [reference]}}).expect(200)
    world.delete("nodes", node).expect(200)
    gone(world, "resourceslices", name, 30)


@behaviour("controllers/namespace-waits-for-finalizers", UPSTREAM + "pkg/controller/namespace", needs=NEEDS)
def namespace_waits(world: World) -> None:
    """A namespace whose objects have finalizers stays Terminating and says why in its conditions."""
    metadata = {"name": "held", "finalizers": ["check.example.com/hold"]}
    world.create("configmaps", {"metadata": metadata})
    world.defer(world.patch, "merge", "configmaps", "held", {"metadata": {"finalizers": None}})
    world.delete("namespaces", world.namespace).expect(200)

    def look() -> bool:
        found = {each["type"]: each["status"] for each in ending(world)}
        return found.get("NamespaceFinalizersRemaining") == "True" == found.get("NamespaceContentRemaining")

    eventually(look, "conditions that say what remains", 60)
    told = {each["type"]: (each["status"], each["reason"], each["message"]) for each in ending(world)}
    what = "check.example.com/hold in 1 resource instances"
    wanted = {
        **{kind: ("False", *words) for kind, words in FINE.items()},
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
    same(told, wanted, "conditions")


@behaviour("controllers/pods-leave-a-namespace-first", UPSTREAM + "pkg/controller/namespace", needs=NEEDS)
def pods_first(world: World) -> None:
    """As long as a pod is in a namespace that ends, nothing else is deleted, and nothing is said of what remains."""
    stage = Stage(world)
    pod = stage.pod(nodeName=stage.node())
    world.create("configmaps", {"metadata": {"name": "kept"}})
    hold = {"metadata": {"finalizers": ["check.example.com/hold"]}}
    world.patch("merge", "pods", pod, hold).expect(200)
    world.defer(world.patch, "merge", "pods", pod, {"metadata": {"finalizers": None}})
    world.delete("namespaces", world.namespace).expect(200)
    eventually(lambda: len(ending(world)) == 5, "five conditions", 60)
    same({each["status"] for each in ending(world)}, {"False"}, "status of the conditions")
    same(stage.read("configmaps", "kept")["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")


@behaviour("controllers/default-service-account", UPSTREAM + "pkg/controller/serviceaccount", needs=NEEDS)
def default_service_account(world: World) -> None:
    """A new namespace gets the service account default."""
    path = world.path("serviceaccounts", "default")
    eventually(lambda: world.client.send("GET", path).code == 200, "the service account default")


@behaviour(
    "controllers/root-certificates", UPSTREAM + "pkg/controller/certificates/rootcacertpublisher", needs=NEEDS
)
def root_certificates(world: World) -> None:
    """A new namespace gets the config map kube-root-ca.crt."""
    path = world.path("configmaps", "kube-root-ca.crt")
    eventually(lambda: world.client.send("GET", path).code == 200, "the config map kube-root-ca.crt")
