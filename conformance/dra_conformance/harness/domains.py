"""ComputeDomains on racks, as one check makes and watches them (resource.nvidia.com/v1beta1)."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, cast

from dra_api.objects import Condition, JsonObject
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_conformance.expectations import Violation, expect_soon
from dra_conformance.harness.racks import Place, Racks

API = "/apis/resource.nvidia.com/v1beta1"
DOMAIN_LABEL = "resource.nvidia.com/computeDomain"
DOMAINS, TEMPLATES, DAEMON_SETS = "computedomains", "resourceclaimtemplates", "daemonsets"
HOSTNAME = "kubernetes.io/hostname"
CLIQUE = "nvidia.com/gpu.clique"
CONTAINER = "main"


class Stage:
    """What one check does on racks: it makes domains and pods in a namespace of its own, and removes them at the end."""

    def __init__(self, racks: Racks, context: CheckContext) -> None:
        self.racks = racks
        self.context = context
        self.limit_s = racks.descriptor.budgets.pod_seconds
        self._pods: list[tuple[str, str]] = []
        self._domains: list[str] = []

    @property
    def used(self) -> bool:
        """Whether the check made pods."""
        return bool(self._pods)

    def post_domain(self, spec: JsonObject, name: str = "") -> Any:
        """Try to create a domain; the answer."""
        name = name or self.context.name()
        item = {
            "apiVersion": "resource.nvidia.com/v1beta1",
            "kind": "ComputeDomain",
            "metadata": {"name": name},
        }
        answer = self.context.post(DOMAINS, {**item, "spec": spec}, api=API)
        if answer.code == 201:
            self._domains.append(name)
        return answer

    def domain(self, nodes: int = 0, *, served: bool = True) -> JsonObject:
        """A new domain, whose template has its name; with SERVED when its template is there."""
        name = self.context.name()
        spec = {"numNodes": nodes, "channel": {"resourceClaimTemplate": {"name": name}}}
        made: JsonObject = self.post_domain(spec, name).expect(201)
        if served:
            self.wait_template(name)
        return made

    def worker(self, template: str, place: Place, namespace: str = "") -> str:
        """A pod with a claim of TEMPLATE on a node; its name."""
        name, namespace = self.context.name(), namespace or self.context.namespace
        container = {"name": CONTAINER, "image": "x", "resources": {"claims": [{"name": "channel"}]}}
        spec = {
            "nodeSelector": {HOSTNAME: place.name},
            "resourceClaims": [{"name": "channel", "resourceClaimTemplateName": template}],
            "containers": [container],
        }
        path = f"/api/v1/namespaces/{namespace}/pods"
        self.context.client.send("POST", path, {"metadata": {"name": name}, "spec": spec}).expect(201)
        self._pods.append((namespace, name))
        return name

    def job(self, *places: Place) -> tuple[JsonObject, dict[Place, str]]:
        """A domain that is Ready, with a pod that runs on each of PLACES."""
        made = self.domain(len(places))
        pods = {place: self.worker(made["metadata"]["name"], place) for place in places}
        for pod in pods.values():
            self.wait_running(pod)
        self.wait_status(made, "Ready")
        return made, pods

    def copy_of(self, template: str, change: Callable[[JsonObject], None], namespace: str = "") -> str:
        """A copy of a template with CHANGE made to its opaque parameters, in NAMESPACE; its name."""
        found = self.context.get(TEMPLATES, template).expect(200)
        name, spec = self.context.name(), copy.deepcopy(found["spec"])
        spec.pop("metadata", None)
        for config in spec["spec"]["devices"].get("config") or []:
            change(config["opaque"]["parameters"])
        path = f"/apis/resource.k8s.io/v1/namespaces/{namespace or self.context.namespace}/{TEMPLATES}"
        self.context.client.send("POST", path, {"metadata": {"name": name}, "spec": spec}).expect(201)
        return name

    def other_namespace(self) -> str:
        """Another tenant's namespace."""
        name = self.context.name()
        self.context.create("namespaces", {"metadata": {"name": name}})
        return name

    def read(self, made: JsonObject) -> JsonObject | None:
        """The domain as it is now; None if it is gone."""
        answer = self.context.get(DOMAINS, made["metadata"]["name"], api=API)
        return cast(JsonObject, answer.body) if answer.code == 200 else None

    def status(self, made: JsonObject) -> JsonObject:
        """Its status; empty if it has none."""
        return (self.read(made) or {}).get("status") or {}

    def nodes(self, made: JsonObject) -> dict[str, JsonObject]:
        """{node: entry of ``status.nodes``}."""
        return {entry["name"]: entry for entry in self.status(made).get("nodes") or []}

    def conditions(self, made: JsonObject) -> dict[str, Condition]:
        """{type: condition}."""
        found: list[Condition] = self.status(made).get("conditions") or []
        return {one["type"]: one for one in found}

    def phase(self, pod: str, namespace: str = "") -> str:
        """The phase of a pod; empty if it is gone."""
        path = f"/api/v1/namespaces/{namespace or self.context.namespace}/pods/{pod}"
        answer = self.context.client.send("GET", path)
        return str((answer.body.get("status") or {}).get("phase", "")) if answer.code == 200 else ""

    def events(self, pod: str, namespace: str = "") -> list[str]:
        """What events of a pod say."""
        path = f"/api/v1/namespaces/{namespace or self.context.namespace}/events"
        items = self.context.client.send("GET", path).expect(200)["items"]
        return [item["message"] for item in items if item["involvedObject"].get("name") == pod]

    def refusals(self, pod: str, namespace: str = "") -> list[str]:
        """Events of a pod that say why its claim was not prepared (kubelet's FailedPrepareDynamicResources)."""
        return [text for text in self.events(pod, namespace) if "prepare" in text.lower()]

    def daemons(self, made: JsonObject) -> dict[str, str]:
        """{node: name of the daemon's pod} of a domain."""
        path = f"/api/v1/namespaces/{self.racks.given.namespace}/pods"
        query = {"labelSelector": f"{DOMAIN_LABEL}={made['metadata']['uid']}"}
        items = self.context.client.send("GET", path, query=query).expect(200)["items"]
        return {item["spec"].get("nodeName", ""): item["metadata"]["name"] for item in items}

    def address(self, made: JsonObject, place: Place) -> str:
        """The address of the daemon on a node; empty if there is none that has one."""
        path = (
            f"/api/v1/namespaces/{self.racks.given.namespace}/pods/{self.daemons(made).get(place.name, '-')}"
        )
        answer = self.context.client.send("GET", path)
        return str((answer.body.get("status") or {}).get("podIP", "")) if answer.code == 200 else ""

    def daemon_sets(self, made: JsonObject) -> list[JsonObject]:
        """The DaemonSets of a domain."""
        path = f"/apis/apps/v1/namespaces/{self.racks.given.namespace}/{DAEMON_SETS}"
        query = {"labelSelector": f"{DOMAIN_LABEL}={made['metadata']['uid']}"}
        found: list[JsonObject] = self.context.client.send("GET", path, query=query).expect(200)["items"]
        return found

    def labels(self, place: Place) -> Mapping[str, str]:
        """The labels of a node; none if there is no node."""
        answer = self.context.get("nodes", place.name)
        return (answer.body["metadata"].get("labels") or {}) if answer.code == 200 else {}

    def slices(self) -> list[JsonObject]:
        """The driver's slices."""
        items: list[JsonObject] = self.context.get("resourceslices").expect(200)["items"]
        return [item for item in items if item["spec"]["driver"] == self.racks.driver]

    def versions(self, made: JsonObject, before: JsonObject, *, until: Callable[[JsonObject], bool]) -> bool:
        """Whether a version of a domain after BEFORE was as UNTIL says, however shortly."""
        path = f"{API}/namespaces/{self.context.namespace}/{DOMAINS}"
        name, version = made["metadata"]["name"], before["metadata"]["resourceVersion"]
        limit = {"timeoutSeconds": int(self.limit_s), "resourceVersion": version}
        with self.context.client.watch(path, fieldSelector=f"metadata.name={name}", **limit) as events:
            return any(until(event["object"]) for event in events)

    def soon(
        self,
        met: Callable[[], bool],
        wanted: str,
        found: Callable[[], object],
        where: str,
        within_s: float = 0,
    ) -> None:
        """Wait until MET.

        Raises:
            Violation: it is not in time.
        """
        expect_soon(met, within_s=within_s or self.limit_s, wanted=wanted, found=found, where=where)

    def wait_template(self, name: str) -> None:
        """Wait until the template NAME is there."""
        self.soon(
            lambda: self.context.get(TEMPLATES, name).code == 200,
            "a template of that name",
            lambda: f"none; the controller's log ends: {self.racks.log_end('controller')}",
            f"template {name} of a domain",
        )

    def wait_running(self, pod: str) -> None:
        """Wait until a pod runs."""
        self.soon(
            lambda: self.phase(pod) == "Running",
            "Running",
            lambda: f"{self.phase(pod)}; {self.events(pod)[-2:]}",
            f"a pod of the domain ({pod})",
        )

    def wait_status(self, made: JsonObject, wanted: str) -> None:
        """Wait until a domain is Ready, or NotReady."""
        self.soon(
            lambda: self.status(made).get("status") == wanted,
            wanted,
            lambda: self.status(made),
            "status of the domain",
        )

    def wait_gone(self, made: JsonObject) -> None:
        """Wait until a domain is gone."""
        self.soon(
            lambda: self.read(made) is None, "gone", lambda: self.read(made), "a domain that was deleted"
        )

    def end_pod(self, pod: str, namespace: str = "") -> None:
        """Delete a pod at once."""
        path = f"/api/v1/namespaces/{namespace or self.context.namespace}/pods/{pod}"
        self.context.client.send("DELETE", path, {"gracePeriodSeconds": 1})

    def end_daemon(self, made: JsonObject, place: Place) -> str:
        """Delete the daemon's pod of a node by force; its name."""
        name = self.daemons(made)[place.name]
        path = f"/api/v1/namespaces/{self.racks.given.namespace}/pods/{name}"
        self.context.client.send("DELETE", path, GRACELESS)
        return name

    def delete_daemon_set(self, item: JsonObject) -> None:
        """Delete a DaemonSet with its pods."""
        path = (
            f"/apis/apps/v1/namespaces/{self.racks.given.namespace}/{DAEMON_SETS}/{item['metadata']['name']}"
        )
        self.context.client.send("DELETE", path, {"propagationPolicy": "Background"})

    def set_label(self, place: Place, value: str | None) -> None:
        """Set or remove the label of a domain on a node."""
        body = {"metadata": {"labels": {DOMAIN_LABEL: value}}}
        self.context.patch("merge", "nodes", place.name, body).expect(200)

    def delete(self, made: JsonObject) -> None:
        """Delete a domain; returns at once."""
        self.context.delete(DOMAINS, made["metadata"]["name"], api=API)

    def clear(self) -> bool:
        """Remove the pods and domains of this check; whether all of them are gone."""
        for namespace, pod in self._pods:
            self.end_pod(pod, namespace)
        for name in self._domains:
            self.context.delete(DOMAINS, name, api=API)
        try:
            for name in self._domains:
                self.wait_gone({"metadata": {"name": name}})
        except Violation:
            return False
        return True
