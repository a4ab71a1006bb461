"""What one process does every other process sees; what is not allowed is refused."""

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fake_nvml import build
from fake_nvml.errors import UsageError
from fake_nvml.session import Session

pytestmark = pytest.mark.slow
MIB = 1 << 20


def ask(node: Session, script: str, uid: int | None = None) -> Any:
    """What SCRIPT, which has ``nvml`` initialised and ``gpu`` 0, stores in ``answer``, in a process of its own."""
    code = (
        "import json, os\nimport pynvml as nvml\nnvml.nvmlInit()\ngpu = nvml.nvmlDeviceGetHandleByIndex(0)\n"
        f"{f'os.setuid({uid})' if uid else ''}\n{script}\nprint(json.dumps(answer))"
    )
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


def until(holds: Callable[[], bool], within_s: float = 10) -> None:
    """Ask again until it holds: what follows the end of a process follows it, but not at once."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline


SETTERS = [
    ("nvml.nvmlDeviceSetPersistenceMode(gpu, 0)", "nvml.nvmlDeviceGetPersistenceMode(gpu)", 0),
    ("nvml.nvmlDeviceSetComputeMode(gpu, 3)", "nvml.nvmlDeviceGetComputeMode(gpu)", 3),
    (
        "nvml.nvmlDeviceSetPowerManagementLimit(gpu, 500000)",
        "nvml.nvmlDeviceGetEnforcedPowerLimit(gpu)",
        500000,
    ),
    ("nvml.nvmlDeviceSetGpuLockedClocks(gpu, 600, 900)", "nvml.nvmlDeviceGetClockInfo(gpu, 1)", 600),
    ("nvml.nvmlDeviceSetMemoryLockedClocks(gpu, 100, 3402)", "nvml.nvmlDeviceGetClockInfo(gpu, 2)", 3402),
    ("nvml.nvmlDeviceSetAccountingMode(gpu, 1)", "nvml.nvmlDeviceGetAccountingMode(gpu)", 1),
    ("nvml.nvmlDeviceSetMigMode(gpu, 1)", "nvml.nvmlDeviceGetMigMode(gpu)", [1, 1]),
]


@pytest.mark.parametrize(("change", "read", "wanted"), SETTERS)
def test_what_a_setter_leaves_every_process_sees(
    nvml: ModuleType, node: Session, change: str, read: str, wanted: Any
) -> None:
    exec(change, {"nvml": nvml, "gpu": nvml.nvmlDeviceGetHandleByIndex(0)})
    assert ask(node, f"answer = {read}") == wanted


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("change", [change for change, _, _ in SETTERS])
def test_setters_refuse_callers_that_are_not_root(node: Session, change: str) -> None:
    for folder in (node.folder, *node.folder.parents):
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    script = f"""
try:
    {change}; answer = 0
except nvml.NVMLError as error:
    answer = error.value
"""
    assert ask(node, script, uid=65534) == 4


def test_ecc_waits_for_a_reboot(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetEccMode(gpu, 0)
    assert nvml.nvmlDeviceGetEccMode(gpu) == [1, 0]
    node.control("reboot")
    assert nvml.nvmlDeviceGetEccMode(gpu) == [0, 0]


@pytest.mark.parametrize("node", ["dgx-a100"], indirect=True)
def test_mig_on_ampere_waits_for_a_reset_and_outlives_a_reboot(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceSetMigMode(gpu, 1) == nvml.NVML_ERROR_RESET_REQUIRED
    assert nvml.nvmlDeviceGetMigMode(gpu) == [0, 1]
    node.control("reset", 0)
    assert nvml.nvmlDeviceGetMigMode(gpu) == [1, 1]
    node.control("reboot")
    assert nvml.nvmlDeviceGetMigMode(gpu) == [1, 1]


def test_mig_on_blackwell_holds_at_once_and_is_lost_at_a_reboot(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceSetMigMode(gpu, 1) == 0
    assert nvml.nvmlDeviceGetMigMode(gpu) == [1, 1]
    node.control("reboot")
    assert nvml.nvmlDeviceGetMigMode(gpu) == [0, 0]


@contextmanager
def running(node: Session, *arguments: str, **environment: str) -> Iterator[dict[str, Any]]:
    """A workload for as long as the block lasts; the value is what it says of its device."""
    command = [sys.executable, "-m", "fake_nvml.cli", "workload", *arguments]
    with subprocess.Popen(
        command,
        env={**node.environment, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield {"pid": process.pid, **json.loads(process.stdout.readline())}
        process.stdin.close()


def test_a_process_shows_in_lists_memory_and_utilisation_until_it_ends(
    nvml: ModuleType, node: Session
) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    with running(node, "--memory", "1000", "--percent", "35") as process:
        (row,) = nvml.nvmlDeviceGetComputeRunningProcesses(gpu)
        assert (row.pid, row.usedGpuMemory) == (process["pid"], 1512 * MIB)
        assert nvml.nvmlDeviceGetUtilizationRates(gpu).gpu == 35
        assert nvml.nvmlDeviceGetMemoryInfo(gpu, version=nvml.nvmlMemory_v2).used == 1512 * MIB
    until(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(gpu) == [])


def test_a_process_on_a_mig_device_has_the_instances_memory_and_no_more(
    nvml: ModuleType, node: Session
) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetMigMode(gpu, 1)
    instance = nvml.nvmlDeviceCreateGpuInstance(gpu, 19)
    nvml.nvmlGpuInstanceCreateComputeInstance(instance, 0)
    device = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
    uuid = nvml.nvmlDeviceGetUUID(device)
    with running(node, "--memory", "100", CUDA_VISIBLE_DEVICES=uuid) as process:
        assert process["total"] == 22528 * MIB
        (row,) = nvml.nvmlDeviceGetComputeRunningProcesses(device)
        assert (row.gpuInstanceId, row.computeInstanceId) == (13, 0)
        with pytest.raises(nvml.NVMLError, match="In use"):
            nvml.nvmlComputeInstanceDestroy(nvml.nvmlGpuInstanceGetComputeInstanceById(instance, 0))
    command = [sys.executable, "-m", "fake_nvml.cli", "workload", "--memory", "30000"]
    done = subprocess.run(
        command,
        env={**node.environment, "CUDA_VISIBLE_DEVICES": uuid},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "CUDA_ERROR_OUT_OF_MEMORY" in done.stderr) == (3, True)


def test_an_exclusive_gpu_takes_one_process(nvml: ModuleType, node: Session) -> None:
    nvml.nvmlDeviceSetComputeMode(nvml.nvmlDeviceGetHandleByIndex(0), nvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)
    with running(node):
        command = [sys.executable, "-m", "fake_nvml.cli", "workload"]
        done = subprocess.run(
            command, env=node.environment, input="", capture_output=True, text=True, check=False
        )
    assert "CUDA_ERROR_DEVICE_UNAVAILABLE" in done.stderr


def test_accounting_remembers_a_process_that_ended(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetAccountingMode(gpu, 1)
    with running(node, "--memory", "10") as process:
        pid = process["pid"]
    until(lambda: not nvml.nvmlDeviceGetAccountingStats(gpu, pid).isRunning)
    assert nvml.nvmlDeviceGetAccountingStats(gpu, pid).maxMemoryUsage == 522 * MIB


def test_an_event_of_another_process_is_there_when_it_is_asked_for(nvml: ModuleType, node: Session) -> None:
    gpu, events = nvml.nvmlDeviceGetHandleByIndex(0), nvml.nvmlEventSetCreate()
    nvml.nvmlDeviceRegisterEvents(gpu, nvml.nvmlEventMigConfigChange, events)
    ask(node, "answer = nvml.nvmlDeviceSetMigMode(gpu, 1)")
    assert nvml.nvmlEventSetWait_v2(events, 0).eventType == nvml.nvmlEventMigConfigChange


def test_a_fault_strikes_the_call_that_was_named_and_then_heals(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    node.control("fault", function="nvmlDeviceGetName", code="UNKNOWN", call=2)
    assert nvml.nvmlDeviceGetName(gpu) == "NVIDIA B200"
    with pytest.raises(nvml.NVMLError_Unknown, match="Unknown Error"):
        nvml.nvmlDeviceGetName(gpu)
    assert nvml.nvmlDeviceGetName(gpu) == "NVIDIA B200"


def test_a_fault_of_one_process_spares_the_others(nvml: ModuleType, node: Session) -> None:
    node.control("fault", function="nvmlDeviceGetCount_v2", code="GPU_IS_LOST", times=0, pid=os.getpid())
    with pytest.raises(nvml.NVMLError_GpuIsLost, match="GPU is lost"):
        nvml.nvmlDeviceGetCount()
    assert ask(node, "answer = nvml.nvmlDeviceGetCount()") == 8


def test_init_can_fail_too(nvml: ModuleType, node: Session) -> None:
    node.control("fault", function="nvmlInit_v2", code="NO_PERMISSION", pid=os.getpid())
    with pytest.raises(nvml.NVMLError_NoPermission, match="Insufficient Permissions"):
        nvml.nvmlInit()


@pytest.mark.parametrize(
    ("values", "reported"),
    [
        ({"function": "nvmlNothing"}, "wanted a symbol of libnvidia-ml, found 'nvmlNothing'"),
        ({"function": "nvmlShutdown"}, "never reaches the driver"),
        ({"function": "nvmlDeviceGetName", "code": "ODD"}, "wanted one of SUCCESS, UNINITIALIZED"),
        ({"function": "nvmlDeviceGetName", "call": 0}, "wanted call from 1"),
        ({"code": "UNKNOWN"}, "missing required field `function`"),
        ({"functoin": "x"}, "unknown value 'functoin'; there are: function"),
    ],
)
def test_a_fault_that_cannot_exist_is_refused(node: Session, values: dict[str, Any], reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        node.control("fault", **values)


@pytest.mark.parametrize("node", ["gb200-nvl72"], indirect=True)
def test_the_fabric_can_be_moved(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)

    def info() -> tuple[int, int, bool]:
        found = nvml.c_nvmlGpuFabricInfoV_t()
        nvml.nvmlDeviceGetGpuFabricInfoV(gpu, ctypes.byref(found))
        return found.state, found.cliqueId, any(found.clusterUuid)

    assert info() == (3, 32766, True)
    node.control("fabric", 0, state="in_progress")
    assert info() == (2, 0, False)
    node.control("fabric", 0, state="completed", clique=7)
    assert info() == (3, 7, True)


@pytest.mark.parametrize("node", ["vr200-nvl72"], indirect=True)
def test_rubin_has_36_links_of_version_8(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    assert [nvml.nvmlDeviceGetNvLinkVersion(gpu, link) for link in range(36)] == [8] * 36
    node.control("link", 0, link=35, up=0)
    assert nvml.nvmlDeviceGetNvLinkState(gpu, 35) == 0


def test_a_killed_daemon_comes_back_with_its_state_and_clients_follow(
    nvml: ModuleType, node: Session
) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetPowerManagementLimit(gpu, 400000)
    node.kill()
    assert nvml.nvmlDeviceGetPowerManagementLimit(gpu) == 400000
    with pytest.raises(nvml.NVMLError_DriverNotLoaded, match="Driver Not Loaded"):
        nvml.nvmlDeviceSetPowerManagementLimit(gpu, 500000)
    node.start()
    nvml.nvmlDeviceSetPowerManagementLimit(gpu, 600000)
    assert nvml.nvmlDeviceGetPowerManagementLimit(gpu) == 600000


def test_field_values_answer_each_for_itself(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    node.control("nvlink", 0, link=3, kind="replay", count=9)
    first, second, third = nvml.nvmlDeviceGetFieldValues(
        gpu, [nvml.NVML_FI_DEV_NVLINK_LINK_COUNT, (162 - 1, 3), 29]
    )
    assert (first.value.uiVal, second.value.ullVal, third.nvmlReturn) == (
        18,
        9,
        nvml.NVML_ERROR_NOT_SUPPORTED,
    )


def test_an_uncorrected_error_remaps_a_row_until_a_reset(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    node.control("ecc", 0)
    assert list(nvml.nvmlDeviceGetRemappedRows(gpu)) == [0, 1, 1, 0]
    assert nvml.nvmlDeviceGetTotalEccErrors(gpu, 1, 0) == nvml.nvmlDeviceGetTotalEccErrors(gpu, 1, 1) == 1
    node.control("reset", 0)
    assert list(nvml.nvmlDeviceGetRemappedRows(gpu)) == [0, 1, 0, 0]
    assert [nvml.nvmlDeviceGetTotalEccErrors(gpu, 1, lifetime) for lifetime in (0, 1)] == [0, 1]


def test_virtual_gpus_come_with_host_mode_and_go(nvml: ModuleType, node: Session) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(nvml.NVMLError_NotSupported, match="Not Supported"):
        nvml.nvmlDeviceGetSupportedVgpus(gpu)
    nvml.nvmlDeviceSetVirtualizationMode(gpu, nvml.NVML_GPU_VIRTUALIZATION_MODE_HOST_VGPU)
    names = [nvml.nvmlVgpuTypeGetName(kind) for kind in nvml.nvmlDeviceGetSupportedVgpus(gpu)]
    node.control("vgpu-create", 0, type=names[2], vm="vm-7")
    (vgpu,) = nvml.nvmlDeviceGetActiveVgpus(gpu)
    assert nvml.nvmlVgpuInstanceGetVmID(vgpu)[0] == b"vm-7"


def test_a_client_that_uses_the_library_after_fork_keeps_working(
    become_client: Callable[..., ModuleType], node: Session
) -> None:
    script = """
import os, threading
stop = threading.Event()
def hammer():
    while not stop.is_set(): nvml.nvmlDeviceGetName(gpu)
threads = [threading.Thread(target=hammer) for _ in range(4)]
for t in threads: t.start()
children = []
for _ in range(50):
    pid = os.fork()
    if pid == 0:
        ok = nvml.nvmlDeviceGetName(gpu) == "NVIDIA B200" and nvml.nvmlDeviceGetCount() == 8
        os._exit(0 if ok else 1)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
for t in threads: t.join()
answer = codes.count(0)
"""
    assert ask(node, script) == 50


def test_the_library_starts_no_thread(node: Session) -> None:
    assert ask(node, "answer = len(os.listdir('/proc/self/task'))") == 1


def test_compiled_libraries_are_found_by_both_names(node: Session) -> None:
    names = {path.name for path in (node.folder / "lib").iterdir()}
    assert names == {build.SONAME, "libnvidia-ml.so.580.105.08", build.CUDA, "libcuda.so.580.105.08"}
