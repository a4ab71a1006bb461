"""Fixtures of the stories: a fake GPU node, an embedded cluster, the reference driver, and a user's client.

Each story gets a node of its own. Everything is started as a user starts it, by command; the stories look only at
what a user can look at: objects in the API, and what the kubelet gave each container.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lightkube import Client, KubeConfig
from story import Story, wait_until

from dra_clusters.choose import provider
from dra_clusters.provider import Cluster, ClusterOptions

SCRIPTS = Path(sys.executable).parent
DRIVER = "gpu.dra-conformance.dev"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what a story may be run on."""
    parser.addoption("--e2e-provider", default="embedded", help="cluster provider (default: embedded)")
    parser.addoption("--e2e-kubelet", default="emulated", help="emulated or real (default: emulated)")
    parser.addoption("--e2e-machine", default="dgx-b200", help="fake GPU machine (default: dgx-b200)")


def pytest_report_header(config: pytest.Config) -> str:
    """Say what the stories run on."""
    return f"e2e: provider {config.getoption('--e2e-provider')}, machine {config.getoption('--e2e-machine')}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a command of this project; it is ended, and was alive until then, when the story ends."""
    started: list[subprocess.Popen[bytes]] = []

    def start_command(*command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"{command[0]}.log").open("ab")
        process = subprocess.Popen(
            [str(SCRIPTS / command[0]), *command[1:]],
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
        )
        log.close()
        started.append(process)
        return process

    yield start_command
    exits = []
    for process in reversed(started):
        alive = process.poll() is None
        process.terminate()
        exits.append((process.args, alive, process.wait(10)))
    assert all(alive and code == 0 for _, alive, code in exits), f"a part died or ended badly: {exits}"


@pytest.fixture
def machine_dir(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]], request: pytest.FixtureRequest
) -> Path:
    """A fake GPU machine that runs; the folder that its clients need."""
    folder = tmp_path / "machine"
    machine = request.config.getoption("--e2e-machine")
    daemon = start(
        "fake-nvml",
        "serve",
        "--machine",
        machine,
        "--dir",
        str(folder),
        "--driver-root",
        str(folder / "root"),
    )
    wait_until(
        lambda: (folder / "ready").exists() or daemon.poll() is not None,
        what="fake machine ready",
        timeout_s=30,
    )
    assert daemon.poll() is None, (tmp_path / "fake-nvml.log").read_text()
    return folder


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster of one node with scheduler, controllers and kubelet; its folder's name is short, as sockets need it."""
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder:
        real = request.config.getoption("--e2e-kubelet") == "real"
        options = ClusterOptions(directory=Path(folder), nodes=("node-0",), real_kubelet=real)
        cluster = provider(request.config.getoption("--e2e-provider")).up(options)
        yield cluster
        cluster.down()


@pytest.fixture
def feature_gates() -> str:
    """Feature gates of the driver; a story's module overrides it."""
    return ""


@pytest.fixture
def driver_name() -> str:
    """What the driver is called; a story's module overrides it."""
    return DRIVER


@pytest.fixture
def driver_flags() -> tuple[str, ...]:
    """Further flags of the driver; a story's module overrides it."""
    return ()


@pytest.fixture
def story(
    cluster: Cluster,
    machine_dir: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    feature_gates: str,
    driver_name: str,
    driver_flags: tuple[str, ...],
) -> Iterator[Story]:
    """A node whose eight GPUs are published, and a client that is allowed to create pods."""
    node, root = cluster.nodes[0], machine_dir / "root"
    start(
        "dra-driver",
        *("--driver-name", driver_name, "--node-name", node.name, "--kubeconfig", str(cluster.kubeconfig)),
        *("--registry-dir", str(node.registry_dir), "--plugins-dir", str(node.plugins_dir)),
        *("--cdi-dir", str(node.cdi_dir)),
        *("--sysfs", str(root / "sys"), "--procfs", str(root / "proc")),
        *("--driver-root", str(root), "--dev-root", str(root), "--feature-gates", feature_gates),
        *driver_flags,
        environment={"LD_LIBRARY_PATH": str(machine_dir / "lib"), "FAKE_NVML_DIR": str(machine_dir)},
    )
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace="default") as client:
        story = Story(client=client, cluster=cluster, node=node.name, driver=driver_name)
        wait_until(lambda: len(story.gpus()) == 8, what="eight GPUs published", timeout_s=40, seen=story.gpus)
        yield story
        story.end_pods()
    daemons = list((node.plugins_dir / driver_name / "mps").glob("*"))
    assert not daemons, f"MPS daemons outlive the claims that they were for: {daemons}"
