"""The devices that a CUDA process has: which GPUs and MIG instances it sees, and what each says about itself (pure)."""

import struct
import uuid

from fake_nvml.calls.visibility import View
from fake_nvml.device_memory.sharing import place_of
from fake_nvml.model import MIB, Gpu, MigDevice, Node

Device = Gpu | MigDevice


def visible(node: Node, wanted: str | None, view: View | None = None) -> list[Device]:
    """The devices of a process: by CUDA_VISIBLE_DEVICES, or all GPUs; of boards in MIG mode only the first instance.

    With a VIEW only what it sees counts, and GPUs are numbered among those.
    """
    gpus = [gpu for gpu in node.gpus() if not gpu.state.lost and (view is None or view.sees(gpu))]
    instances = [device for gpu in gpus for device in gpu.mig_devices() if view is None or view.sees(device)]
    if wanted is None:
        whole: list[Device] = [gpu for gpu in gpus if not gpu.state.mig]
        # MIG User Guide: a CUDA process enumerates one MIG instance only, and GPUs in MIG mode not at all
        return whole or list(instances[:1])
    found: list[Device] = []
    for entry in filter(None, (entry.strip() for entry in wanted.split(","))):
        match: Device | None = None
        if entry.isdigit():
            match = next((gpu for gpu in gpus[int(entry) : int(entry) + 1] if not gpu.state.mig), None)
        elif entry.startswith("GPU-"):
            match = next((gpu for gpu in gpus if gpu.uuid.startswith(entry) and not gpu.state.mig), None)
        elif entry.startswith("MIG-"):
            match = next((device for device in instances if device.uuid == entry), None)
        # CUDA Programming Guide, CUDA_VISIBLE_DEVICES: only the devices before an invalid entry are visible
        if match is None:
            break
        found.append(match)
    return found


def gpu_of(device: Device) -> Gpu:
    """The GPU that a device is, or is part of."""
    return device if isinstance(device, Gpu) else device.gpu


def total_bytes(device: Device) -> int:
    """The memory that contexts on a device share."""
    if isinstance(device, MigDevice):
        return device.total_bytes
    facts = device.board.memory
    return (facts.total_mib - facts.reserved_mib) * MIB


def described(device: Device, thread_percent: int) -> bytes:
    """What ``cuda.c`` reads of a device: name, UUID and numbers; of the multiprocessors THREAD_PERCENT, at least one."""
    gpu = gpu_of(device)
    name, count = gpu.board.identity.name, gpu.board.compute.multiprocessors
    if isinstance(device, MigDevice):
        name, count = f"{name} MIG {device.profile.name}", device.profile.multiprocessors
    major, minor = gpu.board.compute.capability
    slot = gpu.node.machine.gpus[gpu.index]
    numbers = struct.pack(
        "<Q7I",
        total_bytes(device),
        max(1, count * thread_percent // 100),
        major,
        minor,
        slot.domain,
        slot.bus,
        gpu.node.machine.driver.cuda,
        place_of(gpu).registered,
    )
    return name.encode().ljust(128, b"\0") + uuid.UUID(device.uuid[4:]).bytes + numbers
