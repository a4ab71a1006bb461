"""The CDI file of a claim of a ComputeDomain. Pure."""

from pathlib import Path

from dra_api.identifiers import ClaimUid, DeviceName, DriverName
from dra_driver.cdi.spec import VERSION, CdiSpec, ContainerEdits, DeviceNode, device_id, kind, node
from dra_driver.computedomain.names import DRIVER
from dra_driver.computedomain.requests import CHANNEL_DEVICE, CHANNELS

CHANNEL_FOLDER = "/dev/nvidia-caps-imex-channels"
IMEX_FOLDER = "/imexd"
DRIVER_NAME = DriverName(DRIVER)


def cdi_name(uid: ClaimUid, device: str) -> str:
    """The CDI device of a claim."""
    return device_id(DRIVER_NAME, uid, DeviceName(device), None)


def spec_of(uid: ClaimUid, device: str, edits: ContainerEdits) -> CdiSpec:
    """The file."""
    return {
        "cdiVersion": VERSION,
        "kind": kind(DRIVER_NAME),
        "devices": [{"name": f"{uid}-{device}", "containerEdits": edits}],
        "containerEdits": {"env": ["NVIDIA_VISIBLE_DEVICES=void"]},
    }


def channels(uid: ClaimUid, *, every: bool, in_fabric: bool, dev_root: Path) -> CdiSpec:
    """The channels of a workload: one, all, or on a node outside any fabric none."""
    numbers = range(CHANNELS) if every else range(1)
    nodes: list[DeviceNode] = [
        node(f"{CHANNEL_FOLDER}/channel{number}", dev_root) for number in numbers if in_fabric
    ]
    return spec_of(uid, CHANNEL_DEVICE, {"env": [], "deviceNodes": nodes})


def fabric(uid: ClaimUid, device: str, clique: str) -> CdiSpec:
    """A place in an NVLink domain: its environment says which; no device node is needed for it."""
    environment = {"NVLINK_DOMAIN": clique.partition(".")[0], "NVLINK_CLIQUE": clique}
    return spec_of(uid, device, {"env": [f"{name}={value}" for name, value in environment.items()]})


def daemon(
    uid: ClaimUid,
    device: str,
    *,
    domain: tuple[str, str, str],
    clique: str,
    folder: Path,
    nodes: list[DeviceNode],
) -> CdiSpec:
    """The surroundings of a daemon; DOMAIN is (UID, namespace, name), FOLDER the domain's on the host."""
    environment = {
        "CLIQUE_ID": clique,
        "COMPUTE_DOMAIN_UUID": domain[0],
        "COMPUTE_DOMAIN_NAMESPACE": domain[1],
        "COMPUTE_DOMAIN_NAME": domain[2],
    }
    return spec_of(
        uid,
        device,
        {
            "env": [f"{name}={value}" for name, value in environment.items()],
            "deviceNodes": nodes,
            "mounts": [
                {
                    "hostPath": str(folder),
                    "containerPath": IMEX_FOLDER,
                    "options": ["rw", "nosuid", "nodev", "bind"],
                }
            ],
        },
    )
