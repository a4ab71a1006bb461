"""Pure: on which nodes a DaemonSet runs, and what changes there (pkg/controller/daemon, 1.36)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from dra_api.objects import DeviceTaint, DeviceToleration, JsonObject, Node, Pod
from kube_emulator.apiserver.registry.verbs.budgets import is_ready
from kube_emulator.controllers.pod_control import amount, available_in
from kube_emulator.controllers.template_hash import REVISION_LABEL
from kube_emulator.scheduler.framework.predicates import UNSCHEDULABLE
from kube_emulator.scheduler.framework.selection import selects_node
from kube_emulator.scheduler.framework.tolerations import tolerates

TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
"""Taints that pods of every DaemonSet tolerate (AddOrUpdateDaemonPodTolerations)."""
HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


Fits = Mapping[str, tuple[bool, bool]]
"""{node: (whether a pod is to be made there, whether one that is there may stay)}."""
Places = Mapping[str, Sequence[Pod]]
"""{node: the pods there}, oldest first."""


@dataclass(slots=True)
class Steps:
    """What a sync does.

    Attributes:
        create: the nodes that get a pod.
        failed: pods that ended and are replaced, a part of ``delete``.
    """

    create: list[str] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    failed: list[Pod] = field(default_factory=list)


def spec_on(daemon_set: JsonObject, node: str) -> JsonObject:
    """The spec of a pod of DAEMON_SET that only NODE can run: the scheduler binds it."""
    spec = dict(daemon_set["spec"]["template"]["spec"])
    wanted = [*TOLERATED, *([HOST_NETWORK] if spec.get("hostNetwork") else [])]
    tolerations = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in wanted]
    own = [one for one in spec.get("tolerations") or [] if one not in tolerations]
    field_ = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity = dict(spec.get("affinity") or {})
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field_]}]},
    }
    return {**spec, "tolerations": [*own, *tolerations], "affinity": affinity}


def node_of(pod: Pod) -> str:
    """The node of a pod, or the one that it is for (GetTargetNodeName)."""
    if name := pod["spec"].get("nodeName"):
        return name
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in required.get("nodeSelectorTerms") or []:
        for wanted in term.get("matchFields") or []:
            if wanted["key"] == "metadata.name" and len(wanted.get("values") or []) == 1:
                return str(wanted["values"][0])
    return ""


def runs_on(daemon_set: JsonObject, node: Node) -> tuple[bool, bool]:
    """(whether a pod is to be made on NODE, whether one that is there may stay) (NodeShouldRunDaemonPod)."""
    template, labels = daemon_set["spec"]["template"]["spec"], node["metadata"].get("labels") or {}
    required = ((template.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    wanted = template.get("nodeSelector") or {}
    named = template.get("nodeName") in (None, "", node["metadata"]["name"])
    if not named or not wanted.items() <= labels.items() or not selects_node(required, node):
        return False, False
    tolerations = cast("list[DeviceToleration]", spec_on(daemon_set, "")["tolerations"])
    taints: list[DeviceTaint] = [*((node.get("spec") or {}).get("taints") or [])]
    if (node.get("spec") or {}).get("unschedulable"):
        taints.append(UNSCHEDULABLE)
    refused = {
        taint["effect"]
        for taint in taints
        if taint["effect"] != "PreferNoSchedule" and not any(tolerates(each, taint) for each in tolerations)
    }
    return not refused, "NoExecute" not in refused


def fits(daemon_set: JsonObject, nodes: Iterable[Node]) -> Fits:
    """``runs_on`` for each node."""
    return {node["metadata"]["name"]: runs_on(daemon_set, node) for node in nodes}


def is_updated(pod: Pod, revision: str) -> bool:
    """Whether a pod is of the newest template."""
    return (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == revision


def is_available(daemon_set: JsonObject, pod: Pod, now: float) -> bool:
    """Whether a pod has been ready for ``minReadySeconds``."""
    return available_in(pod, int(daemon_set["spec"].get("minReadySeconds") or 0), now) == 0


def limits(daemon_set: JsonObject, desired: int) -> tuple[int, int]:
    """(surge, unavailable) of a rolling update over DESIRED nodes (updatedDesiredNodeCounts)."""
    rolling = daemon_set["spec"]["updateStrategy"].get("rollingUpdate") or {}
    surge = amount(rolling.get("maxSurge", 0), desired, up=True)
    unavailable = amount(rolling.get("maxUnavailable", 1), desired, up=True)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def placed(daemon_set: JsonObject, nodes: Fits, pods: Places, revision: str, now: float) -> Steps:
    """What brings one pod to each node that is to have one, and none to others (podsShouldBeOnNode)."""
    steps = Steps()
    surges = limits(daemon_set, 1)[0] > 0 and daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    for name, (should_run, may_stay) in nodes.items():
        there = [pod for pod in pods.get(name, ()) if not pod["metadata"].get("deletionTimestamp")]
        if not may_stay:
            steps.delete += there
            continue
        ended = [pod for pod in there if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")]
        steps.failed += ended
        steps.delete += ended
        running = [pod for pod in there if pod not in ended]
        if should_run and not pods.get(name):
            steps.create.append(name)
        steps.delete += superfluous(daemon_set, running, revision, now) if surges else running[1:]
    for name, every in pods.items():
        if name not in nodes:
            steps.delete += [pod for pod in every if not pod["metadata"].get("deletionTimestamp")]
    return steps


def superfluous(daemon_set: JsonObject, running: Sequence[Pod], revision: str, now: float) -> list[Pod]:
    """Pods of a node that go though a new and an old one may run side by side for a while."""
    new = [pod for pod in running if is_updated(pod, revision)]
    old = [pod for pod in running if not is_updated(pod, revision)]
    going = [*new[1:], *old[1:]]
    if new and old and (not is_ready(old[0]) or is_available(daemon_set, new[0], now)):
        going.append(old[0])
    return going


def rolled(daemon_set: JsonObject, pods: Places, desired: int, revision: str, now: float) -> Steps:
    """The next pods of a rolling update (update.go rollingUpdate)."""
    surge, unavailable = limits(daemon_set, desired)
    steps, at_once, in_turn, busy = Steps(), [], [], 0
    for name, every in sorted(pods.items()):
        there = [pod for pod in every if not pod["metadata"].get("deletionTimestamp")]
        new = next((pod for pod in there if is_updated(pod, revision)), None)
        old = next((pod for pod in there if not is_updated(pod, revision)), None)
        if surge:
            if old is None or (new is None and len(there) < len(every)):
                continue
            if new is not None:
                busy += 1  # ``superfluous`` ends the old one
            elif is_available(daemon_set, old, now):
                in_turn.append((name, old))
            else:
                at_once.append((name, old))
        elif new is not None or old is None:
            busy += new is None or not is_available(daemon_set, new, now)
        elif is_available(daemon_set, old, now):
            in_turn.append((name, old))
        else:
            busy += 1
            at_once.append((name, old))
    chosen = [*at_once, *in_turn[: max(0, (surge or unavailable) - busy)]]
    if surge:
        steps.create = [name for name, _ in chosen]
    else:
        steps.delete = [pod for _, pod in chosen]
    return steps


def status_of(daemon_set: JsonObject, nodes: Fits, pods: Places, revision: str, now: float) -> JsonObject:
    """The status of a DaemonSet."""
    counts = dict.fromkeys(
        ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"), 0
    )
    available = updated = 0
    for name, (should_run, _) in nodes.items():
        there = [pod for pod in pods.get(name, ()) if pod["spec"].get("nodeName")]
        counts["desiredNumberScheduled"] += should_run
        if there and not should_run:
            counts["numberMisscheduled"] += 1
        if not there or not should_run:
            continue
        counts["currentNumberScheduled"] += 1
        oldest = there[0]
        counts["numberReady"] += is_ready(oldest)
        available += is_available(daemon_set, oldest, now)
        updated += is_updated(oldest, revision)
    missing = counts["desiredNumberScheduled"] - available
    shown = {"updatedNumberScheduled": updated, "numberAvailable": available, "numberUnavailable": missing}
    own = {*counts, *shown, "observedGeneration"}
    kept = {name: value for name, value in (daemon_set.get("status") or {}).items() if name not in own}
    generation = daemon_set["metadata"].get("generation", 0)
    return (
        kept
        | counts
        | {name: count for name, count in shown.items() if count}
        | {"observedGeneration": generation}
    )
