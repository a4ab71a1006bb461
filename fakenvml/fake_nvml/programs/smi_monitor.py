"""``nvidia-smi dmon`` and ``pmon``: a line per GPU or process and second, in the form of 590.48.01 (from captures)."""

import time
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pynvml

from fake_nvml.programs.report_state import process_name, running
from fake_nvml.programs.report_tree import ask, field
from fake_nvml.programs.smi_command_line import Parser, chosen

DEVICE_COLUMNS = (("pwr", "W"), ("gtemp", "C"), ("mtemp", "C"), ("sm", "%"), ("mem", "%"), ("enc", "%"), ("dec", "%"),
                  ("jpg", "%"), ("ofa", "%"), ("mclk", "MHz"), ("pclk", "MHz"))  # fmt: skip
PROCESS_COLUMNS = (
    ("type", "C/G"),
    ("sm", "%"),
    ("mem", "%"),
    ("enc", "%"),
    ("dec", "%"),
    ("jpg", "%"),
    ("ofa", "%"),
)


def _cells(values: Iterator[Any]) -> str:
    return "".join(f"{'-' if value is None else value:>7}" for value in values)


def _rounds(name: str, argv: list[str]) -> Iterator[list[tuple[int, Any]]]:
    """The chosen GPUs, once per round: ``-c`` rounds, ``-d`` seconds apart, without ``-c`` until interrupted."""
    top = Parser(prog=name, allow_abbrev=False)
    top.add_argument("-i", "--id")
    top.add_argument("-c", "--count", type=int)
    top.add_argument("-d", "--delay", type=int, default=1)
    arguments = top.parse_args(argv)
    done = 0
    while arguments.count is None or done < arguments.count:
        if done:
            time.sleep(arguments.delay)
        yield chosen(arguments.id)
        done += 1


def dmon(argv: list[str]) -> Iterator[str]:
    """``dmon``."""
    for number, gpus in enumerate(_rounds("nvidia-smi dmon", argv)):
        if number == 0:
            yield "# gpu" + _cells(name for name, _ in DEVICE_COLUMNS) + " "
            yield "# Idx" + _cells(unit for _, unit in DEVICE_COLUMNS) + " "
        for index, gpu in gpus:
            yield f"{index:>5}{_cells(_device(gpu))} "


def _device(gpu: Any) -> Iterator[Any]:
    usage, rates = ask(pynvml.nvmlDeviceGetPowerUsage, gpu), ask(pynvml.nvmlDeviceGetUtilizationRates, gpu)
    yield None if usage is None else usage // 1000
    yield ask(pynvml.nvmlDeviceGetTemperature, gpu, pynvml.NVML_TEMPERATURE_GPU)
    yield field(gpu, pynvml.NVML_FI_DEV_MEMORY_TEMP)
    yield from (rates and rates.gpu, rates and rates.memory)
    for engine in ("Encoder", "Decoder", "Jpg", "Ofa"):
        answer = ask(getattr(pynvml, f"nvmlDeviceGet{engine}Utilization"), gpu)
        yield answer and answer[0]
    for clock in (pynvml.NVML_CLOCK_MEM, pynvml.NVML_CLOCK_SM):
        yield ask(pynvml.nvmlDeviceGetClockInfo, gpu, clock)


def pmon(argv: list[str]) -> Iterator[str]:
    """``pmon``: a GPU without processes has a line of dashes."""
    for number, gpus in enumerate(_rounds("nvidia-smi pmon", argv)):
        if number == 0:
            yield f"# gpu{'pid':>12}{_cells(name for name, _ in PROCESS_COLUMNS)}    command "
            yield f"# Idx{'#':>12}{_cells(unit for _, unit in PROCESS_COLUMNS)}    name "
        for index, gpu in gpus:
            samples = {
                sample.pid: sample for sample in ask(pynvml.nvmlDeviceGetProcessUtilization, gpu, 0) or ()
            }
            for kind, process in running(gpu):
                found = samples.get(process.pid)
                rates = iter(
                    [getattr(found, name, None) for name in ("smUtil", "memUtil", "encUtil", "decUtil")]
                    + [None, None]
                )
                yield f"{index:>5}{process.pid:>11}{kind:>6}{_cells(rates)}    {PurePath(process_name(process.pid)).name:<15}"
            if not running(gpu):
                yield f"{index:>5}{'-':>11}{'-':>6}{_cells(iter([None] * 6))}    {'-':<15}"
