"""What is done for claims without a call of the kubelet, at the start and at every rescan.

Interrupted prepares are undone, lost devices are restored, and claims that no longer exist are unprepared.
"""

import logging

from dra_api.identifiers import ClaimUid
from dra_driver.claims.checkpoint import DONE, STARTED, Record
from dra_driver.claims.instances import Instances
from dra_driver.claims.lifecycle import Lifecycle
from dra_driver.claims.reader import NOT_FOUND, ClaimReader
from dra_driver.claims.records import Records
from dra_driver.claims.turns import Turns
from dra_driver.errors import ApiError, DriverError

log = logging.getLogger(__name__)


class Maintenance:
    """Repairs the claims of one node."""

    def __init__(
        self,
        *,
        records: Records,
        lifecycle: Lifecycle,
        instances: Instances,
        reader: ClaimReader,
        claims: Turns,
        gpus: Turns,
    ) -> None:
        self._records = records
        self._lifecycle = lifecycle
        self._instances = instances
        self._reader = reader
        self._claims = claims
        self._gpus = gpus

    async def undo_interrupted(self) -> None:
        """Undo what dead instances only began.

        Raises:
            EnvironmentFault: the checkpoint cannot be used.
        """
        async with self._records.locked():
            started = [record for record in self._records.all() if record.state == STARTED]
        for record in started:
            if not self._instances.lives(record.owner) and not self._claims.busy(record.uid):
                async with self._claims.of(record.uid), self._gpus.of(*record.gpus):
                    log.warning("undoing an interrupted prepare", extra={"claim": record.uid})
                    await self._lifecycle.undo_or_log(record)

    async def restore(self, uid: ClaimUid) -> None:
        """Restore what a prepared claim lost; what cannot be restored is logged."""
        async with self._claims.of(uid):
            record = self._records.get(uid)
            if record is None or record.state != DONE:
                return
            try:
                async with self._gpus.of(*record.gpus):
                    await self._lifecycle.repeat(record)
            except DriverError as error:
                log.error("a prepared claim lost its devices", extra={"claim": uid, "error": error})

    async def collect(self, record: Record) -> None:
        """Unprepare a claim that no longer exists.

        Raises:
            ApiError: the server does not answer.
        """
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
                if (known := self._records.get(record.uid)) is not None:
                    log.warning("unpreparing a claim that no longer exists", extra={"claim": record.uid})
                    await self._lifecycle.undo_or_log(known)
