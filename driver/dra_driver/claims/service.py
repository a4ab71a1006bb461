"""Prepares and unprepares claims for the kubelet.

The rules:

* The calls for one claim run one after the other, and so do the steps on one GPU; everything else runs concurrently.
* The record says every step before the first is done. A record that is only started by a process that died is undone
  at the next start, so a kill between any two steps leaves nothing half prepared.
* A repeated prepare looks whether the steps still hold and does again what does not.
* Unprepare needs the record only, never the API server: the claim may be deleted by then, and the kubelet repeats the
  call until it succeeds (pkg/kubelet/cm/dra/manager.go, unprepareResources).
* Between looking for a conflict and writing the record the checkpoint is locked. So two claims never get the same
  device, not even from two instances of a rolling update.
* A checkpoint that cannot be opened makes every call fail with the reason; the next call tries again.
* A call whose caller has gone is carried to its end: the kubelet's repeated call finds what was done.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import CdiSpec
from dra_driver.claims import mig_instances
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.identity import ClaimRef, check_identity, check_ref, check_uid
from dra_driver.claims.instances import Instances
from dra_driver.claims.lost import record_of
from dra_driver.claims.plan import Plan, find_conflict, make_plan, same
from dra_driver.claims.step import CreateMig, Made, PreparedDevice, Step, WriteCdi
from dra_driver.claims.steps import Steps
from dra_driver.claims.turns import Turns
from dra_driver.devices.model import Inventory
from dra_driver.errors import ApiError, ClaimError, DriverError, EnvironmentFault

log = logging.getLogger(__name__)
NOT_FOUND = 404
BOOT_ID = "bootId"
T = TypeVar("T")


class ClaimReader(Protocol):
    """Where claims are read."""

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        """The claim as resource.k8s.io/v1.

        Raises:
            ApiError: it does not exist (code 404), or the server does not answer.
        """


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
        occupied: Callable[[Sequence[PreparedDevice]], str | None],
    ) -> None:
        self._driver = driver_name
        self._pool = pool
        self._inventory = inventory
        self._reader = reader
        self._checkpoint = checkpoint
        self._cdi = cdi
        self._steps = steps
        self._instances = instances
        self._boot_id = boot_id
        self._occupied = occupied
        self._records: dict[ClaimUid, Record] = {}
        self._loaded = False
        self._claims, self._gpus = Turns(), Turns()
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def prepared(self) -> int:
        """Claims that are prepared."""
        return len(self._records)

    @property
    def devices(self) -> frozenset[DeviceName]:
        """The devices of claims that are prepared or being prepared: their MIG instances are this driver's."""
        return frozenset(device.device for record in self._records.values() for device in record.devices)

    async def start(self) -> None:
        """Open the checkpoint and undo what a dead process began; what prevents it is logged."""
        try:
            async with self._locked():
                pass
            await self._undo_interrupted()
            await asyncio.to_thread(self._steps.stop_unknown_daemons, list(self._records.values()))
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
        return await self._to_the_end(self._prepare(ref))

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
        await self._undo_interrupted()  # also of an instance that died after this one started
        for record in list(self._records.values()):
            await self._restore(record.uid)
        for record in list(self._records.values()):
            await self._collect(record)

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Do WORK whether or not its caller waits: a thread that acts on a GPU cannot be cancelled."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    # the checkpoint

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Hold the checkpoint's lock, with the records as the last instance wrote them.

        Raises:
            EnvironmentFault: the checkpoint cannot be opened, read or locked.
        """
        async with self._checkpoint.locked() as changed:
            if self._checkpoint.reopened():
                self._loaded = False
            if changed or not self._loaded:
                self._records = self._checkpoint.records()
            if not self._loaded:
                self._drop_other_boots()
                self._find_lost()
                self._loaded = True
            yield

    def _drop_other_boots(self) -> None:
        """No container, MIG instance or MPS daemon survives a boot, so neither does a record."""
        recorded = self._checkpoint.fact(BOOT_ID)
        if recorded is not None and recorded != self._boot_id:
            log.warning("the node was booted: dropping the records of %d claims", len(self._records))
            for uid in list(self._records):
                self._drop(uid)
        if recorded != self._boot_id:
            self._checkpoint.keep(BOOT_ID, self._boot_id)

    def _find_lost(self) -> None:
        """Make the records that were lost from their CDI files."""
        self._cdi.remove_unfinished()
        for uid, document in list(self._cdi.unrecorded(self._records.keys())):
            found = self._lost_record(uid, document)
            if found is None:
                log.warning("removing the CDI file of a claim that is not prepared", extra={"claim": uid})
                self._drop(uid)
            else:
                log.warning("made the record of a claim from its CDI file", extra={"claim": uid})
                self._put(found)

    def _lost_record(self, uid: ClaimUid, document: CdiSpec | None) -> Record | None:
        if document is None or not self._checkpoint.incomplete:
            return None
        return record_of(
            uid,
            document,
            driver_name=self._driver,
            pool=self._pool,
            inventory=self._inventory(),
            instances=mig_instances.instances,
        )

    def _drop(self, uid: ClaimUid) -> None:
        """Remove the file, then the record; what cannot be removed is logged, and the others go on."""
        try:
            self._cdi.remove(uid)
            self._forget(uid)
        except EnvironmentFault as error:
            log.error("cannot drop a claim; its devices stay with it", extra={"claim": uid, "error": error})

    def _put(self, record: Record) -> None:
        self._checkpoint.put(record)
        self._records[record.uid] = record

    def _others(self, uid: ClaimUid) -> dict[ClaimUid, Record]:
        return {other: record for other, record in self._records.items() if other != uid}

    def _refuse_other_instances(self, known: Record | None) -> None:
        """Do not touch what another instance is preparing.

        Raises:
            ClaimError: it is; the kubelet calls again.
        """
        if known is None or known.state == DONE or known.owner == self._instances.token:
            return
        if self._instances.lives(known.owner):
            message = f"claim {known.uid} is being prepared by another instance of this driver; call again"
            raise ClaimError(message)

    # prepare

    async def _prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        async with self._claims.of(ref.uid):
            async with self._locked():
                known = self._records.get(ref.uid)
                self._refuse_other_instances(known)
            try:
                plan = make_plan(
                    await self._read(ref),
                    driver_name=self._driver,
                    pool=self._pool,
                    inventory=self._inventory(),
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
                    await self._undo(known)
                    known = None
                if known is None:
                    await self._begin(ref, plan)
                else:
                    await self._repeat(
                        replace(known, devices=plan.devices, namespace=ref.namespace, name=ref.name)
                    )
            return plan.devices

    async def _read(self, ref: ClaimRef) -> ResourceClaim:
        try:
            claim = await self._reader.get_claim(ref.namespace, ref.name)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            message = f"claim {ref.namespace}/{ref.name} (UID {ref.uid}) does not exist on the API server"
            raise ClaimError(message) from error
        check_identity(claim, ref.uid)
        return claim

    async def _free(self, ref: ClaimRef, plan: Plan) -> None:
        """Unprepare claims that no longer exist but still have devices of PLAN.

        The kubelet does not unprepare a claim whose pod was force-deleted while it was down and its checkpoint lost.
        """
        others = self._others(ref.uid)
        while conflict := self._conflict(plan, others):
            record = others.pop(conflict[0])
            if not self._claims.busy(record.uid):
                await self._collect(record)

    def _conflict(self, plan: Plan, others: dict[ClaimUid, Record]) -> tuple[ClaimUid, str] | None:
        held = {uid: record.devices for uid, record in others.items()}
        return find_conflict(plan.devices, held, self._inventory())

    async def _begin(self, ref: ClaimRef, plan: Plan) -> None:
        """Record the steps and carry them out; if one fails, undo them all."""
        await self._refuse_occupied(ref, plan)
        await self._refuse_foreign(plan.steps, self._made_by_others(ref.uid, plan))
        async with self._locked():
            if conflict := self._conflict(plan, self._others(ref.uid)):
                message = f"claim {ref.namespace}/{ref.name}: {conflict[1]} for claim {conflict[0]}; {self._advice(conflict[0])}"
                raise ClaimError(message)
            record = Record(
                uid=ref.uid,
                namespace=ref.namespace,
                name=ref.name,
                state=STARTED,
                devices=plan.devices,
                owner=self._instances.token,
                steps=plan.steps,
                made=self._made_by_others(ref.uid, plan),
            )
            self._put(record)
            quick = plan.steps in ((), (WriteCdi(),))  # then one lock is enough
            try:
                if quick:
                    self._complete(record)
            except EnvironmentFault:
                self._drop(ref.uid)
                raise
        try:
            if not quick:
                await self._carry_out(record)
        except BaseException:
            await self._undo_or_log(self._records[ref.uid])
            raise
        devices = ",".join(sorted({device.device for device in plan.devices}))
        log.info("prepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid, "device": devices})

    async def _refuse_occupied(self, ref: ClaimRef, plan: Plan) -> None:
        """Do not give away what a process still uses. Where other claims have a part, it may be theirs.

        Raises:
            ClaimError: it is used; the kubelet calls again.
        """
        others = [device for record in self._others(ref.uid).values() for device in record.devices]
        gpus = {device.gpu for device in others}
        free = [device for device in plan.devices if not device.admin and device.gpu not in gpus]
        if free and (reason := await asyncio.to_thread(self._occupied, free)):
            message = f"claim {ref.namespace}/{ref.name}: {reason}"
            raise ClaimError(message)

    async def _refuse_foreign(self, steps: Sequence[Step], made: Mapping[DeviceName, Made]) -> None:
        """Do not record that we make what is there already: undoing it would destroy what somebody else made.

        Raises:
            ClaimError: a MIG instance is in the way.
        """
        if not any(isinstance(step, CreateMig) for step in steps):
            return
        if reason := await asyncio.to_thread(self._steps.in_the_way, steps, made):
            raise ClaimError(reason)

    def _advice(self, holder: ClaimUid) -> str:
        if self._records[holder].name:
            return "wait until that one is unprepared"
        return f"its record was lost and made from {self._cdi.path(holder)}: wait until the kubelet unprepares it; if it does not know it any more, remove that file and restart the driver"

    def _made_by_others(self, uid: ClaimUid, plan: Plan) -> dict[DeviceName, Made]:
        """MIG devices of the plan that another claim made: shares of them, or admin access to them."""
        names = {device.device for device in plan.devices}
        return {
            name: made
            for record in self._others(uid).values()
            for name, made in record.made.items()
            if name in names
        }

    async def _carry_out(self, record: Record) -> None:
        """Do the steps, the CDI file last; then the record is done."""
        for step in record.steps:
            if step != WriteCdi():
                made = await asyncio.to_thread(self._steps.do, step, record)
                if made:
                    record = replace(record, made=record.made | made)
                    async with self._locked():
                        self._put(record)
        async with self._locked():
            self._complete(record)

    def _complete(self, record: Record) -> None:
        """The last step and the end of the record, under the lock: no other process may sweep unfinished files."""
        if WriteCdi() in record.steps:
            self._steps.do(WriteCdi(), record)
        self._put(replace(record, state=DONE))

    async def _repeat(self, record: Record) -> None:
        """Look whether the steps of a prepared claim hold; do them again if one does not."""
        missing = [step for step in record.steps if not await self._holds(step, record)]
        if missing:
            names = ", ".join(type(step).__name__ for step in missing)
            log.warning(
                "restoring what claim %s/%s lost: %s",
                record.namespace,
                record.name,
                names,
                extra={"claim": record.uid},
            )
        lost = [step for step in missing if isinstance(step, CreateMig)]
        if lost:  # its containers are broken, and until there is a new one this is a prepare as any other
            for step in lost:
                await asyncio.to_thread(self._steps.undo, step, record, self._others(record.uid).values())
            gone = {step.device for step in lost}
            made = {name: made for name, made in record.made.items() if name not in gone}
            await self._refuse_foreign(lost, made)
            record = replace(record, state=STARTED, owner=self._instances.token, made=made)
        if missing or self._records.get(record.uid) != record:
            async with self._locked():
                self._put(record)
        if missing:
            await self._carry_out(record)

    async def _holds(self, step: Step, record: Record) -> bool:
        if step == WriteCdi():
            return self._steps.holds(step, record)
        return await asyncio.to_thread(self._steps.holds, step, record)

    # unprepare

    async def _unprepare(self, ref: ClaimRef) -> None:
        async with self._claims.of(ref.uid):
            async with self._locked():
                known = self._records.get(ref.uid)
                self._refuse_other_instances(known)
                if known is None:
                    self._cdi.remove(ref.uid)
            if known is not None:
                async with self._gpus.of(*known.gpus):
                    await self._undo(known)
                log.info("unprepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid})

    async def _undo(self, record: Record) -> None:
        """Undo the steps in reverse, then remove the record: after an interruption the record makes it happen again.

        Raises:
            EnvironmentFault: a step cannot be undone; the record stays, as started.
        """
        slow = [step for step in record.steps if step != WriteCdi()]
        async with self._locked():
            if slow and record.state == DONE:
                record = replace(record, state=STARTED, owner=self._instances.token)
                self._put(record)
            self._cdi.remove(record.uid)
            if not slow:
                self._forget(record.uid)
                return
        for step in reversed(slow):
            others = list(self._others(record.uid).values())
            await asyncio.to_thread(self._steps.undo, step, record, others)
        async with self._locked():
            self._forget(record.uid)

    def _forget(self, uid: ClaimUid) -> None:
        self._checkpoint.remove(uid)
        self._records.pop(uid, None)

    async def _undo_or_log(self, record: Record) -> None:
        try:
            await self._undo(record)
        except EnvironmentFault as error:
            log.error(
                "cannot undo a claim; its devices stay with it", extra={"claim": record.uid, "error": error}
            )

    # what nobody calls for

    async def _undo_interrupted(self) -> None:
        async with self._locked():
            started = [record for record in self._records.values() if record.state == STARTED]
        for record in started:
            if not self._instances.lives(record.owner) and not self._claims.busy(record.uid):
                async with self._claims.of(record.uid), self._gpus.of(*record.gpus):
                    log.warning("undoing an interrupted prepare", extra={"claim": record.uid})
                    await self._undo_or_log(record)

    async def _restore(self, uid: ClaimUid) -> None:
        """Restore what a prepared claim lost; what cannot be restored is logged."""
        async with self._claims.of(uid):
            record = self._records.get(uid)
            if record is None or record.state != DONE:
                return
            try:
                async with self._gpus.of(*record.gpus):
                    await self._repeat(record)
            except DriverError as error:
                log.error("a prepared claim lost its devices", extra={"claim": uid, "error": error})

    async def _collect(self, record: Record) -> None:
        """Unprepare a claim that no longer exists."""
        if not record.name:
            return  # only the kubelet knows this claim, and calls
        try:
            claim = await self._reader.get_claim(record.namespace, record.name)
            deleted = claim["metadata"]["uid"] != record.uid
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            deleted = True
        if deleted and not self._claims.busy(record.uid):
            async with self._claims.of(record.uid), self._gpus.of(*record.gpus):
                if self._records.get(record.uid) is not None:
                    log.warning("unpreparing a claim that no longer exists", extra={"claim": record.uid})
                    await self._undo_or_log(self._records[record.uid])
