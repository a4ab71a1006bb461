"""A job on two trays of a rack: its pods bring the domain's daemons to their nodes, get a channel, and see each other."""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from compute_domains import LABEL, NAMESPACE, Domains, account_kubeconfig, connected, install
from story import wait_until

from dra_clusters.choose import provider
from dra_clusters.provider import Cluster, ClusterOptions

pytestmark = pytest.mark.slow
NODES = ("node-0", "node-1")
SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def rack(tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]) -> list[Path]:
    """The folders of two trays of one rack."""
    folders = [tmp_path / f"tray-{number}" for number in range(len(NODES))]
    for number, folder in enumerate(folders):
        start(
            *("fake-nvml", "serve", "--machine", "gb200-nvl72", "--node", str(number)),
            *("--dir", str(folder), "--driver-root", str(folder / "root")),
        )
    wait_until(lambda: all((folder / "ready").exists() for folder in folders), what="the rack", timeout_s=60)
    return folders


@pytest.fixture
def two_nodes() -> Iterator[Cluster]:
    """A cluster of two nodes."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        cluster = provider("embedded").up(ClusterOptions(directory=Path(folder), nodes=NODES))
        yield cluster
        cluster.down()


@pytest.fixture
def domains(
    two_nodes: Cluster, rack: list[Path], start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> Iterator[Domains]:
    """The controller and a plugin on each node run, each with the rights of its service account."""
    with connected(two_nodes) as api:
        install(api)
        controller, plugin = (
            account_kubeconfig(two_nodes, api, f"compute-domain-{part}", tmp_path / part)
            for part in ("controller", "plugin")
        )
        daemon = [
            str(SCRIPTS / "dra-driver"),
            "--driver-root",
            str(rack[0] / "root"),
            "compute-domain-daemon",
        ]
        start(
            *("dra-driver", "--kubeconfig", str(controller), "controller", "--namespace", NAMESPACE),
            *("--daemon-image", "example.com/driver:1", "--daemon-command", shlex.join(daemon)),
            *("--daemon-annotation", "dra-conformance.dev/run=true"),
        )
        for node, tray in zip(two_nodes.nodes, rack, strict=True):
            root = tray / "root"
            start(
                *("dra-driver", "--kubeconfig", str(plugin), "--node-name", node.name),
                *("--registry-dir", str(node.registry_dir), "--plugins-dir", str(node.plugins_dir)),
                *(
                    "--cdi-dir",
                    str(node.cdi_dir),
                    "--sysfs",
                    str(root / "sys"),
                    "--procfs",
                    str(root / "proc"),
                ),
                *("--dev-root", str(root), "compute-domain-plugin", "--namespace", NAMESPACE),
                environment={"LD_LIBRARY_PATH": str(tray / "lib"), "FAKE_NVML_DIR": str(tray)},
            )
        found = Domains(api)
        wait_until(lambda: len(found.slices()) == len(NODES), what="the channels are published", timeout_s=60)
        yield found


def worker(name: str, node: str) -> dict[str, Any]:
    """A pod of the job ``job`` on a node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node},
            "resourceClaims": [{"name": "channel", "resourceClaimTemplateName": "job-channel"}],
            "containers": [
                {"name": "main", "image": "x", "resources": {"claims": [{"name": "channel"}]}},
            ],
        },
    }


def run_job(domains: Domains) -> None:
    """A domain ``job`` with a worker on each node; returns when it is ready and they run."""
    domains.create("job", numNodes=2)
    wait_until(lambda: domains.reason("job") == "WaitingForNodes", what="a status", timeout_s=60)
    for number, node in enumerate(NODES):
        domains.create_pod(worker(f"worker-{number}", node))
    wait_until(
        lambda: domains.phases("default") == {"worker-0": "Running", "worker-1": "Running"},
        what="both workers run",
        timeout_s=120,
        seen=lambda: (domains.get("job").get("status"), domains.events()),
    )
    wait_until(
        lambda: domains.reason("job") == "NodesReady",
        what="the domain is ready",
        timeout_s=60,
        seen=lambda: domains.get("job").get("status"),
    )


def test_a_job_on_two_trays_gets_channels_of_one_imex_domain(
    domains: Domains, two_nodes: Cluster, rack: list[Path]
) -> None:
    run_job(domains)
    status = domains.get("job")["status"]
    assert status["status"] == "Ready"
    assert {(node["name"], node["status"]) for node in status["nodes"]} == {(name, "Ready") for name in NODES}
    assert sorted(node["index"] for node in status["nodes"]) == [0, 1]
    for number, node in enumerate(NODES):
        given = two_nodes.container(node, "default", f"worker-{number}", "main").devices
        assert given == {"/dev/nvidia-caps-imex-channels/channel0"}

    def connected_pairs() -> bool:
        address = status["nodes"][0]["ipAddress"]
        control = rack[0] / "root/usr/bin/nvidia-imex-ctl"
        asked = subprocess.run(
            [str(control), "-i", address, "50005", "-N", "-j"], capture_output=True, text=True, check=True
        )
        rows = json.loads(asked.stdout)["nodes"]
        members = [row for row in rows.values() if row["status"] == "READY"]
        return len(members) == 2 and all(
            row["connections"][number]["status"] == "CONNECTED" for row in members for number in ("0", "1")
        )

    wait_until(connected_pairs, what="the daemons see each other", timeout_s=60)
    domains.delete("job")
    wait_until(
        lambda: domains.reason("job", "Terminating") == "InUse", what="the deletion waits", timeout_s=30
    )
    for number in range(len(NODES)):
        domains.core.delete_namespaced_pod(f"worker-{number}", "default")
    wait_until(
        lambda: not domains.get("job"),
        what="the domain is gone",
        timeout_s=120,
        seen=lambda: domains.get("job").get("status"),
    )
    assert not domains.phases(NAMESPACE)
    assert all(LABEL not in labels for labels in domains.node_labels())


def test_a_daemon_whose_pod_is_deleted_by_force_comes_back_under_its_number(domains: Domains) -> None:
    run_job(domains)
    before = {node["name"]: node for node in domains.get("job")["status"]["nodes"]}
    lost = domains.daemon_pod_on("node-0")
    domains.core.delete_namespaced_pod(lost, NAMESPACE, grace_period_seconds=0)

    def is_back() -> bool:
        found = {node["name"]: node for node in domains.get("job")["status"]["nodes"]}
        again = found.get("node-0", before["node-0"])
        return again["ipAddress"] != before["node-0"]["ipAddress"] and domains.reason("job") == "NodesReady"

    wait_until(is_back, what="another daemon", timeout_s=120, seen=lambda: domains.get("job")["status"])
    after = {node["name"]: node["index"] for node in domains.get("job")["status"]["nodes"]}
    assert after == {name: node["index"] for name, node in before.items()}


def test_the_domain_of_another_namespace_is_refused(domains: Domains) -> None:
    domains.create("job")
    wait_until(lambda: domains.reason("job") == "NoNodesYet", what="a status", timeout_s=60)
    domains.copy_template("job-channel", "stranger")
    domains.create_pod(worker("thief", "node-0"), "stranger")
    wait_until(
        lambda: any("a domain is used from its own namespace" in text for text in domains.events()),
        what="a refusal",
        timeout_s=60,
        seen=domains.events,
    )
    assert domains.phases("stranger") == {"thief": "Pending"}
    assert all(LABEL not in labels for labels in domains.node_labels())
