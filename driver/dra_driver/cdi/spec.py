"""The CDI specification of a claim and its names, as pure functions (CDI 0.5.0, which every runtime with DRA reads).

The vendor is the driver's name, the class is ``claim``, a device is ``<claim uid>-<device name>``. A UID is never
used again, so a stale file cannot match the devices of a later claim. Each device sets a variable of its own, ``DRA_GPU_<minor>=<uuid>``, so
that the edits of several devices in one container do not overwrite each other. ``NVIDIA_VISIBLE_DEVICES=void`` keeps
NVIDIA's container runtime from adding devices of its own.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from dra_api.identifiers import ClaimUid, DeviceName, DriverName

VERSION = "0.5.0"
REQUIRED_NODES = ("/dev/nvidiactl", "/dev/nvidia-uvm")
OPTIONAL_NODES = ("/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
NO_NVIDIA_RUNTIME = "NVIDIA_VISIBLE_DEVICES=void"
SHARE = re.compile(r"\.share-[-0-9a-zA-Z]+$")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a container with one device gets.

    Attributes:
        name: device name within the claim, see ``entry_name``.
        uuid: what CUDA calls the device; for a function that a virtual machine gets, its PCI address.
        nodes: paths of device nodes in the container.
        controls: it needs the control nodes of NVIDIA's driver.
    """

    name: str
    uuid: str
    nodes: tuple[str, ...]
    env: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    controls: bool = True


class DeviceNode(TypedDict):
    """``containerEdits.deviceNodes[]``."""

    path: str
    hostPath: NotRequired[str]


class Mount(TypedDict):
    """``containerEdits.mounts[]``."""

    hostPath: str
    containerPath: str
    options: list[str]


class Hook(TypedDict):
    """``containerEdits.hooks[]``: a program of the host that the runtime runs."""

    hookName: str
    path: str
    args: list[str]
    env: NotRequired[list[str]]
    timeout: NotRequired[int]


class ContainerEdits(TypedDict):
    """``containerEdits`` of a device or of all devices of the file."""

    env: list[str]
    deviceNodes: NotRequired[list[DeviceNode]]
    mounts: NotRequired[list[Mount]]
    hooks: NotRequired[list[Hook]]


class CdiDevice(TypedDict):
    """``devices[]``."""

    name: str
    containerEdits: ContainerEdits


class CdiSpec(TypedDict):
    """A CDI file, as far as this driver uses it."""

    cdiVersion: str
    kind: str
    devices: list[CdiDevice]
    containerEdits: ContainerEdits


def kind(driver_name: DriverName) -> str:
    """``vendor/class`` of our devices."""
    return f"{driver_name}/claim"


def file_name(driver_name: DriverName, claim_uid: ClaimUid) -> str:
    """The name of a claim's file; both parts are legal in file names and short."""
    return f"{driver_name}-claim-{claim_uid}.json"


def entry_name(device: DeviceName, share: str | None) -> str:
    """The part of a CDI device's name after the claim's UID: a claim can have two shares of a device."""
    return f"{device}.share-{share}" if share else device


def device_id(driver_name: DriverName, claim_uid: ClaimUid, device: DeviceName, share: str | None) -> str:
    """The fully qualified CDI device name, which the kubelet passes on to the container runtime."""
    return f"{kind(driver_name)}={claim_uid}-{entry_name(device, share)}"


def variable(name: str) -> str:
    """The environment variable of a device: ``gpu-0`` is ``DRA_GPU_0``."""
    return "DRA_" + re.sub(r"[^A-Z0-9]", "_", SHARE.sub("", name).upper())


def claim_spec(
    driver_name: DriverName,
    claim_uid: ClaimUid,
    entries: Collection[Entry],
    *,
    present: Collection[str] = (),
    dev_root: Path = Path("/"),
) -> CdiSpec:
    """The file's content.

    PRESENT are the optional device nodes that this host has, DEV_ROOT is the folder of the host below which ``dev`` is.
    """
    controls = [*REQUIRED_NODES, *(path for path in OPTIONAL_NODES if path in present)]
    spec: CdiSpec = {
        "cdiVersion": VERSION,
        "kind": kind(driver_name),
        "devices": [
            {"name": f"{claim_uid}-{entry.name}", "containerEdits": edits_of(entry, dev_root)}
            for entry in entries
        ],
        "containerEdits": {"env": [NO_NVIDIA_RUNTIME]},
    }
    if any(entry.controls for entry in entries):
        spec["containerEdits"]["deviceNodes"] = [node(path, dev_root) for path in controls]
    return spec


def edits_of(entry: Entry, dev_root: Path) -> ContainerEdits:
    """The edits of one device."""
    edits: ContainerEdits = {
        "env": [
            *([f"{variable(entry.name)}={entry.uuid}"] if entry.uuid else []),
            *entry.env,
        ],
        "deviceNodes": [node(path, dev_root) for path in entry.nodes],
    }
    if entry.mounts:
        edits["mounts"] = [
            {"hostPath": host, "containerPath": inside, "options": ["rw", "nosuid", "nodev", "bind"]}
            for host, inside in entry.mounts
        ]
    return edits


def node(path: str, dev_root: Path) -> DeviceNode:
    """A device node, which has the same path in the container whatever the host calls it."""
    if dev_root == Path("/"):
        return {"path": path}
    return {"path": path, "hostPath": str(dev_root / path.lstrip("/"))}


def devices_in(document: CdiSpec, claim_uid: ClaimUid) -> list[DeviceName]:
    """The devices of a claim's file."""
    prefix = f"{claim_uid}-"
    names = [device["name"] for device in document["devices"]]
    return [DeviceName(SHARE.sub("", name.removeprefix(prefix))) for name in names if name.startswith(prefix)]
