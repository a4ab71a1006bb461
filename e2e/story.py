"""What a user does and sees in a story: pods and claims are created, deleted and looked at through the API.

The one thing that the API does not show is what a container gets: the cluster's provider reads it from the runtime, or from
what the emulated kubelet wrote down; a user would run ``kubectl exec -- env``.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from lightkube import ApiError, Client
from lightkube.resources.core_v1 import Pod
from lightkube.resources.resource_v1 import DeviceClass, ResourceClaimTemplate, ResourceSlice

from dra_clusters.provider import Cluster, ContainerView


def wait_until(
    condition: Callable[[], bool], *, what: str, timeout_s: float = 10, seen: Callable[[], object] = str
) -> None:
    """Wait until CONDITION holds; looks 50 times a second.

    Raises:
        AssertionError: it did not within TIMEOUT_S seconds; the message has the value of ``seen()``.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for: {what}; last seen: {seen()!r}"
        time.sleep(0.02)


@contextlib.contextmanager
def unless_gone() -> Iterator[None]:
    """Do something to an object, if no controller has deleted it meanwhile."""
    try:
        yield
    except ApiError as error:
        if error.status.code != HTTPStatus.NOT_FOUND:
            raise


def typed(kind: Any, document: dict[str, Any]) -> Any:
    """A lightkube object; the library types what ``from_dict`` gives as its base class."""
    return kind.from_dict(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A node with GPUs and a user's client.

    Attributes:
        whole: what a whole GPU's attributes are, as in ``offer``; empty for a driver that has nothing else.
    """

    client: Client = field(repr=False)
    cluster: Cluster = field(repr=False)
    node: str
    driver: str
    gpu_class: str = "gpu"
    whole: str = 'type == "gpu"'

    def end_pods(self) -> None:
        """Delete all pods, as whoever leaves a cluster does: what the driver made for them goes with them."""
        for pod in self.client.list(Pod, namespace="*"):
            if pod.metadata and pod.metadata.namespace != "kube-system":
                with unless_gone():
                    self.client.delete(Pod, str(pod.metadata.name), namespace=str(pod.metadata.namespace))
        wait_until(lambda: not self.pods(), what="no pods", timeout_s=60, seen=self.pods)

    def pods(self) -> list[str]:
        """Names of all pods but those of the cluster itself."""
        found = (pod.metadata for pod in self.client.list(Pod, namespace="*"))
        return [str(meta.name) for meta in found if meta and meta.namespace != "kube-system"]

    def gpus(self) -> dict[str, str]:
        """The published GPUs as {device name: UUID}."""
        return {
            device.name: str(dict(device.attributes or {})["uuid"]["string"])
            for item in self.client.list(ResourceSlice)
            for device in (item.spec.devices or [])
            if dict(device.attributes or {}).get("type", {"string": "gpu"})["string"] == "gpu"
        }

    def offer_gpus(self, count: int) -> str:
        """Create the device class and a claim template of COUNT whole GPUs; return the template's name."""
        return self.offer(f"gpus-{count}", count, self.whole)

    def offer_slices(self, profile: str, count: int) -> str:
        """The same for COUNT MIG devices of PROFILE, e.g. ``1g.10gb``."""
        return self.offer(f"slices-{count}", count, f'type == "mig" && profile == "{profile}"')

    def offer(self, name: str, count: int, wanted: str, capacity: Mapping[str, str] | None = None) -> str:
        """Create the device class and the claim template NAME of COUNT devices, whose attributes are as WANTED.

        WANTED is comparisons of the driver's attributes joined by ``&&``; CAPACITY is what is taken of each device.
        """
        selector = {"cel": {"expression": f'device.driver == "{self.driver}"'}}
        self.client.apply(
            typed(DeviceClass, {"metadata": {"name": self.gpu_class}, "spec": {"selectors": [selector]}}),
            field_manager="e2e",
        )
        own = f'device.attributes["{self.driver}"]'
        comparisons = [f"{own}.{comparison}" for comparison in wanted.split(" && ") if comparison]
        selectors = [{"cel": {"expression": " && ".join(comparisons)}}] if comparisons else []
        chosen: dict[str, Any] = {"count": count, "selectors": selectors}
        if capacity is not None:
            chosen["capacity"] = {"requests": dict(capacity)}
        request = {"name": "gpu", "exactly": {"deviceClassName": self.gpu_class, **chosen}}
        spec = {"spec": {"devices": {"requests": [request]}}}
        template = {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
        self.client.apply(typed(ResourceClaimTemplate, template), field_manager="e2e")
        return name

    def run_pod(self, name: str, *, template: str) -> None:
        """Create a pod whose only container uses a claim made from TEMPLATE."""
        image = {"image": "example.com/none", "imagePullPolicy": "IfNotPresent"}
        container = {"name": "work", **image, "resources": {"claims": [{"name": "gpu"}]}}
        claims = [{"name": "gpu", "resourceClaimTemplateName": template}]
        spec = {"containers": [container], "resourceClaims": claims}
        self.client.create(typed(Pod, {"metadata": {"name": name, "namespace": "default"}, "spec": spec}))

    def delete_pod(self, name: str) -> None:
        """Delete a pod, with its grace period."""
        self.client.delete(Pod, name)

    def phase(self, name: str) -> str:
        """The pod's phase, e.g. ``Pending``."""
        status = self.client.get(Pod, name).status
        return (status.phase if status else None) or ""

    def why_pending(self, name: str) -> str:
        """What ``kubectl describe pod`` says of why the pod is not scheduled; empty if it is."""
        status = self.client.get(Pod, name).status
        conditions = (status.conditions if status else None) or []
        return next(
            (c.message or "" for c in conditions if c.type == "PodScheduled" and c.status == "False"), ""
        )

    def wait_phase(self, name: str, phase: str) -> None:
        """Wait until the pod is in PHASE."""
        seen = lambda: (self.phase(name), self.why_pending(name))  # noqa: E731
        wait_until(lambda: self.phase(name) == phase, what=f"pod {name} {phase}", timeout_s=40, seen=seen)

    def container(self, pod: str) -> ContainerView:
        """What the kubelet gave the pod's container."""
        return self.cluster.container(self.node, "default", pod, "work")
