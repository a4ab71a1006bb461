"""Exec probes: how often a container is asked, and what its answers mean (kubelet pkg/kubelet/prober/worker.go, 1.36).

Only containers that are processes are asked, and only by ``exec``: there is no network between node and container here,
so probes of other kinds count as passed.
"""

from dataclasses import dataclass
from typing import Literal

from dra_api.objects import ContainerSpec, ExecAction
from kube_emulator.kubelet.pod_environment import expanded

ProbeKind = Literal["startupProbe", "readinessProbe", "livenessProbe"]
KINDS: tuple[ProbeKind, ...] = ("startupProbe", "readinessProbe", "livenessProbe")
WORDS = {"startupProbe": "Startup", "readinessProbe": "Readiness", "livenessProbe": "Liveness"}


@dataclass(slots=True)
class Probe:
    """One probe of a container and what came of it.

    Attributes:
        passed: whether the container passes; what counts are several answers in a row.
    """

    kind: str
    command: list[str]
    delay_s: float
    period_s: float
    timeout_s: float
    successes: int
    failures: int
    passed: bool
    row: int = 0
    last: bool | None = None

    def add_result(self, good: bool) -> bool:
        """Add a result; returns whether ``passed`` changed, or a failure is to be acted on."""
        self.row = self.row + 1 if good == self.last else 1
        self.last = good
        if self.row < (self.successes if good else self.failures):
            return False
        changed = self.passed != good
        self.passed = good
        return changed or (not good and self.kind != "readinessProbe")


def probes_of(spec: ContainerSpec) -> list[Probe]:
    """The exec probes of a container; liveness passes until it is known to fail, the others the other way round.

    ``$(NAME)`` in a command is the ``value`` of ``env`` as it is written there, empty for one from elsewhere
    (pkg/kubelet/container helpers.go ExpandContainerCommandOnlyStatic); hooks are not expanded (lifecycle/handlers.go).
    """
    values = {variable["name"]: variable.get("value", "") for variable in spec.get("env") or []}
    found = []
    for kind in KINDS:
        probe = spec.get(kind)
        if probe and (command := (probe.get("exec") or ExecAction()).get("command")):
            found.append(
                Probe(
                    kind,
                    [expanded(part, values) for part in command],
                    probe.get("initialDelaySeconds", 0),
                    probe.get("periodSeconds") or 10,
                    probe.get("timeoutSeconds") or 1,
                    probe.get("successThreshold") or 1,
                    probe.get("failureThreshold") or 3,
                    kind == "livenessProbe",
                )
            )
    return found
