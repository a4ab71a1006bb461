"""``run --cluster kind`` is ended while its cluster is made: the cluster is removed, and no folder is left.

Small programs stand in for podman and kind; they write down what they were asked. The real ones are in ``e2e/test_kind.py``.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_clusters.checks.client import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        Path("/sys/fs/cgroup/memory").exists() and os.geteuid() != 0, reason="kind on cgroup v1 needs root"
    ),
]
LIMIT_S = 300
KIND = """#!/bin/sh
echo "$@" >> "{log}"
if [ "$1" = create ]; then echo $$ > "{creating}.new"; mv "{creating}.new" "{creating}"; exec sleep 600; fi
"""
STAND_INS = (
    *("podman", "runc", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kube-proxy", "kubeadm", "kubectl", "kubelet"),
)
"""Programs that do nothing; those of Kubernetes would be in the node image, of which podman says that it has it."""
DESCRIPTOR = """
schema: dra-conformance/driver/v1
name: widget
driver: widgets.example.com
deviceClass: {name: widget}
installed: {namespace: default, labels: {app: widget}, command: ["true"]}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with stand-ins for the programs, and with the folder for temporary files."""
    for folder in ("tmp", "bin"):
        (tmp_path / folder).mkdir()
    (tmp_path / "driver.yaml").write_text(DESCRIPTOR)
    kind = KIND.format(log=tmp_path / "log", creating=tmp_path / "creating")
    for name, text in {**dict.fromkeys(STAND_INS, "#!/bin/sh\n"), "kind": kind}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def run(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, whose cluster is being made."""
    environment = {
        **os.environ,
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "TMPDIR": str(place / "tmp"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
        "KUBEBUILDER_ASSETS": str(place / "bin"),
    }
    command = [sys.executable, "-m", "dra_conformance", "run", "driver.yaml", "--cluster", "kind"]
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE) as process:
        eventually(
            lambda: (place / "creating").exists() or process.poll() is not None, "kind is started", LIMIT_S
        )
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.fail(process.stderr.read().decode())
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_while_its_cluster_is_made_leaves_nothing(
    number: signal.Signals, place: Path, run: subprocess.Popen[bytes]
) -> None:
    run.send_signal(number)
    assert run.wait(LIMIT_S) in (-number, 128 + number)
    eventually(lambda: list((place / "tmp").iterdir()) == [], "all folders are removed", LIMIT_S)
    asked = [" ".join(line.split()[:2]) for line in (place / "log").read_text().splitlines()]
    assert asked == ["create cluster", "delete cluster"]
    kind = Path("/proc") / (place / "creating").read_text().strip()
    eventually(lambda: not kind.exists(), "kind is ended", LIMIT_S)
