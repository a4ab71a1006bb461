"""Remembers errors that NVML reports only once, in a file that outlives the process but not the boot.

A reboot resets every GPU, so what another boot wrote is forgotten. A file that cannot be read is a log line and not
more: the next error is written again.
"""

import logging
from collections.abc import Collection
from pathlib import Path

import msgspec

from dra_driver.health.conditions import Condition, in_order

log = logging.getLogger(__name__)


class Document(msgspec.Struct, frozen=True):
    """The content of the file."""

    boot: str
    conditions: tuple[Condition, ...]


class Store:
    """The file ``health.json`` in the driver's folder."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot

    def read(self) -> frozenset[Condition]:
        """What this boot saw."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Document)
        except FileNotFoundError:
            return frozenset()
        except (OSError, msgspec.MsgspecError) as error:
            log.warning(
                "cannot read %s; earlier errors of GPUs are forgotten", self._path, extra={"error": error}
            )
            return frozenset()
        return frozenset(found.conditions) if found.boot == self._boot else frozenset()

    def write(self, conditions: Collection[Condition]) -> None:
        """Replace what is remembered."""
        scratch = self._path.with_suffix(".tmp")
        try:
            scratch.write_bytes(msgspec.json.encode(Document(self._boot, in_order(conditions))))
            scratch.replace(self._path)
        except OSError as error:
            log.error(
                "cannot write %s; after a restart errors of GPUs are forgotten",
                self._path,
                extra={"error": error},
            )
