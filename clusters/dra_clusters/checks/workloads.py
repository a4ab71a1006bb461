"""What the controllers of workloads do: ReplicaSets, Deployments, DaemonSets, Jobs (pkg/controller/{replicaset,deployment,daemon,job}).

No kubelet is needed: a behaviour writes the status of pods itself, as a kubelet would. Pods are held by a finalizer where their end is watched.
"""

from collections.abc import Sequence
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.garbage import gone
from dra_clusters.checks.scenario import LABEL, Scenario

CONTROLLER = UPSTREAM + "pkg/controller/"
NEEDS = ("api", "controllers")
REVISION = "deployment.kubernetes.io/revision"
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


class Workload:
    """One workload and its pods, which nothing can run: no node has their label."""

    def __init__(
        self, context: CheckContext, plural: str, *, node_label: str = "nowhere", **spec: Any
    ) -> None:
        self.context = context
        self.plural = plural
        self.name = context.name()
        self._labels = {"app": self.name}
        self._node_label = node_label
        own = {} if plural == "jobs" else {"selector": {"matchLabels": self._labels}}
        policy = {"restartPolicy": "Never"} if plural == "jobs" else {}
        item = {"metadata": {"name": self.name}, "spec": {"template": self.template(**policy), **own, **spec}}
        self.uid = context.create(plural, item)["metadata"]["uid"]
        context.defer(self._remove)

    def template(self, image: str = "example.com/none", **spec: Any) -> JsonObject:
        """A pod template."""
        body = {
            "containers": [{"name": "c", "image": image}],
            "nodeSelector": {LABEL: self._node_label},
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
        }
        return {"metadata": {"labels": self._labels}, "spec": body | spec}

    def _remove(self) -> None:
        """Delete it with its pods; none of them waits for a kubelet."""
        self.context.delete(self.plural, self.name, {"propagationPolicy": "Background"})
        for pod in self.context.get("pods", labelSelector=f"app={self.name}").expect(200)["items"]:
            self.context.patch("merge", "pods", pod["metadata"]["name"], {"metadata": {"finalizers": None}})
            self.context.delete("pods", pod["metadata"]["name"], GRACELESS)

    def read(self) -> Any:
        """The workload as it is now."""
        return self.context.get(self.plural, self.name).expect(200)

    def update(self, **spec: Any) -> None:
        """Change members of its spec."""
        self.context.patch("merge", self.plural, self.name, {"spec": spec}).expect(200)

    def pods(self, count: int, image: str = "") -> list[JsonObject]:
        """Its pods, of one image if wanted; waits until there are COUNT that are not being deleted."""

        def look() -> Any:
            items = self.context.get("pods", labelSelector=f"app={self.name}").expect(200)["items"]
            alive = [
                pod
                for pod in items
                if not pod["metadata"].get("deletionTimestamp")
                and image in ("", pod["spec"]["containers"][0]["image"])
            ]
            return (alive,) if len(alive) == count else None

        found: tuple[list[JsonObject]] = eventually(look, f"{count} pods of {self.name} {image}")
        return found[0]

    def set_status(self, pods: Sequence[JsonObject], **status: Any) -> None:
        """Write the status of PODS."""
        for pod in pods:
            self.context.patch("merge", "pods", pod["metadata"]["name"], {"status": status}, "status").expect(
                200
            )

    def sets(self) -> list[JsonObject]:
        """Its ReplicaSets, oldest revision first."""
        items = self.context.get("replicasets", labelSelector=f"app={self.name}").expect(200)["items"]
        return sorted(items, key=lambda one: int(one["metadata"]["annotations"][REVISION]))

    def condition(self, kind: str) -> tuple[str, str]:
        """(status, reason) of a condition; empty if it is not there."""
        for one in self.read().get("status", {}).get("conditions", []):
            if one["type"] == kind:
                return one["status"], one.get("reason", "")
        return "", ""

    def reaches(self, **counts: int) -> None:
        """Wait until the status has COUNTS and is about the newest generation."""

        def look() -> bool:
            item = self.read()
            status = item.get("status", {})
            seen = status.get("observedGeneration", 0) == item["metadata"]["generation"]
            return seen and all(status.get(name, 0) == count for name, count in counts.items())

        eventually(look, f"status of {self.name} has {counts}")


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


def daemon_set(context: CheckContext, scenario: Scenario, **spec: Any) -> Workload:
    """A DaemonSet for the nodes of a scenario."""
    return Workload(context, "daemonsets", node_label=scenario.context.stem, **spec)


def target_of(pod: JsonObject) -> str:
    """The node that a daemon pod is for."""
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


@behaviour("workloads/daemonset-has-a-pod-per-node", CONTROLLER + "daemon/daemon_controller.go", needs=NEEDS)
def pod_per_node(context: CheckContext) -> None:
    """A DaemonSet creates a pod for each node with the labels, which only that node can run; a new node gets one too."""
    scenario = Scenario(context)
    nodes = {scenario.node(), scenario.node()}
    made = daemon_set(context, scenario)
    same({target_of(pod) for pod in made.pods(2)}, nodes, "nodes")
    made.reaches(desiredNumberScheduled=2)
    nodes.add(scenario.node())
    same({target_of(pod) for pod in made.pods(3)}, nodes, "nodes")


@behaviour(
    "workloads/daemonset-tolerates-nodes-under-pressure",
    CONTROLLER + "daemon/util/daemonset_util.go",
    needs=NEEDS,
)
def tolerates_pressure(context: CheckContext) -> None:
    """Daemon pods tolerate the taints of nodes that are not ready, unschedulable or short of something, and run there."""
    scenario = Scenario(context)
    node = scenario.node()
    context.patch("merge", "nodes", node, {"spec": {"unschedulable": True}}).expect(200)
    [pod] = daemon_set(context, scenario).pods(1)
    found = {(each.get("key"), each.get("effect")) for each in pod["spec"]["tolerations"]}
    wanted = {("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("unschedulable", "NoSchedule")}
    wanted |= {(f"{kind}-pressure", "NoSchedule") for kind in ("disk", "memory", "pid")}
    missing = {(f"node.kubernetes.io/{key}", effect) for key, effect in wanted} - found
    same(missing, set(), "missing tolerations")


@behaviour(
    "workloads/daemonset-leaves-tainted-nodes", CONTROLLER + "daemon/daemon_controller.go", needs=NEEDS
)
def leaves_tainted(context: CheckContext) -> None:
    """A node with a taint that the template does not tolerate gets no pod."""
    scenario = Scenario(context)
    node, tainted = scenario.node(), scenario.node()
    taints = [{"key": "example.com/t", "effect": "NoSchedule"}]
    context.patch("merge", "nodes", tainted, {"spec": {"taints": taints}}).expect(200)
    made = daemon_set(context, scenario)
    same([target_of(pod) for pod in made.pods(1)], [node], "nodes")
    made.reaches(desiredNumberScheduled=1, numberMisscheduled=0)


@behaviour("workloads/daemonset-has-revisions", CONTROLLER + "daemon/update.go", needs=NEEDS)
def has_revisions(context: CheckContext) -> None:
    """Each template of a DaemonSet is a ControllerRevision with a number and a patch, and its hash is on the pods."""
    scenario = Scenario(context)
    scenario.node()
    made = daemon_set(context, scenario)
    [pod] = made.pods(1)

    def revisions() -> list[JsonObject]:
        items = context.get("controllerrevisions", labelSelector=f"app={made.name}").expect(200)["items"]
        return sorted(items, key=lambda one: int(one["revision"]))

    [first] = revisions()
    mark = first["metadata"]["labels"]["controller-revision-hash"]
    same(pod["metadata"]["labels"]["controller-revision-hash"], mark, "hash of the pod")
    same(first["data"]["spec"]["template"]["$patch"], "replace", "patch")
    made.update(template=made.template("example.com/two"))
    eventually(lambda: [one["revision"] for one in revisions()] == [1, 2], "a second revision")


@behaviour("workloads/daemonset-is-updated-node-by-node", CONTROLLER + "daemon/update.go", needs=NEEDS)
def node_by_node(context: CheckContext) -> None:
    """With maxUnavailable 1 one pod at a time is replaced, and the next when it is ready."""
    scenario = Scenario(context)
    for _ in range(2):
        scenario.node()
    made = daemon_set(context, scenario)
    for pod in made.pods(2):
        if not pod["spec"].get("nodeName"):
            target = {"target": {"kind": "Node", "name": target_of(pod)}}
            body = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": pod["metadata"]["name"]},
                **target,
            }
            context.client.send("POST", context.path("pods", pod["metadata"]["name"], "binding"), body)
    made.set_status(made.pods(2), phase="Running", conditions=[READY])
    made.reaches(numberAvailable=2)
    made.update(template=made.template("example.com/two"))
    [old] = made.pods(1, "example.com/none")
    going = context.get("pods", labelSelector=f"app={made.name}").expect(200)["items"]
    for pod in going:
        if pod["metadata"].get("deletionTimestamp"):
            context.delete("pods", pod["metadata"]["name"], GRACELESS)
    [new] = made.pods(1, "example.com/two")
    holds(target_of(new) != target_of(old), "the new pod is for the other node", target_of(new))


@behaviour("workloads/job-completes", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_completes(context: CheckContext) -> None:
    """A Job counts the pods that succeed, takes its finalizer off them and is Complete when there are enough."""
    made = Workload(context, "jobs", completions=2, parallelism=1)
    [first] = made.pods(1)
    same(first["metadata"]["finalizers"], ["batch.kubernetes.io/job-tracking"], "finalizers")
    same(first["metadata"]["labels"]["batch.kubernetes.io/job-name"], made.name, "label of a pod")
    made.set_status([first], phase="Succeeded")
    both = made.pods(2)
    made.set_status(
        [pod for pod in both if pod["metadata"]["name"] != first["metadata"]["name"]], phase="Succeeded"
    )
    eventually(lambda: made.condition("Complete")[0] == "True", "the Job is complete")
    status = made.read()["status"]
    same((status["succeeded"], bool(status["completionTime"])), (2, True), "succeeded and completionTime")
    same({one["type"] for one in status["conditions"]}, {"SuccessCriteriaMet", "Complete"}, "conditions")
    eventually(lambda: not any(pod["metadata"].get("finalizers") for pod in made.pods(2)), "no finalizers")


@behaviour("workloads/job-gives-up", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_gives_up(context: CheckContext) -> None:
    """A Job whose pods fail more often than its backoffLimit is Failed with BackoffLimitExceeded."""
    made = Workload(context, "jobs", backoffLimit=0)
    made.set_status(made.pods(1), phase="Failed")
    eventually(lambda: made.condition("Failed") == ("True", "BackoffLimitExceeded"), "the Job has failed")
    same(made.condition("FailureTarget"), ("True", "BackoffLimitExceeded"), "FailureTarget")
    same(made.read()["status"]["failed"], 1, "failed")


@behaviour("workloads/job-has-indexes", CONTROLLER + "job/indexed_job_utils.go", needs=NEEDS)
def job_has_indexes(context: CheckContext) -> None:
    """The pods of an indexed Job have an index as annotation, label, host name and variable."""
    made = Workload(context, "jobs", completions=3, parallelism=3, completionMode="Indexed")
    key = "batch.kubernetes.io/job-completion-index"
    pods = {pod["metadata"]["annotations"][key]: pod for pod in made.pods(3)}
    same(sorted(pods), ["0", "1", "2"], "indexes")
    same(pods["1"]["metadata"]["labels"][key], "1", "label")
    same(pods["1"]["spec"]["hostname"], f"{made.name}-1", "host name")
    field = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{key}']"}
    wanted = [{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": field}}]
    same(pods["1"]["spec"]["containers"][0]["env"], wanted, "variables")
    made.set_status([pods["0"], pods["2"]], phase="Succeeded")
    eventually(lambda: made.read()["status"].get("completedIndexes") == "0,2", "completedIndexes")


@behaviour("workloads/job-is-suspended", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_is_suspended(context: CheckContext) -> None:
    """A Job that is suspended loses its pods, which do not count as failed, and its start time."""
    made = Workload(context, "jobs")
    made.pods(1)
    made.update(suspend=True)
    made.pods(0)
    eventually(lambda: made.condition("Suspended") == ("True", "JobSuspended"), "the Job says so")
    status = made.read()["status"]
    same(("startTime" in status, status.get("failed", 0)), (False, 0), "start time and failures")


@behaviour("workloads/job-goes-after-its-time", CONTROLLER + "ttlafterfinished", needs=NEEDS)
def job_goes(context: CheckContext) -> None:
    """A Job with ttlSecondsAfterFinished 0 is deleted when it has ended."""
    made = Workload(context, "jobs", ttlSecondsAfterFinished=0)
    made.set_status(made.pods(1), phase="Succeeded")
    gone(context, "jobs", made.name)


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
