"""The real nvidia-cuda-mps-control, which runs without a GPU, and our double take the same commands and answer alike."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from debian import fetch

from fake_nvml import build, driver_root, machines
from fake_nvml.saved import load_node

COMMANDS = [
    "",
    "get_server_list",
    "get_device_client_list",
    "get_default_active_thread_percentage",
    "set_default_active_thread_percentage 50",
    "set_default_active_thread_percentage 33.5",
    "set_default_active_thread_percentage 12.345",
    "set_default_active_thread_percentage 500",
    "set_default_active_thread_percentage -5",
    "set_default_active_thread_percentage abc",
    "set_default_active_thread_percentage 0",
    "set_default_active_thread_percentage",
    "get_default_active_thread_percentage",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit 0 1G",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit 0 2048M",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit 0 1.5G",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit 0 3GB",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit 0 100K",
    "get_default_device_pinned_mem_limit 0",
    "set_default_device_pinned_mem_limit x 1G",
    "set_default_device_pinned_mem_limit",
    "get_default_device_pinned_mem_limit",
    "get_default_device_pinned_mem_limit 1",
    "set_default_device_pinned_mem_limit 200 7G",
    "get_default_device_pinned_mem_limit 200",
    "set_default_device_pinned_mem_limit 0 0M",
    "get_default_device_pinned_mem_limit 0",
    "get_client_list 1",
    "get_client_list",
    "get_server_status 1",
    "get_server_status abc",
    "get_active_thread_percentage 7",
    "set_active_thread_percentage 7 50",
    "get_device_pinned_mem_limit 7 0",
    "set_device_pinned_mem_limit 7 0 1G",
    "get_default_client_priority",
    "set_default_client_priority 1",
    "set_default_client_priority 7",
    "set_default_client_priority",
    "get_default_client_priority extra",
    "start_server",
    "start_server -uid abc",
    "shutdown_server 7",
    "shutdown_server 7 -f",
    "terminate_client 1 2",
    "terminate_client",
    "ps",
    "ps -p 1",
    "ps -x",
    "help",
    "",
]


def control(program: Path, folder: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    """(exit code, output) of the control program, whose pipes are in FOLDER."""
    pipes = {"CUDA_MPS_PIPE_DIRECTORY": str(folder), "CUDA_MPS_LOG_DIRECTORY": str(folder / "log")}
    done = subprocess.run(
        [str(program), *arguments], input=given, env={**os.environ, **pipes}, text=True, check=False, timeout=30,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def files(folder: Path) -> dict[str, str]:
    """{name: mode} of what the daemon made."""
    return {path.name: stat.filemode(path.stat().st_mode) for path in folder.iterdir()}


def life(program: Path, folder: Path) -> list[object]:
    """Everything that can be seen from the start of a daemon to its end."""
    (folder / "log").mkdir(parents=True)
    seen: list[object] = [control(program, folder, "-d")]
    try:
        seen += [files(folder), control(program, folder, "-d")]
        seen += [(line, control(program, folder, given=f"{line}\n")) for line in COMMANDS]
    finally:
        seen.append(control(program, folder, given="quit\n"))
    return [*seen, files(folder), control(program, folder, given="get_server_list\n")]


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our program, in a driver root."""
    root = tmp_path_factory.mktemp("root")
    node = load_node(*machines.load("dgx-b200"), root / "none")
    driver_root.make(root, node, build.libraries())
    return root / "usr/bin/nvidia-cuda-mps-control"


def test_the_double_of_the_mps_control_is_like_the_real_one(double: Path, tmp_path: Path) -> None:
    real = fetch(tmp_path / "fetched", "nvidia-cuda-mps", "550.163.01") / "usr/bin/nvidia-cuda-mps-control"
    theirs, ours = life(real, tmp_path / "theirs"), life(double, tmp_path / "ours")
    assert ours == theirs
