"""A rack that nobody owns: a job is spread over its nodes, ``dra-cluster top`` shows who is where, and which link broke."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from story import wait_until

from dra_clusters import ClusterOptions, RackOptions, start_cluster
from dra_clusters.provider import Cluster
from dra_clusters.raw_client import RawClient

pytestmark = pytest.mark.slow
DRIVER = "gpu.dra-conformance.dev"
RESOURCE = "/apis/resource.k8s.io/v1"
NODES, FULL = 4, 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the cluster."""
    return tmp_path_factory.mktemp("r")


@pytest.fixture(scope="module")
def rack(folder: Path) -> Iterator[Cluster]:
    """A rack of one node that runs and three that are hollow."""
    racks = RackOptions(machine="gb200-nvl72", nodes=NODES, full=FULL)
    with start_cluster(ClusterOptions(directory=folder / "c", racks=racks)) as cluster:
        yield cluster


@pytest.fixture
def api(rack: Cluster) -> Iterator[RawClient]:
    """An administrator's client."""
    with RawClient(rack.kubeconfig) as client:
        yield client


def run(folder: Path, *command: str) -> str:
    """What a command of this project prints in the cluster."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(folder / "c/admin.kubeconfig"),
        "FAKE_NVML_RACKS": str(folder / "c/racks"),
    }
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *command[1:]], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def picture(folder: Path) -> list[dict[str, Any]]:
    """The nodes in the picture of the only rack."""
    [found] = json.loads(run(folder, "dra-cluster", "top", "--output", "json"))["racks"]
    nodes: list[dict[str, Any]] = found["nodes"]
    return nodes


def devices_of(api: RawClient) -> dict[str, list[dict[str, Any]]]:
    """{node: what is published there}."""
    items = api.send("GET", f"{RESOURCE}/resourceslices").expect(200)["items"]
    return {item["spec"]["nodeName"]: item["spec"]["devices"] for item in items}


def identity_free(devices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """DEVICES without what distinguishes one tray from another, and without times."""
    copied: list[dict[str, Any]] = json.loads(json.dumps(devices))
    for device in copied:
        device["attributes"].pop("uuid")
        for taint in device.get("taints", []):
            taint.pop("timeAdded", None)
    return copied


def test_a_hollow_node_publishes_what_the_driver_publishes_on_one_that_runs(api: RawClient) -> None:
    published = devices_of(api)
    assert len(published) == NODES
    assert identity_free(published["rack-0-tray-3"]) == identity_free(published["rack-0-tray-0"])
    uuids = {device["attributes"]["uuid"]["string"] for devices in published.values() for device in devices}
    assert len(uuids) == 4 * NODES


def test_a_job_over_the_rack_is_seen_with_the_link_that_breaks(folder: Path, api: RawClient) -> None:
    wanted = {"requests": [{"name": "gpus", "exactly": {"deviceClassName": DRIVER, "count": 4}}]}
    template = {"metadata": {"name": "tray"}, "spec": {"spec": {"devices": wanted}}}
    api.send("POST", f"{RESOURCE}/namespaces/default/resourceclaimtemplates", template).require(201)
    pod = {
        "restartPolicy": "Never",
        "resourceClaims": [{"name": "gpus", "resourceClaimTemplateName": "tray"}],
        "containers": [
            {"name": "work", "image": "example.com/none", "resources": {"claims": [{"name": "gpus"}]}}
        ],
    }
    job = {
        "metadata": {"name": "train"},
        "spec": {"parallelism": NODES + 1, "completions": NODES + 1, "template": {"spec": pod}},
    }
    api.send("POST", "/apis/batch/v1/namespaces/default/jobs", job).require(201)

    def holders() -> set[str]:
        devices = [device for node in picture(folder) for device in node["devices"]]
        return {"/".join(sorted({holder["job"] for holder in device["holders"]})) for device in devices}

    wait_until(
        lambda: holders() == {"default/train"}, what="the job has the rack", timeout_s=120, seen=holders
    )
    run(folder, "fake-nvml", "rack", "break", "port", "chip=4", "port=1")  # node 0, GPU 1, which runs
    run(folder, "fake-nvml", "rack", "break", "link", "node=2", "gpu=3", "link=9")

    def hurt() -> list[str]:
        return [
            f"{node['name']} {device['name']} {device['links']}"
            for node in picture(folder)
            for device in node["devices"]
            if device["health"] != "well"
        ]

    broken = ["rack-0-tray-0 gpu-1 17", "rack-0-tray-2 gpu-3 17"]
    wait_until(lambda: hurt() == broken, what="both links are seen", timeout_s=120, seen=hurt)
    published = devices_of(api)
    full, hollow = published["rack-0-tray-0"][1], published["rack-0-tray-2"][3]
    for device in (full, hollow):
        for taint in device["taints"]:
            taint.pop("timeAdded", None)
    assert hollow["taints"] == full["taints"]
    assert hollow["capacity"]["nvlinkBandwidth"] == full["capacity"]["nvlinkBandwidth"]

    shown = run(folder, "dra-cluster", "top")
    assert "A default/train" in shown
    assert "rack-0-tray-0 gpu-1: 17 NVLinks up" in shown
    assert "Not placed" in shown  # one pod more than the rack has nodes

    run(folder, "fake-nvml", "rack", "break", "node", "node=0")

    def faults() -> dict[str, str]:
        return {node["name"]: node["fault"] for node in picture(folder) if node["fault"]}

    wait_until(
        lambda: faults() == {"rack-0-tray-0": "NodeStatusUnknown"},
        what="a node is gone",
        timeout_s=60,
        seen=faults,
    )
    run(folder, "fake-nvml", "rack", "mend", "node", "node=0")
    wait_until(lambda: not faults(), what="it is back", timeout_s=120, seen=faults)
