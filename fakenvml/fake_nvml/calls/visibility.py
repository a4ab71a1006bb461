"""Container isolation: a process sees the GPUs whose device nodes it can see, and MIG devices by their capabilities.

On a real node that is what the kernel driver and NVML make of /dev/nvidiaN and /dev/nvidia-caps/nvidia-capM in the
process's mount namespace; GPUs are then counted from 0 among those that are left. A daemon that isolates reads
/proc/PID/root/dev of the caller, and answers the functions that return handles itself instead of publishing them. A
process whose /proc it is not allowed to read (another user's, where the daemon is not root) sees no GPU.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_nvml.abi import table
from fake_nvml.abi.codes import Code
from fake_nvml.calls.dispatch import decode, perform, subject_of, success
from fake_nvml.calls.registry import Caller, check
from fake_nvml.model import Gpu, MigDevice, Node, NvmlError, resolve

GI_MAX, CI_MAX = 15, 8
COUNTS = ("nvmlDeviceGetCount", "nvmlDeviceGetCount_v2")
BY_INDEX = ("nvmlDeviceGetHandleByIndex", "nvmlDeviceGetHandleByIndex_v2")
BY_NAME = (
    "nvmlDeviceGetHandleByUUID",
    "nvmlDeviceGetHandleBySerial",
    "nvmlDeviceGetHandleByPciBusId",
    "nvmlDeviceGetHandleByPciBusId_v2",
)
INDEX, MIG_BY_INDEX = "nvmlDeviceGetIndex", "nvmlDeviceGetMigDeviceHandleByIndex"
FUNCTIONS = frozenset({*COUNTS, *BY_INDEX, *BY_NAME, INDEX, MIG_BY_INDEX})
"""The functions that return a handle, and the one that returns its index."""


def mig_minor(gpu: int, gi: int, ci: int | None) -> int:
    """The minor number of a capability: 1 config, 2 monitor, then nine for each of the fifteen GPU instances per GPU."""
    return 3 + gpu * GI_MAX * (CI_MAX + 1) + gi * (CI_MAX + 1) + (0 if ci is None else ci + 1)


def entries() -> set[int]:
    """The entry points that a daemon which isolates answers itself."""
    return {table.functions()[name].id for name in FUNCTIONS}


@dataclass(frozen=True, slots=True)
class View:
    """What a process can see: GPUs by minor number, and minor numbers of MIG capabilities."""

    gpus: frozenset[int]
    capabilities: frozenset[int]

    def sees(self, found: Gpu | MigDevice) -> bool:
        """Whether a GPU, or a MIG device with both its instances and its GPU, is there for the process."""
        if isinstance(found, Gpu):
            return found.index in self.gpus
        # MIG User Guide, "Device Nodes and Capabilities": a MIG device needs the access nodes of both its instances
        index, gi = found.gpu.index, found.gi.id
        wanted = {mig_minor(index, gi, None), mig_minor(index, gi, found.ci.id)}
        return index in self.gpus and wanted <= self.capabilities


def _numbers(folder: Path, prefix: str) -> frozenset[int]:
    try:
        # the directory is listed, no node is opened: without the kernel module every open would fail
        names = [path.name.removeprefix(prefix) for path in folder.glob(f"{prefix}*")]
    except OSError:
        return frozenset()
    # nvidiactl, nvidia-uvm and nvidia-modeset share the prefix
    return frozenset(int(name) for name in names if name.isdecimal())


def view_of(pid: int, processes: Path = Path("/proc")) -> View:
    """What process PID sees."""
    dev = processes / str(pid) / "root/dev"
    return View(_numbers(dev, "nvidia"), _numbers(dev / "nvidia-caps", "nvidia-cap"))


def perform_in_view(view: View, node: Node, caller: Caller, function: table.Function, raw: bytes) -> bytes:
    """The answer to one of ``FUNCTIONS`` for a process with that view.

    Raises:
        ValueError: malformed frame.
    """
    if function.name in BY_NAME:
        answer = perform(node, caller, function, raw)
        assert isinstance(answer, bytes)
        code, handle = struct.unpack("<IQ", answer) if len(answer) > 4 else (None, 0)
        # NOT_FOUND, not NO_PERMISSION: inside the container the GPU does not exist
        hidden = code == Code.SUCCESS and not view.sees(_seen(node, handle))
        return struct.pack("<I", Code.NOT_FOUND) if hidden else answer
    inputs, versions = decode(function, raw)
    try:
        subject, _ = subject_of(node, function, inputs)
        return success(function, versions, _answer(view, node, function.name, subject, inputs))
    except NvmlError as error:
        return struct.pack("<I", error.code)


def _seen(node: Node, handle: int) -> Gpu | MigDevice:
    found = resolve(node, handle)
    assert isinstance(found, Gpu | MigDevice)
    return found


def _answer(view: View, node: Node, name: str, subject: Any, inputs: list[Any]) -> int:
    visible = [gpu for gpu in node.gpus() if view.sees(gpu)]
    if name in COUNTS:
        return len(visible)
    if name in BY_INDEX:
        check(inputs[0] < len(visible))
        check(not visible[inputs[0]].state.lost, Code.GPU_IS_LOST)
        return visible[inputs[0]].handle
    if name == INDEX:
        check(subject in visible)
        return visible.index(subject)
    check(isinstance(subject, Gpu) and subject.board.mig, Code.NOT_SUPPORTED)
    check(inputs[0] < subject.board.mig.max_devices)
    devices = [device for device in subject.mig_devices() if view.sees(device)]
    check(inputs[0] < len(devices), Code.NOT_FOUND)
    return devices[inputs[0]].handle
