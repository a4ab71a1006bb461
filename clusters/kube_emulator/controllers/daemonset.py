"""Runs a pod of each DaemonSet on every node that fits (kube-controller-manager pkg/controller/daemon, 1.36).

``daemonset_nodes`` decides; this module reads and writes. Pods are bound by the scheduler: each can run on one node only.
"""

from collections.abc import Iterable
from typing import cast

from dra_api.objects import JsonObject, Node, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.controllers import daemonset_nodes as decide
from kube_emulator.controllers import revisions
from kube_emulator.controllers.dependents import DAEMON_SET, Dependents
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of, run_keyed
from kube_emulator.controllers.pod_control import PodControl, available_in, pod_from, write_status
from kube_emulator.controllers.template_hash import REVISION_LABEL

WATCHED = ("daemonsets", "pods", "nodes", revisions.PLURAL)
BACK_OFF_S = 1.0
"""How long a node waits for the next pod after one that failed; twice as long each time (FailedPodsBackoff)."""
BACK_OFF_MAX_S = 900.0


class DaemonSetController:
    """The daemonset controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pods = Dependents(api, "pods", DAEMON_SET)
        self._control = PodControl(api, "daemonset-controller", self._pods)
        self._failures: dict[tuple[str, str], tuple[float, float]] = {}
        """{(UID, node): (when it may have the next pod, pause)}."""

    async def run(self) -> None:
        """Run until cancelled."""
        await run_keyed(self._api, WATCHED, self._keys_of, self._sync)

    def _keys_of(self, changed: Changed) -> Iterable[Key]:
        if changed.plural == "pods":
            return self._pods.note(changed)
        if changed.plural == "nodes":
            return [key_of(one) for one in self._api.values("daemonsets")] if matters(changed) else []
        return [key_of(changed.item)] if changed.plural == "daemonsets" else []

    def _sync(self, key: Key) -> float | None:
        daemon_set = self._api.find("daemonsets", key[1], key[0])
        if daemon_set is None or daemon_set["metadata"].get("deletionTimestamp"):
            return None
        nodes = decide.fits(daemon_set, cast("list[Node]", self._api.values("nodes")))
        revision = revisions.current_revision(self._api, daemon_set, DAEMON_SET)
        places, now = self._places(daemon_set), self._api.clock.time()
        wait = self._do(daemon_set, decide.placed(daemon_set, nodes, places, revision, now), revision)
        places = self._places(daemon_set)
        if daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            desired = sum(should_run for should_run, _ in nodes.values())
            self._do(daemon_set, decide.rolled(daemon_set, places, desired, revision, now), revision)
            places = self._places(daemon_set)
        marks = {
            (pod["metadata"].get("labels") or {}).get(REVISION_LABEL, "")
            for pods in places.values()
            for pod in pods
        }
        revisions.clean_up(self._api, daemon_set, {*marks, revision})
        status = decide.status_of(daemon_set, nodes, places, revision, now)
        write_status(self._api, "daemonsets", daemon_set, status)
        least = int(daemon_set["spec"].get("minReadySeconds") or 0)
        waits = [available_in(pod, least, now) for pods in places.values() for pod in pods]
        return min((each for each in (*waits, wait) if each), default=None)

    def _places(self, daemon_set: JsonObject) -> dict[str, list[Pod]]:
        """{node: the pods there}, oldest first."""
        found: dict[str, list[Pod]] = {}
        for pod in cast("list[Pod]", self._pods.of(daemon_set)):
            found.setdefault(decide.node_of(pod), []).append(pod)
        return found

    def _do(self, daemon_set: JsonObject, steps: decide.Steps, revision: str) -> float | None:
        """Do STEPS; returns after how many seconds a pod that failed may be replaced, None if no one waits."""
        waits = []
        uid, now = daemon_set["metadata"]["uid"], self._api.clock.time()
        for pod in steps.delete:
            if pod in steps.failed:
                node = decide.node_of(pod)
                due, pause = self._failures.get((uid, node), (0.0, BACK_OFF_S / 2))
                if due > now:
                    waits.append(due - now)
                    continue
                pause = min(pause * 2, BACK_OFF_MAX_S)
                self._failures[uid, node] = (now + pause, pause)
                self._report_end(daemon_set, pod, node)
            self._control.delete(daemon_set, pod)
        for node in steps.create:
            template = {**daemon_set["spec"]["template"], "spec": decide.spec_on(daemon_set, node)}
            labels = {REVISION_LABEL: revision, "pod-template-generation": generation_of(daemon_set)}
            self._control.create(daemon_set, pod_from(daemon_set, DAEMON_SET, template, labels=labels))
        return min(waits, default=None)

    def _report_end(self, daemon_set: JsonObject, pod: Pod, node: str) -> None:
        word = str(pod["status"]["phase"])
        where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']} on node {node}"
        message = f"Found {word.lower()} daemon pod {where}, will try to kill it"
        kind = "Warning" if word == "Failed" else "Normal"
        self._control.record_event(daemon_set, f"{word}DaemonPod", message, kind=kind)


def generation_of(daemon_set: JsonObject) -> str:
    """How often the template was changed."""
    marks = daemon_set["metadata"].get("annotations") or {}
    return str(marks.get("deprecated.daemonset.template.generation", "1"))


def matters(changed: Changed) -> bool:
    """Whether a change of a node can change where pods run; most are of its status (shouldIgnoreNodeUpdate)."""
    before, after = changed.before, changed.after
    if before is None or after is None:
        return True
    parts = [
        (node["metadata"].get("labels"), node.get("spec"), node["metadata"].get("deletionTimestamp"))
        for node in (before, after)
    ]
    return parts[0] != parts[1]
