"""Two whole racks of hollow nodes, 36 nodes with 144 GPUs, and nothing but the controller: it knows the racks by the nodes' labels."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compute_domains import NAMESPACE, Domains, account_kubeconfig, connected, install
from story import wait_until

from dra_clusters.choose import provider
from dra_clusters.provider import Cluster, ClusterOptions, RackOptions

pytestmark = pytest.mark.slow
NODES, GPUS = 18, 4
RACK_GPUS = NODES * GPUS
FREE = 'device.attributes["compute-domain.nvidia.com"].free'


@dataclass(frozen=True, slots=True)
class Racks:
    """Two racks in a cluster."""

    domains: Domains

    def free(self) -> list[int]:
        """The GPUs of each domain that no claim has, the fewest first."""
        return sorted(
            device["attributes"]["free"]["int"]
            for item in self.domains.resource.list_resource_slice().to_dict()["items"]
            for device in item["spec"]["devices"]
            if device["attributes"]["type"]["string"] == "domain"
        )

    def cordon(self, count: int) -> None:
        """Cordon the last COUNT nodes of each rack: they are spare ones."""
        for rack in (0, 1):
            for tray in range(NODES - count, NODES):
                self.domains.core.patch_node(f"rack-{rack}-tray-{tray}", {"spec": {"unschedulable": True}})

    def job(self, name: str, nodes: int, *selectors: str) -> None:
        """Create a job: a pod with all GPUs of a node for each of NODES, and one claim that they share.

        With SELECTORS a domain that they select is preferred.
        """
        asked: dict[str, Any] = {
            "deviceClassName": "nvlink-domain",
            "capacity": {"requests": {"gpus": str(nodes * GPUS)}},
        }
        request: dict[str, Any] = {"exactly": asked}
        if selectors:
            chosen = [{"cel": {"expression": text}} for text in selectors]
            request = {
                "firstAvailable": [{"name": "full", **asked, "selectors": chosen}, {"name": "any", **asked}]
            }
        body: Any = {
            "metadata": {"name": name},
            "spec": {"devices": {"requests": [{"name": "domain", **request}]}},
        }
        self.domains.resource.create_namespaced_resource_claim("default", body)
        claims = [
            {"name": "domain", "resourceClaimName": name},
            {"name": "gpus", "resourceClaimTemplateName": "node"},
        ]
        resources = {"claims": [{"name": claim["name"]} for claim in claims]}
        for number in range(nodes):
            container = {"name": "main", "image": "x", "resources": resources}
            spec = {"containers": [container], "resourceClaims": claims}
            self.domains.create_pod({"metadata": {"name": f"{name}-{number}"}, "spec": spec})

    def nodes(self, name: str) -> set[str]:
        """The nodes that the pods of a job have."""
        found = self.domains.core.list_namespaced_pod("default").to_dict()["items"]
        return {
            item["spec"]["node_name"]
            for item in found
            if item["metadata"]["name"].startswith(f"{name}-") and item["spec"]["node_name"]
        }

    def rack_of(self, name: str, nodes: int) -> str:
        """Wait until a job has NODES nodes, all in one rack; the rack."""
        wait_until(
            lambda: len(self.nodes(name)) == nodes,
            what=f"job {name} has {nodes} nodes",
            timeout_s=60,
            seen=lambda: (self.nodes(name), self.free(), self.domains.events()[-3:]),
        )
        [rack] = {node.partition("-tray-")[0] for node in self.nodes(name)}
        return rack


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Two racks of 18 nodes of four GPUs."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        options = ClusterOptions(directory=Path(folder), racks=RackOptions(racks=2), rbac=True)
        made = provider("embedded").up(options)
        yield made
        made.down()


@pytest.fixture
def racks(cluster: Cluster, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> Iterator[Racks]:
    """The controller runs, and a template of all GPUs of a node is there."""
    with connected(cluster) as api:
        install(api)
        kubeconfig = account_kubeconfig(cluster, api, "compute-domain-controller", tmp_path / "kubeconfig")
        start(
            *("dra-driver", "--kubeconfig", str(kubeconfig), "controller", "--namespace", NAMESPACE),
            *("--daemon-image", "example.com/driver:1"),
        )
        found = Racks(Domains(api))
        exactly = {"deviceClassName": "gpu.dra-conformance.dev", "count": GPUS}
        devices = {"requests": [{"name": "gpus", "exactly": exactly}]}
        template: Any = {"metadata": {"name": "node"}, "spec": {"spec": {"devices": devices}}}
        found.domains.resource.create_namespaced_resource_claim_template("default", template)
        wait_until(
            lambda: found.free() == [RACK_GPUS, RACK_GPUS],
            what="two domains of 72 GPUs",
            timeout_s=60,
            seen=found.free,
        )
        yield found


def test_two_jobs_of_a_whole_rack_get_one_rack_each(racks: Racks) -> None:
    racks.job("first", NODES)
    racks.job("second", NODES)
    assert {racks.rack_of("first", NODES), racks.rack_of("second", NODES)} == {"rack-0", "rack-1"}
    wait_until(lambda: racks.free() == [0, 0], what="nothing is free", seen=racks.free)


def test_two_jobs_share_a_rack_and_spare_nodes_are_left_alone(racks: Racks) -> None:
    spare, half = 4, 7
    racks.cordon(spare)
    most = (NODES - spare) * GPUS
    wait_until(lambda: racks.free() == [most, most], what="14 nodes of each rack", seen=racks.free)
    racks.job("whole", NODES)
    wait_until(
        lambda: any(
            f"wanted 72 GPUs of one NVLink domain: at most {most} of {most}" in text
            for text in racks.domains.events()
        ),
        what="an event that says that no rack has 72 GPUs",
        timeout_s=30,
        seen=racks.domains.events,
    )
    racks.job("one", half, f"{FREE} < {most}")
    first = racks.rack_of("one", half)
    wait_until(lambda: racks.free() == [most // 2, most], what="half a rack is used", seen=racks.free)
    racks.job("two", half, f"{FREE} < {most}")
    assert racks.rack_of("two", half) == first
    racks.job("three", 2 * half, f"{FREE} < {most}")
    assert racks.rack_of("three", 2 * half) != first
    assert racks.nodes("whole") == set()
