"""A claim's way from *started* to *done* and back: its steps and its record, one after the other.

The record says every step before the first is done. So a kill between any two steps leaves a record that says what to
undo. The caller has the turns of the claim and of its GPUs.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from dra_api.identifiers import DeviceName
from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.checkpoint import DONE, STARTED, Record
from dra_driver.claims.instances import Instances
from dra_driver.claims.records import Records
from dra_driver.claims.step import CreateMig, Made, Step, WriteCdi
from dra_driver.claims.steps import Steps
from dra_driver.errors import ClaimError, EnvironmentFault

log = logging.getLogger(__name__)


class Lifecycle:
    """Does and undoes what records say."""

    def __init__(self, *, records: Records, steps: Steps, instances: Instances, cdi: CdiFiles) -> None:
        self._records = records
        self._steps = steps
        self._instances = instances
        self._cdi = cdi

    def refuse_other_instances(self, known: Record | None) -> None:
        """Do not touch what another instance is preparing.

        Raises:
            ClaimError: it is; the kubelet calls again.
        """
        if known is None or known.state == DONE or known.owner == self._instances.token:
            return
        if self._instances.lives(known.owner):
            message = f"claim {known.uid} is being prepared by another instance of this driver; call again"
            raise ClaimError(message)

    async def refuse_foreign(self, steps: Sequence[Step], made: Mapping[DeviceName, Made]) -> None:
        """Do not record that we make what is there already: undoing it would destroy what somebody else made.

        Raises:
            ClaimError: a MIG instance is in the way.
        """
        if not any(isinstance(step, CreateMig) for step in steps):
            return
        if reason := await asyncio.to_thread(self._steps.in_the_way, steps, made):
            raise ClaimError(reason)

    async def carry_out(self, record: Record) -> None:
        """Do the steps of a record that is written, the CDI file last; then the record is done."""
        for step in slow_steps(record):
            made = await asyncio.to_thread(self._steps.do, step, record)
            if made:
                record = replace(record, made=record.made | made)
                async with self._records.locked():
                    self._records.put(record)
        async with self._records.locked():
            self.complete(record)

    def complete(self, record: Record) -> None:
        """The last step and the end of the record, under the lock: no other process may sweep unfinished files."""
        if WriteCdi() in record.steps:
            self._steps.do(WriteCdi(), record)
        self._records.put(replace(record, state=DONE))

    async def repeat(self, record: Record) -> None:
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
                others = self._records.others(record.uid).values()
                await asyncio.to_thread(self._steps.undo, step, record, others)
            gone = {step.device for step in lost}
            made = {name: made for name, made in record.made.items() if name not in gone}
            await self.refuse_foreign(lost, made)
            record = replace(record, state=STARTED, owner=self._instances.token, made=made)
        if missing or self._records.get(record.uid) != record:
            async with self._records.locked():
                self._records.put(record)
        if missing:
            await self.carry_out(record)

    async def _holds(self, step: Step, record: Record) -> bool:
        if step == WriteCdi():
            return self._steps.holds(step, record)
        return await asyncio.to_thread(self._steps.holds, step, record)

    def undo_quickly(self, record: Record) -> bool:
        """Undo a record under the lock, if its only step is the CDI file; otherwise false, and nothing happens.

        Raises:
            EnvironmentFault: the file cannot be removed; the record stays.
        """
        if slow_steps(record):
            return False
        self._cdi.remove(record.uid)
        self._records.forget(record.uid)
        return True

    async def undo(self, record: Record) -> None:
        """Undo the steps in reverse, then remove the record: after an interruption the record makes it happen again.

        Raises:
            EnvironmentFault: a step cannot be undone; the record stays, as started.
        """
        async with self._records.locked():
            if self.undo_quickly(record):
                return
            if record.state == DONE:
                record = replace(record, state=STARTED, owner=self._instances.token)
                self._records.put(record)
            self._cdi.remove(record.uid)
        for step in reversed(slow_steps(record)):
            others = list(self._records.others(record.uid).values())
            await asyncio.to_thread(self._steps.undo, step, record, others)
        async with self._records.locked():
            self._records.forget(record.uid)

    async def undo_or_log(self, record: Record) -> None:
        """Undo it; what cannot be undone is logged."""
        try:
            await self.undo(record)
        except EnvironmentFault as error:
            log.error(
                "cannot undo a claim; its devices stay with it", extra={"claim": record.uid, "error": error}
            )


def slow_steps(record: Record) -> list[Step]:
    """The steps that act on hardware and programs."""
    return [step for step in record.steps if step != WriteCdi()]
