"""Scans a fake node as the driver does, and makes MIG devices on its first GPU, as a program.

python mig_scan.py on        switches MIG mode on, or asks for it, where that needs a reset
python mig_scan.py each      makes and destroys one device of each profile; prints {profile: MIG UUID or error}
python mig_scan.py uneven    makes a compute instance that is smaller than its GPU instance; prints what is offered
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pynvml

from dra_driver.claims.mig_instances import create, destroy
from dra_driver.claims.step import CreateMig
from dra_driver.devices.inventory import make_inventory
from dra_driver.devices.model import MigDevice
from dra_driver.devices.scan import take_snapshot
from dra_driver.errors import DriverError
from dra_driver.features import parse


def offered(gates: str) -> dict[str, MigDevice]:
    """The MIG devices of the first GPU."""
    devices = make_inventory(take_snapshot(Path("/none"), Path("/none")), parse(gates)).devices.values()
    found = [device for device in devices if isinstance(device, MigDevice) and device.gpu.minor == 0]
    return {device.name: device for device in found}


def step_of(device: MigDevice) -> CreateMig:
    assert device.profile.ci_profile is not None
    return CreateMig(
        device=device.name,
        gpu=device.gpu.uuid,
        gi_profile=device.profile.gi_profile,
        ci_profile=device.profile.ci_profile,
        start=device.placement.start,
        size=device.placement.size,
    )


def each_profile() -> dict[str, str]:
    first = {device.profile.name: device for device in reversed(offered("DynamicMIG=true").values())}
    answers = {}
    for name, device in first.items():
        try:
            made = create(step_of(device), None)
            answers[name] = made.uuid
            destroy(step_of(device), made)
        except DriverError as error:
            answers[name] = f"error: {error}"
    return answers


def switch_on() -> None:
    pynvml.nvmlDeviceSetMigMode(pynvml.nvmlDeviceGetHandleByIndex(0), 1)


def uneven() -> list[str]:
    switch_on()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    profile = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, pynvml.NVML_GPU_INSTANCE_PROFILE_3_SLICE)
    instance = pynvml.nvmlDeviceCreateGpuInstance(handle, profile.id)
    small = pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(
        instance, pynvml.NVML_COMPUTE_INSTANCE_PROFILE_1_SLICE, 0
    )
    pynvml.nvmlGpuInstanceCreateComputeInstance(instance, small.id)
    return sorted(offered(""))


if __name__ == "__main__":
    pynvml.nvmlInit()
    actions: dict[str, Callable[[], object]] = {"on": switch_on, "each": each_profile, "uneven": uneven}
    sys.stdout.write(json.dumps(actions[sys.argv[1]]()))
