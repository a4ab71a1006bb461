"""Prepares and unprepares claims for the kubelet.

The rules:

* The calls for one claim run one after the other (one lock per claim); calls for different claims run concurrently.
* The record is written as started before the CDI file and as done after it. At the next start a claim that is only
  started is unprepared, so a kill between any two steps leaves nothing half prepared.
* Unprepare needs the record only, never the API server: the claim may be deleted by then, and the kubelet repeats the
  call until it succeeds (pkg/kubelet/cm/dra/manager.go, unprepareResources).
* Between looking for a conflict and writing the record there is no await and the checkpoint is locked. So two claims
  never get the same device, not even from two instances of a rolling update.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import claim_spec
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.prepare import PreparedDevice, check_identity, find_conflict, plan_devices
from dra_driver.devices.inventory import Gpu
from dra_driver.errors import ApiError, ClaimError

log = logging.getLogger(__name__)
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """A claim as the kubelet names it."""

    namespace: str
    name: str
    uid: ClaimUid


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
    ) -> None:
        self._driver = driver_name
        self._pool = pool
        self._inventory = inventory
        self._reader = reader
        self._checkpoint = checkpoint
        self._cdi = cdi
        self._records = checkpoint.records()
        self._locks: defaultdict[ClaimUid, asyncio.Lock] = defaultdict(asyncio.Lock)

    def repair(self) -> None:
        """At start: unprepare what the previous process began and did not finish; remove CDI files of no claim."""
        with self._locked():
            for record in [r for r in self._records.values() if r.state == STARTED]:
                log.warning("undoing an interrupted prepare", extra={"claim": record.uid})
                self._undo(record.uid)
            for path in self._cdi.remove_stale(self._records.keys()):
                log.warning("removed CDI file %s: no prepared claim owns it", path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the checkpoint's lock, with the records as the last instance wrote them."""
        with self._checkpoint.locked() as changed:
            if changed:
                self._records = self._checkpoint.records()
            yield

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
        async with self._locks[ref.uid]:
            with self._locked():
                known = self._records.get(ref.uid)
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
            with self._locked():
                known = self._records.get(ref.uid)
                if known is not None and known.devices != devices:
                    log.warning("the allocation changed under the same UID", extra={"claim": ref.uid})
                    self._undo(ref.uid)
                self._record_and_write(ref, devices)
            return devices

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
            if record.uid != ref.uid and names & held and not self._locks[record.uid].locked():
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
        started = Record(uid=ref.uid, namespace=ref.namespace, name=ref.name, state=STARTED, devices=devices)
        self._checkpoint.put(started)
        self._records[ref.uid] = started
        try:
            if gpus:
                nodes = self._cdi.present_nodes()
                self._cdi.write(ref.uid, claim_spec(self._driver, ref.uid, gpus.values(), nodes))
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
        async with self._locks[ref.uid]:
            with self._locked():
                known = ref.uid in self._records
                self._undo(ref.uid)
            if known:
                log.info("unprepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid})
        if not self._locks[ref.uid].locked():  # nobody waits for it; else it would be kept forever
            self._locks.pop(ref.uid, None)

    def _undo(self, uid: ClaimUid) -> None:
        """Remove the file, then the record: after an interruption in between, the record makes it happen again."""
        self._cdi.remove(uid)
        self._checkpoint.remove(uid)
        self._records.pop(uid, None)

    async def collect_stale(self) -> None:
        """Unprepare claims that were deleted or replaced without a call to unprepare them.

        Raises:
            ApiError: the server does not answer; claims that were read before that are done.
        """
        for record in list(self._records.values()):
            await self._collect(record)

    async def _collect(self, record: Record) -> None:
        try:
            claim = await self._reader.get_claim(record.namespace, record.name)
            deleted = claim["metadata"]["uid"] != record.uid
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            deleted = True
        if deleted and not self._locks[record.uid].locked():
            log.warning("unpreparing a claim that no longer exists", extra={"claim": record.uid})
            with self._locked():
                self._undo(record.uid)
