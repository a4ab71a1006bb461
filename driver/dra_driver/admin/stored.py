"""The driver's folder as a command sees it that is not the driver: nothing is opened for writing, and nothing is repaired."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from dra_driver.claims.checkpoint import SELECT, Damaged, Record, record_of
from dra_driver.claims.instances import NAME, is_locked
from dra_driver.errors import EnvironmentFault

CHECKPOINT = "checkpoint.sqlite"
DAMAGED = re.compile(r"checkpoint\.damaged-\d+")


def stored_records(folder: Path) -> list[Record]:
    """The records of all claims; none if there is no checkpoint.

    Raises:
        EnvironmentFault: it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return [record_of(row) for row in database.execute(SELECT)]
    except (sqlite3.Error, Damaged) as error:
        message = f"cannot read checkpoint {path}: {error}; start the driver, which repairs it"
        raise EnvironmentFault(message) from error


def living_instances(folder: Path) -> list[str]:
    """Tokens of the driver's processes that run."""
    if not folder.is_dir():
        return []
    names = (NAME.fullmatch(path.name) for path in sorted(folder.iterdir()))
    return [name[1] for name in names if name and is_locked(folder / name[0])]


def damaged_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints that were damaged and kept."""
    return sorted(path for path in folder.glob("checkpoint.damaged-*") if DAMAGED.fullmatch(path.name))
