"""``dev`` and ``proc/devices``: the device nodes of the driver, and which driver has which major number."""

from pathlib import Path

from fake_nvml.driver_root.files import device_nodes, write
from fake_nvml.model import Node

# 195 is registered for NVIDIA; the kernel assigns the others at load time, and components read them in /proc/devices
MAJORS = {"nvidia": 195, "nvidia-uvm": 511, "nvidia-caps": 236, "nvidia-caps-imex-channels": 235}
CTL_MINOR, MODESET_MINOR = 255, 254  # fixed in the kernel module, above every GPU's minor
CHANNELS = 2048
FABRIC_MINOR = 0
"""The capability fabric-imex-mgmt, whose device node nvidia-imex opens."""


def write_devices(root: Path, node: Node) -> None:
    """Everything but the nodes of capabilities, which follow the MIG instances."""
    nodes = {"nvidiactl": ("nvidia", CTL_MINOR), "nvidia-modeset": ("nvidia", MODESET_MINOR),
             "nvidia-uvm": ("nvidia-uvm", 0), "nvidia-uvm-tools": ("nvidia-uvm", 1)}  # fmt: skip
    nodes |= {f"nvidia{gpu.index}": ("nvidia", gpu.index) for gpu in node.gpus()}
    device_nodes(root / "dev", {name: (MAJORS[driver], minor) for name, (driver, minor) in nodes.items()})
    if node.machine.rack:
        major = MAJORS["nvidia-caps-imex-channels"]
        channels = {f"channel{number}": (major, number) for number in range(CHANNELS)}
        device_nodes(root / "dev/nvidia-caps-imex-channels", channels)
    rows = "\n".join(f"{major:>3} {name}" for name, major in sorted(MAJORS.items(), key=lambda row: row[1]))
    write(root / "proc/devices", f"Character devices:\n  1 mem\n{rows}\n\nBlock devices:\n259 blkext\n")


def write_capability_nodes(root: Path, minors: set[int]) -> None:
    """``dev/nvidia-caps/nvidia-capN`` of these minor numbers and of no others."""
    folder = root / "dev/nvidia-caps"
    names = {f"nvidia-cap{minor}": minor for minor in minors}
    for stale in folder.glob("nvidia-cap*"):
        if stale.name not in names:
            stale.unlink()
    # only what differs is written: a container may have mounted the other files
    missing = {
        name: (MAJORS["nvidia-caps"], minor) for name, minor in names.items() if not (folder / name).exists()
    }
    if missing:
        device_nodes(folder, missing)
