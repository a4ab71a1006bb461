"""Fake GPUs on the nodes of a kind cluster: the image of ``fake-nvml`` and the DaemonSet that runs it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from dra_api.objects import JsonObject
from dra_clusters.errors import UsageError
from dra_clusters.kind.waiting import wait_until_complete
from dra_clusters.raw_client import RawClient

MANIFEST = Path(__file__).with_name("fake-gpu-node.yaml")
NAME = "fake-gpu-node"
IMAGE = "fake-node"
"""Of ``dra-cluster image build``."""
PATHS = {"Namespace": "/api/v1/namespaces", "DaemonSet": f"/apis/apps/v1/namespaces/{NAME}/daemonsets"}
READY_S, PAUSE_S, PROBE_S = 180.0, 0.2, 60.0


def check_machine(machine: str) -> None:
    """Check that ``fake-nvml`` has a machine.

    Raises:
        UsageError: it has none of that name; the message is its own.
    """
    command = [sys.executable, "-m", "fake_nvml.cli", "list", machine]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PROBE_S)
    if done.returncode:
        message = f"--gpus: {done.stderr.strip().removeprefix('fake-nvml: ')}"
        raise UsageError(message)


def documents(machine: str, nodes: Sequence[str]) -> list[JsonObject]:
    """Pure but for the file: the objects of the manifest, for MACHINE; of a rack, NODES are the trays in order."""
    found = [document for document in yaml.safe_load_all(MANIFEST.read_text()) if document]
    (container,) = found[-1]["spec"]["template"]["spec"]["containers"]
    values = {"FAKE_NVML_MACHINE": machine, "FAKE_NVML_NODE_NAMES": ",".join(nodes)}
    for variable in container["env"]:
        if variable["name"] in values:
            variable["value"] = values[variable["name"]]
    return found


def install(client: RawClient, machine: str, nodes: Sequence[str]) -> None:
    """Create what is not there, and wait until every node serves its GPUs.

    Raises:
        EnvironmentFault: it is refused, or a node does not serve in time; the message has what its pod says.
    """
    stored: JsonObject = {}
    for document in documents(machine, nodes):
        path = PATHS[document["kind"]]
        answer = client.send("POST", path, document)
        if answer.code == 409:  # a cluster that was kept has it; its machine may be another one
            name = document["metadata"]["name"]
            answer = client.patch("merge", f"{path}/{name}", document)
        stored = answer.expect(200, 201)
    generation = str(stored["metadata"]["generation"])
    wait_serving(lambda: current(pods(client), generation), nodes)


def pods(client: RawClient) -> list[JsonObject]:
    """The pods of the DaemonSet."""
    return list(client.send("GET", f"/api/v1/namespaces/{NAME}/pods").expect(200)["items"])


def current(found: Sequence[JsonObject], generation: str) -> list[JsonObject]:
    """Pure: those of the DaemonSet's present form; others are about to be replaced."""
    label = "pod-template-generation"
    return [pod for pod in found if pod["metadata"].get("labels", {}).get(label) == generation]


def wait_serving(read: Callable[[], Sequence[JsonObject]], nodes: Sequence[str]) -> None:
    """Wait until each of NODES has a pod that is ready.

    Raises:
        EnvironmentFault: one has none in time.
    """
    wait_until_complete(
        lambda: not_serving(read(), nodes), what="nodes without fake GPUs", limit_s=READY_S, pause_s=PAUSE_S
    )


def not_serving(found: Sequence[JsonObject], nodes: Sequence[str]) -> dict[str, str]:
    """Pure: {node: why} of the nodes whose pod is not ready."""
    missing = dict.fromkeys(nodes, "it has no pod")
    for pod in found:
        node = pod["spec"].get("nodeName", "")
        if node not in missing or pod["metadata"].get("deletionTimestamp"):
            continue
        statuses = pod.get("status", {}).get("containerStatuses", [])
        if statuses and all(status["ready"] for status in statuses):
            del missing[node]
            continue
        waiting = [
            status.get("state", {}).get("waiting") or status.get("lastState", {}).get("terminated")
            for status in statuses
        ]
        reasons = [f"{each.get('reason', '')} {each.get('message', '')}".strip() for each in waiting if each]
        missing[node] = "; ".join(reasons) or f"its pod is {pod.get('status', {}).get('phase', 'unknown')}"
    return missing
