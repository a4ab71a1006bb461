"""Pure: a claim's GPUs to a CDI specification and its names (CDI 0.5.0, which every runtime with DRA reads).

The vendor is the driver's name, the class is ``claim``, a device is ``<claim uid>-<device name>``: never used again, so
that a stale file cannot serve a later claim. Each device sets a variable of its own, ``DRA_GPU_<minor>=<uuid>``, so
that several devices in one container do not contradict each other; ``NVIDIA_VISIBLE_DEVICES=void`` tells NVIDIA's
container runtime to add nothing of its own.
"""

from collections.abc import Collection
from typing import Any

from dra_driver.devices.inventory import Gpu

VERSION = "0.5.0"
REQUIRED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")
OPTIONAL_NODES = ("/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")


def kind(driver_name: str) -> str:
    """``vendor/class`` of our devices."""
    return f"{driver_name}/claim"


def file_name(driver_name: str, claim_uid: str) -> str:
    """The name of a claim's file; both parts are legal in file names and short."""
    return f"{driver_name}-claim-{claim_uid}.json"


def device_id(driver_name: str, claim_uid: str, device: str) -> str:
    """The fully qualified name that goes to the kubelet."""
    return f"{kind(driver_name)}={claim_uid}-{device}"


def claim_spec(
    driver_name: str, claim_uid: str, gpus: Collection[Gpu], present: Collection[str]
) -> dict[str, Any]:
    """The file's content; PRESENT names the optional device nodes that this host has."""
    nodes = [*REQUIRED_NODES, *(path for path in OPTIONAL_NODES if path in present)]
    return {
        "cdiVersion": VERSION,
        "kind": kind(driver_name),
        "devices": [
            {
                "name": f"{claim_uid}-{gpu.device_name}",
                "containerEdits": {
                    "env": [f"DRA_GPU_{gpu.minor}={gpu.uuid}"],
                    "deviceNodes": [{"path": f"/dev/nvidia{gpu.minor}"}],
                },
            }
            for gpu in sorted(gpus, key=lambda gpu: gpu.minor)
        ],
        "containerEdits": {
            "env": ["NVIDIA_VISIBLE_DEVICES=void"],
            "deviceNodes": [{"path": path} for path in nodes],
        },
    }
