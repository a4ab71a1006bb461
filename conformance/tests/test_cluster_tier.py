"""``dra-conformance run --cluster existing``: a cluster with a driver in it that somebody else started, good and bad."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dra_clusters.checks.client import eventually
from dra_clusters.choose import start_cluster
from dra_clusters.provider import Cluster, ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.harness.target import MANAGED, MANAGER, labelled

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "dra_conformance", "run"]
DRIVER = "widget.dra-conformance.dev"
SLICES = "/apis/resource.k8s.io/v1/resourceslices"
FROM_PODS = "PREP-*,CDI-*,UNPR-*,REG-*,RSL-03*"


@contextmanager
def driver_in(cluster: Cluster, *flags: str) -> Iterator[None]:
    """The control driver on every node of CLUSTER."""
    started = []
    try:
        for node in cluster.nodes:
            command = [sys.executable, "-m", "dra_conformance.controls.driver", f"--driver-name={DRIVER}"]
            command += [f"--node-name={node.name}", f"--kubeconfig={cluster.kubeconfig}"]
            command += [f"--registry-dir={node.registry_dir}", f"--plugins-dir={node.plugins_dir}"]
            command += [f"--cdi-dir={node.cdi_dir}", f"--devices-dir={node.plugins_dir}/devices"]
            started.append(subprocess.Popen([*command, "--features=", *flags]))
        with RawClient(cluster.kubeconfig) as client:
            eventually(
                lambda: len(client.send("GET", SLICES).expect(200)["items"]) >= len(started),
                "slices of every node",
            )
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait(10)
        with RawClient(cluster.kubeconfig) as client:  # a driver leaves them for the one that comes after it
            client.send("DELETE", SLICES)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="t-") as folder:  # sockets have short names
        options = ClusterOptions(directory=Path(folder), nodes=("node-0", "node-1"), rbac=True)
        with start_cluster(options) as cluster:
            yield cluster


@pytest.fixture
def descriptor(tmp_path: Path) -> Path:
    """A descriptor without ``start``."""
    path = tmp_path / "widget.yaml"
    path.write_text(
        json.dumps(
            {
                "schema": "dra-conformance/driver/v1",
                "name": "widget",
                "driver": DRIVER,
                "deviceClass": {"name": "widget", "types": ["widget"]},
                "budgets": {"podSeconds": 60, "repairSeconds": 20},
                "badConfig": {"kind": "NoSuchKind"},
                "features": ["DRAAdminAccess", "DRAExtendedResource"],
            }
        )
    )
    return path


def arguments(cluster: Cluster, descriptor: Path, *more: str) -> list[str]:
    return [
        *COMMAND,
        str(descriptor),
        "--cluster",
        "existing",
        "--kubeconfig",
        str(cluster.kubeconfig),
        *more,
    ]


def run(cluster: Cluster, descriptor: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = arguments(cluster, descriptor, *more)
    return subprocess.run(
        command, capture_output=True, text=True, cwd=descriptor.parent, timeout=300, check=False
    )


def left(cluster: Cluster) -> list[str]:
    """What is still in the cluster of any run."""
    with RawClient(cluster.kubeconfig) as client:
        return labelled(client, f"{MANAGED}={MANAGER}")


def verdicts(report: Any) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in report["requirements"]}


def test_a_good_driver_passes_from_pods_and_nothing_is_left(cluster: Cluster, descriptor: Path) -> None:
    with driver_in(cluster):
        done = run(
            cluster, descriptor, "--select", f"{FROM_PODS},RSL-003,RSL-006,RSL-007", "--json", "-n", "1"
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    report = json.loads(done.stdout)
    assert (report["suite"]["tier"], report["environment"]["provider"]) == ("cluster", "existing")
    assert report["environment"]["kubernetes"] == cluster.kubernetes
    assert not {"fail", "error", "blocked", "non-strict"} & set(report["summary"])
    proven = {row["id"] for row in report["requirements"] if row["tier"] == "cluster"}
    assert {
        "REG-001",
        "PREP-001",
        "PREP-009",
        "PREP-034",
        "CDI-002",
        "UNPR-001",
        "RSL-003",
        "RSL-006",
    } <= proven
    assert verdicts(report)["REG-005"] == "disabled"
    assert left(cluster) == []
    page = (descriptor.parent / "dra-report/report.html").read_text()
    assert f"{len(proven)} requirements are proven at the tier cluster" in page


@pytest.mark.parametrize(
    ("defect", "requirement"),
    [
        ("garbage-cdi", "PREP-001"),
        ("claim-wide-edits", "CDI-020"),
        ("one-pool", "RSL-006"),
        ("stays-stray", "RSL-030"),
        ("ignores-config", "CFG-007"),
        ("refuses-special", "EXT-001"),
        ("admin-conflicts", "ADM-001"),
    ],
)
def test_a_bad_driver_fails(cluster: Cluster, descriptor: Path, defect: str, requirement: str) -> None:
    with driver_in(cluster, f"--defect={defect}"):
        done = run(
            cluster,
            descriptor,
            "--select",
            requirement,
            "--json",
            "-n",
            "1",
            "--profile=robust",
        )
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr
    assert done.stdout, done.stderr
    assert verdicts(json.loads(done.stdout))[requirement] == "fail"
    assert left(cluster) == []


def test_ctrl_c_removes_what_was_created(cluster: Cluster, descriptor: Path) -> None:
    with driver_in(cluster):
        command = arguments(cluster, descriptor, "--select", FROM_PODS, "-n", "2")
        process = subprocess.Popen(command, cwd=descriptor.parent, stdout=subprocess.PIPE, text=True)
        eventually(
            lambda: any("/namespaces/" in path for path in left(cluster)), "a namespace of the run", 200
        )
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 130, printed
    assert left(cluster) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--cluster", "nope"), "cluster 'nope': wanted one of existing, kind"),
        (("--cluster", "existing", "--kubeconfig", "none"), "no kubeconfig none"),
        (("--cluster", "existing", "--kubernetes", "1.37"), "of --cluster existing has its own"),
        (("--cluster", "kind"), "has no installed.command, by which --cluster kind"),
        (("--tier", "cluster"), "say which: --cluster existing"),
        (("--tier", "moon"), "tier 'moon': wanted node"),
        (("--provider", "existing"), "give --cluster existing"),
        ((), "has no start, and the tier node starts the driver"),
    ],
)
def test_a_usage_error_exits_2_with_one_line(descriptor: Path, flags: tuple[str, ...], message: str) -> None:
    command = [*COMMAND, str(descriptor), *flags]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=descriptor.parent, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr


def test_a_cluster_without_dra_is_refused_with_the_reason(descriptor: Path) -> None:
    off = {"resource.k8s.io/v1": False}
    with start_cluster(ClusterOptions(parts=frozenset({"api"}), runtime_config=off)) as cluster:
        done = run(cluster, descriptor)
    assert done.returncode == 3
    assert "does not serve resource.k8s.io/v1" in done.stderr
