"""The records of this node's claims, shared with other instances of the driver by way of the checkpoint.

What is kept here is a copy; holding the lock makes it what the last instance wrote. When the checkpoint was opened, the
records are compared with the boot and with the CDI files.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import CdiSpec
from dra_driver.claims import mig_instances
from dra_driver.claims.checkpoint import Checkpoint, Record
from dra_driver.claims.lost import record_of
from dra_driver.devices.model import Inventory
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)
BOOT_ID = "bootId"


class Records:
    """The records of the claims of one driver on one node."""

    def __init__(
        self,
        *,
        driver_name: DriverName,
        pool: PoolName,
        inventory: Callable[[], Inventory],
        checkpoint: Checkpoint,
        cdi: CdiFiles,
        has_metadata: Callable[[ClaimUid], bool],
        boot_id: str,
    ) -> None:
        self._driver = driver_name
        self._pool = pool
        self._inventory = inventory
        self._checkpoint = checkpoint
        self._cdi = cdi
        self._has_metadata = has_metadata
        self._boot_id = boot_id
        self._records: dict[ClaimUid, Record] = {}
        self._loaded = False

    def __len__(self) -> int:
        return len(self._records)

    def all(self) -> list[Record]:
        """Those of now; the list does not change."""
        return list(self._records.values())

    def get(self, uid: ClaimUid) -> Record | None:
        """A claim's record."""
        return self._records.get(uid)

    def others(self, uid: ClaimUid) -> dict[ClaimUid, Record]:
        """The records of all other claims."""
        return {other: record for other, record in self._records.items() if other != uid}

    @property
    def devices(self) -> frozenset[DeviceName]:
        """The devices of all claims."""
        return frozenset(device.device for record in self._records.values() for device in record.devices)

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
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

    def put(self, record: Record) -> None:
        """Write a record; hold the lock.

        Raises:
            EnvironmentFault: the disk is full or read-only.
        """
        self._checkpoint.put(record)
        self._records[record.uid] = record

    def forget(self, uid: ClaimUid) -> None:
        """Remove a record; hold the lock."""
        self._checkpoint.remove(uid)
        self._records.pop(uid, None)

    def drop(self, uid: ClaimUid) -> None:
        """Remove the file, then the record; what cannot be removed is logged, and the others go on."""
        try:
            self._cdi.remove(uid)
            self.forget(uid)
        except EnvironmentFault as error:
            log.error("cannot drop a claim; its devices stay with it", extra={"claim": uid, "error": error})

    def _drop_other_boots(self) -> None:
        """No container, MIG instance or MPS daemon survives a boot, so neither does a record."""
        recorded = self._checkpoint.fact(BOOT_ID)
        if recorded is not None and recorded != self._boot_id:
            log.warning("the node was booted: dropping the records of %d claims", len(self._records))
            for uid in list(self._records):
                self.drop(uid)
        if recorded != self._boot_id:
            self._checkpoint.keep(BOOT_ID, self._boot_id)

    def _find_lost(self) -> None:
        """Make the records that were lost from their CDI files."""
        self._cdi.remove_unfinished()
        for uid, document in list(self._cdi.unrecorded(self._records.keys())):
            found = self._lost_record(uid, document)
            if found is None:
                log.warning("removing the CDI file of a claim that is not prepared", extra={"claim": uid})
                self.drop(uid)
            else:
                log.warning("made the record of a claim from its CDI file", extra={"claim": uid})
                self.put(found)

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
            metadata=self._has_metadata(uid),
        )
