"""Carries out the steps of a claim, undoes them, and looks whether they still hold. Blocks: called in a thread.

Undoing a step looks at the records of the other claims: what one of them needs stays.
"""

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pynvml

from dra_api.identifiers import ClaimUid, DeviceName, DriverName
from dra_api.objects import AttributeValue
from dra_driver.cdi.capabilities import read_minors
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.metadata import MetadataDevice, RequestFile
from dra_driver.cdi.metadata_files import MetadataFiles
from dra_driver.cdi.spec import CdiSpec, claim_spec
from dra_driver.claims import mig_instances
from dra_driver.claims.checkpoint import Record
from dra_driver.claims.containers import entries
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.step import (
    BindVfio,
    CreateMig,
    Made,
    MigMode,
    PreparedDevice,
    SetTimeSlice,
    StartMps,
    Step,
    WriteCdi,
    WriteMetadata,
)
from dra_driver.devices.attributes import attributes_of
from dra_driver.devices.inventory import VFIO_DRIVER
from dra_driver.devices.model import Inventory
from dra_driver.errors import EnvironmentFault
from dra_driver.sharing.mps import Daemon, MpsDaemons
from dra_driver.sharing.programs import Programs
from dra_driver.sharing.time_slice import set_time_slice

log = logging.getLogger(__name__)
Timed = Callable[[str, str], contextlib.AbstractContextManager[None]]
"""Measures a step by its name and whether it is done or undone."""


def untimed(step: str, operation: str) -> contextlib.AbstractContextManager[None]:  # as ``Timed``
    """Measures nothing."""
    return contextlib.nullcontext()


class Steps:
    """The steps on one node.

    Args:
        release: called with the UUID of a GPU before it is taken from NVIDIA's driver: who has it open lets it go.
    """

    def __init__(
        self,
        *,
        driver_name: DriverName,
        inventory: Callable[[], Inventory],
        cdi: CdiFiles,
        metadata: MetadataFiles,
        mps: MpsDaemons,
        programs: Programs,
        functions: PciFunctions,
        procfs: Path,
        dev_root: Path,
        timed: Timed = untimed,
        release: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._driver = driver_name
        self._inventory = inventory
        self._cdi = cdi
        self._metadata = metadata
        self._mps = mps
        self._programs = programs
        self._functions = functions
        self._release = release
        self._procfs = procfs
        self._dev_root = dev_root
        self._timed = timed

    def do(self, step: Step, record: Record) -> dict[DeviceName, Made]:
        """Carry out a step; what it made.

        Raises:
            EnvironmentFault: the hardware, a program or the disk does not allow it.
        """
        with self._timed(type(step).__name__, "do"):
            return self._do(step, record)

    def _do(self, step: Step, record: Record) -> dict[DeviceName, Made]:
        match step:
            case MigMode(gpu, on):
                if mig_instances.mig_mode(gpu) not in (on, None):
                    mig_instances.set_mig_mode(gpu, on)
            case CreateMig():
                return {step.device: mig_instances.create(step, record.made.get(step.device))}
            case BindVfio(gpu=gpu):
                self._release(gpu)
                self._functions.bind(step)
            case SetTimeSlice(gpu, interval):
                set_time_slice(self._programs, gpu, interval)
            case StartMps():
                for gpu in step.exclusive:
                    set_compute_mode(gpu, pynvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)
                self._mps.ensure(self._daemon(step, record))
            case WriteMetadata():
                self._metadata.write(record.uid, self._files(step, record))
            case WriteCdi():
                spec = self.spec(record)
                if not self._cdi.holds(record.uid, spec):
                    self._cdi.write(record.uid, spec)
        return {}

    def holds(self, step: Step, record: Record) -> bool:
        """Whether what a step did is still there.

        Raises:
            EnvironmentFault: nobody can say.
        """
        match step:
            case MigMode(gpu, on):
                return mig_instances.mig_mode(gpu) in (on, None)
            case CreateMig():
                made = record.made.get(step.device)
                found = mig_instances.instances(step.gpu)
                return made is not None and any(
                    instance.at(step) and instance.compute.get(made.ci) == made.uuid for instance in found
                )
            case BindVfio(function=function):
                return self._functions.driver(function) == VFIO_DRIVER
            case StartMps(key=key):
                return self._mps.runs(key)
            case WriteMetadata():
                # a record that was lost does not say the claim's name, which the next prepare does
                return not record.name or self._metadata.holds(record.uid, self._files(step, record))
            case WriteCdi():
                return self._cdi.holds(record.uid, self.spec(record))
            case SetTimeSlice():
                return True  # nothing reads it back; it is set again with the rest

    def in_the_way(self, steps: Iterable[Step], made: Mapping[DeviceName, Made]) -> str | None:
        """Why what STEPS create cannot be created; what is MADE already is not in the way.

        Raises:
            EnvironmentFault: nobody can say.
        """
        creations = [step for step in steps if isinstance(step, CreateMig) and step.device not in made]
        reasons = (mig_instances.in_the_way(step) for step in creations if mig_instances.mig_mode(step.gpu))
        return next(filter(None, reasons), None)

    def undo(self, step: Step, record: Record, others: Iterable[Record]) -> None:
        """Undo a step, also one that did not happen; idempotent.

        Raises:
            EnvironmentFault: it cannot be undone now.
        """
        with self._timed(type(step).__name__, "undo"):
            self._undo(step, record, [other for record_ in others for other in record_.steps])

    def _undo(self, step: Step, record: Record, needed: Sequence[Step]) -> None:
        match step:
            case MigMode(gpu, on=True):
                if not any(isinstance(other, MigMode | CreateMig) and other.gpu == gpu for other in needed):
                    self._mode_off(gpu)
            case CreateMig(device=device, gpu=gpu):
                if not any(isinstance(o, CreateMig) and (o.device, o.gpu) == (device, gpu) for o in needed):
                    with known_gpu(self._inventory(), gpu):
                        mig_instances.destroy(step, record.made.get(device))
            case BindVfio(function=function):
                if not any(isinstance(other, BindVfio) and other.function == function for other in needed):
                    self._functions.unbind(step)
            case SetTimeSlice(gpu):
                if not any(isinstance(other, SetTimeSlice) and other.gpu == gpu for other in needed):
                    with known_gpu(self._inventory(), gpu):
                        set_time_slice(self._programs, gpu, 0)
            case StartMps(key=key, exclusive=exclusive):
                self._mps.stop(key)
                for gpu in exclusive:
                    with known_gpu(self._inventory(), gpu):
                        set_compute_mode(gpu, pynvml.NVML_COMPUTEMODE_DEFAULT)
            case WriteMetadata():
                self._metadata.remove(record.uid)
            case WriteCdi():
                self._cdi.remove(record.uid)

    def remove_files(self, uid: ClaimUid) -> None:
        """Remove the files of a claim that has no record; idempotent.

        Raises:
            EnvironmentFault: a folder is read-only.
        """
        self._cdi.remove(uid)
        self._metadata.remove(uid)

    def has_metadata(self, uid: ClaimUid) -> bool:
        """Whether there are metadata files of a claim."""
        return bool(self._metadata.requests(uid))

    def remove_unknown(self, records: Collection[Record]) -> None:
        """End the MPS daemons and remove the metadata of no record: of a boot or a checkpoint that is gone."""
        self._metadata.remove_unknown({record.uid for record in records})
        known = {step.key for record in records for step in record.steps if isinstance(step, StartMps)}
        for key in self._mps.stray(known):
            log.warning("ending the MPS daemon %s: no prepared claim uses it", key)
            self._mps.stop(key)

    def spec(self, record: Record) -> CdiSpec:
        """The content of a claim's CDI file.

        Raises:
            EnvironmentFault: a device is gone.
        """
        found = entries(
            record.devices,
            record.steps,
            record.made,
            self._inventory(),
            minors=lambda: read_minors(self._procfs),
            mps_folder=self._mps.folder,
            functions=self._functions,
        )
        return claim_spec(
            self._driver,
            record.uid,
            found,
            present=self._cdi.present_nodes(),
            dev_root=self._dev_root,
        )

    def _files(self, step: WriteMetadata, record: Record) -> list[RequestFile]:
        return [
            RequestFile(
                namespace=record.namespace,
                name=record.name,
                uid=record.uid,
                request=request,
                pod_claim=step.pod_claim,
                devices=tuple(
                    self._described(device, record.made)
                    for device in record.devices
                    if request.partition("/")[0] in device.requests
                ),
            )
            for request in step.requests
        ]

    def _described(self, device: PreparedDevice, made: Mapping[DeviceName, Made]) -> MetadataDevice:
        found: MetadataDevice = {"driver": self._driver, "pool": device.pool, "name": device.device}
        hardware = self._inventory().devices.get(device.device)
        if hardware is not None:
            new = made.get(device.device)
            uuid: dict[str, AttributeValue] = {"uuid": {"string": new.uuid}} if new else {}
            found["attributes"] = dict(sorted({**attributes_of(hardware), **uuid}.items()))
        return found

    def _mode_off(self, gpu: str) -> None:
        with known_gpu(self._inventory(), gpu):
            if mig_instances.mig_mode(gpu) and not mig_instances.instances(gpu):
                mig_instances.set_mig_mode(gpu, False)

    def _daemon(self, step: StartMps, record: Record) -> Daemon:
        uuids = {name: uuid_of(name, record.made, self._inventory()) for name in step.devices}
        return Daemon(
            key=step.key,
            devices=tuple(uuids.values()),
            percentage=step.percentage,
            limits={uuids[name]: limit for name, limit in step.limits.items()},
            multi_user=step.multi_user,
        )


def uuid_of(name: DeviceName, made: Mapping[DeviceName, Made], inventory: Inventory) -> str:
    """What CUDA calls a device.

    Raises:
        EnvironmentFault: it does not exist.
    """
    device = inventory.devices.get(name)
    uuid = made[name].uuid if name in made else (device.uuid if device is not None else None)
    if uuid is None:
        message = f"device {name} has no UUID: it does not exist now"
        raise EnvironmentFault(message)
    return uuid


@contextlib.contextmanager
def known_gpu(inventory: Inventory, gpu: str) -> Iterator[None]:
    """What cannot be undone on a GPU that is gone went with it."""
    try:
        yield
    except EnvironmentFault as error:
        if inventory.gpu(gpu) is not None:
            raise
        log.warning("GPU %s is gone, and what was set on it", gpu, extra={"error": error})


def set_compute_mode(gpu: str, mode: int) -> None:
    """Who may use a GPU: everybody, or one process.

    Raises:
        EnvironmentFault: NVML refuses.
    """
    with mig_instances.opened(gpu, "setting the compute mode") as handle:
        if pynvml.nvmlDeviceGetComputeMode(handle) != mode:
            pynvml.nvmlDeviceSetComputeMode(handle, mode)
