"""However a command ends, it leaves no process and no folder behind; a full disk ends it with one line."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_nvml.session import Session

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "fake_nvml.cli"]
ANNOUNCE = "import os, sys; print(os.environ['FAKE_NVML_DIR'], flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def hangups_arrive() -> Iterator[None]:
    """Commands that are started here end on SIGHUP also if the tests run under nohup, which they would respect."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


def wait_for_end_of(lock: Path) -> None:
    """Wait until no daemon holds LOCK; the file may be removed by then."""
    if lock.exists():
        subprocess.run(["flock", str(lock), "true"], check=True, timeout=30)


def started() -> tuple["subprocess.Popen[str]", Path]:
    """``fake-nvml run`` around a program that waits, and the node's folder."""
    command = [*CLI, "run", "--machine", "t4", "--", sys.executable, "-c", ANNOUNCE]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, Path(running.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_run_with_its_program_its_node_and_its_folder(number: signal.Signals) -> None:
    running, folder = started()
    daemon = int((folder / "ready").read_text())
    with running:
        running.send_signal(number)
        assert running.wait(30) == 128 + number
        assert running.stdout is not None
        assert running.stdout.read() == "", "the program has closed its output, so it has ended"
    assert not folder.exists()
    assert not Path(f"/proc/{daemon}").exists()


def test_a_program_that_a_signal_ends_gives_the_exit_code_of_a_shell() -> None:
    """It was 247, the negative number of the signal as a byte."""
    kill_itself = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run(
        [*CLI, "run", "--machine", "t4", "--", sys.executable, "-c", kill_itself], check=False
    )
    assert done.returncode == 128 + signal.SIGKILL


def test_the_node_does_not_outlive_a_run_that_is_killed() -> None:
    running, folder = started()
    with running:
        running.kill()
        wait_for_end_of(folder / "lock")
        assert not (folder / "ready").exists()
    shutil.rmtree(folder)


def test_sighup_ends_serve_and_removes_its_files(tmp_path: Path) -> None:
    command = [*CLI, "serve", "--machine", "t4", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        assert "serving t4" in daemon.stderr.readline()
        daemon.send_signal(signal.SIGHUP)
        assert daemon.wait(30) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lib", "lock", "state.json"]


def test_under_nohup_sighup_is_ignored(tmp_path: Path) -> None:
    command = ["nohup", *CLI, "serve", "--machine", "t4", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as daemon:
        assert daemon.stderr is not None
        while "serving t4" not in daemon.stderr.readline():
            assert daemon.poll() is None
        daemon.send_signal(signal.SIGHUP)
        shown = subprocess.run(
            [*CLI, "ctl", "--dir", str(tmp_path), "show"], capture_output=True, check=False
        )
        assert shown.returncode == 0
        daemon.terminate()


@pytest.mark.parametrize("size", ["16k", "300k"])
def test_a_full_folder_is_one_line_and_no_sigbus(tmp_path: Path, size: str) -> None:
    script = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path)]
    done = subprocess.run(
        [*command, *CLI, "serve", "--dir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    if done.returncode == 1 and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "No space left on device; make room" in done.stderr


def test_a_fault_of_one_gpu_leaves_the_others_alone(tmp_path: Path) -> None:
    script = """
import pynvml as n
n.nvmlInit()
for index in (2, 3):
    try:
        print(n.nvmlDeviceGetName(n.nvmlDeviceGetHandleByIndex(index)))
    except n.NVMLError as error:
        print(error.value)
"""
    with Session("dgx-b200", tmp_path / "node") as node:
        node.control("fault", 3, function="nvmlDeviceGetName", code="UNKNOWN")
        done = subprocess.run(
            [sys.executable, "-c", script], env=node.environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.split("\n")[:2] == ["NVIDIA B200", "999"]
        node.control("heal")
        node.control("fault", gpu=2, function="nvmlDeviceGetHandleByIndex_v2", code="GPU_IS_LOST")
        done = subprocess.run(
            [sys.executable, "-c", script], env=node.environment, capture_output=True, text=True, check=True
        )
    assert done.stdout.split("\n")[:2] == ["15", "NVIDIA B200"]
