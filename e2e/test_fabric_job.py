"""A job over two trays of a rack: its bytes cross nodes inside its ComputeDomain, and nowhere else.

The pods are processes with the device nodes of their claims. Each runs ``fake-nvml fabric-job``, a program on ``libcuda.so.1``
of the shape of NVIDIA's nvbandwidth job: workers with a channel each, and a launcher without a GPU.
"""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from compute_domains import NAMESPACE, Domains, account_kubeconfig, connected, install
from story import wait_until

from dra_clusters.choose import provider
from dra_clusters.provider import Cluster, ClusterOptions

pytestmark = pytest.mark.slow
NODES = ("node-0", "node-1")
SCRIPTS = Path(sys.executable).parent
JOB = Path(__file__).parent / "workloads/fabric-job.yaml"
PORT = 5700


@dataclass(frozen=True)
class Rack:
    """Two trays of one rack in a cluster, with the driver's parts for ComputeDomains.

    Attributes:
        trays: {node: folder of its fake GPUs}.
    """

    cluster: Cluster
    domains: Domains
    trays: dict[str, Path]

    def environment(self, node: str) -> list[dict[str, str]]:
        """What a container's program needs to find its node's GPUs."""
        tray = self.trays[node]
        values = {"FAKE_NVML_DIR": str(tray), "LD_LIBRARY_PATH": str(tray / "lib")}
        return [{"name": name, "value": value} for name, value in values.items()]


@pytest.fixture
def trays(tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]) -> dict[str, Path]:
    """The fake GPUs of each node."""
    folders = {name: tmp_path / f"tray-{name}" for name in NODES}
    for number, folder in enumerate(folders.values()):
        start(
            *("fake-nvml", "serve", "--machine", "gb200-nvl72", "--node", str(number)),
            *("--dir", str(folder), "--driver-root", str(folder / "root")),
        )
    ready = [folder / "ready" for folder in folders.values()]
    wait_until(lambda: all(path.exists() for path in ready), what="the rack", timeout_s=60)
    return folders


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster of two nodes; its folder's name is short, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        cluster = provider("embedded").up(ClusterOptions(directory=Path(folder), nodes=NODES))
        try:
            yield cluster
        finally:
            cluster.down()


@pytest.fixture
def rack(
    trays: dict[str, Path], start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> Iterator[Rack]:
    """The rack in a cluster; the daemons of a domain find the driver of their node by its name."""
    with running_cluster() as cluster, connected(cluster) as api:
        install(api)
        controller, plugin = (
            account_kubeconfig(cluster, api, f"compute-domain-{part}", tmp_path / part)
            for part in ("controller", "plugin")
        )
        by_node = tmp_path / "tray-$NODE_NAME"
        script = tmp_path / "compute-domain-daemon"
        script.write_text(
            f'#!/bin/sh\nexport FAKE_NVML_DIR="{by_node}"\n'
            f'exec {SCRIPTS}/dra-driver --driver-root "{by_node}/root" compute-domain-daemon "$@"\n'
        )
        script.chmod(0o755)
        start(
            *("dra-driver", "--kubeconfig", str(controller), "controller", "--namespace", NAMESPACE),
            *("--daemon-image", "example.com/driver:1", "--daemon-command", str(script)),
            *("--daemon-annotation", "dra-conformance.dev/run=true"),
        )
        for node in cluster.nodes:
            root = trays[node.name] / "root"
            start(
                *("dra-driver", "--kubeconfig", str(plugin), "--node-name", node.name),
                *("--registry-dir", str(node.registry_dir), "--plugins-dir", str(node.plugins_dir)),
                *("--cdi-dir", str(node.cdi_dir), "--sysfs", str(root / "sys")),
                *("--procfs", str(root / "proc"), "--dev-root", str(root)),
                *("compute-domain-plugin", "--namespace", NAMESPACE),
                environment={
                    "LD_LIBRARY_PATH": str(trays[node.name] / "lib"),
                    "FAKE_NVML_DIR": str(trays[node.name]),
                },
            )
        domains = Domains(api)
        wait_until(lambda: len(domains.slices()) == len(NODES), what="channels", timeout_s=60)
        yield Rack(cluster, domains, trays)


def documents(rack: Rack) -> dict[str, dict[str, Any]]:
    """The manifest, {name: object}; its programs are this installation's, its workers on a tray each."""
    found = {item["metadata"]["name"]: item for item in yaml.safe_load_all(JOB.read_text())}
    for number, node in enumerate(NODES):
        pod = found[f"worker-{number}"]
        pod["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node}
        pod["spec"]["containers"][0]["env"] += rack.environment(node)
    for pod in (item for item in found.values() if item["kind"] == "Pod"):
        path = f"{SCRIPTS}:{os.environ['PATH']}"
        pod["spec"]["containers"][0]["env"].append({"name": "PATH", "value": path})
    return found


def create(rack: Rack, pod: dict[str, Any], namespace: str = "default", **changed: Any) -> None:
    """Create a pod of the manifest, some of its spec changed."""
    rack.domains.create_pod(pod | {"spec": pod["spec"] | changed}, namespace)


def log(rack: Rack, name: str) -> str:
    """What ``kubectl logs`` prints."""
    return str(rack.domains.core.read_namespaced_pod_log(name, "default"))


def last_line(rack: Rack, name: str) -> str:
    """What a pod printed last; a container that was started again goes on in the same log here."""
    return (log(rack, name).strip().splitlines() or [""])[-1]


def waiting(rack: Rack, name: str, restarts: int = 0) -> str:
    """The address at which a worker, started again so many times, waits for its launcher."""

    def is_waiting() -> bool:
        status = rack.domains.core.read_namespaced_pod_status(name, "default").to_dict()["status"]
        [container] = status["container_statuses"] or [None]
        if container is None or not container["state"]["running"] or container["restart_count"] != restarts:
            return False
        return "waits for its launcher" in last_line(rack, name)

    wait_until(is_waiting, what=f"worker {name} waits", timeout_s=120, seen=rack.domains.events)
    return last_line(rack, name).split()[-1]


def ended(rack: Rack, name: str) -> tuple[str, str]:
    """(phase, log) of a pod that ends."""
    phase = functools.partial(rack.domains.phases, "default")
    wait_until(
        lambda: phase().get(name) in ("Succeeded", "Failed"), what=f"{name} ends", timeout_s=120, seen=phase
    )
    return phase()[name], log(rack, name)


def run_launcher(rack: Rack, *workers: str) -> tuple[str, str]:
    """(phase, log) of the manifest's launcher, which is deleted again."""
    launcher = documents(rack)["launcher"]
    container = launcher["spec"]["containers"][0]
    container["env"] = [*container["env"][1:], {"name": "WORKERS", "value": ",".join(workers)}]
    create(rack, launcher)
    found = ended(rack, "launcher")
    rack.domains.core.delete_namespaced_pod("launcher", "default", grace_period_seconds=0)
    wait_until(lambda: "launcher" not in rack.domains.phases("default"), what="no launcher", timeout_s=60)
    return found


def run_workers(rack: Rack) -> list[str]:
    """The manifest's domain and its workers; returns where they wait."""
    found = documents(rack)
    rack.domains.create("fabric-job", **found["fabric-job"]["spec"])
    for number in range(len(NODES)):
        create(rack, found[f"worker-{number}"])
    addresses = [waiting(rack, f"worker-{number}") for number in range(len(NODES))]
    wait_until(lambda: are_connected(rack), what="the daemons see each other", timeout_s=60)
    return addresses


def are_connected(rack: Rack) -> bool:
    """Whether both daemons of the domain are connected to each other."""
    for node in rack.domains.get("fabric-job")["status"].get("nodes", []):
        control = rack.trays[node["name"]] / "root/usr/bin/nvidia-imex-ctl"
        asked = subprocess.run(
            [str(control), "-i", node["ipAddress"], "50005", "-N", "-j"],
            capture_output=True,
            text=True,
            check=False,
        )
        rows = json.loads(asked.stdout)["nodes"] if not asked.returncode else {}
        if not rows or any(
            rows[one]["connections"][other]["status"] != "CONNECTED" for one in "01" for other in "01"
        ):
            return False
    return True


def imex_of(rack: Rack, node: str) -> int:
    """The process of the nvidia-imex of a node."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_text().split("\0")
            environment = (folder / "environ").read_text().split("\0")
        except OSError:
            continue
        if "fake_nvml.programs.imex" in words and f"FAKE_NVML_DIR={rack.trays[node]}" in environment:
            return int(folder.name)
    pytest.fail(f"no nvidia-imex on {node}")


def test_the_bytes_of_a_job_cross_nodes_inside_its_domain(rack: Rack) -> None:
    phase, said = run_launcher(rack, *run_workers(rack))
    assert phase == "Succeeded", (said, log(rack, "worker-0"), log(rack, "worker-1"))
    assert "moved and checked: 65536 bytes for each of 12 pairs" in said
    assert "computed from the model (18 links of 53.125 GB/s), not measured" in said
    assert said.strip().endswith("SUM multinode_device_to_device_memcpy_read_ce 11475.00")
    assert [ended(rack, f"worker-{number}")[0] for number in range(2)] == ["Succeeded"] * 2


def test_pods_outside_of_the_domain_are_refused(rack: Rack) -> None:
    """Without a claim there is no channel; the claim of another tenant gets none."""
    found = documents(rack)
    inside = run_workers(rack)[1]
    outsider = found["worker-0"] | {"metadata": found["worker-0"]["metadata"] | {"name": "outsider"}}
    container = outsider["spec"]["containers"][0] | {"resources": {}}
    create(rack, outsider, containers=[container], resourceClaims=[], restartPolicy="Never")
    phase, said = run_launcher(rack, inside, waiting(rack, "outsider"))
    assert phase == "Failed"
    assert "CUDA_ERROR_NOT_PERMITTED (800)" in said
    assert "SUM" not in said
    assert ended(rack, "outsider")[0] == "Failed"

    rack.domains.core.delete_namespaced_pod("worker-0", "default", grace_period_seconds=0)
    rack.domains.copy_template("fabric-job-channel", "stranger")
    create(rack, found["worker-0"], "stranger")
    wait_until(
        lambda: any("a domain is used from its own namespace" in text for text in rack.domains.events()),
        what="a refusal",
        timeout_s=60,
        seen=rack.domains.events,
    )
    assert rack.domains.phases("stranger") == {"worker-0": "Pending"}


def test_jobs_of_two_domains_do_not_reach_each_other(rack: Rack) -> None:
    """Both have channel 0 of their node; that their daemons are in different domains keeps them apart."""
    found = documents(rack)
    for number, name in enumerate(("blue", "green")):
        rack.domains.create(name, numNodes=1)
        claim = {"name": "channel", "resourceClaimTemplateName": f"{name}-channel"}
        create(rack, found[f"worker-{number}"], resourceClaims=[claim], restartPolicy="Never")
    phase, said = run_launcher(rack, *(waiting(rack, f"worker-{number}") for number in range(2)))
    assert phase == "Failed"
    assert "cuMemImportFromShareableHandle: CUDA_ERROR_INVALID_HANDLE (400)" in said


def test_a_job_fails_with_a_daemon_that_hangs_and_runs_again_with_the_one_after_it(rack: Rack) -> None:
    workers = run_workers(rack)
    daemon = imex_of(rack, "node-1")
    os.kill(daemon, signal.SIGSTOP)
    try:
        phase, said = run_launcher(rack, *workers)
    finally:
        os.kill(daemon, signal.SIGKILL)
    assert phase == "Failed"
    assert "cuMemImportFromShareableHandle: CUDA_ERROR_INVALID_HANDLE (400)" in said
    again = [waiting(rack, f"worker-{number}", restarts=1) for number in range(2)]
    wait_until(lambda: are_connected(rack), what="the daemons see each other again", timeout_s=60)
    assert imex_of(rack, "node-1") != daemon
    phase, said = run_launcher(rack, *again)
    assert phase == "Succeeded", said
