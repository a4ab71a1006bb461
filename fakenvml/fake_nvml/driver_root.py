"""``fake-nvml driver-root DIR``: the files around the library that NVIDIA's components read, under one root.

    usr/lib/x86_64-linux-gnu   libnvidia-ml.so.1 and libcuda.so.1, also by driver version
    usr/bin                    nvidia-smi, nvidia-cuda-mps-control and -server, nvidia-imex and -ctl (stand-ins)
    dev                        nvidia0 ..., nvidiactl, nvidia-uvm, nvidia-caps, IMEX channels
    proc                       driver/nvidia (version, params, gpus, capabilities), driver/nvidia-caps/mig-minors, devices
    sys                        bus/pci/devices, bus/pci/drivers/nvidia, module/nvidia

Device nodes are made where the kernel allows it; elsewhere they are empty files of the same names. What depends on MIG
instances is written by ``refresh``, which a daemon started with ``--driver-root`` does after each change.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from fake_nvml import build
from fake_nvml.calls.visibility import CI_MAX, GI_MAX, mig_minor
from fake_nvml.errors import EnvironmentFault
from fake_nvml.model import Gpu, Node

LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
PROGRAMS = {
    "nvidia-smi": "fake_nvml.programs.nvidia_smi",
    "nvidia-cuda-mps-control": "fake_nvml.programs.mps_control",
    "nvidia-cuda-mps-server": "fake_nvml.programs.mps_server",
    "nvidia-imex": "fake_nvml.programs.imex",
    "nvidia-imex-ctl": "fake_nvml.programs.imex_ctl",
}
# 195 is registered for NVIDIA; the kernel assigns the others at load time, and components read them in /proc/devices
MAJORS = {"nvidia": 195, "nvidia-uvm": 511, "nvidia-caps": 236, "nvidia-caps-imex-channels": 235}
CTL_MINOR, MODESET_MINOR = 255, 254  # fixed in the kernel module, above every GPU's minor
CHANNELS = 2048
SCRIPT = """\
#!/bin/sh
# Made by fake-nvml driver-root.
root=$(dirname "$(readlink -f "$0")")/../..
export LD_LIBRARY_PATH="$root/{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec {python} -m {module} "$@"
"""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _node(path: Path, major: int, minor: int) -> None:
    """A character device, or an empty file where that is not allowed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        path.chmod(0o666)
    except PermissionError:
        path.touch(mode=0o666)


def bdf(gpu: Gpu) -> str:
    """The PCI address as the kernel prints it."""
    slot = gpu.node.machine.gpus[gpu.index]
    return f"{slot.domain:04x}:{slot.bus:02x}:00.0"


def _programs(root: Path, version: str) -> None:
    """Libraries are copies, so that the root can be mounted elsewhere; programs find them by where they are."""
    for name, source in build.libraries().items():
        for link in (name, f"{name.removesuffix('.1')}.{version}"):
            target = root / LIBRARIES / link
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755)
    for name, module in PROGRAMS.items():
        path = root / "usr/bin" / name
        _write(path, SCRIPT.format(libraries=LIBRARIES, python=sys.executable, module=module))
        path.chmod(0o755)


def _devices(root: Path, node: Node) -> None:
    nodes = {"nvidiactl": ("nvidia", CTL_MINOR), "nvidia-modeset": ("nvidia", MODESET_MINOR),
             "nvidia-uvm": ("nvidia-uvm", 0), "nvidia-uvm-tools": ("nvidia-uvm", 1)}  # fmt: skip
    nodes |= {f"nvidia{gpu.index}": ("nvidia", gpu.index) for gpu in node.gpus()}
    if node.machine.rack:
        nodes |= {
            f"nvidia-caps-imex-channels/channel{i}": ("nvidia-caps-imex-channels", i) for i in range(CHANNELS)
        }
    for name, (driver, minor) in nodes.items():
        _node(root / "dev" / name, MAJORS[driver], minor)
    rows = "\n".join(f"{major:>3} {name}" for name, major in sorted(MAJORS.items(), key=lambda row: row[1]))
    _write(root / "proc/devices", f"Character devices:\n  1 mem\n{rows}\n\nBlock devices:\n259 blkext\n")


def _minors(node: Node) -> Iterator[str]:
    yield "config 1"
    yield "monitor 2"
    for gpu in node.gpus():
        for gi in range(GI_MAX):
            yield f"gpu{gpu.index}/gi{gi}/access {mig_minor(gpu.index, gi, None)}"
            yield from (
                f"gpu{gpu.index}/gi{gi}/ci{ci}/access {mig_minor(gpu.index, gi, ci)}" for ci in range(CI_MAX)
            )


def _capability(path: Path, minor: int, mode: int = 0o444) -> None:
    _write(path, f"DeviceFileMinor: {minor}\nDeviceFileMode: {mode:o}\nDeviceFileModify: 1\n")


def _proc(root: Path, node: Node) -> None:
    driver, proc = node.machine.driver.version, root / "proc/driver/nvidia"
    _write(proc / "version", f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  (fake-nvml)\n")
    _write(proc / "params", "ModifyDeviceFiles: 1\nDeviceFileUID: 0\nDeviceFileGID: 0\nDeviceFileMode: 438\n")
    for gpu in node.gpus():
        rows = {
            "Model": gpu.board.identity.name,
            "IRQ": str(64 + gpu.node.machine.gpus[gpu.index].bus),
            "GPU UUID": gpu.uuid,
            "Bus Type": "PCIe",
            "Bus Location": bdf(gpu),
            "Device Minor": str(gpu.index),
        }
        text = "".join(f"{label + ':':<17}{value}\n" for label, value in rows.items())
        _write(proc / "gpus" / bdf(gpu) / "information", text)
    _capability(proc / "capabilities/fabric-imex-mgmt", 0)
    if node.board.mig:
        # MIG User Guide: changing the configuration is root's, monitoring is everybody's
        _capability(proc / "capabilities/mig/config", 1, 0o400)
        _capability(proc / "capabilities/mig/monitor", 2)
        _write(root / "proc/driver/nvidia-caps/mig-minors", "\n".join(_minors(node)) + "\n")


def _sys(root: Path, node: Node) -> None:
    """Each board below a root port of its own host bridge, and a link from the bus to it."""
    _write(root / "sys/module/nvidia/version", f"{node.machine.driver.version}\n")
    driver = root / "sys/bus/pci/drivers/nvidia"
    driver.mkdir(parents=True, exist_ok=True)
    for gpu in node.gpus():
        slot, identity, name = node.machine.gpus[gpu.index], gpu.board.identity, bdf(gpu)
        bridge = f"pci{slot.domain:04x}:{slot.bus & 0xF0:02x}"
        port = f"{slot.domain:04x}:{slot.bus & 0xF0:02x}:01.0"
        device = root / "sys/devices" / bridge / port / name
        values = {
            "vendor": "0x10de",
            "device": f"0x{identity.pci_device_id:04x}",
            "subsystem_vendor": "0x10de",
            "subsystem_device": f"0x{identity.pci_subsystem_id:04x}",
            "class": "0x030200",
            "numa_node": str(slot.numa),
            "max_link_width": str(gpu.board.pcie.width),
        }
        for field, value in values.items():
            _write(device / field, f"{value}\n")
        for folder, target in ((root / "sys/bus/pci/devices", f"../../../devices/{bridge}/{port}/{name}"),
                               (driver, f"../../../../devices/{bridge}/{port}/{name}")):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(target)
        link = device / "driver"
        link.unlink(missing_ok=True)
        link.symlink_to("../../../../bus/pci/drivers/nvidia")


def refresh(root: Path, node: Node) -> None:
    """Write what follows the MIG instances: a capability and its device node for each, and for no others."""
    capabilities = root / "proc/driver/nvidia/capabilities"
    wanted: dict[Path, int] = {}
    for gpu in node.gpus():
        for gi in gpu.state.instances:
            base = capabilities / f"gpu{gpu.index}/mig/gi{gi.id}"
            wanted[base / "access"] = mig_minor(gpu.index, gi.id, None)
            wanted |= {base / f"ci{ci.id}/access": mig_minor(gpu.index, gi.id, ci.id) for ci in gi.compute}
    # only what differs is written: a container may have mounted the other files
    for stale in set(capabilities.glob("gpu*/mig/gi*/**/access")) - wanted.keys():
        stale.unlink()
    for path, minor in wanted.items():
        if not path.exists():
            _capability(path, minor)
    minors = {
        f"nvidia-cap{minor}": minor for minor in (*wanted.values(), *((1, 2) if node.board.mig else ()))
    }
    for stale in (root / "dev/nvidia-caps").glob("nvidia-cap*"):
        if stale.name not in minors:
            stale.unlink()
    for name, minor in minors.items():
        if not (root / "dev/nvidia-caps" / name).exists():
            _node(root / "dev/nvidia-caps" / name, MAJORS["nvidia-caps"], minor)


def make(root: Path, node: Node) -> None:
    """Write the whole root.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    try:
        _programs(root, node.machine.driver.version)
        _devices(root, node)
        _proc(root, node)
        _sys(root, node)
        refresh(root, node)
    except OSError as error:
        message = f"cannot write the driver root {root}: {error}"
        raise EnvironmentFault(message) from error
