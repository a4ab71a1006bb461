"""A kind cluster with fake GPUs and the driver in it, all by command; and that nothing is left, however the command ends.

These stories run with ``--e2e-provider kind`` (``tox -e kind``) where ``dra-cluster doctor`` says that kind can be used.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from story import wait_until

import dra_conformance

HERE, SCRIPTS = Path(__file__).parent, Path(sys.executable).parent
RELEASE = "1.37"
START_S, REMOVE_S, POD_S = 900, 120, 180
PROVEN = 75
"""Requirements that pods prove at least; 91 were seen."""
CLAIM = """
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: two-gpus}
spec:
  spec:
    devices:
      requests:
        - name: gpu
          exactly: {deviceClassName: gpu.dra-conformance.dev, count: 2}
"""
LOOK = """
import json, os, pynvml
names = sorted(name for name in os.listdir("/dev") if name.startswith("nvidia"))
pynvml.nvmlInit()
handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
print(json.dumps({
    "devices": names,
    "seen": sorted(pynvml.nvmlDeviceGetUUID(handle) for handle in handles),
    "given": sorted(value for name, value in os.environ.items() if name.startswith("DRA_GPU_")),
}), flush=True)
"""
"""What a program in the container sees: by NVML, in /dev and in its environment."""


def pod(name: str, *, claims: bool) -> dict[str, Any]:
    """A pod that looks around once, with two GPUs or with none."""
    container: dict[str, Any] = {
        "name": "main",
        "image": "localhost/dra-conformance/fake-node:latest",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/local/bin/python3", "-c", LOOK],
        "env": [{"name": "LD_LIBRARY_PATH", "value": "/fake/usr/lib/x86_64-linux-gnu:/lib64"}],
        "volumeMounts": [
            {"name": "libraries", "mountPath": "/fake", "readOnly": True},
            {"name": "node", "mountPath": "/run/fake-nvml"},
        ],
    }
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [
            {"name": "libraries", "hostPath": {"path": "/var/lib/fake-nvml/root"}},
            {"name": "node", "hostPath": {"path": "/run/fake-nvml"}},
        ],
    }
    if claims:
        container["resources"] = {"claims": [{"name": "gpus"}]}
        spec["resourceClaims"] = [{"name": "gpus", "resourceClaimTemplateName": "two-gpus"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module", autouse=True)
def usable(request: pytest.FixtureRequest) -> None:
    """Skip with the reason where kind cannot be used."""
    if request.config.getoption("--e2e-provider") != "kind":
        pytest.skip("stories of kind run with --e2e-provider kind (tox -e kind)")
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on the PATH")
    printed = subprocess.run(
        [str(SCRIPTS / "dra-cluster"), "doctor", "--json"], capture_output=True, text=True, check=False
    )
    verdict = next(each for each in json.loads(printed.stdout)["providers"] if each["provider"] == "kind")
    if not verdict["usable"]:
        pytest.skip(f"kind cannot be used here: {verdict['detail']}")


@dataclass(frozen=True, kw_only=True)
class Up:
    """``dra-cluster up`` that runs."""

    process: subprocess.Popen[str]
    name: str
    log: Path

    def end(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(REMOVE_S)


def start(log: Path, *flags: str) -> Up:
    """Start ``dra-cluster up`` with a name of its own."""
    name = f"e2e-{secrets.token_hex(3)}"
    command = [
        str(SCRIPTS / "dra-cluster"),
        "up",
        "--provider",
        "kind",
        "--kubernetes",
        RELEASE,
        "--name",
        name,
    ]
    with log.open("w") as stream:
        process = subprocess.Popen([*command, *flags], stdout=stream, stderr=stream, text=True)
    return Up(process=process, name=name, log=log)


def is_gone(name: str) -> bool:
    """Whether kind knows no cluster of this name and its folder is removed."""
    done = subprocess.run(
        [str(SCRIPTS / "dra-cluster"), "down", name], capture_output=True, text=True, check=False
    )
    folder = Path(tempfile.gettempdir()) / f"dra-kind-{name}"
    return done.returncode == 2 and f"no kind cluster '{name}'" in done.stderr and not folder.exists()


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Kubectl in a cluster with one worker, eight fake GPUs and the driver."""
    folder = tmp_path_factory.mktemp("kind")
    build = [str(SCRIPTS / "dra-cluster"), "image", "build", "driver", "--output", str(folder)]
    subprocess.run(build, check=True)
    up = start(folder / "up.log", "--gpus", "dgx-b200", "--load", str(folder / "driver.tar"))
    try:
        wait_until(
            lambda: "export KUBECONFIG=" in up.log.read_text() or up.process.poll() is not None,
            what="the cluster is ready",
            timeout_s=START_S,
        )
        assert up.process.poll() is None, up.log.read_text()
        kubeconfig = up.log.read_text().partition("export KUBECONFIG=")[2].split()[0]

        def run(*arguments: str, stdin: str = "") -> str:
            done = subprocess.run(
                ["kubectl", *arguments],
                env={**os.environ, "KUBECONFIG": kubeconfig},
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
            return done.stdout

        run("apply", "-k", str(HERE.parent / "fakenvml/deploy/dra-driver"))
        run("apply", "-f", "-", stdin=CLAIM)
        yield run
    finally:
        code = up.end(signal.SIGTERM)
    assert code == 0
    assert is_gone(up.name)


def looked(kubectl: Any, name: str) -> Any:
    """What the pod NAME saw."""
    wait_until(
        lambda: kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}") in ("Succeeded", "Failed"),
        what=f"pod {name} ends",
        timeout_s=POD_S,
        seen=lambda: kubectl("describe", "pod", name)[-1500:],
    )
    return kubectl("logs", name)


def test_a_container_on_a_kind_node_sees_exactly_the_gpus_of_its_claim(kubectl: Any) -> None:
    """Two GPUs are claimed: NVML, /dev and the environment of the container name the same two."""
    kubectl("apply", "-f", "-", stdin=json.dumps(pod("train", claims=True)))
    saw = json.loads(looked(kubectl, "train"))
    assert len(saw["given"]) == 2
    assert saw["seen"] == saw["given"]
    assert len([name for name in saw["devices"] if name.removeprefix("nvidia").isdigit()]) == 2


def test_a_container_without_a_claim_sees_no_gpu(kubectl: Any) -> None:
    """The node has eight; a pod that claims none gets no device node and counts none."""
    kubectl("apply", "-f", "-", stdin=json.dumps(pod("idle", claims=False)))
    assert json.loads(looked(kubectl, "idle")) == {"devices": [], "seen": [], "given": []}


def test_the_suite_makes_a_cluster_installs_and_judges_the_driver_and_removes_the_cluster(
    tmp_path: Path,
) -> None:
    """``run --cluster kind``: no requirement fails, most are proven by pods, and no cluster is left."""
    build = [str(SCRIPTS / "dra-cluster"), "image", "build", "driver", "--output", str(tmp_path)]
    subprocess.run(build, check=True)
    descriptor = tmp_path / "driver.yaml"
    descriptor.write_text(descriptor_text().replace("driver.tar", str(tmp_path / "driver.tar")))
    folders = set(Path(tempfile.gettempdir()).glob("dra-kind-*"))
    command = [str(SCRIPTS / "dra-conformance"), "run", str(descriptor), "--cluster", "kind"]
    done = subprocess.run(
        [*command, "--machine", "dgx-b200", "--output", str(tmp_path / "report")],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "report" / "report.json").read_text())["requirements"]
    assert len([row for row in rows if row["verdict"] == "pass" and row["tier"] == "cluster"]) >= PROVEN
    assert set(Path(tempfile.gettempdir()).glob("dra-kind-*")) == folders


def descriptor_text() -> str:
    """The shipped descriptor of the driver as its manifests install it."""
    folder = Path(dra_conformance.__file__).parent / "drivers"
    return (folder / "reference-installed.yaml").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_command_is_ended_while_kind_starts(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Ctrl-C, SIGTERM and SIGKILL in the middle of ``kind create`` remove containers and folder."""
    up = start(tmp_path / "up.log", "--nodes", "0")
    folder = Path(tempfile.gettempdir()) / f"dra-kind-{up.name}"
    wait_until((folder / "kind.yaml").exists, what="kind is started", timeout_s=START_S)
    assert up.end(number) in (-number, 128 + number)
    wait_until(lambda: is_gone(up.name), what="it is removed", timeout_s=REMOVE_S)
