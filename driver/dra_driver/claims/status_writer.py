"""Writes ``status.devices`` of prepared claims, beside the calls: no call waits for it, and none fails because of it.

One server-side apply per claim and change, by which entries of other drivers, the allocation and reservations stay what
they are; the claim's UID is in it, so that a claim that replaced another of its name is refused. What is written already
is not written again: after a restart nothing is sent.

Errors that a repetition may cure are repeated with a pause that doubles; others are reported once per claim and change. A
server that drops the entries (the gate DRAResourceClaimDeviceStatus is off) is not asked again.
"""

import asyncio
import datetime
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from dra_api.identifiers import ClaimUid, DeviceName, DriverName
from dra_api.objects import DeviceStatus, ResourceClaim
from dra_driver.claims.checkpoint import DONE, Record
from dra_driver.claims.device_status import own, statuses
from dra_driver.claims.reader import NOT_FOUND, ClaimReader
from dra_driver.devices.model import Inventory
from dra_driver.errors import ApiError
from dra_driver.health.monitor import State

log = logging.getLogger(__name__)
FASTEST_S, SLOWEST_S = 0.2, 60.0
AGAIN = (0, NOT_FOUND, 408, 409, 429)
"""No answer, or not now, with every 5xx; or the claim was deleted or replaced, which the next look at it shows."""


class StatusApi(Protocol):
    """Where statuses are written."""

    async def apply_device_status(
        self, namespace: str, name: str, uid: ClaimUid, devices: list[DeviceStatus]
    ) -> ResourceClaim:
        """Make DEVICES this driver's entries; the claim as stored.

        Raises:
            ApiError: the server refuses, or does not answer.
        """


class StatusWriter:
    """The statuses of one driver's claims."""

    def __init__(
        self,
        *,
        driver_name: DriverName,
        reader: ClaimReader,
        api: StatusApi,
        inventory: Callable[[], Inventory],
        health: Callable[[], Mapping[DeviceName, State]],
        record: Callable[[ClaimUid], Record | None],
    ) -> None:
        self._driver = driver_name
        self._reader = reader
        self._api = api
        self._inventory = inventory
        self._health = health
        self._record = record
        self._waiting: dict[ClaimUid, None] = {}  # in their order
        self._more = asyncio.Event()
        self._dropped = False

    def refresh(self, uids: Iterable[ClaimUid]) -> None:
        """Look at the claims UIDS: they were prepared, or the health of a device changed."""
        self._waiting.update(dict.fromkeys(uids))
        self._more.set()

    async def run(self) -> None:
        """Write until cancelled."""
        pause = FASTEST_S
        while True:
            await self._more.wait()
            self._more.clear()
            again: list[ClaimUid] = []
            while self._waiting and not self._dropped:
                uid = next(iter(self._waiting))
                del self._waiting[uid]
                record = self._record(uid)
                if record is not None and record.state == DONE and record.name:
                    again += [] if await self._write(record) else [uid]
            pause = min(pause * 2, SLOWEST_S) if again else FASTEST_S
            if again:
                asyncio.get_running_loop().call_later(pause, self.refresh, again)

    async def _write(self, record: Record) -> bool:
        """Write one claim's; false if it is worth to try it again."""
        try:
            claim = await self._reader.get_claim(record.namespace, record.name)
        except ApiError as error:
            return error.code == NOT_FOUND or self._failed(record, error)
        if claim["metadata"]["uid"] != record.uid:
            return True
        wanted = statuses(
            record,
            claim,
            driver_name=self._driver,
            inventory=self._inventory(),
            health=self._health(),
            now=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        if wanted == own(claim, self._driver) or self._record(record.uid) is None:
            return True
        try:
            stored = await self._api.apply_device_status(record.namespace, record.name, record.uid, wanted)
        except ApiError as error:
            return self._failed(record, error)
        if wanted and not own(stored, self._driver):
            self._dropped = True
            log.warning(
                "the API server drops status.devices: its gate DRAResourceClaimDeviceStatus is off; no more are written"
            )
        return True

    def _failed(self, record: Record, error: ApiError) -> bool:
        """Log a failure; false if it is worth to try it again. A claim that was unprepared meanwhile needs no status."""
        if self._record(record.uid) is None:
            return True
        log.warning(
            "cannot write the status of the devices of a claim; the devices are not affected",
            extra={"claim": record.uid, "error": error},
        )
        return error.code not in AGAIN and error.code < 500
