"""The CDI specification of a claim and its names, as pure functions (CDI 0.5.0, which every runtime with DRA reads).

The vendor is the driver's name, the class is ``claim``, a device is ``<claim uid>-<device name>``. A UID is never
used again, so a stale file cannot match the devices of a later claim. Each device sets a variable of its own, ``DRA_GPU_<minor>=<uuid>``, so
that the edits of several devices in one container do not overwrite each other. ``NVIDIA_VISIBLE_DEVICES=void`` keeps
NVIDIA's container runtime from adding devices of its own. ``DRA_GPU_<minor>_CLAIM=<namespace>/<name>`` tells the
container which claim a device is from, and the driver whose file it is if its checkpoint is lost.
"""

from collections.abc import Collection, Iterator
from typing import NotRequired, TypedDict

from dra_api.identifiers import ClaimUid, DeviceName, DriverName
from dra_driver.devices.inventory import Gpu

VERSION = "0.5.0"
REQUIRED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")
CLAIM = "_CLAIM"
OPTIONAL_NODES = ("/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")


class DeviceNode(TypedDict):
    """``containerEdits.deviceNodes[]``."""

    path: str


class ContainerEdits(TypedDict):
    """``containerEdits`` of a device or of all devices of the file."""

    env: list[str]
    deviceNodes: list[DeviceNode]


class CdiDevice(TypedDict):
    """``devices[]``."""

    name: str
    containerEdits: ContainerEdits


class CdiSpec(TypedDict):
    """A CDI file, as far as this driver uses it."""

    cdiVersion: str
    kind: str
    devices: list[CdiDevice]
    containerEdits: NotRequired[ContainerEdits]


def kind(driver_name: DriverName) -> str:
    """``vendor/class`` of our devices."""
    return f"{driver_name}/claim"


def file_name(driver_name: DriverName, claim_uid: ClaimUid) -> str:
    """The name of a claim's file; both parts are legal in file names and short."""
    return f"{driver_name}-claim-{claim_uid}.json"


def device_id(driver_name: DriverName, claim_uid: ClaimUid, device: DeviceName) -> str:
    """The fully qualified CDI device name, which the kubelet passes on to the container runtime."""
    return f"{kind(driver_name)}={claim_uid}-{device}"


def claim_spec(
    driver_name: DriverName, claim_uid: ClaimUid, claim: str, gpus: Collection[Gpu], present: Collection[str]
) -> CdiSpec:
    """The file's content; CLAIM is ``namespace/name``, PRESENT names the optional device nodes that this host has."""
    nodes = [*REQUIRED_NODES, *(path for path in OPTIONAL_NODES if path in present)]
    return {
        "cdiVersion": VERSION,
        "kind": kind(driver_name),
        "devices": [
            {
                "name": f"{claim_uid}-{gpu.device_name}",
                "containerEdits": {
                    "env": [f"DRA_GPU_{gpu.minor}={gpu.uuid}", f"DRA_GPU_{gpu.minor}{CLAIM}={claim}"],
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


def devices_in(document: CdiSpec, claim_uid: ClaimUid) -> list[DeviceName]:
    """The devices of a claim's file."""
    prefix = f"{claim_uid}-"
    names = [device["name"] for device in document["devices"]]
    return [DeviceName(name.removeprefix(prefix)) for name in names if name.startswith(prefix)]


def claim_in(document: CdiSpec) -> tuple[str, str] | None:
    """The (namespace, name) that a claim's file says; None if it does not."""
    return next(claims_in(document), None)


def claims_in(document: CdiSpec) -> Iterator[tuple[str, str]]:
    """The claim that each device of a file says."""
    for device in document["devices"]:
        for variable in device["containerEdits"]["env"]:
            name, _, value = variable.partition("=")
            namespace, slash, claim = value.partition("/")
            if name.endswith(CLAIM) and slash:
                yield namespace, claim
