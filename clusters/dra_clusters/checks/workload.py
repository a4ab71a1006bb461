"""A workload under test: one object with a pod template, and its pods.

No kubelet is needed: a behaviour writes the status of pods itself, as a kubelet would.
"""

from collections.abc import Sequence
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM
from dra_clusters.checks.client import eventually
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import LABEL

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
