"""The fake as its users see it: through NVIDIA's own bindings, in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest

from fake_nvml import build, machines
from fake_nvml.abi import table
from fake_nvml.errors import EnvironmentFault, UsageError
from fake_nvml.session import Session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session("dgx-b200", tmp_path_factory.mktemp("node")) as session:
        yield session


def ask(node: Session, script: str) -> Any:
    """What SCRIPT, which has ``nvml`` initialised, stores in ``answer``."""
    code = f"import json, pynvml as nvml\nnvml.nvmlInit()\n{script}\nprint(json.dumps(answer))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=node.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nvidias_bindings_see_eight_b200(node: Session) -> None:
    script = "answer = [nvml.nvmlDeviceGetName(nvml.nvmlDeviceGetHandleByIndex(i)) for i in range(nvml.nvmlDeviceGetCount())]"
    assert ask(node, script) == ["NVIDIA B200"] * 8


def test_uuids_are_the_same_in_every_process(node: Session) -> None:
    script = "answer = nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(3))"
    first, second = ask(node, script), ask(node, script)
    assert first == second
    assert first.startswith("GPU-")


def test_a_mig_device_made_by_one_process_is_seen_by_another(node: Session) -> None:
    make = """
gpu = nvml.nvmlDeviceGetHandleByIndex(1)
nvml.nvmlDeviceSetMigMode(gpu, 1)
profile = nvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, nvml.NVML_GPU_INSTANCE_PROFILE_1_SLICE)
instance = nvml.nvmlDeviceCreateGpuInstance(gpu, profile.id)
info = nvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, 0, 0)
nvml.nvmlGpuInstanceCreateComputeInstance(instance, info.id)
answer = nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0))
"""
    read = """
gpu = nvml.nvmlDeviceGetHandleByIndex(1)
mig = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
answer = [nvml.nvmlDeviceGetUUID(mig), nvml.nvmlDeviceGetMigMode(gpu)]
"""
    made = ask(node, make)
    assert made.startswith("MIG-")
    assert ask(node, read) == [made, [1, 1]]


def test_calls_that_are_not_modelled_answer_not_supported(node: Session) -> None:
    script = """
try:
    nvml.nvmlDeviceGetDisplayMode(nvml.nvmlDeviceGetHandleByIndex(0)); answer = 0
except nvml.NVMLError as error:
    answer = error.value
try:
    nvml.nvmlDeviceGetBridgeChipInfo(nvml.nvmlDeviceGetHandleByIndex(0)); answer = [answer, 0]
except nvml.NVMLError as error:
    answer = [answer, error.value]
"""
    assert pynvml.NVML_ERROR_NOT_SUPPORTED in ask(node, script)


def test_a_lost_gpu_answers_so_until_it_is_restored(node: Session) -> None:
    script = """
try:
    nvml.nvmlDeviceGetHandleByIndex(5); answer = 0
except nvml.NVMLError as error:
    answer = error.value
"""
    node.control("lose", 5)
    assert ask(node, script) == pynvml.NVML_ERROR_GPU_IS_LOST
    node.control("restore", 5)
    assert ask(node, script) == 0


def test_every_known_symbol_is_exported() -> None:
    raw = build.library().read_bytes()
    missing = [name for name in table.functions() if name.encode() + b"\0" not in raw]
    assert missing == []


def test_without_a_daemon_the_driver_is_not_loaded(tmp_path: Path) -> None:
    code = "import pynvml\ntry:\n pynvml.nvmlInit()\nexcept pynvml.NVMLError as error:\n print(error.value)"
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(build.library().parent),
        "FAKE_NVML_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == pynvml.NVML_ERROR_DRIVER_NOT_LOADED


def test_an_unknown_machine_is_refused_with_a_list_of_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="dgx-b200"), Session("dgx-9", tmp_path):
        pass


def test_a_second_daemon_in_one_folder_is_refused(node: Session) -> None:
    with pytest.raises(EnvironmentFault, match="serves"), Session("dgx-b200", node.folder):
        pass


def test_without_a_compiler_both_ways_out_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(EnvironmentFault, match=r"apt-get install gcc.*pip install ziglang"):
        build.compiler()


def test_a_command_runs_on_a_node_and_its_exit_code_is_ours() -> None:
    code = "import sys, pynvml; pynvml.nvmlInit(); sys.exit(40 + pynvml.nvmlDeviceGetCount())"
    command = [
        sys.executable,
        "-m",
        "fake_nvml.cli",
        "run",
        "--machine",
        "dgx-b200",
        "--",
        sys.executable,
        "-c",
        code,
    ]
    assert subprocess.run(command, check=False, timeout=60).returncode == 48


def test_machines_say_how_sure_they_are() -> None:
    assert "dgx-b200" in machines.names()


def test_the_fixture_makes_sessions(fake_nvml: Callable[[str], Session]) -> None:
    assert fake_nvml("dgx-b200").machine == "dgx-b200"
