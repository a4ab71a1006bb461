"""The kubelet plugin of the control driver's ComputeDomains: publishes a channel, labels the node, prepares claims of domains."""

import argparse
import contextlib
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

from dra_api.kubelet._generated import dra_v1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginServicer
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
from dra_api.kubelet._generated.registration_pb2 import PluginInfo, RegistrationStatusResponse
from dra_api.kubelet._generated.registration_pb2_grpc import (
    RegistrationServicer,
)
from dra_api.kubelet._generated.registration_pb2_grpc import (
    add_RegistrationServicer_to_server as add_registration,
)
from dra_api.names import DRA_V1, PLUGIN_TYPE
from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi
from dra_conformance.controls.domain_objects import CHANNEL, CLIQUE_LABEL, DOMAINS, KIND, LABEL
from dra_conformance.controls.driver import listen
from dra_conformance.controls.refusal import Refusal

WAIT_S, POLL_S = 40.0, 0.1
MERGE = "application/merge-patch+json"
SLICES = f"{GROUP}/resourceslices"


class Node:
    """The claims of one node."""

    def __init__(self, api: ControlApi, arguments: argparse.Namespace) -> None:
        self._api = api
        self._driver: str = arguments.driver_name
        self._name: str = arguments.node_name
        self._cdi = Path(arguments.cdi_dir)
        self._defect: str = arguments.defect
        self._clique = f"control-rack-{arguments.rack}.0"
        self._state = Path(arguments.plugins_dir) / self._driver / "claims.json"
        self._claims: dict[str, str] = {}
        if self._state.exists() and self._defect != "forgets-prepared":
            self._claims = json.loads(self._state.read_text())

    def prepare(self, claim: Any) -> list[Any]:
        """Prepare a claim; the devices of the answer.

        Raises:
            Refusal: it cannot be.
        """
        found = self._api.request("GET", f"{GROUP}/namespaces/{claim.namespace}/resourceclaims/{claim.name}")
        devices = found["status"]["allocation"]["devices"]
        [result] = [one for one in devices["results"] if one["driver"] == self._driver]
        configs: list[Any] = devices.get("config") or [{}]
        parameters = configs[0].get("opaque", {}).get("parameters", {})
        uid = str(parameters.get("domainID", ""))
        if parameters.get("kind") != KIND and self._defect != "ignores-kinds":
            raise Refusal(f"parameters of kind {parameters.get('kind')}: wanted {KIND}")
        if not uid and self._defect != "waits-for-nothing":
            raise Refusal("domainID is empty")
        if self._defect == "labels-for-strangers":
            self.label(LABEL, uid)
        self.check_domain(uid, claim.namespace)
        self.label(LABEL, uid)
        self._claims[claim.uid] = uid
        self.save()
        if self._defect != "waits-for-no-daemon":
            self.wait_for_daemon(uid)
        ids = [self.write(claim.uid)]
        return [
            {"requests": [result["request"]], "pool": result["pool"], "device": result["device"], "ids": ids}
        ]

    def check_domain(self, uid: str, namespace: str) -> None:
        """See that there is such a domain, in the namespace of the claim."""
        if self._defect == "serves-strangers":
            return
        end = time.monotonic() + WAIT_S
        while not any(
            item["metadata"]["uid"] == uid and item["metadata"]["namespace"] == namespace
            for item in self._api.request("GET", DOMAINS)["items"]
        ):
            waits = "waits-for-unknown" if uid else "waits-for-nothing"
            if self._defect != waits or time.monotonic() > end:
                silent = self._defect == "refuses-silently"
                raise Refusal("refused" if silent else f"no domain {uid} in namespace {namespace}")
            time.sleep(POLL_S)

    def wait_for_daemon(self, uid: str) -> None:
        """Wait until the domain's daemon on this node is ready."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            for item in self._api.request("GET", DOMAINS)["items"]:
                entries = (item.get("status") or {}).get("nodes") or []
                ready = [one["name"] for one in entries if one["status"] == "Ready"]
                if item["metadata"]["uid"] == uid and self._name in ready:
                    return
            time.sleep(POLL_S)
        raise Refusal(f"the daemon of domain {uid} is not ready on {self._name}")

    def write(self, uid: str) -> str:
        """Write the CDI file of a claim; its device."""
        kind = f"{self._driver.partition('.')[2]}/channel"
        node = {
            "path": "/dev/control-channels/channel0",
            "hostPath": "/dev/null",
            "type": "c",
            "major": 1,
            "minor": 3,
        }
        edits: dict[str, Any] = {"env": [f"CHANNEL={uid}"]}
        if self._defect != "gives-no-channel":
            edits["deviceNodes"] = [node]
        spec = {"cdiVersion": "0.6.0", "kind": kind, "devices": [{"name": uid, "containerEdits": edits}]}
        path = self._cdi / f"{self._driver}-{uid}.json"
        written = path.with_suffix(".tmp")
        written.write_text(json.dumps(spec))
        written.rename(path)
        return f"{kind}={uid}"

    def unprepare(self, uid: str) -> None:
        """Forget a claim; the last one of the domain takes the node's label."""
        (self._cdi / f"{self._driver}-{uid}.json").unlink(missing_ok=True)
        if self._claims.pop(uid, None) is not None:
            self.save()
            if not self._claims:
                self.label(LABEL, None)

    def save(self) -> None:
        """Remember the claims over a restart."""
        written = self._state.with_suffix(".tmp")
        written.write_text(json.dumps(self._claims))
        written.rename(self._state)

    def label(self, name: str, value: str | None) -> None:
        """Set or remove a label of the node."""
        body = {"metadata": {"labels": {name: value}}}
        self._api.request("PATCH", f"/api/v1/nodes/{self._name}", body, MERGE)

    def publish(self) -> None:
        """Publish the channel and the label of the clique until the process ends."""
        name = f"{self._name}-{self._driver}"
        while True:
            with contextlib.suppress(ApiFailure):  # the next look is soon
                node = self._api.request("GET", f"/api/v1/nodes/{self._name}")
                if (node["metadata"].get("labels") or {}).get(CLIQUE_LABEL) != self._clique:
                    self.label(CLIQUE_LABEL, self._clique)
                stored = [item["metadata"]["name"] for item in self._api.request("GET", SLICES)["items"]]
                if name not in stored:
                    self._api.request("POST", SLICES, self.channel(name, node))
            time.sleep(POLL_S)

    def channel(self, name: str, node: Any) -> dict[str, Any]:
        """The node's slice."""
        uid = node["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "Node", "name": self._name, "uid": uid, "controller": True}
        metadata: dict[str, Any] = {"name": name}
        if self._defect != "owns-no-slice":
            metadata["ownerReferences"] = [owner]
        spec = {
            "driver": self._driver,
            "nodeName": self._name,
            "pool": {"name": self._name, "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": CHANNEL, "attributes": {"type": {"string": "channel"}}}],
        }
        return {"metadata": metadata, "spec": spec}


class Plugin(DRAPluginServicer):
    """The DRA service."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def NodePrepareResources(self, request: Any, context: Any) -> Any:
        """Prepare each claim."""
        response = dra_v1_pb2.NodePrepareResourcesResponse()
        for claim in request.claims:
            entry = response.claims[claim.uid]
            try:
                for device in self._node.prepare(claim):
                    entry.devices.add(
                        request_names=device["requests"],
                        pool_name=device["pool"],
                        device_name=device["device"],
                        cdi_device_ids=device["ids"],
                    )
            except (Refusal, ApiFailure) as error:
                entry.error = str(error)
        return response

    def NodeUnprepareResources(self, request: Any, context: Any) -> Any:
        """Unprepare each claim."""
        response = dra_v1_pb2.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            entry = response.claims[claim.uid]
            try:
                self._node.unprepare(claim.uid)
            except ApiFailure as error:
                entry.error = str(error)
        return response


class Registration(RegistrationServicer):
    """The registration service."""

    def __init__(self, driver: str, endpoint: Path) -> None:
        self._info = PluginInfo(
            type=PLUGIN_TYPE, name=driver, endpoint=str(endpoint), supported_versions=[DRA_V1]
        )

    def GetInfo(self, request: Any, context: Any) -> Any:
        """Type, name, endpoint and versions."""
        return self._info

    def NotifyRegistrationStatus(self, request: Any, context: Any) -> Any:
        """The result of the registration."""
        return RegistrationStatusResponse()


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    for flag in ("driver-name", "node-name", "kubeconfig", "registry-dir", "plugins-dir", "cdi-dir", "rack"):
        parser.add_argument(f"--{flag}", required=True)
    parser.add_argument("--defect", default="")
    arguments = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    node = Node(ControlApi(Path(arguments.kubeconfig)), arguments)
    endpoint = Path(arguments.plugins_dir) / arguments.driver_name / "dra.sock"
    registry = Path(arguments.registry_dir) / f"{arguments.driver_name}-reg.sock"
    servers = [
        listen(endpoint, lambda server: add_v1(Plugin(node), server)),
        listen(
            registry,
            lambda server: add_registration(Registration(arguments.driver_name, endpoint), server),
        ),
    ]
    threading.Thread(target=node.publish, daemon=True).start()
    stop.wait()
    for server in servers:
        server.stop(grace=None)


if __name__ == "__main__":
    main()
