"""What the controllers do: claims from templates, reservations, eviction, garbage (pkg/controller/...)."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.garbage import gone
from dra_clusters.checks.stage import Stage
from dra_clusters.checks.world import GRACELESS, World

CLAIMS = UPSTREAM + "pkg/controller/resourceclaim/controller.go"
NEEDS = ("api", "controllers")
BOTH = ("api", "controllers", "scheduler")
FINALIZER = "resource.kubernetes.io/delete-protection"


def generated(stage: Stage, pod: str, name: str = "gpu") -> str:
    """The claim that was made for the pod's entry NAME; waits for it."""

    def look() -> Any:
        statuses = stage.read("pods", pod)["status"].get("resourceClaimStatuses", [])
        return next((each.get("resourceClaimName") for each in statuses if each["name"] == name), None)

    return str(eventually(look, f"pod {pod} names the claim made for {name}"))


@behaviour("controllers/claim-from-template", CLAIMS, needs=NEEDS)
def claim_from_template(world: World) -> None:
    """A pod with a template gets a claim named POD-ENTRY-xxxxx, owned by it, annotated, with the template's spec."""
    stage = Stage(world)
    template = stage.template(metadata={"labels": {"from": "template"}})
    pod = stage.pod(templates={"gpu": template})
    claim = stage.read("resourceclaims", generated(stage, pod))
    metadata = claim["metadata"]
    holds(metadata["name"].startswith(f"{pod}-gpu-"), f"a name that starts with {pod}-gpu-", metadata["name"])
    same(metadata["annotations"]["resource.kubernetes.io/pod-claim-name"], "gpu", "annotation")
    same(metadata["labels"], {"from": "template"}, "labels")
    owner = metadata["ownerReferences"][0]
    wanted = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod,
        "uid": stage.read("pods", pod)["metadata"]["uid"],
        "controller": True,
        **({"blockOwnerDeletion": True} if world.kubernetes == "1.34" else {}),
    }
    same(owner, wanted, "owner")
    same(claim["spec"], stage.read("resourceclaimtemplates", template)["spec"]["spec"], "spec")


@behaviour("controllers/each-pod-has-its-claim", CLAIMS, needs=NEEDS)
def each_pod_its_claim(world: World) -> None:
    """Two pods with one template get two claims."""
    stage = Stage(world)
    template = stage.template()
    claims = {generated(stage, stage.pod(templates={"gpu": template})) for _ in range(2)}
    same(len(claims), 2, "claims")


@behaviour("controllers/two-entries-two-claims", CLAIMS, needs=NEEDS)
def two_entries(world: World) -> None:
    """Two entries of a pod with one template get two claims."""
    stage = Stage(world)
    template = stage.template()
    pod = stage.pod(templates={"a": template, "b": template})
    holds(generated(stage, pod, "a") != generated(stage, pod, "b"), "two claims")


@behaviour("controllers/long-names-are-cut", CLAIMS, needs=NEEDS)
def long_names(world: World) -> None:
    """The name of a generated claim has at most 63 characters."""
    stage = Stage(world)
    entry = "e" * 63
    pod = stage.pod(templates={entry: stage.template()})
    holds(len(generated(stage, pod, entry)) <= 63, "at most 63 characters", generated(stage, pod, entry))


@behaviour("controllers/missing-template-is-told", CLAIMS, needs=NEEDS)
def missing_template(world: World) -> None:
    """A template that is not there is told by the event FailedResourceClaimCreation of the pod."""
    stage = Stage(world)
    pod = stage.pod(templates={"gpu": "missing"})
    event = eventually(lambda: stage.events(pod, "FailedResourceClaimCreation"), "the event")[0]
    same(event["type"], "Warning", "type")
    holds("missing" in event["message"], "the template's name", event["message"])


@behaviour("controllers/template-that-comes-later", CLAIMS, needs=NEEDS)
def template_later(world: World) -> None:
    """The claim is made when the template comes."""
    stage = Stage(world)
    pod = stage.pod(templates={"gpu": "late"})
    eventually(lambda: stage.events(pod, "FailedResourceClaimCreation"), "the event")
    world.create("resourceclaimtemplates", {"metadata": {"name": "late"}, "spec": {"spec": stage.spec()}})
    generated(stage, pod)


@behaviour("controllers/generated-claim-goes-with-its-pod", CLAIMS, needs=BOTH)
def goes_with_its_pod(world: World) -> None:
    """A generated claim goes when its pod is deleted."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    pod = stage.pod(templates={"gpu": stage.template()})
    claim = generated(stage, pod)
    stage.scheduled(pod)
    world.delete("pods", pod, GRACELESS).expect(200)
    gone(world, "resourceclaims", claim)


@behaviour("controllers/own-claim-stays", CLAIMS, needs=BOTH)
def own_claim_stays(world: World) -> None:
    """A claim that the user made stays when the pod goes, deallocated and without reservations and finalizer."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    pod = stage.pod(claim)
    stage.scheduled(pod)
    world.delete("pods", pod, GRACELESS).expect(200)
    eventually(lambda: stage.read("resourceclaims", claim)["status"] == {}, "the status is empty")

    def look() -> Any:
        return not stage.read("resourceclaims", claim)["metadata"].get("finalizers")

    eventually(look, "the finalizer is gone")


@behaviour("controllers/shared-claim-is-kept-for-the-others", CLAIMS, needs=BOTH)
def shared_is_kept(world: World) -> None:
    """When one of two pods goes the claim loses its reservation only."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    first, second = stage.pod(claim), stage.pod(claim)
    stage.scheduled(first)
    stage.scheduled(second)
    world.delete("pods", first, GRACELESS).expect(200)

    def names() -> Any:
        return [e["name"] for e in stage.read("resourceclaims", claim)["status"].get("reservedFor", [])]

    eventually(lambda: names() == [second], f"reserved for {second} only")
    holds(stage.read("resourceclaims", claim)["status"].get("allocation"), "an allocation")


@behaviour("controllers/finished-pod-frees-its-claim", CLAIMS, needs=BOTH)
def finished_pod(world: World) -> None:
    """A pod that is done, though still there, no longer holds its devices."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    pod = stage.pod(claim, restartPolicy="Never")
    stage.scheduled(pod)
    world.patch("merge", "pods", pod, {"status": {"phase": "Succeeded"}}, "status").expect(200)
    eventually(
        lambda: "allocation" not in stage.read("resourceclaims", claim)["status"], "the claim is deallocated"
    )


@behaviour("controllers/claim-in-use-waits", CLAIMS, needs=BOTH)
def in_use_waits(world: World) -> None:
    """A claim that is deleted while a pod uses it stays until the pod is gone."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    pod = stage.pod(claim)
    stage.scheduled(pod)
    world.delete("resourceclaims", claim).expect(200)
    holds(stage.read("resourceclaims", claim)["metadata"].get("deletionTimestamp"), "a deletionTimestamp")
    world.delete("pods", pod, GRACELESS).expect(200)
    gone(world, "resourceclaims", claim)


@behaviour("controllers/reservation-of-nobody-goes", CLAIMS, needs=NEEDS)
def reservation_of_nobody(world: World) -> None:
    """A reservation for a pod that is not there is taken off, and the claim deallocated."""
    stage = Stage(world)
    claim = stage.claim()
    body = stage.read("resourceclaims", claim)
    body["metadata"]["finalizers"] = [FINALIZER]
    body = world.put("resourceclaims", body).expect(200)
    result = {"request": "r", "driver": stage.driver, "pool": "p", "device": "d"}
    reserved = [{"resource": "pods", "name": "nobody", "uid": "u"}]
    status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": reserved}
    world.put("resourceclaims", {**body, "status": status}, "status").expect(200)
    eventually(lambda: stage.read("resourceclaims", claim)["status"] == {}, "the status is empty")


@behaviour("controllers/pod-with-a-node-is-reserved-for", CLAIMS, needs=BOTH)
def pod_with_a_node(world: World) -> None:
    """A pod that was given its node by hand gets its reservation from the controller if the claim is allocated."""
    stage = Stage(world)
    node = stage.node()
    stage.publish(node, ["d0"])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    pod = stage.pod(claim, nodeName=node)

    def names() -> Any:
        return {e["name"] for e in stage.read("resourceclaims", claim)["status"]["reservedFor"]}

    eventually(lambda: pod in names(), f"the claim is reserved for {pod}")


@behaviour("controllers/admin-template-needs-the-label", "KEP 5018", needs=NEEDS)
def admin_template(world: World) -> None:
    """The server refuses a template with admin access in a namespace without the label, so no claim comes of it."""
    stage = Stage(world)
    request = {"name": "r", "exactly": {"deviceClassName": stage.device_class, "adminAccess": True}}
    spec = {"spec": {"devices": {"requests": [request]}}}
    world.post("resourceclaimtemplates", {"metadata": {"name": "t"}, "spec": spec}).refuse(
        422, "Invalid", "admin access to devices requires the"
    )


@behaviour("controllers/taint-evicts", "KEP 5055", needs=BOTH, since="1.36")
def taint_evicts(world: World) -> None:
    """A NoExecute taint on a device deletes the pods that use it, with event and condition."""
    stage = Stage(world)
    name = stage.publish(stage.node(), ["d0"])
    pod = stage.pod(stage.claim())
    stage.scheduled(pod)
    world.patch("merge", "pods", pod, {"metadata": {"finalizers": ["check.example.com/hold"]}}).expect(200)
    world.defer(world.patch, "merge", "pods", pod, {"metadata": {"finalizers": None}})
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    world.patch(
        "merge", "resourceslices", name, {"spec": {"devices": [{"name": "d0", "taints": taints}]}}
    ).expect(200)
    eventually(lambda: stage.read("pods", pod)["metadata"].get("deletionTimestamp"), "the pod is deleted")
    conditions = {c["type"]: c.get("reason") for c in stage.read("pods", pod)["status"]["conditions"]}
    same(conditions.get("DisruptionTarget"), "DeletionByDeviceTaintManager", "reason of DisruptionTarget")
    eventually(lambda: stage.events(pod, "DeviceTaintManagerEviction"), "an event DeviceTaintManagerEviction")


@behaviour("controllers/toleration-prevents-eviction", "KEP 5055", needs=BOTH, since="1.36")
def toleration_prevents(world: World) -> None:
    """A toleration with effect NoExecute keeps the pod, while one without goes."""
    stage = Stage(world)
    name = stage.publish(stage.node(), ["d0", "d1"])
    tolerations = [{"key": "example.com/sick", "operator": "Exists", "effect": "NoExecute"}]
    exactly = {"deviceClassName": stage.device_class, "tolerations": tolerations}
    tolerant = stage.pod(stage.claim({"name": "r", "exactly": exactly}))
    other = stage.pod(stage.claim())
    for pod in (tolerant, other):
        stage.scheduled(pod)
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    devices = [{"name": each, "taints": taints} for each in ("d0", "d1")]
    world.patch("merge", "resourceslices", name, {"spec": {"devices": devices}}).expect(200)

    def deleted() -> Any:
        return world.get("pods", other).code == 404 or stage.read("pods", other)["metadata"].get(
            "deletionTimestamp"
        )

    eventually(deleted, "the other pod is deleted")
    same(stage.read("pods", tolerant)["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")
