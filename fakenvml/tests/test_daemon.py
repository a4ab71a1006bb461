"""Bad input from outside: the daemon lives and says what it refused; a client gets a return code, never a crash."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_nvml import build, wire
from fake_nvml.abi import table
from fake_nvml.errors import EnvironmentFault
from fake_nvml.session import Session

pytestmark = pytest.mark.slow
INIT = "import pynvml\ntry:\n pynvml.nvmlInit(); print(0)\nexcept pynvml.NVMLError as error:\n print(error.value)"


def send(node: Session, raw: bytes) -> bytes:
    """What the daemon answers to RAW bytes; empty if it hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(20)
        channel.connect(str(node.folder / "driver.sock"))
        try:
            channel.sendall(raw)
            channel.shutdown(socket.SHUT_WR)
            return channel.recv(1 << 16)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def alive(node: Session) -> bool:
    return len(node.control("show")) == 8


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = Session("dgx-b200", tmp_path_factory.mktemp("abuse"))
    with session:
        yield session


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(raw=st.binary(max_size=200))
def test_random_bytes_do_not_end_the_daemon(shared: Session, raw: bytes) -> None:
    send(shared, raw)
    assert alive(shared)


@FUZZ
@given(
    entry=st.integers(0, len(table.by_id()) - 1),
    body=st.binary(max_size=120),
    magic=st.sampled_from((wire.CALL, wire.WORK, wire.CONTROL, wire.FABRIC)),
)
def test_random_arguments_of_any_entry_point_do_not_end_the_daemon(
    shared: Session, entry: int, body: bytes, magic: int
) -> None:
    if magic == wire.CALL and table.by_id()[entry].name in (
        "nvmlEventSetWait",
        "nvmlEventSetWait_v2",
        "nvmlEventSetWait_v3",
    ):
        body = body[:4]
    send(shared, wire.HEAD.pack(magic, entry, len(body)) + body)
    assert alive(shared)


@FUZZ
@given(text=st.text(max_size=40))
def test_random_control_commands_do_not_end_the_daemon(shared: Session, text: str) -> None:
    send(shared, wire.control_request(f'{{"command": {text!r}, "index": 0}}'.encode()))
    send(shared, wire.control_request(text.encode()))
    assert alive(shared)


@pytest.mark.parametrize(
    ("raw", "logged"),
    [
        (struct.pack("<III", 7, 0, 0), "magic 0x00000007, wanted"),
        (struct.pack("<III", wire.CALL, 9999, 0), "entry point 9999, there are"),
        (struct.pack("<III", wire.CALL, 0, 1 << 30), "bytes of arguments, at most"),
    ],
)
def test_the_daemon_says_what_it_refused(tmp_path: Path, raw: bytes, logged: str) -> None:
    command = [sys.executable, "-m", "fake_nvml.cli", "serve", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        assert "serving dgx-b200" in daemon.stderr.readline()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.connect(str(tmp_path / "driver.sock"))
            channel.sendall(raw)
            channel.recv(1)
        assert logged in daemon.stderr.readline()
        daemon.terminate()
        assert daemon.wait(10) == 0


def code_of_init(folder: Path) -> int:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(build.library().parent), "FAKE_NVML_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", INIT], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize("size", [0, 10, 64, 1024, 5000])
def test_init_refuses_answers_that_are_truncated(tmp_path: Path, size: int) -> None:
    with Session("t4", tmp_path / "node") as session:
        raw = (session.folder / "answers").read_bytes()
    (tmp_path / "answers").write_bytes(raw[:size])
    assert code_of_init(tmp_path) == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH


@pytest.mark.parametrize("place", [0, 8, 12])
def test_init_refuses_answers_of_another_version(tmp_path: Path, place: int) -> None:
    with Session("t4", tmp_path / "node") as session:
        raw = bytearray((session.folder / "answers").read_bytes())
    raw[place] ^= 0xFF
    (tmp_path / "answers").write_bytes(raw)
    assert code_of_init(tmp_path) == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH


def test_a_stale_socket_and_state_that_cannot_be_read_are_no_obstacle(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
        stale.bind(str(tmp_path / "driver.sock"))
    (tmp_path / "state.json").write_text("{half")
    with Session("dgx-b200", tmp_path) as session:
        assert alive(session)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EnvironmentFault, match="cannot use folder .*give a writable one with --dir"),
        Session("t4", tmp_path / "file" / "node"),
    ):
        pass


def test_a_client_that_is_killed_in_a_call_leaves_the_daemon_well(shared: Session) -> None:
    script = "import pynvml as n; n.nvmlInit(); print(flush=True); n.nvmlEventSetWait_v2(n.nvmlEventSetCreate(), 600000)"
    with subprocess.Popen(
        [sys.executable, "-c", script], env=shared.environment, stdout=subprocess.PIPE
    ) as client:
        assert client.stdout is not None
        client.stdout.readline()
        client.kill()
    assert alive(shared)


def test_64_processes_hammer_at_once(shared: Session) -> None:
    script = """
import pynvml as n
n.nvmlInit()
for i in range(200):
    gpu = n.nvmlDeviceGetHandleByIndex(i % 8)
    assert n.nvmlDeviceGetName(gpu) == "NVIDIA B200"
    if i % 10 == 0:
        n.nvmlDeviceSetPowerManagementLimit(gpu, 300000 + i)
    assert 200000 <= n.nvmlDeviceGetPowerManagementLimit(gpu) <= 1000000
"""
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", script], env=shared.environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(64)
    ]
    logged = [client.communicate(timeout=120)[1] for client in clients]
    assert [client.returncode for client in clients] == [0] * 64, logged
