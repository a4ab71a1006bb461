"""A driver that is installed in a cluster, as the checks of the tier ``cluster`` use it: pods with claims, what containers see, API objects.

Each check has a namespace of its own, which takes with it what is in it. A pod that does not run is the driver's fault
only once it is bound to a node: why it is not scheduled, or why its image cannot be pulled, is the cluster's.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.context import CheckContext
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Violation, expect_soon, not_applicable
from dra_conformance.harness import pods, probe
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.probe import Inside

ALL = "/apis/resource.k8s.io/v1"
ACCOUNT_S = 15.0
"""Until a new namespace has its service account, without which it takes no pod."""
PULL = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
HARD = ("NoSchedule", "NoExecute")
WORKER_STEP = 3
"""How many devices a check chooses at most, so that workers do not wait for each other."""
Use = str | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A published device."""

    node: str
    pool: str
    name: str
    content: JsonObject = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Pod:
    """A pod that was created."""

    name: str
    containers: tuple[str, ...]
    uid: str


class Installed:
    """The driver in the cluster of CONTEXT, whose namespace is the check's own; IMAGE is that of pods.

    WORKER is the number of the process among those that run checks; KNOWN are the devices that were published when the run began: another check may have deleted their slices just now.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        context: CheckContext,
        evidence: Evidence,
        *,
        image: str,
        device_class: str,
        known: Sequence[Device] | None = None,
        worker: int = 0,
    ) -> None:
        self.descriptor = descriptor
        self.driver = descriptor.driver
        self.context = context
        self.evidence = evidence
        self.device_class = device_class
        self.limit_s = descriptor.budgets.pod_seconds
        self._image = image
        self._known = known
        self._worker = worker
        self._numbers = itertools.count(1)

    def slices(self) -> list[JsonObject]:
        """The driver's slices, of all nodes."""
        listed = self.context.get("resourceslices", fieldSelector=f"spec.driver={self.driver}").expect(200)
        return list(listed["items"])

    def devices(self) -> list[Device]:
        """The plain devices of all nodes that no taint keeps pods away from."""
        return [
            Device(node=node, pool=item["spec"]["pool"]["name"], name=device["name"], content=device)
            for item in self.slices()
            if (node := item["spec"].get("nodeName", ""))
            for device in item["spec"].get("devices") or []
            if self._is_plain(device)
        ]

    def _is_plain(self, device: JsonObject) -> bool:
        types = self.descriptor.device_class.types
        kind = ((device.get("attributes") or {}).get("type") or {}).get("string")
        tainted = any(taint.get("effect") in HARD for taint in device.get("taints") or [])
        return (not types or kind in types) and not tainted

    def require_devices(self, count: int) -> list[Device]:
        """COUNT plain devices of one node, on a cluster that has a node with as many.

        They are the last ones, for another order in each worker: the scheduler gives claims that choose none the first ones.

        Raises:
            NotApplicable: it has none.
        """
        by_node: dict[str, list[Device]] = {}
        for device in self.devices() if self._known is None else self._known:
            by_node.setdefault(device.node, []).append(device)
        most = max(by_node.values(), key=len, default=[])[::-1]
        if len(most) < count:
            not_applicable(
                f"the check needs a node with {count} plain devices, the most that one has is {len(most)}"
            )
        start = WORKER_STEP * self._worker % len(most)
        return (most[start:] + most[:start])[:count]

    def chooser(self, device: Device) -> str:
        """A CEL expression that is true for DEVICE alone of its node.

        Raises:
            NotApplicable: no attribute distinguishes it.
        """
        others = [
            one.content
            for one in (self.devices() if self._known is None else self._known)
            if one.node == device.node and one.name != device.name
        ]
        found = pods.chooser(self.driver, device.content, others)
        if not found:
            not_applicable(f"no attribute distinguishes the device {device.name} from all others of its node")
        return found

    def request(self, name: str = "gpu", *expressions: str, **exactly: Any) -> JsonObject:
        """A request of one plain device."""
        return pods.request(name, self.device_class, *expressions, **exactly)

    def _devices_of(self, requests: Sequence[JsonObject], config: Sequence[JsonObject]) -> JsonObject:
        found: JsonObject = {"requests": list(requests) or [self.request()]}
        return {"devices": {**found, "config": list(config)} if config else found}

    def admit_administrators(self) -> None:
        """Let claims of the check's namespace have admin access (KEP-5018)."""
        labels = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
        self.context.client.patch("merge", f"/api/v1/namespaces/{self.context.namespace}", labels).expect(200)

    def claim(self, *requests: JsonObject, config: Sequence[JsonObject] = (), name: str = "") -> str:
        """A claim, of one plain device without REQUESTS; its name."""
        name = name or f"claim-{next(self._numbers)}"
        item = {"metadata": {"name": name}, "spec": self._devices_of(requests, config)}
        self.context.create("resourceclaims", item)
        return name

    def template(self, *requests: JsonObject, config: Sequence[JsonObject] = ()) -> str:
        """A claim template; its name."""
        name = f"template-{next(self._numbers)}"
        item = {"metadata": {"name": name}, "spec": {"spec": self._devices_of(requests, config)}}
        self.context.create("resourceclaimtemplates", item)
        return name

    def pod(
        self,
        uses: Mapping[str, Sequence[Use]],
        *,
        claims: Mapping[str, str] | None = None,
        templates: Mapping[str, str] | None = None,
        node: str = "",
        change: Callable[[JsonObject], object] = lambda item: None,
    ) -> Pod:
        """A pod with the containers USES {name: the entries of its claims that it uses}; CHANGE may edit it before it is created."""
        name = f"pod-{next(self._numbers)}"
        containers = [pods.container(each, self._image, *used) for each, used in uses.items()]
        item = pods.pod(name, containers, claims=claims, templates=templates, node=node)
        change(item)
        answers = []

        def create() -> bool:
            answers.append(self.context.post("pods", item))
            return "error looking up service account" not in answers[-1].text

        expect_soon(
            create,
            within_s=ACCOUNT_S,
            wanted="a default service account",
            found=lambda: answers[-1].text,
            where=f"namespace {self.context.namespace}",
        )
        stored = answers[-1].expect(201)
        return Pod(name=name, containers=tuple(uses), uid=stored["metadata"]["uid"])

    def pod_with(self, claim: str, *, node: str = "") -> Pod:
        """A pod whose only container uses CLAIM."""
        return self.pod({"main": ["it"]}, claims={"it": claim}, node=node)

    def read(self, plural: str, name: str) -> JsonObject:
        """An object of the namespace as it is now."""
        return dict(self.context.get(plural, name).expect(200))

    def running(self, pod: Pod) -> None:
        """Wait until POD runs.

        Raises:
            Violation: it is bound to a node and does not.
            HarnessError: it is not scheduled, or its image is not there.
        """
        try:
            expect_soon(
                lambda: self.phase(pod) == "Running",
                within_s=self.limit_s,
                wanted="Running",
                found=lambda: f"{self.phase(pod)}: {self.why(pod)}",
                where=f"pod {pod.name}",
            )
        except Violation as error:
            item = self.read("pods", pod.name)
            if not item["spec"].get("nodeName"):
                message = f"pod {pod.name} was not scheduled within {self.limit_s:g} s: {self.why(pod)}"
                raise HarnessError(message) from error
            if reason := next((reason for reason in waiting_reasons(item) if reason in PULL), ""):
                message = f"pod {pod.name}: {reason} of {self._image}; name an image with a shell that the nodes have or can pull: --probe-image"
                raise HarnessError(message) from error
            raise

    def phase(self, pod: Pod) -> str:
        """The pod's phase."""
        return str(self.read("pods", pod.name).get("status", {}).get("phase", "Pending"))

    def why(self, pod: Pod) -> str:
        """What pod and events say about a pod that does not do what it should."""
        item = self.read("pods", pod.name)
        said = [
            f"{condition['type']} {condition.get('reason', '')}: {condition['message']}"
            for condition in item.get("status", {}).get("conditions", [])
            if condition.get("message")
        ]
        return (
            "; ".join([*said, *waiting_reasons(item), *self.events(pod)])
            or "no condition and no event says why"
        )

    def events(self, pod: Pod, reason: str = "") -> list[str]:
        """The messages of the events of POD, those with REASON or all that are warnings."""
        items = self.context.get("events", fieldSelector=f"involvedObject.name={pod.name}").expect(200)[
            "items"
        ]
        return [
            f"{event['reason']}: {event['message']}"
            for event in items
            if (event["reason"] == reason if reason else event.get("type") == "Warning")
        ]

    def inside(self, pod: Pod, container: str = "main") -> Inside:
        """What a container of POD, which runs, sees.

        Raises:
            HarnessError: it prints nothing, so nothing runs in it that could look around.
        """
        path = self.context.path("pods", pod.name, "log")
        seen: list[str] = [""]

        def look() -> bool:
            answer = self.context.client.send("GET", path, query={"container": container})
            seen[0] = answer.text
            return answer.code == 200 and probe.is_complete(answer.text)

        try:
            expect_soon(
                look, within_s=self.limit_s, wanted="what it sees", found=lambda: seen[0][:300], where=path
            )
        except Violation as error:
            message = f"container {container} of pod {pod.name} did not print what it sees: {seen[0][:300]!r}"
            raise HarnessError(message) from error
        found = probe.read(seen[0])
        self.evidence.add(
            "container",
            f"{pod.name}/{container}",
            environment=dict(found.environment),
            devices=dict(found.devices),
            files=dict(found.files),
        )
        return found

    def seen_by(self, pod: Pod) -> dict[str, Inside]:
        """{container: what it sees} of a pod that must run."""
        self.running(pod)
        return {name: self.inside(pod, name) for name in pod.containers}

    def allocation(self, claim: str) -> JsonObject:
        """The allocation of CLAIM, empty if there is none."""
        return dict(self.read("resourceclaims", claim).get("status", {}).get("allocation") or {})

    def results(self, claim: str) -> list[JsonObject]:
        """The driver's results of the allocation of CLAIM."""
        found = self.allocation(claim).get("devices", {}).get("results", [])
        return [result for result in found if result["driver"] == self.driver]

    def generated_claim(self, pod: Pod, entry: str) -> str:
        """The claim that was made for an entry of POD; empty if there is none yet."""
        statuses = self.read("pods", pod.name).get("status", {}).get("resourceClaimStatuses") or []
        return next((str(one.get("resourceClaimName", "")) for one in statuses if one["name"] == entry), "")

    def end(self, pod: Pod) -> None:
        """Delete POD and wait until it is gone, which it is when its claims were unprepared.

        Raises:
            Violation: it stays.
        """
        self.context.delete("pods", pod.name)
        path = self.context.path("pods", pod.name)
        expect_soon(
            lambda: self.context.client.send("GET", path).code == 404,
            within_s=self.limit_s,
            wanted="gone after it was deleted",
            found=lambda: f"still there: {self.why(pod)}",
            where=f"pod {pod.name}",
        )

    def end_all(self) -> None:
        """Delete every pod of the namespace; their claims are unprepared while the namespace goes."""
        self.context.delete("pods")

    @cached_property
    def node_names(self) -> frozenset[str]:
        """The cluster's nodes."""
        return frozenset(item["metadata"]["name"] for item in self.context.get("nodes").expect(200)["items"])


def waiting_reasons(item: JsonObject) -> list[str]:
    """Why containers of a pod wait or ended."""
    found = []
    for status in item.get("status", {}).get("containerStatuses") or []:
        state = status.get("state", {})
        reason = state.get("waiting") or state.get("terminated") or {}
        found += [text for text in (reason.get("reason"), reason.get("message")) if text]
    return found
