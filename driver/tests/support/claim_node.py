"""A claim service on a fake node, as a program: it carries out calls, and can be killed at a step.

    python claim_node.py FOLDER ROOT CALLS

CALLS is JSON: {"claims": {name: claim}, "calls": [[verb, name, uid], ...], "kill": [where, number], "gates": GATES}. Verbs are prepare,
unprepare, maintain and start. One line of JSON is printed for each call. With ``kill`` the process kills itself with SIGKILL
``before`` or ``after`` the step of this number, counted over what is done and undone with the CDI file, or ``between`` the creation of a GPU
instance and of its compute instance.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pynvml
from claim_service import OPEN, Reader, inventory_of, make_service, ref

from dra_driver.cdi.files import CdiFiles
from dra_driver.claims import steps
from dra_driver.claims.occupancy import Occupancy
from dra_driver.devices import pci
from dra_driver.devices.inventory import sibling
from dra_driver.devices.model import (
    Engines,
    Gpu,
    GpuUuid,
    Inventory,
    MigProfile,
    MigSupport,
    PciBusId,
    Placement,
)
from dra_driver.errors import DriverError
from dra_driver.features import parse

PROFILES = (pynvml.NVML_GPU_INSTANCE_PROFILE_1_SLICE, pynvml.NVML_GPU_INSTANCE_PROFILE_3_SLICE)
COUNT = 2


def placements(handle: Any, profile: int) -> tuple[Placement, ...]:
    count = pynvml.c_uint(32)
    found = (pynvml.c_nvmlGpuInstancePlacement_t * 32)()
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, profile, found, pynvml.byref(count))
    return tuple(sorted(Placement(place.start, place.size) for place in found[: count.value]))


def profile_of(handle: Any, number: int) -> MigProfile:
    info = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number)
    return MigProfile(
        name=f"{info.sliceCount}g",
        gi_profile=info.id,
        ci_profile={1: 0, 3: 2}[info.sliceCount],
        compute_slices=info.sliceCount,
        memory_bytes=info.memorySizeMB << 20,
        engines=Engines(),
        max_count=info.instanceCount,
        placements=placements(handle, info.id),
    )


def gpu_of(index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    return Gpu(
        minor=pynvml.nvmlDeviceGetMinorNumber(handle),
        uuid=GpuUuid(pynvml.nvmlDeviceGetUUID(handle)),
        name="fake",
        brand=None,
        architecture=None,
        capability=(9, 0),
        memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
        pci_bus_id=PciBusId(f"0000:0{index}:00.0"),
        driver_version="580",
        cuda=13000,
        mig=MigSupport(
            enabled=bool(pynvml.nvmlDeviceGetMigMode(handle)[0]),
            switchable=True,
            profiles=tuple(profile_of(handle, number) for number in PROFILES),
            slices=8,
        ),
    )


def inventory(root: Path) -> Inventory:
    """Two GPUs; each whole, as MIG devices gpu-0-mig-1g-0 and so on, and as PCI function gpu-vfio-0."""
    pynvml.nvmlInit()
    try:
        made = inventory_of(*(gpu_of(index) for index in range(COUNT)))
    finally:
        pynvml.nvmlShutdown()
    functions = pci.functions(root / "sys", root / "dev")[:COUNT]
    siblings = [sibling(each, gpu) for each, gpu in zip(functions, made.gpus, strict=False)]
    return replace(made, devices={**made.devices, **{device.name: device for device in siblings}})


def kill_at(where: str, number: int) -> None:
    """Kill this process at a step."""
    count = 0

    def killing(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            nonlocal count
            mine, count = count, count + 1
            if (where, number) == ("before", mine):
                os.kill(os.getpid(), signal.SIGKILL)
            answer = call(*arguments)
            if (where, number) == ("after", mine):
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return wrapped

    if where == "between":
        pynvml.nvmlGpuInstanceCreateComputeInstance = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    for name in ("do", "undo"):
        setattr(steps.Steps, name, killing(getattr(steps.Steps, name)))
    CdiFiles.remove = killing(CdiFiles.remove)  # type: ignore[method-assign] # the first of what is undone, with the record


def say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


async def carry_out(folder: Path, root: Path, order: dict[str, Any]) -> None:
    found = inventory(root)
    service = make_service(
        folder,
        Reader(*order["claims"].values()),
        inventory=found,
        root=root,
        occupied=Occupancy(lambda: found).reason,
        features=parse(order["gates"]),
    )
    await service.start()
    for verb, *names in order["calls"]:
        try:
            answer = await getattr(service, verb)(*([ref(*names)] if names else []))
            say([device.device for device in answer or ()])
        except DriverError as error:
            say(str(error))


def main() -> None:
    folder, root, text = sys.argv[1:]
    order = json.loads(text)
    if order.get("kill"):
        kill_at(*order["kill"])
    with OPEN:
        asyncio.run(carry_out(Path(folder), Path(root), order))


if __name__ == "__main__":
    main()
