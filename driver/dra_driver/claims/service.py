"""Prepares and unprepares claims for the kubelet.

The rules:

* The calls for one claim run one after the other, and so do the steps on one GPU; everything else runs concurrently.
* A record that is only started by a process that died is undone at the next start (``maintenance``), so a kill between
  any two steps (``lifecycle``) leaves nothing half prepared.
* A repeated prepare looks whether the steps still hold and does again what does not.
* Unprepare needs the record only, never the API server: the claim may be deleted by then, and the kubelet repeats the
  call until it succeeds (pkg/kubelet/cm/dra/manager.go, unprepareResources).
* A checkpoint that cannot be opened makes every call fail with the reason; the next call tries again.
* A call whose caller has gone is carried to its end: the kubelet's repeated call finds what was done.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.checkpoint import Checkpoint, Record
from dra_driver.claims.identity import ClaimRef, check_ref, check_uid
from dra_driver.claims.instances import Instances
from dra_driver.claims.lifecycle import Lifecycle
from dra_driver.claims.maintenance import Maintenance
from dra_driver.claims.preparation import Preparation
from dra_driver.claims.reader import ClaimReader
from dra_driver.claims.records import Records
from dra_driver.claims.step import BindVfio, PreparedDevice
from dra_driver.claims.steps import Steps
from dra_driver.claims.turns import Turns
from dra_driver.devices.model import Inventory
from dra_driver.errors import EnvironmentFault
from dra_driver.features import Features

log = logging.getLogger(__name__)
T = TypeVar("T")


class ClaimService:
    """Prepares and unprepares claims of one driver on one node."""

    def __init__(
        self,
        *,
        driver_name: DriverName,
        pool: PoolName,
        inventory: Callable[[], Inventory],
        reader: ClaimReader,
        checkpoint: Checkpoint,
        cdi: CdiFiles,
        steps: Steps,
        instances: Instances,
        boot_id: str,
        features: Features,
        occupied: Callable[[Sequence[PreparedDevice]], str | None],
        driver_files: Callable[[], Sequence[str]] = tuple,
        on_prepared: Callable[[ClaimUid], None] = lambda _: None,
        on_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._steps = steps
        self._on_prepared = on_prepared
        self._on_changed = on_changed
        self._claims, self._gpus = Turns(), Turns()
        self._running: set[asyncio.Task[Any]] = set()
        self._records = Records(
            driver_name=driver_name,
            pool=pool,
            inventory=inventory,
            checkpoint=checkpoint,
            cdi=cdi,
            has_metadata=steps.has_metadata,
            boot_id=boot_id,
        )
        self._lifecycle = Lifecycle(records=self._records, steps=steps, instances=instances, cdi=cdi)
        self._maintenance = Maintenance(
            records=self._records,
            lifecycle=self._lifecycle,
            instances=instances,
            reader=reader,
            claims=self._claims,
            gpus=self._gpus,
        )
        self._preparation = Preparation(
            driver_name=driver_name,
            pool=pool,
            inventory=inventory,
            reader=reader,
            records=self._records,
            lifecycle=self._lifecycle,
            maintenance=self._maintenance,
            instances=instances,
            cdi=cdi,
            claims=self._claims,
            gpus=self._gpus,
            occupied=occupied,
            features=features,
            driver_files=driver_files,
        )

    @property
    def prepared(self) -> int:
        """Claims that are prepared."""
        return len(self._records)

    def record(self, uid: ClaimUid) -> Record | None:
        """What is known of a claim."""
        return self._records.get(uid)

    @property
    def known(self) -> list[ClaimUid]:
        """The claims that are prepared or being prepared."""
        return [record.uid for record in self._records.all()]

    @property
    def devices(self) -> frozenset[DeviceName]:
        """The devices of claims that are prepared or being prepared: their MIG instances are this driver's."""
        return self._records.devices

    @property
    def claims_of_devices(self) -> Counter[DeviceName]:
        """How many claims have each device."""
        return Counter(device.device for record in self._records.all() for device in record.devices)

    async def start(self) -> None:
        """Open the checkpoint and undo what a dead process began; what prevents it is logged."""
        try:
            await self._maintenance.undo_interrupted()
            await asyncio.to_thread(self._steps.remove_unknown, self._records.all())
        except EnvironmentFault as error:
            log.error("no claim can be prepared or unprepared until this is repaired", extra={"error": error})

    async def stop(self) -> None:
        """Wait for what still runs."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim, or return the same devices again if it is prepared.

        The claim is read even if it is prepared: the kubelet repeats the call after a restart, and the claim may have
        been replaced or allocated anew since then.

        Raises:
            DriverError: the claim cannot be prepared; what was done is undone.
        """
        check_ref(ref)
        devices = await self._to_the_end(self._preparation.prepare(ref))
        self._on_prepared(ref.uid)
        if (record := self._records.get(ref.uid)) is not None:
            self._look(record)
        return devices

    async def unprepare(self, ref: ClaimRef) -> None:
        """Unprepare a claim; idempotent.

        Raises:
            DriverError: something cannot be undone; the record stays, so that the kubelet can call again.
        """
        check_uid(ref.uid)
        await self._to_the_end(self._unprepare(ref))

    async def maintain(self) -> None:
        """Restore what claims lost, and unprepare claims that were deleted or replaced without a call.

        Raises:
            ApiError: the server does not answer; claims that were read before that are done.
            EnvironmentFault: the checkpoint cannot be used.
        """
        await self._maintenance.undo_interrupted()  # also of an instance that died after this one started
        for record in self._records.all():
            await self._maintenance.restore(record.uid)
        for record in self._records.all():
            await self._maintenance.collect(record)

    async def _unprepare(self, ref: ClaimRef) -> None:
        async with self._claims.of(ref.uid):
            async with self._records.locked():
                known = self._records.get(ref.uid)
                self._lifecycle.refuse_other_instances(known)
                if known is None:
                    self._steps.remove_files(ref.uid)
                    return
                undone = self._lifecycle.undo_quickly(known)
            if not undone:
                async with self._gpus.of(*known.gpus):
                    await self._lifecycle.undo(known)
                self._look(known)
            log.info("unprepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid})

    def _look(self, record: Record) -> None:
        """The hardware changed, if a claim took a function from NVIDIA's driver, or gave it back."""
        if any(isinstance(step, BindVfio) for step in record.steps):
            self._on_changed()

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Do WORK whether or not its caller waits: a thread that acts on a GPU cannot be cancelled."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._preparation.stop_reading(task)
            raise
