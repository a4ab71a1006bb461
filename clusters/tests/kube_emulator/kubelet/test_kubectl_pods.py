"""kubectl on pods that run as processes: wait, logs, and what is not served."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_client import Caller

from kube_emulator import Cluster, Options
from kube_emulator.kubelet.runtime import RUN_ANNOTATION

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed"),
]
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A whole cluster."""
    with Cluster(Options(directory=tmp_path_factory.mktemp("c"))) as made:
        yield made


def kubectl(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run kubectl."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "HOME": str(Path(cluster.kubeconfig).parent),
    }
    return subprocess.run(
        ["kubectl", *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def run(cluster: Cluster, name: str, line: str, **spec: Any) -> None:
    """Create a pod that runs a line of shell."""
    container = {"name": "main", "image": "x", "command": ["/bin/sh", "-c", line]}
    metadata = {"name": name, "annotations": {RUN_ANNOTATION: "true"}}
    body = {"metadata": metadata, "spec": {"containers": [container], **spec}}
    assert Caller(cluster)("POST", PODS, body).code == 201


def test_wait_for_ready_returns_and_logs_show_what_was_printed(cluster: Cluster) -> None:
    run(cluster, "talker", "echo one; echo two; trap exit TERM; while true; do sleep 0.01; done")
    assert kubectl(cluster, "wait", "--for=condition=Ready", "pod/talker", "--timeout=20s").returncode == 0
    assert kubectl(cluster, "logs", "talker").stdout == "one\ntwo\n"
    assert kubectl(cluster, "logs", "talker", "--tail=1", "-c", "main").stdout == "two\n"


@pytest.mark.parametrize(
    ("line", "policy", "phase"), [("exit 0", "OnFailure", "Succeeded"), ("exit 2", "Never", "Failed")]
)
def test_a_pod_that_ends_has_its_phase_and_its_log_can_be_followed_to_the_end(
    cluster: Cluster, line: str, policy: str, phase: str
) -> None:
    name = phase.lower()
    run(cluster, name, f"echo a; sleep 0.3; echo b; {line}", restartPolicy=policy)
    wait = kubectl(
        cluster, "wait", f"--for=jsonpath={{.status.phase}}={phase}", f"pod/{name}", "--timeout=20s"
    )
    assert wait.returncode == 0, wait.stderr
    assert kubectl(cluster, "logs", "-f", name).stdout == "a\nb\n"


def test_logs_are_those_of_the_current_run_and_previous_shows_the_one_before(
    cluster: Cluster, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    line = f"echo x >> {runs}; wc -l < {runs}; [ $(wc -l < {runs}) -gt 1 ] || exit 1; trap exit TERM; while true; do sleep 0.01; done"
    run(cluster, "twice", line)
    condition = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1"
    assert kubectl(cluster, "wait", condition, "pod/twice", "--timeout=20s").returncode == 0
    assert kubectl(cluster, "wait", "--for=condition=Ready", "pod/twice", "--timeout=20s").returncode == 0
    current = kubectl(cluster, "logs", "twice", "-f", "--limit-bytes=2")
    before = kubectl(cluster, "logs", "twice", "--previous")
    assert (current.stdout, before.stdout) == ("2\n", "1\n"), before.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("logs", "ready", "-c", "zz"), "container zz is not valid for pod ready"),
        (("logs", "ready", "--previous"), 'previous terminated container "main" in pod "ready" not found'),
        (("logs", "ready", "--timestamps"), "timestamps is not served: logs are kept without times"),
        (("logs", "nobody"), 'pods "nobody" not found'),
        (("exec", "ready", "--", "true"), "pods/exec is not served by the embedded cluster"),
        (("port-forward", "ready", "8080"), "pods/portforward is not served by the embedded cluster"),
        (("attach", "ready"), "pods/attach is not served by the embedded cluster"),
    ],
)
def test_what_is_not_there_is_refused_clearly(cluster: Cluster, arguments: tuple[str, ...], why: str) -> None:
    if Caller(cluster)("GET", f"{PODS}/ready").code == 404:
        run(cluster, "ready", "trap exit TERM; while true; do sleep 0.01; done")
        kubectl(cluster, "wait", "--for=condition=Ready", "pod/ready", "--timeout=20s")
    answer = kubectl(cluster, *arguments)
    assert answer.returncode != 0
    assert why in answer.stderr
