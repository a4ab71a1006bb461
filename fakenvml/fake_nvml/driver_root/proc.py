"""``proc/driver/nvidia``: version, parameters, GPUs and capabilities, as the kernel module shows them."""

from collections.abc import Iterator
from pathlib import Path

from fake_nvml.calls.visibility import CI_MAX, GI_MAX, mig_minor
from fake_nvml.driver_root.devices import FABRIC_MINOR
from fake_nvml.driver_root.files import write
from fake_nvml.driver_root.pci import address, interrupt
from fake_nvml.model import Node


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
    write(path, f"DeviceFileMinor: {minor}\nDeviceFileMode: {mode:o}\nDeviceFileModify: 1\n")


def write_proc(root: Path, node: Node) -> None:
    """Everything but what follows the MIG instances."""
    driver, proc = node.machine.driver.version, root / "proc/driver/nvidia"
    write(proc / "version", f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  (fake-nvml)\n")
    write(proc / "params", "ModifyDeviceFiles: 1\nDeviceFileUID: 0\nDeviceFileGID: 0\nDeviceFileMode: 438\n")
    for gpu in node.gpus():
        rows = {
            "Model": gpu.board.identity.name,
            "IRQ": str(interrupt(gpu)),
            "GPU UUID": gpu.uuid,
            "Bus Type": "PCIe",
            "Bus Location": address(gpu),
            "Device Minor": str(gpu.index),
        }
        text = "".join(f"{label + ':':<17}{value}\n" for label, value in rows.items())
        write(proc / "gpus" / address(gpu) / "information", text)
    # name, bytes, users, used by, state, address, as in proc_modules(5)
    modules = "nvidia_uvm 1896448 0 - Live 0x0000000000000000\nnvidia 104071168 1 nvidia_uvm, Live 0x0000000000000000\n"
    write(root / "proc/modules", modules)
    _capability(proc / "capabilities/fabric-imex-mgmt", FABRIC_MINOR)
    if node.board.mig:
        # MIG User Guide: changing the configuration is root's, monitoring is everybody's
        _capability(proc / "capabilities/mig/config", 1, 0o400)
        _capability(proc / "capabilities/mig/monitor", 2)
        write(root / "proc/driver/nvidia-caps/mig-minors", "\n".join(_minors(node)) + "\n")


def write_mig_capabilities(root: Path, node: Node) -> set[int]:
    """One for each instance that exists and for no other; returns their minor numbers."""
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
    return set(wanted.values()) | ({1, 2} if node.board.mig else set())
