"""What the controller of DaemonSets does (pkg/controller/daemon); behaviours write the status of pods as a kubelet would."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import Scenario
from dra_clusters.checks.workload import CONTROLLER, NEEDS, READY, Workload


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
