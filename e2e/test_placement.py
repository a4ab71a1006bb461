"""Two racks of two trays: the pods of a job share one claim of an NVLink domain, and land inside one rack."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from compute_domains import NAMESPACE, Domains, account_kubeconfig, connected, install
from story import wait_until

from dra_clusters.choose import provider
from dra_clusters.provider import Cluster, ClusterOptions

pytestmark = pytest.mark.slow
EAST, WEST = "4e56374c-3732-5347-b200-000000000001", "4e56374c-3732-5347-b200-000000000002"
TRAYS = {"node-0": EAST, "node-1": EAST, "node-2": WEST, "node-3": WEST}
RACK_GPUS = 8
SCRIPTS = Path(sys.executable).parent
ROUTE_UNHEALTHY = "mask=0x9a"
"""The health mask of a GPU in which the route is unhealthy and everything else well."""
FREE = 'device.attributes["compute-domain.nvidia.com"].free'
MACHINE = Path(__file__).parents[1] / "fakenvml/fake_nvml/machines/gb200-nvl72.yaml"


@dataclass(frozen=True, slots=True)
class Racks:
    """Two racks in a cluster.

    Attributes:
        trays: {node: folder of its fake GPUs}.
    """

    cluster: Cluster
    domains: Domains
    trays: dict[str, Path]

    def free(self) -> dict[str, int]:
        """{cluster UUID: GPUs that no claim has}, of the published domains."""
        found = {}
        for item in self.domains.resource.list_resource_slice().to_dict()["items"]:
            for device in item["spec"]["devices"]:
                attributes = device["attributes"]
                if attributes["type"]["string"] == "domain":
                    found[attributes["fabricCluster"]["string"]] = attributes["free"]["int"]
        return found

    def taints(self) -> dict[str, str]:
        """{pool: effect} of the tainted domains and cliques."""
        return {
            item["spec"]["pool"]["name"]: taint["effect"]
            for item in self.domains.resource.list_resource_slice().to_dict()["items"]
            for device in item["spec"]["devices"]
            for taint in device["taints"] or []
        }

    def claim(self, name: str, request: dict[str, Any]) -> None:
        """Create a claim with one request."""
        spec = {"devices": {"requests": [{"name": "domain", **request}]}}
        body: Any = {"metadata": {"name": name}, "spec": spec}
        self.domains.resource.create_namespaced_resource_claim("default", body)

    def pod(self, name: str, claim: str | None, node: str | None = None) -> None:
        """Create a pod of a job."""
        container: dict[str, Any] = {"name": "main", "image": "x"}
        spec: dict[str, Any] = {"containers": [container]}
        if claim is not None:
            container["resources"] = {"claims": [{"name": "domain"}]}
            spec["resourceClaims"] = [{"name": "domain", "resourceClaimName": claim}]
        if node is not None:
            spec["nodeSelector"] = {"kubernetes.io/hostname": node}
        self.domains.create_pod({"metadata": {"name": name}, "spec": spec})

    def nodes(self) -> dict[str, str]:
        """{pod that runs: its node}."""
        found = self.domains.core.list_namespaced_pod("default").to_dict()["items"]
        return {
            item["metadata"]["name"]: item["spec"]["node_name"]
            for item in found
            if item["status"]["phase"] == "Running"
        }

    def run(self, *pods: str) -> set[str]:
        """Wait until PODS run; the racks in which they do."""
        wait_until(
            lambda: set(pods) <= self.nodes().keys(),
            what=f"{pods} run",
            timeout_s=60,
            seen=lambda: (self.domains.phases("default"), self.domains.events()),
        )
        found = self.nodes()
        return {TRAYS[found[pod]] for pod in pods}


def gpus(amount: int, *selectors: str) -> dict[str, Any]:
    """What one alternative of a request asks for."""
    return {
        "deviceClassName": "nvlink-domain",
        "capacity": {"requests": {"gpus": str(amount)}},
        "selectors": [{"cel": {"expression": text}} for text in selectors],
    }


@pytest.fixture
def trays(tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]) -> dict[str, Path]:
    """The folders of the trays; the racks differ in their cluster UUID."""
    folders = {}
    for number, (node, rack) in enumerate(TRAYS.items()):
        machine, folder = tmp_path / f"{rack}.yaml", tmp_path / node
        machine.write_text(MACHINE.read_text().replace(EAST, rack))
        start(
            *("fake-nvml", "serve", "--machine", str(machine), "--node", str(number % 2)),
            *("--dir", str(folder), "--driver-root", str(folder / "root")),
        )
        folders[node] = folder
    wait_until(
        lambda: all((folder / "ready").exists() for folder in folders.values()), what="trays", timeout_s=60
    )
    return folders


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A node for every tray."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        made = provider("embedded").up(ClusterOptions(directory=Path(folder), nodes=tuple(TRAYS), rbac=True))
        yield made
        made.down()


@pytest.fixture
def racks(
    cluster: Cluster,
    trays: dict[str, Path],
    start: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
) -> Iterator[Racks]:
    """The controller and a plugin on each node run, each with the rights of its service account."""
    with connected(cluster) as api:
        install(api)
        controller, plugin = (
            account_kubeconfig(cluster, api, f"compute-domain-{part}", tmp_path / part)
            for part in ("controller", "plugin")
        )
        start(
            *("dra-driver", "--kubeconfig", str(controller), "controller", "--namespace", NAMESPACE),
            *("--daemon-image", "example.com/driver:1"),
        )
        for node in cluster.nodes:
            tray = trays[node.name]
            root = tray / "root"
            start(
                *(
                    "dra-driver",
                    "--kubeconfig",
                    str(plugin),
                    "--node-name",
                    node.name,
                    "--rescan-seconds",
                    "1",
                ),
                *("--registry-dir", str(node.registry_dir), "--plugins-dir", str(node.plugins_dir)),
                *("--cdi-dir", str(node.cdi_dir), "--sysfs", str(root / "sys")),
                *("--procfs", str(root / "proc"), "--dev-root", str(root)),
                *("--metrics-address", "", "compute-domain-plugin", "--namespace", NAMESPACE),
                environment={"LD_LIBRARY_PATH": str(tray / "lib"), "FAKE_NVML_DIR": str(tray)},
            )
        found = Racks(cluster, Domains(api), trays)
        wait_until(
            lambda: found.free() == {EAST: RACK_GPUS, WEST: RACK_GPUS},
            what="two domains of eight GPUs",
            timeout_s=150,
            seen=found.free,
        )
        yield found


def test_jobs_land_each_in_one_rack_and_the_one_that_fits_nowhere_is_said_why(racks: Racks) -> None:
    for name in ("first", "second"):
        racks.claim(name, {"exactly": gpus(RACK_GPUS)})
        racks.pod(f"{name}-0", name)
        racks.pod(f"{name}-1", name)
    first, second = (racks.run(f"{name}-0", f"{name}-1") for name in ("first", "second"))
    assert len(first) == len(second) == 1
    assert first | second == {EAST, WEST}
    where = racks.nodes()["first-0"]
    environment = racks.cluster.container(where, "default", "first-0", "main").environment
    assert {environment["NVLINK_DOMAIN"]} == first

    racks.claim("third", {"exactly": gpus(4)})
    racks.pod("third-0", "third")
    wait_until(
        lambda: any(
            "wanted 4 GPUs of one NVLink domain: at most 0 of 8 are free" in text
            for text in racks.domains.events()
        ),
        what="an event that says why the third job waits",
        timeout_s=30,
        seen=racks.domains.events,
    )
    assert "third-0" not in racks.nodes()
    for number in range(2):
        racks.domains.core.delete_namespaced_pod(f"first-{number}", "default")
    assert racks.run("third-0") == first


def test_a_small_job_goes_to_the_rack_that_is_in_use_and_leaves_the_other_whole(racks: Racks) -> None:
    racks.claim("half", {"exactly": gpus(4)})
    racks.pod("half-0", "half", "node-2")
    assert racks.run("half-0") == {WEST}
    wait_until(lambda: racks.free() == {EAST: 8, WEST: 4}, what="half a rack is free", seen=racks.free)
    racks.pod("elsewhere", None, "node-0")  # the scheduler looks at node-0 next
    racks.run("elsewhere")
    full, whole = {"name": "full", **gpus(4, f"{FREE} < 8")}, {"name": "any", **gpus(4)}
    racks.claim("small", {"firstAvailable": [full, whole]})
    racks.pod("small-0", "small")
    assert racks.run("small-0") == {WEST}


def test_a_rack_that_gets_sick_loses_its_job_and_gets_no_other_until_it_is_well(racks: Racks) -> None:
    racks.claim("job", {"exactly": gpus(RACK_GPUS)})
    racks.pod("job-0", "job", "node-0")
    assert racks.run("job-0") == {EAST}
    break_route(racks, "node-0")
    wait_until(
        lambda: racks.free() == {EAST: 0, WEST: 8}, what="one tray less", seen=racks.free, timeout_s=30
    )
    assert racks.taints() == {}
    break_route(racks, "node-1")
    wait_until(
        lambda: not racks.domains.phases("default"),
        what="the job's pod is evicted",
        timeout_s=60,
        seen=lambda: (racks.taints(), racks.domains.phases("default")),
    )
    assert racks.taints()[f"nvlink-{EAST}"] == "NoExecute"
    racks.pod("job-1", "job")
    assert racks.run("job-1") == {WEST}
    for node in ("node-0", "node-1"):
        break_route(racks, node, "mask=0xaa")
    wait_until(
        lambda: racks.free() == {EAST: 8, WEST: 0} and not racks.taints(),
        what="the rack is well again",
        timeout_s=30,
        seen=lambda: (racks.free(), racks.taints()),
    )


def break_route(racks: Racks, node: str, mask: str = ROUTE_UNHEALTHY) -> None:
    """Give the first GPU of a tray a health mask."""
    folder = racks.trays[node]
    subprocess.run([str(SCRIPTS / "fake-nvml"), "ctl", "--dir", str(folder), "fabric", "0", mask], check=True)
