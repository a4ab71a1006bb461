"""Prepares one claim: reads it, plans, refuses what cannot be given, and begins or repeats.

Between looking for a conflict and writing the record the checkpoint is locked. So two claims never get the same device,
not even from two instances of a rolling update.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.checkpoint import DONE, STARTED, Record
from dra_driver.claims.identity import ClaimRef, check_identity
from dra_driver.claims.instances import Instances
from dra_driver.claims.lifecycle import Lifecycle
from dra_driver.claims.maintenance import Maintenance
from dra_driver.claims.plan import Plan, as_reported, find_conflict, make_plan, same, with_metadata_step
from dra_driver.claims.reader import NOT_FOUND, ClaimReader
from dra_driver.claims.records import Records
from dra_driver.claims.step import Made, PreparedDevice, WriteCdi
from dra_driver.claims.turns import Turns
from dra_driver.devices.model import Inventory
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault
from dra_driver.features import Features

log = logging.getLogger(__name__)


class Preparation:
    """Prepares the claims of one driver on one node."""

    def __init__(
        self,
        *,
        driver_name: DriverName,
        pool: PoolName,
        inventory: Callable[[], Inventory],
        reader: ClaimReader,
        records: Records,
        lifecycle: Lifecycle,
        maintenance: Maintenance,
        instances: Instances,
        cdi: CdiFiles,
        gpus: Turns,
        claims: Turns,
        occupied: Callable[[Sequence[PreparedDevice]], str | None],
        features: Features,
        driver_files: Callable[[], Sequence[str]],
    ) -> None:
        self._driver = driver_name
        self._pool = pool
        self._inventory = inventory
        self._reader = reader
        self._records = records
        self._lifecycle = lifecycle
        self._maintenance = maintenance
        self._instances = instances
        self._cdi = cdi
        self._gpus = gpus
        self._claims = claims
        self._occupied = occupied
        self._features = features
        self._driver_files = driver_files
        self._reads: dict[asyncio.Task[Any] | None, asyncio.Task[ResourceClaim]] = {}

    def stop_reading(self, work: asyncio.Task[Any]) -> None:
        """End the wait of WORK for the API server, because nobody waits for WORK: the claim's next call is not held up."""
        if reading := self._reads.get(work):
            reading.cancel()

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim, or return the same devices again if it is prepared.

        Raises:
            DriverError: the claim cannot be prepared; what was done is undone.
        """
        async with self._claims.of(ref.uid):
            async with self._records.locked():
                known = self._records.get(ref.uid)
                self._lifecycle.refuse_other_instances(known)
            try:
                plan = make_plan(
                    await self._read(ref),
                    driver_name=self._driver,
                    pool=self._pool,
                    inventory=self._inventory(),
                    features=self._features,
                )
            except ApiError:
                if known is None or known.state != DONE:
                    raise
                # containers must be able to restart while the API server is down
                plan = Plan(known.devices, known.steps)
            await self._free(ref, plan)
            async with self._gpus.of(*plan.gpus, *(known.gpus if known else ())):
                if known is not None and not (known.state == DONE and same(known.devices, plan.devices)):
                    if known.state == DONE:
                        log.warning("the allocation changed under the same UID", extra={"claim": ref.uid})
                    await self._lifecycle.undo(known)
                    known = None
                if known is None:
                    await self._begin(ref, plan)
                else:
                    steps = with_metadata_step(known.steps, plan.steps)
                    await self._lifecycle.repeat(
                        replace(
                            known, devices=plan.devices, steps=steps, namespace=ref.namespace, name=ref.name
                        )
                    )
                    plan = Plan(plan.devices, steps)
            return as_reported(
                plan.devices,
                plan.steps,
                driver_name=self._driver,
                uid=ref.uid,
                driver_files=self._driver_files(),
            )

    async def _read(self, ref: ClaimRef) -> ResourceClaim:
        work, reading = asyncio.current_task(), asyncio.create_task(self._get(ref))
        self._reads[work] = reading
        try:
            claim = await reading
        except asyncio.CancelledError as error:
            if not reading.cancelled():
                raise
            message = f"claim {ref.namespace}/{ref.name}: the call ended before the API server answered"
            raise ClaimError(message) from error
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            message = f"claim {ref.namespace}/{ref.name} (UID {ref.uid}) does not exist on the API server"
            raise ClaimError(message) from error
        finally:
            del self._reads[work]
        check_identity(claim, ref.uid)
        return claim

    async def _get(self, ref: ClaimRef) -> ResourceClaim:
        return await self._reader.get_claim(ref.namespace, ref.name)

    async def _free(self, ref: ClaimRef, plan: Plan) -> None:
        """Unprepare claims that no longer exist but still have devices of PLAN.

        The kubelet does not unprepare a claim whose pod was force-deleted while it was down and its checkpoint lost.
        """
        others = self._records.others(ref.uid)
        while conflict := self._conflict(plan, others):
            record = others.pop(conflict[0])
            if not self._claims.busy(record.uid):
                await self._maintenance.collect(record)

    def _conflict(self, plan: Plan, others: dict[ClaimUid, Record]) -> tuple[ClaimUid, str] | None:
        held = {uid: record.devices for uid, record in others.items()}
        return find_conflict(plan.devices, held, self._inventory(), self._features)

    async def _begin(self, ref: ClaimRef, plan: Plan) -> None:
        """Record the steps and carry them out; if one fails, undo them all."""
        await self._refuse_occupied(ref, plan)
        await self._lifecycle.refuse_foreign(plan.steps, self._made_by_others(ref.uid, plan))
        async with self._records.locked():
            others = self._records.others(ref.uid)
            if conflict := self._conflict(plan, others):
                advice = self._advice(others[conflict[0]])
                message = f"claim {ref.namespace}/{ref.name}: {conflict[1]} for claim {conflict[0]}; {advice}"
                raise ClaimError(message)
            record = self._started(ref, plan)
            # then one lock and one write are enough: a kill leaves a CDI file without a record, which the next start removes
            quick = plan.steps in ((), (WriteCdi(),))
            try:
                if quick:
                    self._lifecycle.complete(record)
                else:
                    self._records.put(record)
            except EnvironmentFault:
                self._records.drop(ref.uid)
                raise
        try:
            if not quick:
                await self._lifecycle.carry_out(record)
        except BaseException:
            await self._lifecycle.undo_or_log(self._records.get(ref.uid) or record)
            raise
        devices = ",".join(sorted({device.device for device in plan.devices}))
        log.info("prepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid, "device": devices})

    def _started(self, ref: ClaimRef, plan: Plan) -> Record:
        return Record(
            uid=ref.uid,
            namespace=ref.namespace,
            name=ref.name,
            state=STARTED,
            devices=plan.devices,
            owner=self._instances.token,
            steps=plan.steps,
            made=self._made_by_others(ref.uid, plan),
        )

    async def _refuse_occupied(self, ref: ClaimRef, plan: Plan) -> None:
        """Do not give away what a process still uses. Where other claims have a part, it may be theirs.

        Raises:
            ClaimError: it is used; the kubelet calls again.
        """
        others = [device for record in self._records.others(ref.uid).values() for device in record.devices]
        gpus = {device.gpu for device in others}
        free = [device for device in plan.devices if not device.admin and device.gpu not in gpus]
        if free and (reason := await asyncio.to_thread(self._occupied, free)):
            message = f"claim {ref.namespace}/{ref.name}: {reason}"
            raise ClaimError(message)

    def _advice(self, holder: Record) -> str:
        if holder.name:
            return "wait until that one is unprepared"
        return f"its record was lost and made from {self._cdi.path(holder.uid)}: wait until the kubelet unprepares it; if it does not know it any more, remove that file and restart the driver"

    def _made_by_others(self, uid: ClaimUid, plan: Plan) -> dict[DeviceName, Made]:
        """MIG devices of the plan that another claim made: shares of them, or admin access to them."""
        names = {device.device for device in plan.devices}
        return {
            name: made
            for record in self._records.others(uid).values()
            for name, made in record.made.items()
            if name in names
        }
