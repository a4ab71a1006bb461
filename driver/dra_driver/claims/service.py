"""Carries out what the kubelet asks, claim by claim.

The rules of this room:

* a claim's calls run one after the other (a lock a claim); claims with different devices run beside each other;
* the record is written as started before the CDI file, as done after it; at the next start whatever is only started is
  undone, so a kill between any two steps leaves nothing half;
* unprepare needs the record only, never the API server;
* between looking for a conflict and writing the record there is no await, and no other instance: two claims cannot both win
  a device, and what another instance of a rolling update prepared is known here.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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
    uid: str


class ClaimReader(Protocol):
    """Where claims are read."""

    async def get_claim(self, namespace: str, name: str) -> dict[str, Any]:
        """The claim as resource.k8s.io/v1.

        Raises:
            ApiError: it does not exist (code 404), or the server does not answer.
        """


class ClaimService:
    """Prepares and unprepares claims of one driver on one node."""

    def __init__(
        self,
        *,
        driver_name: str,
        pool: str,
        inventory: Callable[[], Mapping[str, Gpu]],
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
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def repair(self) -> None:
        """At start: undo what a predecessor began and did not finish; remove files that belong to no claim."""
        with self._alone():
            for record in [r for r in self._records.values() if r.state == STARTED]:
                log.warning("undoing an interrupted prepare", extra={"claim": record.uid})
                self._forget(record.uid)
            for path in self._cdi.sweep(self._records.keys()):
                log.warning("removed CDI file %s: no prepared claim owns it", path)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Alone with the records, which are as the last instance left them."""
        with self._checkpoint.alone() as changed:
            if changed:
                self._records = self._checkpoint.records()
            yield

    @property
    def prepared(self) -> int:
        """Claims that are prepared."""
        return len(self._records)

    async def prepare(self, ref: ClaimRef) -> tuple[PreparedDevice, ...]:
        """Prepare a claim, or give the earlier answer if it is prepared.

        Raises:
            DriverError: the claim cannot be prepared; nothing of it is left behind.
        """
        async with self._locks[ref.uid]:
            with self._alone():
                known = self._records.get(ref.uid)
            try:
                claim = await self._read(ref)
                devices = plan_devices(
                    claim, driver_name=self._driver, pool=self._pool, inventory=self._inventory()
                )
            except ApiError:
                if known is None or known.state != DONE:
                    raise
                devices = known.devices  # the server does not answer: what was verified before still holds
            await self._release_gone_holders(ref, devices)
            with self._alone():
                known = self._records.get(ref.uid)
                if known is not None and known.devices != devices:
                    log.warning("the allocation changed under the same UID", extra={"claim": ref.uid})
                    self._forget(ref.uid)
                self._carry_out(ref, devices)
            return devices

    async def _read(self, ref: ClaimRef) -> dict[str, Any]:
        try:
            claim = await self._reader.get_claim(ref.namespace, ref.name)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            message = f"claim {ref.namespace}/{ref.name} (UID {ref.uid}) does not exist on the API server"
            raise ClaimError(message) from error
        check_identity(claim, ref.uid)
        return claim

    async def _release_gone_holders(self, ref: ClaimRef, wanted: tuple[PreparedDevice, ...]) -> None:
        """Unprepare the claims that hold WANTED but are gone: their unprepare never came."""
        names = {device.device for device in wanted if not device.admin}
        for record in list(self._records.values()):
            held = {device.device for device in record.devices if not device.admin}
            if record.uid != ref.uid and names & held and not self._locks[record.uid].locked():
                await self._collect(record)

    def _carry_out(self, ref: ClaimRef, devices: tuple[PreparedDevice, ...]) -> None:
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
        except BaseException:
            self._forget(ref.uid)
            raise
        self._records[ref.uid] = done
        log.info(
            "prepared %s/%s",
            ref.namespace,
            ref.name,
            extra={"claim": ref.uid, "device": ",".join(sorted(gpus))},
        )

    async def unprepare(self, ref: ClaimRef) -> None:
        """Undo a claim's preparation; a claim that is not prepared is fine.

        Raises:
            EnvironmentFault: the disk does not allow it; the record stays, so that it can be repeated.
        """
        async with self._locks[ref.uid]:
            with self._alone():
                known = ref.uid in self._records
                self._forget(ref.uid)
            if known:
                log.info("unprepared %s/%s", ref.namespace, ref.name, extra={"claim": ref.uid})
        if not self._locks[ref.uid].locked():
            self._locks.pop(ref.uid, None)

    def _forget(self, uid: str) -> None:
        """The file first, the record last: an interruption in between is repeated, never lost."""
        self._cdi.remove(uid)
        self._checkpoint.remove(uid)
        self._records.pop(uid, None)

    async def collect_stale(self) -> None:
        """Unprepare claims that are gone from the API server or were replaced: their unprepare never came.

        Raises:
            ApiError: the server does not answer; what was found gone before that is collected.
        """
        for record in list(self._records.values()):
            await self._collect(record)

    async def _collect(self, record: Record) -> None:
        try:
            claim = await self._reader.get_claim(record.namespace, record.name)
            gone = claim["metadata"]["uid"] != record.uid
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            gone = True
        if gone and not self._locks[record.uid].locked():
            log.warning("unpreparing a claim that is gone", extra={"claim": record.uid})
            with self._alone():
                self._forget(record.uid)
