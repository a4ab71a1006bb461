"""What the controllers of ReplicaSets and Deployments do, and the eviction from tainted nodes (pkg/controller/{replicaset,deployment,tainteviction}).

No kubelet is needed: a behaviour writes the status of pods itself, as a kubelet would. Pods are held by a finalizer where their end is watched.
"""

from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import Scenario
from dra_clusters.checks.workload import CONTROLLER, NEEDS, READY, REVISION, Workload


@behaviour("workloads/replicaset-keeps-its-pods", CONTROLLER + "replicaset/replica_set.go", needs=NEEDS)
def keeps_its_pods(context: CheckContext) -> None:
    """A ReplicaSet creates its pods, which it controls, and replaces one that goes."""
    made = Workload(context, "replicasets", replicas=2)
    pods = made.pods(2)
    same(pods[0]["metadata"]["generateName"], f"{made.name}-", "generateName")
    wanted = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": made.name, "uid": made.uid}
    wanted |= {"controller": True, "blockOwnerDeletion": True}
    same(pods[0]["metadata"]["ownerReferences"], [wanted], "owners")
    context.delete("pods", pods[0]["metadata"]["name"], GRACELESS).expect(200)

    def replaced() -> bool:
        return pods[0]["metadata"]["name"] not in [pod["metadata"]["name"] for pod in made.pods(2)]

    eventually(replaced, "another pod")


@behaviour(
    "workloads/replicaset-counts-ready-pods", CONTROLLER + "replicaset/replica_set_utils.go", needs=NEEDS
)
def counts_ready(context: CheckContext) -> None:
    """The status of a ReplicaSet counts its pods, those that are ready and those that are available."""
    made = Workload(context, "replicasets", replicas=2)
    pods = made.pods(2)
    made.reaches(replicas=2, fullyLabeledReplicas=2, readyReplicas=0)
    made.set_status(pods[:1], phase="Running", conditions=[READY])
    made.reaches(replicas=2, readyReplicas=1, availableReplicas=1)


@behaviour(
    "workloads/replicaset-deletes-what-does-not-run-first", CONTROLLER + "controller_utils.go", needs=NEEDS
)
def deletes_first(context: CheckContext) -> None:
    """A ReplicaSet that shrinks keeps the pods that are ready."""
    made = Workload(context, "replicasets", replicas=3)
    kept = made.pods(3)[1]
    made.set_status([kept], phase="Running", conditions=[READY])
    made.reaches(readyReplicas=1)
    made.update(replicas=1)
    same([pod["metadata"]["name"] for pod in made.pods(1)], [kept["metadata"]["name"]], "pods")


@behaviour("workloads/pods-are-adopted-and-released", CONTROLLER + "controller_ref_manager.go", needs=NEEDS)
def adopted_and_released(context: CheckContext) -> None:
    """A pod with the labels and without a controller is adopted; one that loses its labels is released and replaced."""
    made = Workload(context, "replicasets", replicas=1)
    made.update(replicas=0)
    made.pods(0)
    metadata = {"name": context.name(), "labels": {"app": made.name}}
    context.create("pods", {"metadata": metadata, "spec": made.template()["spec"]})
    context.defer(context.delete, "pods", metadata["name"], GRACELESS)
    eventually(
        lambda: context.get("pods", str(metadata["name"])).code == 404, "the adopted pod is one too many"
    )
    made.update(replicas=1)
    [pod] = made.pods(1)
    name = pod["metadata"]["name"]
    context.patch("merge", "pods", name, {"metadata": {"labels": {"app": None}}}).expect(200)
    context.defer(context.delete, "pods", name, GRACELESS)
    eventually(
        lambda: "ownerReferences" not in context.get("pods", name).expect(200)["metadata"], "it is released"
    )
    made.pods(1)


@behaviour("workloads/deployment-makes-a-replicaset", CONTROLLER + "deployment/sync.go", needs=NEEDS)
def makes_a_replicaset(context: CheckContext) -> None:
    """A Deployment has a ReplicaSet NAME-HASH whose labels, selector and pods have the hash, with revision 1."""
    made = Workload(context, "deployments", replicas=2)
    pods = made.pods(2)
    [replica_set] = made.sets()
    mark = replica_set["metadata"]["labels"]["pod-template-hash"]
    same(replica_set["metadata"]["name"], f"{made.name}-{mark}", "name")
    same(replica_set["spec"]["selector"]["matchLabels"]["pod-template-hash"], mark, "selector")
    same(pods[0]["metadata"]["labels"]["pod-template-hash"], mark, "label of a pod")
    marks = replica_set["metadata"]["annotations"]
    same(marks["deployment.kubernetes.io/desired-replicas"], "2", "desired replicas")
    same(marks["deployment.kubernetes.io/max-replicas"], "3", "most replicas")
    same((marks[REVISION], made.read()["metadata"]["annotations"][REVISION]), ("1", "1"), "revision")


@behaviour("workloads/deployment-says-when-it-is-done", CONTROLLER + "deployment/progress.go", needs=NEEDS)
def says_when_done(context: CheckContext) -> None:
    """A Deployment is Available and Progressing with NewReplicaSetAvailable when all its pods are ready, not before."""
    made = Workload(context, "deployments", replicas=2)
    pods = made.pods(2)
    made.reaches(replicas=2, updatedReplicas=2, unavailableReplicas=2)
    same(made.condition("Available"), ("False", "MinimumReplicasUnavailable"), "Available")
    made.set_status(pods, phase="Running", conditions=[READY])
    made.reaches(replicas=2, readyReplicas=2, availableReplicas=2, unavailableReplicas=0)
    done = ("True", "NewReplicaSetAvailable")
    eventually(lambda: made.condition("Progressing") == done, "Progressing says that it is done")
    same(made.condition("Available"), ("True", "MinimumReplicasAvailable"), "Available")


@behaviour("workloads/deployment-rolls-within-its-limits", CONTROLLER + "deployment/rolling.go", needs=NEEDS)
def rolls_within_limits(context: CheckContext) -> None:
    """With maxSurge 1 and maxUnavailable 0 a new pod must be ready before an old one goes."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    made = Workload(context, "deployments", replicas=2, strategy=rolling)
    made.set_status(made.pods(2), phase="Running", conditions=[READY])
    made.reaches(availableReplicas=2)
    made.update(template=made.template("example.com/two"))
    made.reaches(replicas=3, updatedReplicas=1, availableReplicas=2)
    made.set_status(made.pods(1, "example.com/two"), phase="Running", conditions=[READY])
    made.set_status(made.pods(2, "example.com/two")[-1:], phase="Pending")
    same(len(made.pods(1, "example.com/none")), 1, "old pods")
    same([one["metadata"]["annotations"][REVISION] for one in made.sets()], ["1", "2"], "revisions")


@behaviour("workloads/deployment-recreates", CONTROLLER + "deployment/recreate.go", needs=NEEDS)
def recreates(context: CheckContext) -> None:
    """With strategy Recreate new pods come when the old ones are gone."""
    made = Workload(context, "deployments", replicas=1, strategy={"type": "Recreate", "rollingUpdate": None})
    [old] = made.pods(1)
    name = old["metadata"]["name"]
    context.patch("merge", "pods", name, {"metadata": {"finalizers": ["check.example.com/hold"]}}).expect(200)
    made.update(template=made.template("example.com/two"))
    eventually(
        lambda: context.get("pods", name).expect(200)["metadata"].get("deletionTimestamp"), "the old pod goes"
    )
    made.pods(0)
    context.patch("merge", "pods", name, {"metadata": {"finalizers": None}}).expect(200)
    made.pods(1, "example.com/two")


@behaviour("workloads/deployment-undo-is-a-new-revision", CONTROLLER + "deployment/sync.go", needs=NEEDS)
def undo_is_new(context: CheckContext) -> None:
    """A template that was there before gets its old ReplicaSet, with a new revision and the old one as its history."""
    made = Workload(context, "deployments", replicas=1)
    made.pods(1)
    [first] = made.sets()
    made.update(template=made.template("example.com/two"))
    eventually(lambda: len(made.sets()) == 2, "two ReplicaSets")
    made.update(template=made.template())

    def look() -> bool:
        return made.sets()[-1]["metadata"]["name"] == first["metadata"]["name"]

    eventually(look, "the first ReplicaSet is the newest")
    marks = made.sets()[-1]["metadata"]["annotations"]
    same(
        (marks[REVISION], marks["deployment.kubernetes.io/revision-history"]),
        ("3", "1"),
        "revision and history",
    )


@behaviour(
    "workloads/node-taint-evicts", CONTROLLER + "tainteviction/taint_eviction.go", needs=(*NEEDS, "scheduler")
)
def node_taint_evicts(context: CheckContext) -> None:
    """A NoExecute taint of a node deletes the pods there that do not tolerate it, with a condition."""
    scenario = Scenario(context)
    node = scenario.node()
    tolerant, other = scenario.pod(), scenario.pod(tolerations=[])
    for pod in (tolerant, other):
        scenario.scheduled(pod)
    context.patch("merge", "pods", other, {"metadata": {"finalizers": ["check.example.com/hold"]}}).expect(
        200
    )
    context.defer(context.patch, "merge", "pods", other, {"metadata": {"finalizers": None}})
    taints = [{"key": "example.com/sick", "effect": "NoExecute"}]
    context.patch("merge", "nodes", node, {"spec": {"taints": taints}}).expect(200)
    eventually(
        lambda: scenario.read("pods", other)["metadata"].get("deletionTimestamp"), "the pod is deleted"
    )
    reasons = {one["type"]: one.get("reason") for one in scenario.read("pods", other)["status"]["conditions"]}
    same(reasons.get("DisruptionTarget"), "DeletionByTaintManager", "reason of DisruptionTarget")
    same(scenario.read("pods", tolerant)["metadata"].get("deletionTimestamp"), None, "deletionTimestamp")
