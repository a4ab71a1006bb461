"""Prepares and unprepares claims for the kubelet.

The rules:

* The calls for one claim run one after the other; calls for different claims run concurrently.
* The record is written as started before the CDI file and as done after it. A record that is only started by a process
  that died is undone at the next start, so a kill between any two steps leaves nothing half prepared.
* Unprepare needs the record only, never the API server: the claim may be deleted by then, and the kubelet repeats the
  call until it succeeds (pkg/kubelet/cm/dra/manager.go, unprepareResources).
* Between looking for a conflict and writing the record the checkpoint is locked. So two claims never get the same
  device, not even from two instances of a rolling update.
* A CDI file without a record is a record that was lost, because the record is written first and removed last. The
  device counts as prepared for the claim that the file names, until the API server says that this claim is gone.
* A checkpoint that cannot be opened makes every call fail with the reason; the next call tries again.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

import msgspec

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import CdiSpec, claim_in, claim_spec, device_id, devices_in
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.identity import ClaimRef, check_identity, check_ref, check_uid
from dra_driver.claims.instances import Instances
from dra_driver.claims.prepare import PreparedDevice, find_conflict, plan_devices
from dra_driver.claims.turns import Turns
from dra_driver.devices.inventory import Gpu
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault

log = logging.getLogger(__name__)
NOT_FOUND = 404
BOOT_ID = "bootId"


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
        inventory: Callable[[], Mapping[DeviceName, Gpu]],
        reader: ClaimReader,
        checkpoint: Checkpoint,
        cdi: CdiFiles,
        instances: Instances,
        boot_id: str,
    ) -> None:
        self._driver = driver_name
        self._pool = pool
        self._inventory = inventory
        self._reader = reader
        self._checkpoint = checkpoint
        self._cdi = cdi
        self._instances = instances
        self._boot_id = boot_id
        self._records: dict[ClaimUid, Record] = {}
        self._repaired = False
        self._turns = Turns()

    async def start(self) -> None:
        """Open the checkpoint and repair what the previous process left; what prevents it is logged."""
        try:
            async with self._locked():
                pass
        except EnvironmentFault as error:
            log.error("no claim can be prepared or unprepared until this is repaired", extra={"error": error})

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Hold the checkpoint's lock, with the records as the last instance wrote them.

        Raises:
            EnvironmentFault: the checkpoint cannot be opened, read or locked.
        """
        async with self._checkpoint.locked() as changed:
            if self._checkpoint.reopened():
                self._repaired = False
            if changed or not self._repaired:
                self._records = self._checkpoint.records()
            if not self._repaired:
                self._repair()
                self._repaired = True
            yield

    def _repair(self) -> None:
        """Undo what a dead process began, and find the records that were lost."""
        recorded = self._checkpoint.fact(BOOT_ID)
        if recorded != self._boot_id:
            if recorded is not None:
                log.warning("the node was booted: dropping the records of %d claims", len(self._records))
                for uid in list(self._records):
                    self._undo_or_log(uid)
            self._checkpoint.keep(BOOT_ID, self._boot_id)
        self._undo_interrupted()
        self._cdi.remove_unfinished()
        for uid, document in list(self._cdi.unrecorded(self._records.keys())):
            found = self._record_of(uid, document)
            if found is None:
                log.warning("removing the CDI file of a claim that is not prepared", extra={"claim": uid})
                self._undo_or_log(uid)
            else:
                log.warning("made the record of a claim from its CDI file", extra={"claim": uid})
                self._checkpoint.put(found)
                self._records[uid] = found

    def _undo_interrupted(self) -> None:
        for record in [r for r in self._records.values() if r.state == STARTED]:
            if not self._instances.lives(record.owner):
                log.warning("undoing an interrupted prepare", extra={"claim": record.uid})
                self._undo_or_log(record.uid)

    def _undo_or_log(self, uid: ClaimUid) -> None:
        """Undo, or keep the record so that the kubelet's next call for this claim tries again; the others go on."""
        try:
            self._undo(uid)
        except EnvironmentFault as error:
            log.error("cannot undo a claim; its devices stay with it", extra={"claim": uid, "error": error})

    def _record_of(self, uid: ClaimUid, document: CdiSpec | None) -> Record | None:
        """The record that was lost, from a CDI file; None if the file says too little to be sure that it is one."""
        names = devices_in(document, uid) if document is not None else []
        claim = claim_in(document) if document is not None else None
        if not names or (claim is None and self._checkpoint.damaged is None):
            return None
        devices = tuple(
            PreparedDevice(
                requests=(), pool=self._pool, device=name, cdi_ids=(device_id(self._driver, uid, name),)
            )
            for name in names
        )
        namespace, name = claim or ("", "")
        return Record(uid=uid, namespace=namespace, name=name, state=DONE, devices=devices)

    @property
    def prepared(self) -> int:
        """Claims that are prepared."""
        return len(self._records)

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim, or return the same devices again if it is prepared.

        The claim is read even if it is prepared: the kubelet repeats the call after a restart, and the claim may have
        been replaced or allocated anew since then.


        Raises:
            DriverError: the claim cannot be prepared; neither a record nor a file of it remains.
        """
        check_ref(ref)
        async with self._turns.of(ref.uid):
            async with self._locked():
                known = self._records.get(ref.uid)
                self._refuse_other_instances(known)
            try:
                claim = await self._read(ref)
                devices = plan_devices(
                    claim, driver_name=self._driver, pool=self._pool, inventory=self._inventory()
                )
            except ApiError:
                if known is None or known.state != DONE:
                    raise
                devices = known.devices  # containers must be able to restart while the API server is down
            await self._unprepare_deleted_holders(ref, devices)
            async with self._locked():
                known = self._records.get(ref.uid)
                self._refuse_other_instances(known)
                if known is not None and known.devices != devices:
                    log.warning("the allocation changed under the same UID", extra={"claim": ref.uid})
                    self._undo(ref.uid)
                self._record_and_write(ref, devices)
            return devices

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

    async def _unprepare_deleted_holders(self, ref: ClaimRef, wanted: tuple[PreparedDevice, ...]) -> None:
        """Unprepare claims that no longer exist but still have WANTED devices.

        The kubelet does not unprepare a claim whose pod was force-deleted while it was down and its checkpoint lost.
        """
        names = {device.device for device in wanted if not device.admin}
        for record in list(self._records.values()):
            held = {device.device for device in record.devices if not device.admin}
            if record.uid != ref.uid and names & held and not self._turns.busy(record.uid):
                await self._collect(record)

    def _record_and_write(self, ref: ClaimRef, devices: tuple[PreparedDevice, ...]) -> None:
        others = {uid: record.devices for uid, record in self._records.items() if uid != ref.uid}
        conflict = find_conflict(devices, others)
        if conflict:
            message = f"claim {ref.namespace}/{ref.name}: {conflict}"
            raise ClaimError(message)
        done = Record(uid=ref.uid, namespace=ref.namespace, name=ref.name, state=DONE, devices=devices)
        if self._records.get(ref.uid) == done and (not devices or self._cdi.path(ref.uid).exists()):
            return
        inventory = self._inventory()
        gpus = {device.device: inventory[device.device] for device in devices if device.device in inventory}
        started = msgspec.structs.replace(done, state=STARTED, owner=self._instances.token)
        self._checkpoint.put(started)
        self._records[ref.uid] = started
        try:
            if gpus:
                nodes = self._cdi.present_nodes()
                self._cdi.write(
                    ref.uid,
                    claim_spec(self._driver, ref.uid, f"{ref.namespace}/{ref.name}", gpus.values(), nodes),
                )
            self._checkpoint.put(done)
        except BaseException:  # a cancelled call too: the kubelet repeats it from the start
            self._undo(ref.uid)
            raise
        self._records[ref.uid] = done
        log.info(
            "prepared %s/%s",
            ref.namespace,
            ref.name,
            extra={"claim": ref.uid, "device": ",".join(sorted(gpus))},
        )

    async def unprepare(self, ref: ClaimRef) -> None:
        """Unprepare a claim; idempotent.

        Raises:
            EnvironmentFault: the disk is full or read-only; the record stays, so that the kubelet can call again.
        """
        check_uid(ref.uid)
        async with self._turns.of(ref.uid), self._locked():
            known = self._records.get(ref.uid)
            self._refuse_other_instances(known)
            self._undo(ref.uid)
            if known is not None:
                log.info("unprepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid})

    def _undo(self, uid: ClaimUid) -> None:
        """Remove the file, then the record: after an interruption in between, the record makes it happen again."""
        self._cdi.remove(uid)
        self._checkpoint.remove(uid)
        self._records.pop(uid, None)

    async def collect_stale(self) -> None:
        """Unprepare claims that were deleted or replaced without a call to unprepare them.

        Raises:
            ApiError: the server does not answer; claims that were read before that are done.
            EnvironmentFault: the checkpoint cannot be used.
        """
        async with self._locked():
            self._undo_interrupted()  # of an instance that died after this one started
        for record in list(self._records.values()):
            await self._collect(record)

    async def _collect(self, record: Record) -> None:
        if not record.name:
            return  # only the kubelet knows this claim, and calls
        try:
            claim = await self._reader.get_claim(record.namespace, record.name)
            deleted = claim["metadata"]["uid"] != record.uid
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            deleted = True
        if deleted and not self._turns.busy(record.uid):
            log.warning("unpreparing a claim that no longer exists", extra={"claim": record.uid})
            async with self._turns.of(record.uid), self._locked():
                self._undo(record.uid)
