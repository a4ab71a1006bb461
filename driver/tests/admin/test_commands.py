"""``explain``, ``doctor`` and ``cleanup`` as commands on a fake node, against an emulated API server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from claim_service import claim
from kubernetes import client, config

from dra_api.identifiers import ClaimUid
from dra_api.objects import ResourceClaim
from dra_driver.claims.instances import Instances
from kube_emulator import Cluster, Options

pytestmark = pytest.mark.slow
DRIVER = "gpu.example.com"
PROGRAM = Path(__file__).parents[1] / "support/claim_node.py"
UID = ClaimUid("5a2b0f0e-0000-4000-8000-000000000001")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}))) as started:
        yield started


class Commands:
    """The driver's commands on a node whose folders are below one folder, and a way to prepare claims there."""

    def __init__(self, node: Any, folder: Path, kubeconfig: Path) -> None:
        self.environment = {**os.environ, **node.environment}
        self.folder = folder
        self.root = folder / "root"
        self.kubeconfig = kubeconfig
        # where the claim service of the tests has them
        self.data, self.cdi = folder / "plugins" / DRIVER, folder / "plugins" / DRIVER / "cdi"
        self.cdi.mkdir(parents=True)

    def __call__(self, *command: str) -> tuple[int, str]:
        """(exit code, what was printed)."""
        flags = {
            "driver-name": DRIVER,
            "node-name": "node-0",
            "kubeconfig": self.kubeconfig,
            "registry-dir": self.folder / "plugins_registry",
            "plugins-dir": self.folder / "plugins",
            "cdi-dir": self.cdi,
            "sysfs": self.root / "sys",
            "procfs": self.root / "proc",
            "driver-root": self.root,
            "dev-root": self.root,
        }
        arguments = [part for name, value in flags.items() for part in (f"--{name}", str(value))]
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from dra_driver.cli import main; sys.exit(main())", *arguments, *command],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def prepare(self, item: ResourceClaim, *, kill: list[Any] | None = None) -> None:
        """Prepare a claim as the driver does, or until it is killed."""
        uid = item["metadata"]["uid"]
        order = {"claims": {"c": item}, "calls": [["prepare", "c", uid]], "kill": kill, "gates": ""}
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(self.data), str(self.root), json.dumps(order)],
            env={**self.environment, "PYTHONPATH": str(PROGRAM.parent)}, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == (-9 if kill else 0), done.stderr


@pytest.fixture
def commands(fake_nvml: Callable[..., Any], short_path: Path, cluster: Cluster) -> Iterator[Commands]:
    with fake_nvml("dgx-h100", driver_root=short_path / "root") as node:
        yield Commands(node, short_path, cluster.kubeconfig)


def test_explain_says_what_was_done_for_a_claim_and_whether_it_holds(commands: Commands) -> None:
    commands.prepare(claim(UID, "gpu-0"))
    code, text = commands("explain", UID)
    assert code == 0, text
    assert text.splitlines()[0] == f"claim ns/c ({UID}): prepared"
    assert "device gpu-0: for gpu, GPU-" in text
    assert "step 1, WriteCdi:" in text
    assert "no process of the node is seen" in text
    code, text = commands("explain", "unknown")
    assert code == 0
    assert (
        f"no record of it: it was never prepared here, or is unprepared\n  claims that are recorded: {UID}"
        in text
    )


def test_explain_says_that_a_preparation_was_interrupted(commands: Commands) -> None:
    commands.prepare(claim(UID, "gpu-0-mig-1g-0"), kill=["after", 0])
    _, text = commands("explain", UID)
    assert "interrupted: the driver undoes it when it starts" in text.splitlines()[0]
    assert "step 1, MigMode: holds" in text
    assert "step 2, CreateMig: does not hold" in text


def test_cleanup_removes_slices_and_files_and_is_repeatable(commands: Commands, cluster: Cluster) -> None:
    core = config.new_client_from_config(str(cluster.kubeconfig))
    api: Any = client.CustomObjectsApi(core)
    ours, theirs = (slice_of(driver) for driver in (DRIVER, "other.example.com"))
    for item in (ours, theirs):
        api.create_cluster_custom_object("resource.k8s.io", "v1", "resourceslices", item)
    foreign = commands.cdi / "other.example.com_driver.json"
    foreign.touch()
    (commands.cdi / f"{DRIVER}_driver.json").touch()
    commands.cdi.rename(commands.folder / "cdi")
    commands.cdi = commands.folder / "cdi"
    code, text = commands("cleanup")
    assert (code, text.splitlines()[0]) == (0, f"removed 1 ResourceSlices of {DRIVER} on node node-0")
    left = api.list_cluster_custom_object("resource.k8s.io", "v1", "resourceslices")["items"]
    assert [item["spec"]["driver"] for item in left] == ["other.example.com"]
    assert [path.name for path in commands.cdi.iterdir()] == ["other.example.com_driver.json"]
    assert not commands.data.exists()
    assert commands("cleanup")[0] == 0
    core.close()


def slice_of(driver: str) -> dict[str, Any]:
    pool = {"name": "node-0", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": driver, "nodeName": "node-0", "pool": pool, "devices": [{"name": "gpu-0"}]}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": driver},
        "spec": spec,
    }


def test_cleanup_leaves_prepared_claims_and_a_driver_that_runs_alone(commands: Commands) -> None:
    commands.prepare(claim(UID, "gpu-0"))
    code, text = commands("cleanup")
    assert code == 1
    assert f"1 claims are still prepared: ns/c ({UID})" in text
    assert (commands.cdi / f"{DRIVER}-claim-{UID}.json").exists()
    running = Instances(commands.data)
    code, text = commands("cleanup")
    running.close()
    assert (code, "stop them first" in text) == (1, True)


def test_doctor_finds_nothing_wrong_on_a_node_that_works_and_says_what_is_missing_elsewhere(
    commands: Commands,
) -> None:
    (commands.folder / "plugins_registry").mkdir()
    code, text = commands(
        "--nvidia-cdi-hook-path", "/usr/bin/nvidia-cdi-hook", "--cdi-generator", "own", "doctor"
    )
    assert code == 0, text
    for row in (
        "ok       CDI generator: the driver's own",
        "ok       NVML: driver ",
        "ok       node: node-0",
        "ok       nvidia-smi: ",
    ):
        assert row in text
    (commands.root / "dev/nvidiactl").unlink()
    (commands.root / "usr/bin/nvidia-cuda-mps-control").unlink()
    code, text = commands("--feature-gates", "DynamicMIG=true", "--node-name", "node-9", "doctor")
    assert code == 1
    assert "ERROR    /dev/nvidiactl: not below" in text
    assert "warning  nvidia-cuda-mps-control: no nvidia-cuda-mps-control below the driver root" in text
    assert "ERROR    API server: node node-9" in text
