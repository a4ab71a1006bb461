"""Claims, GPUs and a claim service on a folder, for tests of the driver without an API server and without NVML."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import AllocationConfig, DeviceAllocation, DeviceResult, ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.metadata_files import MetadataFiles
from dra_driver.claims.checkpoint import Checkpoint
from dra_driver.claims.identity import ClaimRef
from dra_driver.claims.instances import Instances
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.service import ClaimService
from dra_driver.claims.step import PreparedDevice
from dra_driver.claims.steps import Steps
from dra_driver.devices.inventory import sibling
from dra_driver.devices.model import (
    Allocatable,
    Engines,
    Gpu,
    GpuDevice,
    Inventory,
    MigDevice,
    MigProfile,
    MigSupport,
    Placement,
    VfioFunction,
)
from dra_driver.errors import ApiError
from dra_driver.features import Features
from dra_driver.sharing.mps import MpsDaemons
from dra_driver.sharing.programs import Programs

FEATURES = Features()
DRIVER, POOL = DriverName("gpu.example.com"), PoolName("node-0")


def gpu(minor: int, **members: Any) -> Gpu:
    values: dict[str, Any] = {
        "minor": minor,
        "uuid": f"GPU-{minor}",
        "name": "NVIDIA Test",
        "brand": None,
        "architecture": None,
        "capability": (10, 0),
        "memory_bytes": 8 << 30,
        "pci_bus_id": f"0000:0{minor}:00.0",
        "driver_version": "580.1",
        "cuda": 13000,
    }
    return Gpu(**values | members)


PROFILE = MigProfile(
    name="1g.10gb",
    gi_profile=19,
    ci_profile=0,
    compute_slices=1,
    memory_bytes=10 << 30,
    engines=Engines(),
    max_count=7,
    placements=tuple(Placement(start, 1) for start in range(7)),
)


def inventory_of(*gpus: Gpu) -> Inventory:
    """The GPUs as devices, with a dynamic MIG device for each placement where a GPU can be divided."""
    devices: list[Allocatable] = []
    for each in gpus:
        devices.append(GpuDevice(name=DeviceName(f"gpu-{each.minor}"), gpu=each))
        for profile in each.mig.profiles if each.mig else ():
            devices += [
                MigDevice(
                    name=DeviceName(f"gpu-{each.minor}-mig-{profile.compute_slices}g-{place.start}"),
                    gpu=each,
                    profile=profile,
                    placement=place,
                )
                for place in profile.placements
            ]
    return Inventory(gpus=gpus, devices={device.name: device for device in devices})


def with_functions(inventory: Inventory) -> Inventory:
    """INVENTORY with a VFIO sibling of each GPU."""
    siblings = [
        sibling(
            VfioFunction(
                index=index,
                pci_bus_id=gpu.pci_bus_id,
                driver="nvidia",
                device_id=1,
                vendor_id=0x10DE,
                iommu_group=index,
                addressable_bytes=1 << 30,
            ),
            gpu,
        )
        for index, gpu in enumerate(inventory.gpus)
    ]
    return replace(inventory, devices={**inventory.devices, **{each.name: each for each in siblings}})


def divisible(minor: int, *, enabled: bool = False) -> Gpu:
    """A GPU that can be divided."""
    return gpu(minor, mig=MigSupport(enabled=enabled, switchable=True, profiles=(PROFILE,), slices=8))


INVENTORY = inventory_of(*(gpu(minor) for minor in range(4)))


def claim(
    uid: str, *devices: str, name: str = "c", pool: str = POOL, config: list[AllocationConfig] | None = None
) -> ResourceClaim:
    """A claim in the namespace ``ns`` that was allocated DEVICES."""
    results: list[DeviceResult] = [
        {"request": "gpu", "driver": DRIVER, "pool": pool, "device": device} for device in devices
    ]
    allocation: DeviceAllocation = {"results": results}
    if config is not None:
        allocation["config"] = config
    return {
        "metadata": {
            "namespace": "ns",
            "name": name,
            "uid": uid,
            "resourceVersion": "1",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"devices": {}},
        "status": {"allocation": {"devices": allocation}},
    }


def results_of(item: ResourceClaim) -> list[DeviceResult]:
    """The allocated devices of ITEM, to be changed in place."""
    return item["status"]["allocation"]["devices"]["results"]


def ref(name: str, uid: str) -> ClaimRef:
    """The claim NAME in the namespace ``ns``, as the kubelet names it in a call."""
    return ClaimRef("ns", name, ClaimUid(uid))


class Reader:
    """Claims by name, as the API server would answer."""

    def __init__(self, *claims: ResourceClaim) -> None:
        self.claims = {item["metadata"]["name"]: item for item in claims}
        self.down = False

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        await asyncio.sleep(0)
        if self.down:
            message = "no answer"
            raise ApiError(message)
        if name not in self.claims:
            message = "not found"
            raise ApiError(message, 404)
        return self.claims[name]


OPEN = contextlib.ExitStack()
"""What a test opened; closed after it."""


def opened(path: Path) -> Checkpoint:
    checkpoint = OPEN.enter_context(contextlib.closing(Checkpoint(path)))
    checkpoint.open()
    return checkpoint


def make_service(
    folder: Path,
    reader: Reader,
    boot_id: str = "boot-1",
    inventory: Inventory = INVENTORY,
    root: Path = Path("/"),
    occupied: Callable[[Sequence[PreparedDevice]], str | None] = lambda _: None,
    features: Features = FEATURES,
) -> ClaimService:
    """A service as of a process that starts now; it repairs at its first call. The driver is below ROOT."""
    cdi, programs = CdiFiles(folder / "cdi", DRIVER), Programs(root)
    return ClaimService(
        driver_name=DRIVER,
        pool=POOL,
        inventory=lambda: inventory,
        reader=reader,
        checkpoint=OPEN.enter_context(contextlib.closing(Checkpoint(folder / "checkpoint.sqlite"))),
        cdi=cdi,
        steps=Steps(
            driver_name=DRIVER,
            inventory=lambda: inventory,
            cdi=cdi,
            metadata=MetadataFiles(folder / "metadata", folder / "cdi", DRIVER),
            mps=MpsDaemons(folder / "mps", programs),
            programs=programs,
            functions=PciFunctions(root / "sys"),
            procfs=root / "proc",
            dev_root=Path("/"),
        ),
        instances=OPEN.enter_context(contextlib.closing(Instances(folder))),
        boot_id=boot_id,
        occupied=occupied,
        features=features,
    )


def cdi_names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cdi").iterdir())


def damage(folder: Path, content: bytes) -> None:
    """End the services, and replace the files of the checkpoint."""
    OPEN.close()
    for path in folder.glob("checkpoint.sqlite*"):
        path.write_bytes(content)
