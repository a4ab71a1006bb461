"""Whole clusters for requirements on API server, scheduler, controllers and kubelet: one for each choice of gates and versions.

A cluster is started when the first check asks for it and serves all checks of the session. Checks work in namespaces and
with drivers of their own, so they share it; a behaviour of ``dra_clusters`` is run on it with every request as evidence.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dra_clusters.check import Subject, reason_to_skip, subject_of
from dra_clusters.checks.behaviour import Behaviour
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.checks.client import Answer, Difference
from dra_clusters.checks.context import CheckContext
from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.provider import Cluster, ClusterOptions, EmulatedCluster, switchable
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Violation, not_applicable
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.target import Target, open_target

NODES = ("node-0",)
GATE = "gate:"
ALL_GATES = frozenset(
    need.removeprefix(GATE) for item in behaviours() for need in item.needs if need.startswith(GATE)
)
"""The gates that behaviours need."""
MANAGED = re.compile(r'"managedFields":\[.*?\],?(?="\w+":|\})')
"""Who wrote which field: half of every object, and never what a check is about."""
STEP_S, PAUSE_S = 0.5, 0.05
"""A hurried clock is turned by STEP_S each PAUSE_S: ten times as fast as time, in steps that no timeout is lost in."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a cluster is started with.

    Attributes:
        gates: feature gates that are switched on.
        betas: whether the beta versions of resource.k8s.io are served.
    """

    gates: frozenset[str] = frozenset()
    betas: bool = True


PLAIN = Flavour()


class Clusters:
    """The clusters of a session; FOLDER is for everything that they write. With a TARGET that is the only one."""

    def __init__(
        self, folder: Path, *, provider_name: str, kubernetes: str, seed: int, target: Target | None = None
    ) -> None:
        self._target = target
        self._folder = folder
        self._provider = provider_name
        self._kubernetes = kubernetes
        self._seed = seed
        self._stack = ExitStack()
        self._running: dict[Flavour, Cluster] = {}
        self._subjects: dict[Flavour, Subject] = {}

    def close(self) -> None:
        """Stop all."""
        self._stack.close()

    @property
    def switchable(self) -> bool:
        """Whether gates and versions can be chosen."""
        return self._target is None

    def cluster(self, flavour: Flavour = PLAIN) -> Cluster:
        """The cluster of that flavour. An existing cluster is used as it is, whatever the flavour.

        Raises:
            HarnessError: it does not start.
        """
        if self._target is not None:
            flavour = PLAIN
        if flavour not in self._running:
            self._running[flavour] = self._up(flavour)
            self._stack.callback(self._running[flavour].down)
        return self._running[flavour]

    def _up(self, flavour: Flavour) -> Cluster:
        if self._target is not None:
            return open_target(self._target, self._folder, behaviours=True)
        directory = self._folder / f"c{len(self._running)}"
        directory.mkdir()
        options = ClusterOptions(
            directory=directory,
            kubernetes=self._kubernetes,
            nodes=NODES,
            rbac=True,
            seed=self._seed,
            gates=dict.fromkeys(flavour.gates, True),
            runtime_config=betas() if flavour.betas else {},
        )
        try:
            return provider(self._provider).up(options)
        except ClusterError as error:
            raise HarnessError(str(error)) from error

    def subject(self, flavour: Flavour = PLAIN) -> Subject:
        """The cluster of that flavour as behaviours see it."""
        cluster = self.cluster(flavour)
        if flavour not in self._subjects:
            self._subjects[flavour] = subject_of(cluster)
        return self._subjects[flavour]

    def context(self, subject: Subject, evidence: Evidence) -> CheckContext:
        """The context of one check."""
        return context_of(subject, evidence, self._target.labels if self._target else {})

    def _switchable(self, item: Behaviour) -> frozenset[str]:
        """All gates that behaviours need, if ITEM needs one and the release knows it: one cluster serves all of them."""
        if not self.switchable:
            return frozenset()
        known = switchable(self._kubernetes, gates_of(item))
        return switchable(self._kubernetes, ALL_GATES) if known else frozenset()

    def run(self, item: Behaviour, evidence: Evidence) -> None:
        """Run a behaviour, on a cluster that has the gates on which it needs.

        Raises:
            NotApplicable: it says nothing of this cluster.
            Violation: the cluster does something else, or its objects lack what the behaviour reads in them.
        """
        flavour = Flavour(gates=self._switchable(item))
        subject, cluster = self.subject(flavour), self.cluster(flavour)
        if reason := reason_to_skip(item, subject):
            not_applicable(f"{item.id}: {reason}, and this cluster is {subject.name} {subject.kubernetes}")
        try:
            with hurried(cluster, waits(item)), self.context(subject, evidence) as context:
                item.run(context)
        except Difference as error:
            raise Violation(item.sentence, str(error), f"{item.id} ({item.source})") from error
        except LookupError as error:  # it reads the cluster's objects, and holds on good clusters
            found = f"an object without {error}"
            raise Violation(item.sentence, found, f"{item.id} ({item.source})") from error


def gates_of(item: Behaviour) -> frozenset[str]:
    """The gates that ITEM needs."""
    return frozenset(need.removeprefix(GATE) for need in item.needs if need.startswith(GATE))


def betas() -> Mapping[str, bool]:
    """All versions of the API, those that are not served by default too."""
    return {"api/all": True}


def context_of(subject: Subject, evidence: Evidence, labels: Mapping[str, str] | None = None) -> CheckContext:
    """The context of one check on SUBJECT, with its requests as EVIDENCE; the same answer to the same request is shown once.

    Its namespace and what it creates in the cluster's scope have LABELS.
    """
    last: list[Any] = []

    def observe(answer: Answer, sent: Any) -> None:
        seen = [answer.request, answer.code, answer.content]
        if seen == last:
            return
        last[:] = seen
        evidence.add("api", answer.request, code=answer.code, sent=sent, answer=MANAGED.sub("", answer.text))

    return CheckContext(
        subject.kubeconfig,
        kubernetes=subject.kubernetes,
        nodes=subject.nodes,
        container=subject.container,
        observe=observe,
        labels=labels or {},
    )


def waits(item: Behaviour) -> bool:
    """Whether pauses of seconds are part of ITEM: of kubelets that repeat calls, binding conditions, tolerated taints."""
    return "kubelet" in item.needs or "binding" in item.id or item.id.startswith("device-taints/")


@contextmanager
def hurried(cluster: Cluster, wanted: bool) -> Iterator[None]:
    """Let the clock of an emulated cluster run fast meanwhile, if WANTED."""
    if not isinstance(cluster, EmulatedCluster) or not wanted:
        yield
        return
    done = threading.Event()

    def turn() -> None:
        while not done.wait(PAUSE_S):
            cluster.advance(STEP_S)

    thread = threading.Thread(target=turn, name="hurried-clock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
