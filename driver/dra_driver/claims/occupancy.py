"""Whether a process still uses a device that no claim has: then it is not given to the next claim.

A pod that is deleted by force frees its claim while its processes run (kubernetes#141471), and the scheduler gives the
device to the next pod. NVML lists the processes on a device; /proc says to which pod one belongs, if this driver sees
the process ids of the host. A dynamic MIG device needs no look: before it is created nothing can run on it, and NVML
does not destroy one that is in use. Blocks: called in a thread.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pynvml

from dra_driver.claims.mig_instances import opened
from dra_driver.claims.step import PreparedDevice
from dra_driver.devices.model import GpuDevice, Inventory, MigDevice, VfioDevice
from dra_driver.nvml.library import optional

POD = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})")
"""The pod's UID in the name of a cgroup (kubelet cm/cgroup_manager_linux.go, both cgroup drivers)."""
SHOWN = 3


class Occupancy:
    """The processes on the devices of one node."""

    def __init__(self, inventory: Callable[[], Inventory], procfs: Path = Path("/proc")) -> None:
        self._inventory = inventory
        self._procfs = procfs

    def reason(self, devices: Sequence[PreparedDevice]) -> str | None:
        """Why DEVICES, which no claim has, cannot be given away yet; None if nothing runs on them.

        Raises:
            EnvironmentFault: NVML does not say.
        """
        for device in devices:
            uuid = self._existing(device)
            pids = sorted(set(pids_on(uuid))) if uuid is not None else []
            if pids:
                shown = ", ".join(self._describe(pid) for pid in pids[:SHOWN])
                more = f" and {len(pids) - SHOWN} more" if len(pids) > SHOWN else ""
                return f"device {device.device} is still used by {shown}{more}; it is prepared when they have ended"
        return None

    def _existing(self, device: PreparedDevice) -> str | None:
        match self._inventory().devices.get(device.device):
            case GpuDevice(gpu=gpu):
                return gpu.uuid
            case VfioDevice(gpu=gpu) if gpu is not None:
                return gpu.uuid
            case MigDevice(instance=instance) if instance is not None:
                return instance.uuid
        return None

    def _describe(self, pid: int) -> str:
        folder = self._procfs / str(pid)
        try:
            name = (folder / "comm").read_text().strip()
            pod = POD.search((folder / "cgroup").read_text())
        except OSError:
            return f"process {pid}"
        return f"process {pid} ({name}{', pod ' + pod[1].replace('_', '-') if pod else ''})"


def pids_on(uuid: str) -> Iterator[int]:
    """The processes with a context on a device; those of MPS clients too."""
    with opened(uuid, "listing the processes") as handle:
        for call in (
            pynvml.nvmlDeviceGetComputeRunningProcesses,
            pynvml.nvmlDeviceGetMPSComputeRunningProcesses,
        ):
            found: list[Any] = optional(call, handle) or []
            yield from (process.pid for process in found)
