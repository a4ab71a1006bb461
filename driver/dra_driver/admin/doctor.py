"""``dra-driver doctor``: whether this node and this API server allow what the flags ask for; each finding says what to do."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dra_driver.admin.stored import damaged_checkpoints, living_instances, stored_records
from dra_driver.cdi.capabilities import read_minors
from dra_driver.cdi.driver_files import find_driver_files
from dra_driver.cdi.nvidia_ctk import PROGRAM, find_nvidia_ctk, version_of
from dra_driver.cdi.spec import REQUIRED_NODES
from dra_driver.devices.inventory import VFIO_DRIVER
from dra_driver.devices.scan import Snapshot, take_snapshot
from dra_driver.errors import ApiError, DriverError, EnvironmentFault
from dra_driver.publish.client import ApiClient
from dra_driver.settings import Settings
from dra_driver.sharing.mps import CONTROL
from dra_driver.sharing.programs import Programs


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Level
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.level.value:7}  {self.what}: {self.detail}"


def ok(what: str, detail: str) -> Finding:
    """Nothing is to be done."""
    return Finding(Level.OK, what, detail)


def warning(what: str, detail: str) -> Finding:
    """The driver starts, and something of what it can do is missing."""
    return Finding(Level.WARNING, what, detail)


def wrong(what: str, detail: str) -> Finding:
    """The driver does not start, or prepares nothing."""
    return Finding(Level.ERROR, what, detail)


def of_node(settings: Settings) -> Iterator[Finding]:
    """About the node."""
    yield from of_folders(settings)
    try:
        snapshot = take_snapshot(settings.sysfs, settings.dev_root / "dev")
    except EnvironmentFault as error:
        yield wrong("NVML", str(error))
    else:
        yield from of_gpus(snapshot)
        yield from of_features(settings, snapshot)
    for path in REQUIRED_NODES:
        if not (settings.dev_root / path.lstrip("/")).exists():
            yield wrong(
                path, f"not below {settings.dev_root}; load NVIDIA's driver, e.g. nvidia-modprobe -u -c=0"
            )
    yield from of_programs(settings)
    if os.geteuid() != 0:
        yield warning("user", "not root: MIG, MPS and the kubelet's folders need root on most nodes")
    yield from of_state(settings)


def of_folders(settings: Settings) -> Iterator[Finding]:
    """Whether what the driver writes to can be written."""
    folders = {
        "--registry-dir": settings.registry_dir,
        "--plugins-dir": settings.plugins_dir,
        "--cdi-dir": settings.cdi_dir,
    }
    for flag, folder in folders.items():
        nearest = next(each for each in (folder, *folder.parents) if each.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            yield wrong(flag, f"{nearest} is no folder that can be written; mount it, or give another one")
        elif nearest != folder:
            yield warning(
                flag, f"{folder} is not there; the kubelet makes it, is its root folder another one?"
            )
        else:
            yield ok(flag, f"{folder} can be written")


def of_gpus(snapshot: Snapshot) -> Iterator[Finding]:
    """What NVML says."""
    for which, why in snapshot.unreadable.items():
        yield warning(which, f"NVML cannot read it: {why}; reset it, and see dmesg for XIDs")
    if not snapshot.gpus:
        yield warning("GPUs", "NVML sees none that it can read")
        return
    first = snapshot.gpus[0]
    yield ok("NVML", f"driver {first.driver_version}, {len(snapshot.gpus)} GPUs, the first is {first.name}")
    for gpu in snapshot.gpus:
        if gpu.recovery not in (None, "none"):
            yield warning(gpu.device_name, f"the driver recommends: {gpu.recovery}")
        if gpu.fabric_fault is not None:
            yield warning(
                gpu.device_name, f"its NVLink fabric: {gpu.fabric_fault}; is the fabric manager running?"
            )
        if gpu.pcie_root is None:
            yield warning(gpu.device_name, f"{gpu.pci_bus_id} is not in sysfs; give --sysfs")


def of_features(settings: Settings, snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the node has what the feature gates need."""
    features = settings.features
    if features.dynamic_mig:
        if not any(gpu.mig for gpu in snapshot.gpus):
            yield warning("DynamicMIG", "no GPU of the node can be divided")
        try:
            read_minors(settings.procfs)
        except EnvironmentFault as error:
            yield wrong("DynamicMIG", str(error))
    if features.vfio:
        if not snapshot.functions:
            yield warning(
                "PassthroughSupport", "no GPU has an IOMMU group; switch the IOMMU on in firmware and kernel"
            )
        if not (settings.sysfs / "bus/pci/drivers" / VFIO_DRIVER).is_dir():
            yield warning(
                "PassthroughSupport", f"module {VFIO_DRIVER} is not loaded; run modprobe {VFIO_DRIVER}"
            )
    if settings.cdi_hook:
        yield of_generator(settings.cdi_generator, find_nvidia_ctk())
        versions = [gpu.driver_version for gpu in snapshot.gpus]
        count = len(find_driver_files(settings.driver_root, versions[0]).libraries) if versions else 0
        where = f"below {settings.driver_root}"
        if count:
            yield ok("driver files", f"{count} libraries {where} for containers")
        else:
            yield wrong("driver files", f"no library of the running driver {where}; give --driver-root")


def of_generator(wanted: str, program: Path | None) -> Finding:
    """What lists the files of NVIDIA's driver for containers."""
    what, own = "CDI generator", "the driver's own"
    if wanted == "own":
        return ok(what, f"{own}, as --cdi-generator says")
    if program is None:
        if wanted == PROGRAM:
            return wrong(
                what, f"{PROGRAM} is not on the PATH; install NVIDIA's container toolkit, or choose own"
            )
        return ok(what, f"{own}, because {PROGRAM} is not on the PATH")
    try:
        return ok(what, f"{program}, version {version_of(program)}")
    except EnvironmentFault as error:
        if wanted == PROGRAM:
            return wrong(what, str(error))
        return warning(what, f"{error}; where it gives no document either, {own} does")


def of_programs(settings: Settings) -> Iterator[Finding]:
    """What sharing needs."""
    for name, use in (("nvidia-smi", "time slices"), (CONTROL, "MPS")):
        try:
            yield ok(name, str(Programs(settings.driver_root).path(name)))
        except EnvironmentFault as error:
            yield warning(name, f"{error}; claims with {use} are refused without it")
    if b"dra-driver" in first_process(settings.procfs):
        yield warning(
            "processes",
            "the driver is the first process it sees; run it with hostPID, so that it sees whose process uses a GPU",
        )


def first_process(procfs: Path) -> bytes:
    """The command line of process 1."""
    try:
        return (procfs / "1/cmdline").read_bytes()
    except OSError:
        return b""


def of_state(settings: Settings) -> Iterator[Finding]:
    """What the driver left, or has now."""
    living = living_instances(settings.data_dir)
    yield ok("driver", f"{len(living)} processes run with {settings.data_dir}")
    if living and not settings.dra_socket.exists():
        yield warning(
            "socket", f"{settings.dra_socket} is not there although a driver runs; is --instance another one?"
        )
    try:
        records = stored_records(settings.data_dir)
    except EnvironmentFault as error:
        yield wrong("checkpoint", str(error))
    else:
        yield ok("checkpoint", f"{len(records)} claims are recorded")
    for path in damaged_checkpoints(settings.data_dir):
        yield warning("checkpoint", f"{path} was damaged and kept; look at it, then remove it")


async def of_api(settings: Settings, make_client: Callable[[], ApiClient]) -> list[Finding]:
    """About the API server: whether it is reached, and allows what the driver does at its start."""
    try:
        api = make_client()
    except DriverError as error:
        return [wrong("API server", str(error))]
    found: list[Finding] = []
    try:
        node = await api.get_node()
        found.append(ok("node", f"{node['metadata']['name']} ({node['metadata']['uid']})"))
        slices, _ = await api.list_slices()
        found.append(ok("ResourceSlices", f"{len(slices)} are published"))
    except ApiError as error:
        hint = {
            401: "the token or the certificate is refused",
            403: "give the driver the rights of deploy/rbac.yaml",
            404: "--node-name has to be the name of the Node object, and the API server has to serve resource.k8s.io/v1",
        }
        found.append(
            wrong("API server", f"{error}; {hint.get(error.code, 'see the kubeconfig and the network')}")
        )
    finally:
        await api.close()
    return found
