"""The programs that a descriptor names: found before anything is started, so that a missing one is one message."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.errors import UsageError

CTL = "fake-nvml"
"""The program behind ``ctl`` in hooks."""


def find_program(name: str) -> str:
    """The path of the program NAME, first beside this Python, then on the PATH.

    Raises:
        UsageError: there is none.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        message = f"command {name!r} does not exist or is not executable; the descriptor names it: install it, or put it on the PATH"
        raise UsageError(message)
    return found


def driver_command(descriptor: Descriptor) -> Sequence[str]:
    """How the driver is started on a node, or on the nodes of racks; empty if the descriptor does not start it."""
    racks = descriptor.multi_node
    return descriptor.start.command or (racks.plugin if racks else ())


def driver_program(descriptor: Descriptor) -> str:
    """The name or path of the driver's own program; empty if the descriptor does not start it."""
    return descriptor.start.program or next(iter(driver_command(descriptor)), "")


def check_programs(descriptor: Descriptor) -> None:
    """Find the programs of the driver, its machine and its hooks, except those inside the machine's folder.

    Raises:
        UsageError: one is missing, or the descriptor does not say how the driver is started.
    """
    racks = descriptor.multi_node
    if not descriptor.start.command and racks is not None:
        for command in (racks.controller, racks.plugin):
            find_program(command[0].replace("{python}", sys.executable))
        return
    if not descriptor.start.command:
        message = f"descriptor {descriptor.name} has no start, and the tier node starts the driver; add it, or judge the driver where it is installed: --cluster existing"
        raise UsageError(message)
    first = [descriptor.start.command[0], *([descriptor.machine.command[0]] if descriptor.machine else [])]
    for hook in descriptor.hooks.given().values():
        first += [*(hook.command or ())[:1], *([CTL] if hook.ctl else [])]
    for wanted in [*first, driver_program(descriptor)]:
        name = wanted.replace("{python}", sys.executable)
        if "{" not in name:
            find_program(name)
