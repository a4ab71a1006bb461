"""The scenario of kubelet behaviours: a node of the cluster, a plugin on it with four devices, and pods that run there."""

from typing import Any

from dra_clusters.checks.client import eventually
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.plugin import Plugin
from dra_clusters.checks.scenario import Scenario

POD_S = 60.0
"""How long a pod may take to a state: after a failed sync a kubelet pauses for 10 to 15 s, and more than one may fail
(``backOffPeriod`` and ``workerBackOffPeriodJitterFactor`` in pkg/kubelet, 1.37)."""


class NodeScenario(Scenario):
    """A scenario on the first node of the cluster, with a plugin and a slice of four devices."""

    def __init__(self, context: CheckContext, **options: Any) -> None:
        super().__init__(context)
        self.place = context.nodes[0]
        self._instances: list[Plugin] = []
        context.defer(self._stop)  # before pods are made, so that it comes after they are gone
        self.plugin = self.start(**options)

    def start(self, **options: Any) -> Plugin:
        """Another instance."""
        plugin = Plugin(self.place, self.driver, **options)
        self._instances.append(plugin)
        return plugin

    def _stop(self) -> None:
        for plugin in self._instances:
            plugin.stop()

    def ready(self) -> "NodeScenario":
        """Registered and published."""
        self.plugin.registered()
        self.publish(self.place.name, [f"d{number}" for number in range(4)])
        return self

    def run(self, *claims: str, **spec: Any) -> str:
        """A pod on the cluster's node; its name. It is deleted with its grace period at the end, so that claims are unprepared."""
        pod = self.pod(*claims, nodeSelector=None, **spec)
        self.context.defer(lambda: self.gone(pod))
        self.context.defer(self.context.delete, "pods", pod)
        return pod

    def running(self, pod: str) -> None:
        """Wait until the pod runs."""
        eventually(lambda: self.read("pods", pod)["status"]["phase"] == "Running", f"pod {pod} runs", POD_S)

    def gone(self, pod: str) -> None:
        """Wait until a pod that was deleted is gone."""
        eventually(lambda: self.context.get("pods", pod).code == 404, f"pod {pod} is gone", POD_S)

    def failure(self, pod: str, *texts: str) -> None:
        """Wait for the event that says that the claims cannot be prepared, with each of TEXTS."""

        def look() -> bool:
            messages = [e["message"] for e in self.events(pod, "FailedPrepareDynamicResources")]
            return any(all(text in message for text in texts) for message in messages)

        eventually(look, f"an event FailedPrepareDynamicResources with {texts}", POD_S)

    def environment(self, pod: str, container: str = "c") -> dict[str, str]:
        """The variables that a container got from CDI."""
        found = self.context.environment(self.place.name, pod, container)
        return {name: value for name, value in found.items() if name.startswith("DEVICE_")}


def refusing(times: int, text: str) -> Any:
    """An answer with an error for each claim, TIMES times, then a good one."""
    left = [times]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            for claim in request.claims:
                response.claims[claim.uid].Clear()
                response.claims[claim.uid].error = text
        return response

    return answer
