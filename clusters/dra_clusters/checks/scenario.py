"""The objects of behaviours of scheduler, controllers and kubelet: nodes, devices, classes, claims and pods of one driver.

Each scenario has a driver, a device class and nodes of its own, and its pods select those nodes, so scenarios do not affect each other.
The nodes are objects only: no kubelet serves them, which is what scheduling needs and no more.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.client import Answer, eventually
from dra_clusters.checks.context import GRACELESS, CheckContext

LABEL = "check.example.com/scenario"
ROOM: JsonObject = {"cpu": "8", "memory": "32Gi", "pods": "110"}


def request(name: str = "r", kind: str = "", **exactly: Any) -> JsonObject:
    """A request of one device of the scenario's class; KIND is another class."""
    return {"name": name, "exactly": {"deviceClassName": kind, **exactly}}


def cel(expression: str) -> list[JsonObject]:
    """Selectors of one expression."""
    return [{"cel": {"expression": expression}}]


class Scenario:
    """The objects of one driver."""

    def __init__(self, context: CheckContext) -> None:
        self.context = context
        self.driver = f"{context.name()}.example.com"

    @cached_property
    def device_class(self) -> str:
        """A class that selects the devices of the driver."""
        return self.add_class()

    def add_class(self, **spec: Any) -> str:
        """A class of the driver's devices; SPEC is added."""
        name = self.context.name()
        full = {"selectors": cel(f'device.driver == "{self.driver}"'), **spec}
        self.context.create("deviceclasses", {"metadata": {"name": name}, "spec": full})
        return name

    def node(self, **labels: str) -> str:
        """A node object with room, without taints."""
        name = self.context.name()
        marks = {LABEL: self.context.stem, "kubernetes.io/hostname": name, **labels}
        self.context.create("nodes", {"metadata": {"name": name, "labels": marks}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "an object only"}
        status = {"capacity": ROOM, "allocatable": ROOM, "conditions": [ready]}
        self.context.patch("merge", "nodes", name, {"status": status}, "status").expect(200)
        self.context.patch("merge", "nodes", name, {"spec": {"taints": None}}).expect(200)
        return name

    def publish(self, node: str, devices: Sequence[Any] | None, **spec: Any) -> str:
        """A slice with DEVICES (names, or whole ones; None: it has none) on NODE; its name."""
        whole = [{"name": each} if isinstance(each, str) else each for each in devices or ()]
        full: JsonObject = {
            "driver": self.driver,
            "pool": {"name": node or "pool", "generation": 1, "resourceSliceCount": 1},
        } | ({"nodeName": node} if node else {})
        full |= {} if devices is None else {"devices": whole}
        name = self.context.name()
        self.context.create("resourceslices", {"metadata": {"name": name}, "spec": full | spec})
        return name

    def filled(self, item: JsonObject) -> JsonObject:
        """A request whose class is the scenario's where it has none."""
        if "exactly" in item and not item["exactly"]["deviceClassName"]:
            return {**item, "exactly": {**item["exactly"], "deviceClassName": self.device_class}}
        subs = [{"deviceClassName": self.device_class, **sub} for sub in item.get("firstAvailable", [])]
        return {**item, "firstAvailable": subs} if subs else item

    def spec(self, *requests: JsonObject, **devices: Any) -> JsonObject:
        """The spec of a claim: one device without REQUESTS."""
        return {"devices": {"requests": [self.filled(each) for each in requests or (request(),)], **devices}}

    def claim(self, *requests: JsonObject, **devices: Any) -> str:
        """A claim; its name."""
        name = self.context.name()
        self.context.create(
            "resourceclaims", {"metadata": {"name": name}, "spec": self.spec(*requests, **devices)}
        )
        return name

    def template(self, *requests: JsonObject, metadata: JsonObject | None = None, **devices: Any) -> str:
        """A claim template; its name."""
        name = self.context.name()
        spec = {"metadata": metadata or {}, "spec": self.spec(*requests, **devices)}
        self.context.create("resourceclaimtemplates", {"metadata": {"name": name}, "spec": spec})
        return name

    def pod(
        self,
        *claims: str,
        templates: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        **spec: Any,
    ) -> str:
        """A pod that uses CLAIMS as c0, c1... and TEMPLATES {name in the pod: template}; its name."""
        entries: list[JsonObject] = [
            {"name": f"c{n}", "resourceClaimName": each} for n, each in enumerate(claims)
        ]
        entries += [{"name": n, "resourceClaimTemplateName": each} for n, each in (templates or {}).items()]
        uses = [{"name": entry["name"]} for entry in entries]
        full: JsonObject = {
            "containers": [
                {
                    "name": "c",
                    "image": "example.com/none",
                    "imagePullPolicy": "IfNotPresent",
                    "resources": {"claims": uses} if uses else {},
                }
            ],
            "resourceClaims": entries,
            "nodeSelector": {LABEL: self.context.stem},
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
        } | spec
        name = self.context.name()
        metadata = {"name": name, "annotations": annotations or {}, "labels": labels or {}}
        item = {"metadata": metadata, "spec": full}
        answers: list[Answer] = []

        def create() -> bool:
            answers.append(self.context.post("pods", item))
            return "error looking up service account" not in answers[-1].text

        eventually(create, "the namespace has its service account")
        answers[-1].expect(201)
        self.context.defer(self.context.delete, "pods", name, GRACELESS)
        return name

    def read(self, plural: str, name: str) -> Any:
        """An object as it is now."""
        return self.context.get(plural, name).expect(200)

    def scheduled(self, pod: str, timeout_s: float | None = None) -> str:
        """Wait until the pod has a node; the node."""

        def look() -> Any:
            return self.read("pods", pod)["spec"].get("nodeName")

        return str(eventually(look, f"pod {pod} is scheduled", timeout_s))

    def waiting(self, pod: str, *texts: str) -> str:
        """Wait until the pod says that it cannot be scheduled, and in its message each of TEXTS; the message."""

        def look() -> str:
            for condition in self.read("pods", pod).get("status", {}).get("conditions", []):
                message = str(condition.get("message", ""))
                if condition["type"] == "PodScheduled" and condition["status"] == "False":
                    return message if all(text in message for text in texts) else ""
            return ""

        return str(eventually(look, f"pod {pod} says why it waits, with {texts}"))

    def results(self, claim: str) -> list[JsonObject]:
        """The results of the claim's allocation; waits for one."""

        def look() -> Any:
            return self.read("resourceclaims", claim).get("status", {}).get("allocation")

        allocation = eventually(look, f"claim {claim} is allocated")
        return list(allocation["devices"]["results"])

    def devices(self, claim: str) -> list[str]:
        """The names of the claim's devices, in order."""
        return [result["device"] for result in self.results(claim)]

    def events(self, name: str, reason: str) -> list[JsonObject]:
        """The events of the object NAME with REASON, of either API."""
        items = self.context.get("events").expect(200)["items"]
        return [e for e in items if e["involvedObject"].get("name") == name and e["reason"] == reason]
