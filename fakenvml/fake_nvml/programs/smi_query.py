"""Tables of ``nvidia-smi``: the default view, ``--query-gpu``, ``--query-compute-apps`` and ``topo -m``.

The columns that are asked for by name are in ``smi_columns``; any other is a usage error.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pynvml

from fake_nvml.programs.report_state import process_name, running
from fake_nvml.programs.report_tree import ask, mib, rounded_up, switch
from fake_nvml.programs.smi_columns import ALIASES, COLUMNS, TITLES, cells_of, pstate
from fake_nvml.programs.smi_mig import Refused

PROCESS_COLUMNS: dict[str, Callable[[Any, Any], tuple[str, str]]] = {
    "pid": lambda _gpu, process: (str(process.pid), ""),
    "process_name": lambda _gpu, process: (process_name(process.pid), ""),
    "used_memory": lambda _gpu, process: (mib(process.usedGpuMemory).removesuffix(" MiB"), " MiB"),
    "gpu_uuid": lambda gpu, _process: (pynvml.nvmlDeviceGetUUID(gpu), ""),
    "gpu_name": lambda gpu, _process: (pynvml.nvmlDeviceGetName(gpu), ""),
    "gpu_bus_id": lambda gpu, _process: (pynvml.nvmlDeviceGetPciInfo(gpu).busId, ""),
}
PROCESS_ALIASES = {"name": "process_name", "used_gpu_memory": "used_memory"}


def _known(wanted: list[str], columns: dict[str, Any], aliases: dict[str, str]) -> list[str]:
    for name in wanted:
        if aliases.get(name, name) not in columns:
            text = f'Field "{name}" is not a valid field to query.\n'
            raise Refused(text, 2)
    return [aliases.get(name, name) for name in wanted]


def table(
    gpus: list[tuple[int, Any]], columns: str | None, apps: str | None, options: set[str]
) -> Iterator[str]:
    """``--query-gpu`` or ``--query-compute-apps`` as CSV."""
    units = "nounits" not in options
    if columns is not None:
        names = _known([name.strip() for name in columns.split(",")], COLUMNS, ALIASES)
        if "noheader" not in options:
            heads = ((TITLES.get(name, name), COLUMNS[name][0].strip()) for name in names)
            yield ", ".join(f"{title} [{unit}]" if unit and units else title for title, unit in heads)
        for _, gpu in gpus:
            yield ", ".join(cells_of(gpu, names, units=units))
        return
    assert apps is not None
    names = _known([name.strip() for name in apps.split(",")], PROCESS_COLUMNS, PROCESS_ALIASES)
    if "noheader" not in options:
        titles = {"used_memory": "used_gpu_memory [MiB]" if units else "used_gpu_memory"}
        yield ", ".join(titles.get(name, name) for name in names)
    for _, gpu in gpus:
        for _, process in running(gpu):
            cells = (PROCESS_COLUMNS[name](gpu, process) for name in names)
            yield ", ".join(text + (unit if units else "") for text, unit in cells)


WIDTH = 89


def overview(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """The view without arguments."""
    driver, cuda = pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlSystemGetCudaDriverVersion()
    rule = "+" + "-" * 41 + "+" + "-" * 24 + "+" + "-" * 22 + "+"
    yield time.strftime("%a %b %e %H:%M:%S %Y       ")
    yield "+" + "-" * WIDTH + "+"
    yield f"| NVIDIA-SMI {driver:<22} Driver Version: {driver:<14} CUDA Version: {f'{cuda // 1000}.{cuda % 1000 // 10}':<9}|"
    yield "|" + rule[1:]
    yield "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |"
    yield "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |"
    yield "|                                         |                        |               MIG M. |"
    yield "|" + rule.replace("-", "=")[1:-1] + "|"
    for index, gpu in gpus:
        yield from _board(index, gpu)
        yield rule
    devices = [row for index, gpu in gpus for row in _mig_rows(index, gpu)]
    if any((ask(pynvml.nvmlDeviceGetMigMode, gpu) or (0,))[0] for _, gpu in gpus):
        yield ""
        yield from _mig_table(devices)
    yield " " * WIDTH
    yield from _process_table(gpus)


def _board(index: int, gpu: Any) -> Iterator[str]:
    name, bus = pynvml.nvmlDeviceGetName(gpu), pynvml.nvmlDeviceGetPciInfo(gpu).busId
    persistence = "On" if ask(pynvml.nvmlDeviceGetPersistenceMode, gpu) else "Off"
    display = "On" if ask(pynvml.nvmlDeviceGetDisplayActive, gpu) else "Off"
    mig = ask(pynvml.nvmlDeviceGetMigMode, gpu)
    errors = "On" if mig and mig[0] else ask(pynvml.nvmlDeviceGetTotalEccErrors, gpu, 1, 0)
    fan, heat = ask(pynvml.nvmlDeviceGetFanSpeed, gpu), ask(pynvml.nvmlDeviceGetTemperature, gpu, 0)
    usage, limit = ask(pynvml.nvmlDeviceGetPowerUsage, gpu), ask(pynvml.nvmlDeviceGetEnforcedPowerLimit, gpu)
    power = f"{(usage or 0) // 1000}W / {(limit or 0) // 1000:>4}W"
    memory = pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2)
    rates = ask(pynvml.nvmlDeviceGetUtilizationRates, gpu)
    load = "N/A" if rates is None else f"{rates.gpu}%"
    mode = {0: "Default", 2: "Prohibited", 3: "E. Process"}.get(pynvml.nvmlDeviceGetComputeMode(gpu), "N/A")
    yield f"| {index:>3}  {name[:29]:<30}{persistence:>3}  |   {bus} {display:>3} | {'N/A' if errors is None else errors!s:>20} |"
    yield (
        f"| {'N/A' if fan is None else f'{fan}%':<3} {'N/A' if heat is None else f'{heat}C':>5}    {pstate(gpu) or 'N/A':<4}{power:>22} "
        f"| {rounded_up(memory.used):>7}MiB / {memory.total >> 20:>6}MiB | {load:>7} {mode:>12} |"
    )
    yield f"| {'':<39} | {'':<22} | {'N/A' if mig is None else switch(mig[0]):>20} |"


def _mig_rows(index: int, gpu: Any) -> Iterator[tuple[Any, ...]]:
    for number in range(ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, gpu) or 0):
        device = ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, gpu, number)
        if device is not None:
            gi, ci = pynvml.nvmlDeviceGetGpuInstanceId(device), pynvml.nvmlDeviceGetComputeInstanceId(device)
            memory, engines = pynvml.nvmlDeviceGetMemoryInfo(device), pynvml.nvmlDeviceGetAttributes(device)
            errors = ask(pynvml.nvmlDeviceGetMemoryErrorCounter, device, 1, 0, 7)
            yield index, gi, ci, number, memory, engines, pynvml.nvmlDeviceGetBAR1MemoryInfo(device), errors


def _mig_table(rows: list[tuple[Any, ...]]) -> Iterator[str]:
    rule = "+" + "-" * 18 + "+" + "-" * 34 + "+" + "-" * 11 + "+" + "-" * 23 + "+"
    yield "+" + "-" * WIDTH + "+"
    yield f"| {'MIG devices:':<88}|"
    yield rule
    yield "| GPU  GI  CI  MIG |                     Memory-Usage |        Vol|      Shared           |"
    yield "|      ID  ID  Dev |                       BAR1-Usage | SM     Unc| CE ENC DEC OFA JPG    |"
    yield "|                  |                                  |        ECC|                       |"
    yield "|" + rule.replace("-", "=")[1:-1] + "|"
    for index, gi, ci, number, memory, engines, bar1, errors in rows:
        used, total = f"{rounded_up(memory.used)}MiB", f"{memory.total >> 20}MiB"
        shared = (
            f"{engines.sharedCopyEngineCount:>3} {engines.sharedEncoderCount:>3} {engines.sharedDecoderCount:>4} "
            f"{engines.sharedOfaCount:>4} {engines.sharedJpegCount:>4} "
        )
        ids = f"{index:>3}  {gi:>3} {ci:>3} {number:>3}  "
        yield f"|{ids}|{used:>19} / {total:<12}| {engines.multiprocessorCount:<3}  {errors:>4} |{shared}|"
        bar1_used, bar1_total = f"{bar1.bar1Used >> 20}MiB", f"{bar1.bar1Total >> 20}MiB"
        yield f"|{'':<18}|{bar1_used:>21} / {bar1_total:<10}|{'':<11}|{'':<23}|"
        yield rule
    if not rows:
        yield f"|  {'No MIG devices found':<87}|"
        yield "+" + "-" * WIDTH + "+"


def _process_table(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    border = "+" + "-" * WIDTH + "+"
    yield border
    yield f"| {'Processes:':<88}|"
    yield "|  GPU   GI   CI        PID   Type   Process name                              GPU Memory |"
    yield "|        ID   ID                                                               Usage      |"
    yield "|" + "=" * WIDTH + "|"
    count = 0
    for index, gpu in gpus:
        for kind, process in running(gpu):
            count += 1
            gi, ci = (
                ("N/A" if number == 0xFFFFFFFF else str(number))
                for number in (process.gpuInstanceId, process.computeInstanceId)
            )
            name = process_name(process.pid)
            short = name if len(name) <= 38 else f"...{name[-35:]}"
            memory = mib(process.usedGpuMemory).replace(" ", "")
            yield f"| {index:>4} {gi:>5} {ci:>4} {process.pid:>9} {kind:>6}   {short:<38} {memory:>12} |"
    if not count:
        yield f"|  {'No running processes found':<87}|"
    yield border


NEAR = {0: "X", 10: "PIX", 20: "PXB", 30: "PHB", 40: "NODE", 50: "SYS"}
LEGEND = """
Legend:

  X    = Self
  SYS  = across NUMA nodes
  NODE = across PCIe host bridges of one NUMA node
  PHB  = across one PCIe host bridge
  PXB  = across several PCIe bridges
  PIX  = across one PCIe bridge
  NV#  = over # NVLinks"""


def link_speed(gpu: Any, link: int) -> float:
    """GB/s of a link."""
    (value,) = pynvml.nvmlDeviceGetFieldValues(gpu, [(pynvml.NVML_FI_DEV_NVLINK_GET_SPEED, link)])
    return float(value.value.uiVal) / 1000


def links_up(gpu: Any) -> int:
    """How many NVLinks are active."""
    states = (ask(pynvml.nvmlDeviceGetNvLinkState, gpu, link) for link in range(pynvml.NVML_NVLINK_MAX_LINKS))
    return sum(1 for state in states if state)


def topology(argv: list[str]) -> Iterator[str]:
    """``topo -m``, and ``topo -c N``: the GPUs that are near a CPU.

    Raises:
        Refused: another form was asked for.
    """
    if len(argv) == len(("-c", "N")) and argv[0] == "-c" and argv[1].isdigit():
        everything = range(pynvml.nvmlDeviceGetCount())
        near_cpu = [
            i for i in everything if int(argv[1]) in _cpu_numbers(pynvml.nvmlDeviceGetHandleByIndex(i))
        ]
        yield f"The following GPUs have an affinity with CPU {argv[1]}: {', '.join(map(str, near_cpu))}"
        return
    if argv != ["-m"]:
        text = "Invalid combination of input arguments. Please run 'nvidia-smi topo -h' for help."
        raise Refused(text, 2)
    gpus = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    yield "\t" + "\t".join(
        [*(f"GPU{i}" for i in range(len(gpus))), "CPU Affinity", "NUMA Affinity", "GPU NUMA ID"]
    )
    up = [links_up(gpu) for gpu in gpus]
    for i, gpu in enumerate(gpus):
        cells = []
        for j, other in enumerate(gpus):
            near = NEAR[pynvml.nvmlDeviceGetTopologyCommonAncestor(gpu, other)]
            cells.append(" X " if i == j else f"NV{max(up[i], up[j])}" if up[i] or up[j] else near)
        (mask,) = pynvml.nvmlDeviceGetMemoryAffinity(gpu, 1, 0)
        numa = next((bit for bit in range(64) if mask >> bit & 1), 0)
        yield "\t".join(
            [
                f"GPU{i}",
                *cells,
                _cpus(gpu),
                str(numa),
                "",
                str(ask(pynvml.nvmlDeviceGetNumaNodeId, gpu) or "N/A"),
            ]
        )
    yield LEGEND


def _cpu_numbers(gpu: Any) -> list[int]:
    masks = pynvml.nvmlDeviceGetCpuAffinity(gpu, 4)
    return [64 * i + bit for i, mask in enumerate(masks) for bit in range(64) if mask >> bit & 1]


def _cpus(gpu: Any) -> str:
    bits = _cpu_numbers(gpu)
    return f"{bits[0]}-{bits[-1]}" if bits else "N/A"
