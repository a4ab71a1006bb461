"""What the controllers do: claims from templates, reservations, eviction, garbage (pkg/controller/...)."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.garbage import gone
from dra_clusters.checks.scenario import Scenario

CLAIMS = UPSTREAM + "pkg/controller/resourceclaim/controller.go"
NEEDS = ("api", "controllers")
BOTH = ("api", "controllers", "scheduler")
FINALIZER = "resource.kubernetes.io/delete-protection"


def generated(scenario: Scenario, pod: str, name: str = "gpu") -> str:
    """The claim that was made for the pod's entry NAME; waits for it."""

    def look() -> Any:
        statuses = scenario.read("pods", pod)["status"].get("resourceClaimStatuses", [])
        return next((each.get("resourceClaimName") for each in statuses if each["name"] == name), None)

    return str(eventually(look, f"pod {pod} names the claim made for {name}"))


@behaviour("controllers/claim-from-template", CLAIMS, needs=NEEDS)
def claim_from_template(context: CheckContext) -> None:
    """A pod with a template gets a claim named POD-ENTRY-xxxxx, owned by it, annotated, with the template's spec."""
    scenario = Scenario(context)
    template = scenario.template(metadata={"labels": {"from": "template"}})
    pod = scenario.pod(templates={"gpu": template})
    claim = scenario.read("resourceclaims", generated(scenario, pod))
    metadata = claim["metadata"]
    holds(metadata["name"].startswith(f"{pod}-gpu-"), f"a name that starts with {pod}-gpu-", metadata["name"])
    same(metadata["annotations"]["resource.kubernetes.io/pod-claim-name"], "gpu", "annotation")
    same(metadata["labels"], {"from": "template"}, "labels")
    owner = metadata["ownerReferences"][0]
    wanted = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod,
        "uid": scenario.read("pods", pod)["metadata"]["uid"],
        "controller": True,
        **({"blockOwnerDeletion": True} if context.kubernetes == "1.34" else {}),
    }
    same(owner, wanted, "owner")
    same(claim["spec"], scenario.read("resourceclaimtemplates", template)["spec"]["spec"], "spec")


@behaviour("controllers/each-pod-has-its-claim", CLAIMS, needs=NEEDS)
def each_pod_its_claim(context: CheckContext) -> None:
    """Two pods with one template get two claims."""
    scenario = Scenario(context)
    template = scenario.template()
    claims = {generated(scenario, scenario.pod(templates={"gpu": template})) for _ in range(2)}
    same(len(claims), 2, "claims")


@behaviour("controllers/two-entries-two-claims", CLAIMS, needs=NEEDS)
def two_entries(context: CheckContext) -> None:
    """Two entries of a pod with one template get two claims."""
    scenario = Scenario(context)
    template = scenario.template()
    pod = scenario.pod(templates={"a": template, "b": template})
    holds(generated(scenario, pod, "a") != generated(scenario, pod, "b"), "two claims")


@behaviour("controllers/long-names-are-cut", CLAIMS, needs=NEEDS)
def long_names(context: CheckContext) -> None:
    """The name of a generated claim has at most 63 characters."""
    scenario = Scenario(context)
    entry = "e" * 63
    pod = scenario.pod(templates={entry: scenario.template()})
    holds(
        len(generated(scenario, pod, entry)) <= 63, "at most 63 characters", generated(scenario, pod, entry)
    )


@behaviour("controllers/missing-template-is-an-event", CLAIMS, needs=NEEDS)
def missing_template(context: CheckContext) -> None:
    """A missing template causes the event FailedResourceClaimCreation of the pod."""
    scenario = Scenario(context)
    pod = scenario.pod(templates={"gpu": "missing"})
    event = eventually(lambda: scenario.events(pod, "FailedResourceClaimCreation"), "the event")[0]
    same(event["type"], "Warning", "type")
    holds("missing" in event["message"], "the template's name", event["message"])


@behaviour("controllers/template-that-comes-later", CLAIMS, needs=NEEDS)
def template_later(context: CheckContext) -> None:
    """The claim is made when the template comes."""
    scenario = Scenario(context)
    pod = scenario.pod(templates={"gpu": "late"})
    eventually(lambda: scenario.events(pod, "FailedResourceClaimCreation"), "the event")
    context.create(
        "resourceclaimtemplates", {"metadata": {"name": "late"}, "spec": {"spec": scenario.spec()}}
    )
    generated(scenario, pod)


@behaviour("controllers/generated-claim-goes-with-its-pod", CLAIMS, needs=BOTH)
def goes_with_its_pod(context: CheckContext) -> None:
    """A generated claim goes when its pod is deleted."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(templates={"gpu": scenario.template()})
    claim = generated(scenario, pod)
    scenario.scheduled(pod)
    context.delete("pods", pod, GRACELESS).expect(200)
    gone(context, "resourceclaims", claim)


@behaviour("controllers/done-pod-loses-its-generated-claim", CLAIMS, needs=BOTH)
def done_pod(context: CheckContext) -> None:
    """The generated claim of a pod that is done is deleted; that of a pod whose container is only restarted stays."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    template = scenario.template()
    pods = [scenario.pod(templates={"gpu": template}, restartPolicy=policy) for policy in ("Always", "Never")]
    claims = [generated(scenario, pod) for pod in pods]
    for pod in pods:
        scenario.scheduled(pod)
    ended = {"name": "c", "image": "x", "imageID": "", "ready": False, "restartCount": 1}
    ended["state"] = {"terminated": {"exitCode": 1}}
    restarting = {"status": {"phase": "Running", "containerStatuses": [ended]}}
    context.patch("merge", "pods", pods[0], restarting, "status").expect(200)
    context.patch("merge", "pods", pods[1], {"status": {"phase": "Failed"}}, "status").expect(200)
    gone(context, "resourceclaims", claims[1])
    reserved = scenario.read("resourceclaims", claims[0])["status"].get("reservedFor", [])
    same(
        [entry["name"] for entry in reserved], [pods[0]], "reservedFor of the claim of the pod that restarts"
    )


@behaviour("controllers/own-claim-stays", CLAIMS, needs=BOTH)
def own_claim_stays(context: CheckContext) -> None:
    """A claim that the user made stays when the pod goes, deallocated and without reservations and finalizer."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    pod = scenario.pod(claim)
    scenario.scheduled(pod)
    context.delete("pods", pod, GRACELESS).expect(200)
    eventually(lambda: scenario.read("resourceclaims", claim)["status"] == {}, "the status is empty")

    def look() -> Any:
        return not scenario.read("resourceclaims", claim)["metadata"].get("finalizers")

    eventually(look, "the finalizer is gone")


@behaviour("controllers/shared-claim-is-kept-for-the-others", CLAIMS, needs=BOTH)
def shared_is_kept(context: CheckContext) -> None:
    """When one of two pods goes the claim loses its reservation only."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    first, second = scenario.pod(claim), scenario.pod(claim)
    scenario.scheduled(first)
    scenario.scheduled(second)
    context.delete("pods", first, GRACELESS).expect(200)

    def names() -> Any:
        return [e["name"] for e in scenario.read("resourceclaims", claim)["status"].get("reservedFor", [])]

    eventually(lambda: names() == [second], f"reserved for {second} only")
    holds(scenario.read("resourceclaims", claim)["status"].get("allocation"), "an allocation")


@behaviour("controllers/finished-pod-frees-its-claim", CLAIMS, needs=BOTH)
def finished_pod(context: CheckContext) -> None:
    """A pod that is done, though still there, no longer holds its devices."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    pod = scenario.pod(claim, restartPolicy="Never")
    scenario.scheduled(pod)
    context.patch("merge", "pods", pod, {"status": {"phase": "Succeeded"}}, "status").expect(200)
    eventually(
        lambda: "allocation" not in scenario.read("resourceclaims", claim)["status"],
        "the claim is deallocated",
    )


@behaviour("controllers/claim-in-use-waits", CLAIMS, needs=BOTH)
def in_use_waits(context: CheckContext) -> None:
    """A claim that is deleted while a pod uses it stays until the pod is gone."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    pod = scenario.pod(claim)
    scenario.scheduled(pod)
    context.delete("resourceclaims", claim).expect(200)
    holds(scenario.read("resourceclaims", claim)["metadata"].get("deletionTimestamp"), "a deletionTimestamp")
    context.delete("pods", pod, GRACELESS).expect(200)
    gone(context, "resourceclaims", claim)


@behaviour("controllers/reservation-of-nobody-goes", CLAIMS, needs=NEEDS)
def reservation_of_nobody(context: CheckContext) -> None:
    """A reservation for a pod that does not exist is removed, and the claim is deallocated."""
    scenario = Scenario(context)
    claim = scenario.claim()
    body = scenario.read("resourceclaims", claim)
    body["metadata"]["finalizers"] = [FINALIZER]
    body = context.put("resourceclaims", body).expect(200)
    result = {"request": "r", "driver": scenario.driver, "pool": "p", "device": "d"}
    reserved = [{"resource": "pods", "name": "nobody", "uid": "u"}]
    status = {"allocation": {"devices": {"results": [result]}}, "reservedFor": reserved}
    context.put("resourceclaims", {**body, "status": status}, "status").expect(200)
    eventually(lambda: scenario.read("resourceclaims", claim)["status"] == {}, "the status is empty")


@behaviour("controllers/pod-with-a-node-is-reserved-for", CLAIMS, needs=BOTH)
def pod_with_a_node(context: CheckContext) -> None:
    """A pod that was given its node by hand gets its reservation from the controller if the claim is allocated."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    pod = scenario.pod(claim, nodeName=node)

    def names() -> Any:
        return {e["name"] for e in scenario.read("resourceclaims", claim)["status"]["reservedFor"]}

    eventually(lambda: pod in names(), f"the claim is reserved for {pod}")


@behaviour("controllers/admin-template-needs-the-label", "KEP 5018", needs=NEEDS)
def admin_template(context: CheckContext) -> None:
    """The server refuses a template with admin access in a namespace without the label, so no claim comes of it."""
    scenario = Scenario(context)
    request = {"name": "r", "exactly": {"deviceClassName": scenario.device_class, "adminAccess": True}}
    spec = {"spec": {"devices": {"requests": [request]}}}
    context.post("resourceclaimtemplates", {"metadata": {"name": "t"}, "spec": spec}).refuse(
        422, "Invalid", "admin access to devices requires the"
    )


@behaviour("controllers/taint-evicts", "KEP 5055", needs=BOTH, since="1.36")
def taint_evicts(context: CheckContext) -> None:
    """A NoExecute taint on a device deletes the pods that use it, with event and condition."""
    scenario = Scenario(context)
    name = scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(scenario.claim())
    scenario.scheduled(pod)
    context.patch("merge", "pods", pod, {"metadata": {"finalizers": ["check.example.com/hold"]}}).expect(200)
    context.defer(context.patch, "merge", "pods", pod, {"metadata": {"finalizers": None}})
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    context.patch(
        "merge", "resourceslices", name, {"spec": {"devices": [{"name": "d0", "taints": taints}]}}
    ).expect(200)
    eventually(lambda: scenario.read("pods", pod)["metadata"].get("deletionTimestamp"), "the pod is deleted")
    conditions = {c["type"]: c.get("reason") for c in scenario.read("pods", pod)["status"]["conditions"]}
    same(conditions.get("DisruptionTarget"), "DeletionByDeviceTaintManager", "reason of DisruptionTarget")
    eventually(
        lambda: scenario.events(pod, "DeviceTaintManagerEviction"), "an event DeviceTaintManagerEviction"
    )


@behaviour("controllers/toleration-prevents-eviction", "KEP 5055", needs=BOTH, since="1.36")
def toleration_prevents(context: CheckContext) -> None:
    """A toleration with effect NoExecute keeps the pod, while one without goes."""
    scenario = Scenario(context)
    name = scenario.publish(scenario.node(), ["d0", "d1"])
    tolerations = [{"key": "example.com/sick", "operator": "Exists", "effect": "NoExecute"}]
    exactly = {"deviceClassName": scenario.device_class, "tolerations": tolerations}
    tolerant = scenario.pod(scenario.claim({"name": "r", "exactly": exactly}))
    other = scenario.pod(scenario.claim())
    for pod in (tolerant, other):
        scenario.scheduled(pod)
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    devices = [{"name": each, "taints": taints} for each in ("d0", "d1")]
    context.patch("merge", "resourceslices", name, {"spec": {"devices": devices}}).expect(200)

    def deleted() -> Any:
        return context.get("pods", other).code == 404 or scenario.read("pods", other)["metadata"].get(
            "deletionTimestamp"
        )

    eventually(deleted, "the other pod is deleted")
    same(scenario.read("pods", tolerant)["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")
