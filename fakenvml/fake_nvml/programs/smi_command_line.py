"""What the verbs of the ``nvidia-smi`` stand-in share: its parser, the GPUs of ``-i``, root, and the node's daemon."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import pynvml

from fake_nvml import control
from fake_nvml.errors import FakeNvmlError
from fake_nvml.programs import smi_mig

NOT_FOUND, NO_PERMISSION, WRONG_USE = 6, 4, 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong as nvidia-smi does."""

    def error(self, message: str) -> NoReturn:
        """One line and exit code 2."""
        sys.stdout.write(f"{message}. Please run 'nvidia-smi -h' for help.\n")
        raise SystemExit(WRONG_USE)


def chosen(wanted: str | None) -> list[tuple[int, Any]]:
    """(index, handle) of the GPUs that ``-i`` names, or of all.

    Raises:
        Refused: one of them is not there.
    """
    known = [
        (index, pynvml.nvmlDeviceGetHandleByIndex(index)) for index in range(pynvml.nvmlDeviceGetCount())
    ]
    if wanted is None:
        return known
    found = []
    for name in wanted.split(","):
        match = [
            (index, gpu)
            for index, gpu in known
            if name in (str(index), pynvml.nvmlDeviceGetUUID(gpu), pynvml.nvmlDeviceGetSerial(gpu))
            or (pynvml.nvmlDeviceGetPciInfo(gpu).busId.lower().endswith(name.lower()) and ":" in name)
        ]
        if not match:
            text = "No devices were found"
            raise smi_mig.Refused(text, NOT_FOUND)
        found += match
    return found


def need_root() -> None:
    """Raise unless the caller may change settings."""
    if os.geteuid() != 0:
        text = "Insufficient permissions: changing a setting needs root"
        raise smi_mig.Refused(text, NO_PERMISSION)


def ask_daemon(verb: str, index: int | None = None, **values: object) -> Any:
    """What goes past NVML.

    Raises:
        Refused: the daemon does not do it.
    """
    folder = Path(os.environ.get("FAKE_NVML_DIR", "/run/fake-nvml"))
    try:
        return control.send(folder, verb, index, {name: str(value) for name, value in values.items()})
    except FakeNvmlError as error:
        raise smi_mig.Refused(str(error), pynvml.NVML_ERROR_IN_USE) from error
