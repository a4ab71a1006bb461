"""``fake-nvml fabric-job``: workers on one node and a launcher; bytes that differ and memory that is refused end it."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cuda_process import CHANNELS, needs_mounts

from fake_nvml.errors import UsageError
from fake_nvml.fabric_job.command import address_of
from fake_nvml.fabric_job.gpu_memory import pattern
from fake_nvml.fabric_job.links import Links
from fake_nvml.fabric_job.messages import receive
from fake_nvml.fabric_job.report import Rank, results
from fake_nvml.session import Session

COMMAND = [sys.executable, "-m", "fake_nvml.cli", "fabric-job"]
GB200 = Links(18, 53125)


def rank(number: int, links: Links = GB200) -> Rank:
    return Rank(f"worker-{number}", 0, "NVIDIA GB200", f"GPU-{number}", links)


def test_the_bandwidth_is_that_of_the_links_and_says_that_it_is_computed() -> None:
    lines = results([rank(0), rank(1)], 4096).splitlines()
    assert lines[1] == "bandwidth: computed from the model (18 links of 53.125 GB/s), not measured"
    assert lines[4:6] == [" 0       N/A    956.25", " 1    956.25       N/A"]
    assert lines[-1] == "SUM multinode_device_to_device_memcpy_read_ce 1912.50"


def test_a_gpu_with_links_down_limits_its_pairs() -> None:
    lines = results([rank(0), rank(1), rank(2, Links(9, 53125))], 4096).splitlines()
    assert lines[4] == " 0       N/A    956.25    478.12"


def test_patterns_differ_by_their_seed() -> None:
    assert pattern(1, 64) != pattern(2, 64)
    assert pattern(1, 64) == pattern(1, 64)


@pytest.mark.parametrize("line", [b"[1]\n", b"no json\n", b'{"half": ', b"{}" + b" " * 70_000 + b"\n"])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="wanted a JSON object|Expecting value"):
        receive(io.BytesIO(line))


@pytest.mark.parametrize("text", [":1", "host:", "host:x", "host:70000", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--workers: wanted ADDRESS:PORT"):
        address_of(text, "--workers")


@pytest.fixture(scope="module")
def tray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Path]]:
    folder = tmp_path_factory.mktemp("job")
    with Session("gb200-nvl72", folder / "node", driver_root=folder / "root") as session:
        yield session, folder / "root"


@pytest.fixture
def worker(tray: tuple[Session, Path], tmp_path: Path) -> Iterator["Worker"]:
    made = Worker(tray, tmp_path)
    yield made
    made.end()


class Worker:
    """A worker with two GPUs, in a container whose channels a test chooses."""

    def __init__(self, tray: tuple[Session, Path], folder: Path) -> None:
        self._tray = tray
        self._dev = folder / "dev"
        self._process: subprocess.Popen[str] | None = None

    def start(self, *channels: int) -> str:
        """Its address."""
        session, root = self._tray
        (self._dev / CHANNELS).mkdir(parents=True)
        for number in channels:
            os.link(root / "dev" / CHANNELS / f"channel{number}", self._dev / CHANNELS / f"channel{number}")
        words = " ".join([*COMMAND, "worker", "--listen", "127.0.0.1:0", "--gpus", "2"])
        script = f'mount --bind "{self._dev}" /dev && exec {words}'
        self._process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
            env=session.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        return self._process.stdout.readline().split()[-1]

    def end(self, patience_s: float = 0) -> tuple[int, str]:
        """Its exit code and what it says of its end; it is killed when it still runs after that time."""
        assert self._process
        try:
            _, said = self._process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, said = self._process.communicate()
        except ValueError:
            return self._process.returncode, ""
        return self._process.returncode, said


def launch(*workers: str, wait_s: int = 30) -> subprocess.CompletedProcess[str]:
    options = ["--workers", ",".join(workers), "--wait", str(wait_s)]
    return subprocess.run(
        [*COMMAND, "launcher", *options], capture_output=True, text=True, check=False, timeout=120
    )


@needs_mounts
@pytest.mark.slow
def test_every_rank_reads_the_memory_of_every_other_one(worker: Worker) -> None:
    done = launch(worker.start(0))
    assert done.returncode == 0, done.stderr
    assert "moved and checked: 1048576 bytes for each of 2 pairs" in done.stdout
    assert done.stdout.endswith("SUM multinode_device_to_device_memcpy_read_ce 1912.50\n")
    assert worker.end(30)[0] == 0


@needs_mounts
@pytest.mark.slow
def test_without_a_channel_both_say_why_and_fail(worker: Worker) -> None:
    done = launch(worker.start())
    assert (done.returncode, "cuMemCreate: CUDA_ERROR_NOT_PERMITTED (800)" in done.stderr) == (3, True)
    assert "SUM" not in done.stdout
    code, said = worker.end(30)
    assert (code, "CUDA_ERROR_NOT_PERMITTED" in said) == (3, True)


@needs_mounts
@pytest.mark.slow
def test_a_worker_survives_a_wrong_request_and_ends_when_its_launcher_goes_away(worker: Worker) -> None:
    host, _, port = worker.start(0).rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as channel, channel.makefile("rb") as stream:
        for wrong in (
            {"do": "offer", "gpu": 7, "bytes": 1, "seed": 0},
            {"do": "offer", "gpu": 0, "bytes": 1 << 40, "seed": 0},
            {"do": "explode", "gpu": 0, "bytes": 1, "seed": 0},
            {},
        ):
            channel.sendall(f"{wrong}\n".replace("'", '"').encode())
            answer = receive(stream)
            assert answer is not None
            assert "malformed request" in answer["error"]
    code, said = worker.end(30)
    assert (code, "the launcher went away" in said) == (3, True)


def test_a_worker_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = launch(f"127.0.0.1:{port}", wait_s=0)
    assert done.returncode == 3
    assert f"no worker at 127.0.0.1:{port}: Connection refused" in done.stderr
