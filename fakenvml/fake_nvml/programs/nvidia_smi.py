"""A stand-in for nvidia-smi: the verbs and outputs that people and drivers use, over whatever NVML the linker finds.

Forms, messages and exit codes were watched with nvidia-smi 550.163.01 on the same library. What goes past NVML in the
real program (time slices, reset) goes to the node daemon. Exit codes are NVML's return codes, 2 for a usage error.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pynvml

from fake_nvml.programs import smi_mig, smi_monitor, smi_policy, smi_query
from fake_nvml.programs.report_board import board
from fake_nvml.programs.report_state import state
from fake_nvml.programs.report_tree import as_text, as_xml, ask
from fake_nvml.programs.smi_command_line import (
    NOT_FOUND,
    WRONG_USE,
    Parser,
    ask_daemon,
    chosen,
    need_root,
)

VERSION = "550.163.01"
MODES = ("DEFAULT", "EXCLUSIVE_THREAD", "PROHIBITED", "EXCLUSIVE_PROCESS")


def parser() -> Parser:
    """The options without a verb."""
    top = Parser(prog="nvidia-smi", description="Fake NVIDIA System Management Interface", allow_abbrev=False)
    top.add_argument("-i", "--id", help="GPUs by index, UUID, serial or bus id, separated by commas")
    top.add_argument("-L", "--list-gpus", action="store_true", help="GPUs and MIG devices with their UUIDs")
    top.add_argument("-q", "--query", action="store_true", help="all that is known")
    top.add_argument("-x", "--xml-format", action="store_true", help="with -q: as XML")
    top.add_argument("-f", "--filename", help="write to a file")
    top.add_argument("--query-gpu", help="columns of a table of GPUs")
    top.add_argument("--query-compute-apps", help="columns of a table of processes")
    top.add_argument("--format", help="with a query: csv, noheader, nounits")
    top.add_argument("-pm", "--persistence-mode", choices=("0", "1", "DISABLED", "ENABLED"))
    top.add_argument("-c", "--compute-mode", help="0 to 3, or a name")
    top.add_argument("-e", "--ecc-config", choices=("0", "1"))
    top.add_argument("-mig", "--multi-instance-gpu", choices=("0", "1", "DISABLED", "ENABLED"))
    top.add_argument("-pl", "--power-limit", type=float, metavar="WATTS")
    top.add_argument("-lgc", "--lock-gpu-clocks", metavar="MIN,MAX")
    top.add_argument("-rgc", "--reset-gpu-clocks", action="store_true")
    top.add_argument("-r", "--gpu-reset", action="store_true")
    top.add_argument("--version", action="store_true")
    return top


def bus_id(gpu: Any) -> str:
    """As messages print it."""
    return str(pynvml.nvmlDeviceGetPciInfo(gpu).busId)


def mig_name(device: Any) -> str:
    """The short name of a MIG device: 1g.23gb, or 1c.2g.45gb."""
    return str(pynvml.nvmlDeviceGetName(device)).rpartition("MIG ")[2]


def list_gpus(gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """``-L``."""
    for index, gpu in gpus:
        yield f"GPU {index}: {pynvml.nvmlDeviceGetName(gpu)} (UUID: {pynvml.nvmlDeviceGetUUID(gpu)})"
        for number in range(ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, gpu) or 0):
            device = ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, gpu, number)
            if device is not None:
                uuid = pynvml.nvmlDeviceGetUUID(device)
                yield f"  MIG {mig_name(device):<11} Device {number:>2}: (UUID: {uuid})"


def full_report(gpus: list[tuple[int, Any]], *, xml: bool) -> Iterator[str]:
    """``-q`` and ``-q -x``."""
    driver, cuda = pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlSystemGetCudaDriverVersion()
    version, now = f"{cuda // 1000}.{cuda % 1000 // 10}", time.strftime("%a %b %e %H:%M:%S %Y")
    if xml:
        yield '<?xml version="1.0" ?>'
        yield '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">'
        yield f"<nvidia_smi_log>\n\t<timestamp>{now}</timestamp>\n\t<driver_version>{driver}</driver_version>"
        yield f"\t<cuda_version>{version}</cuda_version>\n\t<attached_gpus>{pynvml.nvmlDeviceGetCount()}</attached_gpus>"
    else:
        yield "\n==============NVSMI LOG==============\n"
        for label, value in (("Timestamp", now), ("Driver Version", driver), ("CUDA Version", version)):
            yield f"{label:<42}: {value}"
        yield f"\n{'Attached GPUs':<42}: {pynvml.nvmlDeviceGetCount()}"
    for _, gpu in gpus:
        items = [*board(gpu), *state(gpu)]
        if xml:
            yield "\n".join([f'\t<gpu id="{bus_id(gpu)}">', *as_xml(items), "\t</gpu>\n"])
        else:
            yield "\n".join([f"GPU {bus_id(gpu)}", *as_text(items), ""])
    if xml:
        yield "</nvidia_smi_log>"


def set_mig(gpu: Any, on: int) -> Iterator[str]:
    """``-mig``."""
    status = pynvml.nvmlDeviceSetMigMode(gpu, on)
    word = "Enabled" if on else "Disabled"
    if status == 0:
        yield f"{word} MIG Mode for GPU {bus_id(gpu)}"
    else:
        reason = (
            "GPU requires reset" if status == pynvml.NVML_ERROR_RESET_REQUIRED else "In use by another client"
        )
        yield f"Warning: MIG mode is in pending {word.lower().removesuffix('d')} state for GPU {bus_id(gpu)}:{reason}"


def set_modes(arguments: argparse.Namespace, gpus: list[tuple[int, Any]]) -> Iterator[str]:
    """The options that change something."""
    for index, gpu in gpus:
        try:
            if arguments.persistence_mode is not None:
                on = arguments.persistence_mode in ("1", "ENABLED")
                pynvml.nvmlDeviceSetPersistenceMode(gpu, int(on))
                yield f"{'Enabled' if on else 'Disabled'} persistence mode for GPU {bus_id(gpu)}."
            if arguments.compute_mode is not None:
                yield from set_compute_mode(gpu, arguments.compute_mode)
            if arguments.ecc_config is not None:
                pynvml.nvmlDeviceSetEccMode(gpu, int(arguments.ecc_config))
                yield f"{'Enabled' if arguments.ecc_config == '1' else 'Disabled'} ECC support for GPU {bus_id(gpu)}.\nReboot required."
            if arguments.multi_instance_gpu is not None:
                yield from set_mig(gpu, int(arguments.multi_instance_gpu in ("1", "ENABLED")))
            if arguments.power_limit is not None:
                yield from set_power_limit(gpu, arguments.power_limit)
            if arguments.lock_gpu_clocks is not None:
                low, _, high = arguments.lock_gpu_clocks.partition(",")
                pynvml.nvmlDeviceSetGpuLockedClocks(gpu, int(low), int(high or low))
                yield f'GPU clocks set to "(gpuClkMin {low}, gpuClkMax {high or low})" for GPU {bus_id(gpu)}'
            if arguments.reset_gpu_clocks:
                pynvml.nvmlDeviceResetGpuLockedClocks(gpu)
                yield f"All done resetting GPU clocks for GPU {bus_id(gpu)}"
            if arguments.gpu_reset:
                ask_daemon("reset", index)
                yield f"GPU {bus_id(gpu)} was successfully reset."
        except pynvml.NVMLError as error:
            raise smi_mig.refused(error, f"Unable to change GPU {bus_id(gpu)}") from error
    yield "All done."


def set_compute_mode(gpu: Any, name: str) -> Iterator[str]:
    """``-c``: by number or name.

    Raises:
        Refused: no such mode.
    """
    if name.upper() in MODES:
        mode = MODES.index(name.upper())
    elif name.isdigit() and int(name) < len(MODES):
        mode = int(name)
    else:
        text = f"Invalid compute mode: {name}"
        raise smi_mig.Refused(text, WRONG_USE)
    try:
        pynvml.nvmlDeviceSetComputeMode(gpu, mode)
    except pynvml.NVMLError_NotSupported as error:
        yield f"Setting compute mode to {MODES[mode]} is not supported on a MIG-enabled device."
        yield f"Unable to set the compute mode for GPU {bus_id(gpu)}: {error}"
        yield "Treating as warning and moving on."
        return
    yield f"Set compute mode to {MODES[mode]} for GPU {bus_id(gpu)}."


def set_power_limit(gpu: Any, limit: float) -> Iterator[str]:
    """``-pl``.

    Raises:
        Refused: outside of what the board takes.
    """
    low, high = pynvml.nvmlDeviceGetPowerManagementLimitConstraints(gpu)
    if not low <= limit * 1000 <= high:
        text = (
            f"Provided power limit {limit:.2f} W is not a valid power limit which should be between "
            f"{low / 1000:.2f} W and {high / 1000:.2f} W for GPU {bus_id(gpu)}\nTerminating early due to previous errors."
        )
        raise smi_mig.Refused(text, WRONG_USE)
    before = pynvml.nvmlDeviceGetPowerManagementLimit(gpu) / 1000
    pynvml.nvmlDeviceSetPowerManagementLimit(gpu, int(limit * 1000))
    yield f"Power limit for GPU {bus_id(gpu)} was set to {limit:.2f} W from {before:.2f} W."


def mig_verbs(argv: list[str]) -> Iterator[str]:
    """``nvidia-smi mig``."""
    top = Parser(prog="nvidia-smi mig", allow_abbrev=False)
    top.add_argument("-i", "--id")
    top.add_argument("-gi", "--gpu-instance-id", type=int)
    top.add_argument("-ci", "--compute-instance-id", type=int)
    for short, long in (("-lgip", "--list-gpu-instance-profiles"), ("-lgipp", "--list-gpu-instance-possible-placements"),
                        ("-lgi", "--list-gpu-instances"), ("-lci", "--list-compute-instances"),
                        ("-lcip", "--list-compute-instance-profiles"),
                        ("-dgi", "--destroy-gpu-instance"), ("-dci", "--destroy-compute-instance"),
                        ("-C", "--default-compute-instance")):  # fmt: skip
        top.add_argument(short, long, action="store_true")
    top.add_argument("-cgi", "--create-gpu-instance")
    top.add_argument("-cci", "--create-compute-instance", nargs="?", const="")
    arguments = top.parse_args(argv)
    gpus = [(index, gpu) for index, gpu in chosen(arguments.id) if ask(pynvml.nvmlDeviceGetMigMode, gpu)]
    if not gpus:
        text = "No MIG-supported devices found."
        raise smi_mig.Refused(text, NOT_FOUND)
    if arguments.list_gpu_instance_profiles:
        yield from smi_mig.list_profiles(gpus)
        return
    if arguments.list_gpu_instance_possible_placements:
        yield from smi_mig.list_placements(gpus)
        return
    gpus = [(index, gpu) for index, gpu in gpus if smi_mig.enabled(gpu)]
    gi, ci = arguments.gpu_instance_id, arguments.compute_instance_id
    if not gpus:
        yield "No MIG-enabled devices found."
        return
    if arguments.create_gpu_instance:
        need_root()
        argv = arguments.create_gpu_instance.split(",")
        yield from smi_mig.create(gpus, argv, with_compute=arguments.default_compute_instance)
    elif arguments.create_compute_instance is not None:
        need_root()
        yield from smi_mig.create_compute(
            gpus, [w for w in arguments.create_compute_instance.split(",") if w], gi
        )
    elif arguments.destroy_compute_instance:
        need_root()
        yield from smi_mig.destroy_compute(gpus, gi, ci)
    elif arguments.destroy_gpu_instance:
        need_root()
        yield from smi_mig.destroy(gpus, gi)
    elif arguments.list_compute_instance_profiles:
        yield from smi_mig.list_compute_profiles(gpus, gi)
    elif arguments.list_compute_instances:
        yield from smi_mig.list_compute(gpus, gi)
    else:
        yield from smi_mig.list_instances(gpus)


def nvlink_verbs(argv: list[str]) -> Iterator[str]:
    """``nvidia-smi nvlink -s``."""
    top = Parser(prog="nvidia-smi nvlink", allow_abbrev=False)
    top.add_argument("-i", "--id")
    top.add_argument("-s", "--status", action="store_true")
    for index, gpu in chosen(top.parse_args(argv).id):
        yield f"GPU {index}: {pynvml.nvmlDeviceGetName(gpu)} (UUID: {pynvml.nvmlDeviceGetUUID(gpu)})"
        states = [
            ask(pynvml.nvmlDeviceGetNvLinkState, gpu, link) for link in range(pynvml.NVML_NVLINK_MAX_LINKS)
        ]
        if not any(states):
            yield "NVML: Unable to retrieve NVLink information as all links are inActive"
        for link, up in enumerate(states) if any(states) else ():
            if up is not None:
                yield f"\t Link {link}: {f'{smi_query.link_speed(gpu, link):.3f} GB/s' if up else '<inactive>'}"


VERBS = {
    "mig": mig_verbs,
    "topo": smi_query.topology,
    "nvlink": nvlink_verbs,
    "dmon": smi_monitor.dmon,
    "pmon": smi_monitor.pmon,
    "compute-policy": smi_policy.compute_policy,
    "boost-slider": smi_policy.boost_slider,
    "power-hint": smi_policy.power_hint,
}


def lines(argv: list[str]) -> Iterator[str]:
    """The output of a command line."""
    if argv and argv[0] in VERBS:
        yield from VERBS[argv[0]](argv[1:])
        return
    arguments = parser().parse_args(argv)
    driver = pynvml.nvmlSystemGetDriverVersion()
    if arguments.version:
        cuda = pynvml.nvmlSystemGetCudaDriverVersion()
        yield f"NVIDIA-SMI version  : {driver}\nNVML version        : {driver.rpartition('.')[0]}"
        yield f"DRIVER version      : {driver}\nCUDA Version        : {cuda // 1000}.{cuda % 1000 // 10}"
        return
    gpus = chosen(arguments.id)
    changes = (
        "persistence_mode",
        "compute_mode",
        "ecc_config",
        "multi_instance_gpu",
        "power_limit",
        "lock_gpu_clocks",
    )
    if (
        any(getattr(arguments, name) is not None for name in changes)
        or arguments.reset_gpu_clocks
        or arguments.gpu_reset
    ):
        need_root()
        yield from set_modes(arguments, gpus)
    elif arguments.list_gpus:
        yield from list_gpus(gpus)
    elif arguments.query_gpu or arguments.query_compute_apps:
        if arguments.format is None:
            text = "\"--format=\" switch is missing. Please run 'nvidia-smi -h' for help.\n"
            raise smi_mig.Refused(text, WRONG_USE)
        options = {option.strip() for option in arguments.format.split(",")}
        yield from smi_query.table(gpus, arguments.query_gpu, arguments.query_compute_apps, options)
    elif arguments.query or arguments.xml_format:
        yield from full_report(gpus, xml=arguments.xml_format)
    else:
        yield from smi_query.overview(gpus)


def main() -> None:
    """Entry point."""
    argv = sys.argv[1:]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        print("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. "  # noqa: T201
              "Make sure that the latest NVIDIA driver is installed and running.\n")  # fmt: skip
        raise SystemExit(error.value) from error
    try:
        for line in lines(argv):
            print(line)  # noqa: T201 # the program's output
    except smi_mig.Refused as error:
        print(error)  # noqa: T201 # the same
        raise SystemExit(error.code) from error
    except pynvml.NVMLError as error:
        print(f"Unable to determine the device: {error}")  # noqa: T201 # the same
        raise SystemExit(error.value) from error
    finally:
        pynvml.nvmlShutdown()


if __name__ == "__main__":
    main()
