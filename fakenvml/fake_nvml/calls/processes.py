"""What runs on a GPU: process lists, utilisation, samples, accounting, encoder and capture sessions (there are none).

Processes come from fake workloads (``fake_nvml.workload``): a context on a GPU, a MIG device or an MPS server. Engines
without work answer zero; on a board in MIG mode utilisation belongs to the MIG devices and the GPU says NOT_SUPPORTED.
"""

import time
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.clocks import busy, clock
from fake_nvml.calls.power import power_usage
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.model import Gpu, MigDevice, Node, NvmlError, Process

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


LISTS = {"Compute": "C", "Graphics": "G", "MPSCompute": "M"}
ACCOUNTED = 4000
"""How many processes accounting mode remembers."""
SAMPLING_US = 1_000_000


def _rows(processes: list[Process], kind: str) -> "list[nv.ProcessDetailV1]":
    return [
        {
            "pid": process.pid,
            "usedGpuMemory": process.used_bytes,
            "gpuInstanceId": process.gi,
            "computeInstanceId": process.ci,
        }
        for process in processes
        if process.kind == kind
    ]


def _declare(kind: str, letter: str) -> None:
    names = [f"nvmlDeviceGet{kind}RunningProcesses{version}" for version in ("", "_v2", "_v3")]

    def of_gpu(gpu: Gpu) -> "list[nv.ProcessDetailV1]":
        return _rows(gpu.processes(), letter)

    def of_mig(device: MigDevice) -> "list[nv.ProcessDetailV1]":
        return _rows(device.processes(), letter)

    getter(*names)(of_gpu)
    getter(*names, subject=Subject.MIG_DEVICE)(of_mig)


for _kind, _letter in LISTS.items():
    _declare(_kind, _letter)


@getter("nvmlDeviceGetRunningProcessDetailList")
def process_details(gpu: Gpu, mode: int) -> "nv.ProcessDetailListV1":
    """Mode 0 compute, 1 graphics, 2 MPS."""
    check(mode < 3)
    return {"mode": mode, "procArray": _rows(gpu.processes(), "CGM"[mode])}


@getter("nvmlDeviceGetUtilizationRates")
def utilization(gpu: Gpu) -> "nv.Utilization":
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    memory = min(100, sum(process.memory_percent for process in gpu.processes()))
    return {"gpu": busy(gpu), "memory": gpu.reading("memory_percent", memory)}


ENGINES = {"Encoder": "encoder", "Decoder": "decoder", "Jpg": "jpeg", "Ofa": "ofa"}


def _declare_engine(name: str, reading: str) -> None:
    def engine(gpu: Gpu) -> tuple[int, int]:
        check(not gpu.state.mig, Code.NOT_SUPPORTED)
        return gpu.reading(f"{reading}_percent", 0), SAMPLING_US

    getter(f"nvmlDeviceGet{name}Utilization")(engine)


for _name, _reading in ENGINES.items():
    _declare_engine(_name, _reading)


def encoders(gpu: Gpu) -> int:
    """How many video encoders: chips for computing alone (8.0, 9.0, 10.0, 10.3) have none."""
    major, minor = gpu.board.compute.capability
    return 0 if (major, minor) in ((8, 0), (9, 0), (10, 0), (10, 3), (10, 7)) else 3


@getter("nvmlDeviceGetEncoderCapacity", over=(range(3),), fixed=True)
def encoder_capacity(gpu: Gpu, codec: int) -> int:
    """Percent that is left; 0 H.264, 1 HEVC, 2 AV1."""
    check(codec < 3)
    check(encoders(gpu), Code.NOT_SUPPORTED)
    check(codec < 2 or gpu.board.compute.architecture >= 8, Code.NOT_SUPPORTED)
    return 100


@getter("nvmlDeviceGetEncoderStats", fixed=True)
def encoder_stats(_gpu: Gpu) -> tuple[int, int, int]:
    return 0, 0, 0


@getter("nvmlDeviceGetFBCStats", fixed=True)
def capture_stats(_gpu: Gpu) -> "nv.FBCStats":
    return {"sessionsCount": 0}


@getter("nvmlDeviceGetEncoderSessions", "nvmlDeviceGetFBCSessions", fixed=True)
def no_sessions(_gpu: Gpu) -> "list[nv.EncoderSessionInfo]":
    return []


def _usage(process: Process) -> "nv.ProcessUtilizationInfoV1":
    return {
        "pid": process.pid,
        "timeStamp": int(time.time() * 1e6),
        "smUtil": process.sm_percent,
        "memUtil": process.memory_percent,
    }


@getter("nvmlDeviceGetProcessUtilization", live=True)
def process_utilization(gpu: Gpu, since_us: int) -> "list[nv.ProcessUtilizationInfoV1]":
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    check(since_us < time.time() * 1e6, Code.NOT_FOUND)
    found = [_usage(process) for process in gpu.processes()]
    check(found, Code.NOT_FOUND)
    return found


@getter("nvmlDeviceGetProcessesUtilizationInfo", live=True)
def processes_utilization(gpu: Gpu) -> "nv.ProcessesUtilizationInfoV1":
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    found = [_usage(process) for process in gpu.processes()]
    check(found, Code.NOT_FOUND)
    return {"procUtilArray": found}


def _sampled(gpu: Gpu, kind: int) -> int:
    """NVML_TOTAL_POWER_SAMPLES and so on: milliwatts, percent, megahertz."""
    if kind == 0:
        return int(power_usage(gpu))
    if kind in (5, 6):
        return int(clock(gpu, 0 if kind == 5 else 2))
    if kind == 7:
        return int(power_usage(gpu))
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    if kind == 1:
        return busy(gpu)
    return gpu.reading({2: "memory", 3: "encoder", 4: "decoder", 8: "jpeg", 9: "ofa"}[kind] + "_percent", 0)


@getter("nvmlDeviceGetSamples", live=True)
def samples(gpu: Gpu, kind: int, since_us: int) -> "tuple[int, list[nv.Sample]]":
    """One sample a second for the last twenty; type 1 is an unsigned integer."""
    check(kind < 10)
    now = int(time.time())
    value = _sampled(gpu, kind)
    stamps = [second * SAMPLING_US for second in range(now - 19, now + 1) if second * SAMPLING_US > since_us]
    check(stamps, Code.NOT_FOUND)
    return 1, [{"timeStamp": stamp, "sampleValue": {"uiVal": value}} for stamp in stamps]


def _accounting(gpu: Gpu) -> None:
    check(gpu.state.accounting, Code.NOT_SUPPORTED)


def _accounted(gpu: Gpu) -> list[tuple[Process, float]]:
    """(process, when it ended or 0) of all that accounting mode saw."""
    running = [(process, 0.0) for process in gpu.processes()]
    return [*gpu.node.finished.get(gpu.index, []), *running]


@getter("nvmlDeviceGetAccountingBufferSize", fixed=True)
def accounting_buffer(_gpu: Gpu) -> int:
    return ACCOUNTED


@getter("nvmlDeviceGetAccountingPids", live=True)
def accounting_pids(gpu: Gpu) -> list[int]:
    _accounting(gpu)
    return [process.pid for process, _ in _accounted(gpu)]


@getter("nvmlDeviceGetAccountingStats", live=True)
def accounting_stats(gpu: Gpu, pid: int) -> "nv.AccountingStatsV2":
    """Milliseconds from start to end (0 while it runs), and microseconds since the epoch when it started."""
    _accounting(gpu)
    for process, ended_s in reversed(_accounted(gpu)):
        if process.pid == pid:
            return {
                "pid": pid,
                "gpuUtilization": process.sm_percent,
                "memoryUtilization": process.memory_percent,
                "maxMemoryUsage": process.peak_bytes,
                "time": int((ended_s - process.started_s) * 1000) if ended_s else 0,
                "startTime": int(process.started_s * 1e6),
                "isRunning": int(not ended_s),
            }
    raise NvmlError(Code.NOT_FOUND)


@getter("nvmlDeviceGetAccountingStats_v2", live=True)
def accounting_stats_v2(gpu: Gpu, wanted: Any) -> "nv.AccountingStatsV2":
    return accounting_stats(gpu, wanted.pid)


@action("nvmlDeviceClearAccountingPids")
def clear_accounting(_caller: Caller, gpu: Gpu) -> None:
    check(not gpu.processes(), Code.IN_USE)
    gpu.node.finished.pop(gpu.index, None)


@getter("nvmlSystemGetProcessName", subject=Subject.SYSTEM, live=True)
def process_name(node: Node, pid: int) -> str:
    for process in node.processes.values():
        if process.pid == pid:
            return process.name
    raise NvmlError(Code.NOT_FOUND)
