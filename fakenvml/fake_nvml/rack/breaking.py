"""Breaks places of a rack that is served, and mends them: every daemon of the rack learns what its GPUs see now."""

import os
import signal
import time
from collections.abc import Collection
from pathlib import Path
from typing import TypedDict

from fake_nvml import control
from fake_nvml.errors import EnvironmentFault
from fake_nvml.rack.faults import Fault, other_end, view
from fake_nvml.rack.records import locked, read_faults, read_shape, write_faults
from fake_nvml.rack.served import READY_S, is_ready
from fake_nvml.rack.shape import Shape, folder_of


class FaultShown(TypedDict):
    """One fault and what is at its ends."""

    rack: int
    fault: str
    ends: str


def change(folder: Path, rack: int, fault: Fault, *, mend: bool) -> list[FaultShown]:
    """Break what FAULT names in RACK, or MEND it; the faults that are left.

    Raises:
        UsageError: FOLDER is no folder of racks.
        EnvironmentFault: the racks are not served.
    """
    shape = read_shape(folder)
    with locked(folder):
        before = read_faults(folder, rack)
        after = {*before} - {fault} if mend else {*before, fault}
        write_faults(folder, rack, after)
        if fault.kind == "node":
            (_start if mend else _kill)(folder, rack, fault.node)
        _apply(shape, folder, rack, before, after)
    return shown(folder)


def shown(folder: Path) -> list[FaultShown]:
    """All faults of all racks.

    Raises:
        UsageError: FOLDER is no folder of racks.
    """
    shape = read_shape(folder)
    return [
        {"rack": rack, "fault": fault.kind, "ends": other_end(shape, fault)}
        for rack in range(shape.racks)
        for fault in read_faults(folder, rack)
    ]


class ViewShown(TypedDict):
    """What one GPU sees of the faults of its rack; ``power`` is false where the node has none."""

    rack: int
    node: int
    gpu: int
    links_down: list[int]
    health: str
    power: bool


def views(folder: Path) -> list[ViewShown]:
    """The GPUs of all racks that see a fault, served or not.

    Raises:
        UsageError: FOLDER is no folder of racks.
    """
    shape = read_shape(folder)
    well = view(shape, (), 0, 0)
    found: list[ViewShown] = []
    for rack in range(shape.racks):
        faults = read_faults(folder, rack)
        dark = {fault.node for fault in faults if fault.kind == "node"}
        for node in range(shape.nodes) if faults else ():
            for gpu in range(shape.gpus):
                seen, power = view(shape, faults, node, gpu), node not in dark
                if seen != well or not power:
                    found.append(
                        {
                            "rack": rack,
                            "node": node,
                            "gpu": gpu,
                            "links_down": list(seen.links_down),
                            "health": seen.health,
                            "power": power,
                        }
                    )
    return found


def _apply(
    shape: Shape, folder: Path, rack: int, before: Collection[Fault], after: Collection[Fault]
) -> None:
    """Have every GPU of RACK that is served see the faults AFTER; one that sees no other than BEFORE is left alone.

    A tray that got its power back saw nothing of what happened meanwhile.
    """
    back = {fault.node for fault in {*before} - {*after} if fault.kind == "node"}
    for node in range(shape.nodes):
        tray = folder / folder_of(rack, node)
        if not is_ready(tray):
            continue
        for gpu in range(shape.gpus):
            seen = view(shape, after, node, gpu)
            if node in back or seen != view(shape, before, node, gpu):
                control.send(tray, "links", gpu, {"down": ",".join(map(str, seen.links_down))})
                control.send(tray, "fabric", gpu, {"health": seen.health, "mask": str(seen.mask)})


def _kill(folder: Path, rack: int, node: int) -> None:
    """Take the power of a tray away."""
    tray = folder / folder_of(rack, node)
    if is_ready(tray):
        os.kill(int((tray / "ready").read_text()), signal.SIGKILL)
    for name in ("ready", "driver.sock", "answers"):
        (tray / name).unlink(missing_ok=True)


def _start(folder: Path, rack: int, node: int) -> None:
    """Give a tray its power back.

    Raises:
        EnvironmentFault: nobody serves the racks, or the tray does not become ready.
    """
    if not is_ready(folder):
        message = f"nobody serves the racks in {folder}; start fake-nvml rack serve"
        raise EnvironmentFault(message)
    os.kill(int((folder / "ready").read_text()), signal.SIGUSR1)
    tray, deadline = folder / folder_of(rack, node), time.monotonic() + READY_S
    while not is_ready(tray):
        if time.monotonic() > deadline:
            message = f"node {node} of rack {rack} in {folder} is not ready after {READY_S:g} s"
            raise EnvironmentFault(message)
        time.sleep(0.01)
