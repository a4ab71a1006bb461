"""A cluster of racks: nodes, labels and slices are of one fabric for each rack, and faults are seen in the API."""

import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from dra_api.objects import JsonObject
from dra_clusters import ClusterOptions, UsageError, start_cluster
from dra_clusters.provider import RackOptions
from dra_clusters.racks.layout import CLIQUE_LABEL
from dra_clusters.racks.running import NODES, SLICES
from dra_clusters.raw_client import RawClient

pytestmark = pytest.mark.slow


def listed(client: RawClient, path: str) -> list[JsonObject]:
    items: list[JsonObject] = client.send("GET", path).expect(HTTPStatus.OK)["items"]
    return items


def cliques(item: JsonObject) -> set[str]:
    return {device["attributes"]["fabricClique"]["string"] for device in item["spec"]["devices"]}


def wait(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def fake_nvml(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "fake_nvml.cli", *arguments], check=True, stdout=subprocess.DEVNULL)


def test_two_racks_of_hollow_nodes_are_two_nvlink_domains(tmp_path: Path) -> None:
    options = ClusterOptions(directory=tmp_path / "c", racks=RackOptions(racks=2))
    with start_cluster(options) as cluster, RawClient(cluster.kubeconfig) as client:
        labels = {
            node["metadata"]["name"]: node["metadata"]["labels"][CLIQUE_LABEL]
            for node in listed(client, NODES)
        }
        assert len(labels) == 36
        assert len(set(labels.values())) == 2
        slices = listed(client, SLICES)
        assert {item["spec"]["nodeName"]: cliques(item) for item in slices} == {
            name: {clique} for name, clique in labels.items()
        }
        uuids = [
            device["attributes"]["uuid"]["string"] for item in slices for device in item["spec"]["devices"]
        ]
        assert len(set(uuids)) == 2 * 72


def test_hollow_nodes_show_the_faults_of_their_rack_and_lose_them(tmp_path: Path) -> None:
    racks = RackOptions(racks=2, nodes=2, gpus=2)
    options, where = (
        ClusterOptions(directory=tmp_path / "c", racks=racks),
        ("--dir", str(tmp_path / "c/racks")),
    )
    with start_cluster(options) as cluster, RawClient(cluster.kubeconfig) as client:

        def links() -> dict[str, list[int]]:
            return {
                item["spec"]["nodeName"]: [
                    device["attributes"]["nvlinks"]["int"] for device in item["spec"]["devices"]
                ]
                for item in listed(client, SLICES)
            }

        def ready(name: str) -> str:
            node = client.send("GET", f"{NODES}/{name}").expect(HTTPStatus.OK)
            return str(next(c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"))

        well = {f"rack-{rack}-tray-{tray}": [18, 18] for rack in (0, 1) for tray in (0, 1)}
        assert links() == well
        fake_nvml("rack", "break", *where, "--rack", "1", "switch", "tray=0")
        fake_nvml("rack", "break", *where, "--rack", "1", "link", "node=1", "gpu=0", "link=9")
        hurt = {**well, "rack-1-tray-0": [16, 16], "rack-1-tray-1": [15, 16]}
        wait(lambda: links() == hurt, "the switch tray and the link are down")
        fake_nvml("rack", "break", *where, "node", "node=1")
        wait(lambda: ready("rack-0-tray-1") == "Unknown", "the node lost its power")
        assert ready("rack-0-tray-0") == "True"
        for broken in (("switch", "tray=0"), ("link", "node=1", "gpu=0", "link=9")):
            fake_nvml("rack", "mend", *where, "--rack", "1", *broken)
        wait(lambda: links() == well, "the links are up again")


WRONG = {
    "a machine outside racks": (
        RackOptions(machine="dgx-b200"),
        "dgx-b200 is not a tray of a rack; there are: gb200",
    ),
    "more nodes than a rack has": (
        RackOptions(nodes=19),
        "wanted at least one rack of 1 to 18 nodes, found 1 of 19",
    ),
    "more full nodes than nodes": (RackOptions(nodes=2, full=3), "--full: wanted 0 to 2"),
    "more nodes than a cluster has": (RackOptions(racks=300), "wanted 0 to 5000"),
}


@pytest.mark.parametrize("name", WRONG)
def test_racks_that_cannot_be_are_a_usage_error_of_one_line(name: str) -> None:
    racks, message = WRONG[name]
    with pytest.raises(UsageError, match=message) as caught, start_cluster(ClusterOptions(racks=racks)):
        pass
    assert "\n" not in str(caught.value)


def test_other_providers_have_no_racks_and_say_what_to_use() -> None:
    options = ClusterOptions(racks=RackOptions(machine="gb300-nvl72"))
    with (
        pytest.raises(UsageError, match="kind has no racks; .*--gpus gb300-nvl72"),
        start_cluster(options, provider="kind"),
    ):
        pass
