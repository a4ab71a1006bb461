"""The record of every prepared claim, in a SQLite file that survives the process.

SQLite because its writes are atomic and checked. A write-ahead log with ``synchronous = NORMAL`` survives a kill at any
moment. A loss of power may lose the last records, never consistency; no container survives it either, and the kubelet
prepares the claims again.

During a rolling update two instances have the file open. Each holds a lock on a file next to it from looking for a
conflict to writing the record, so that two instances never give one device to two claims.

A file with a newer schema is refused. A file that is no database is renamed and logged: the kubelet's repeated calls
write its records again, and until then a conflict with them cannot be found.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dra_api.identifiers import ClaimUid
from dra_driver.claims.prepare import PreparedDevice
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)
SCHEMA = 1
STARTED, DONE = "started", "done"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One claim: ``state`` is ``started`` until its CDI file is in place."""

    uid: ClaimUid
    namespace: str
    name: str
    state: str
    devices: tuple[PreparedDevice, ...]


class Checkpoint:
    """The file ``checkpoint.sqlite`` in the driver's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0
        try:
            self._lock = open_private(path.with_suffix(".lock"))
            self._db = self._open()
        except sqlite3.OperationalError as error:  # a disk or a lock, not the content: the records are kept
            message = f"cannot open checkpoint {path}: {error}"
            raise EnvironmentFault(message) from error
        except sqlite3.DatabaseError:
            aside = path.with_suffix(f".broken-{int(time.time())}")
            path.replace(aside)
            log.exception(
                "checkpoint %s is not readable; renamed it to %s and created a new one", path, aside
            )
            self._db = self._open()
        except OSError as error:
            message = f"cannot open checkpoint {path}: {error.strerror}; make the folder writable or choose another one"
            raise EnvironmentFault(message) from error

    def _open(self) -> sqlite3.Connection:
        os.close(open_private(self._path))
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found > SCHEMA:
            message = (
                f"checkpoint {self._path} has schema {found}, this driver knows {SCHEMA}; use a newer driver"
            )
            raise EnvironmentFault(message)
        db.execute(
            "CREATE TABLE IF NOT EXISTS claims (uid TEXT PRIMARY KEY, namespace TEXT, name TEXT, state TEXT, devices BLOB)"
        )
        db.execute(f"PRAGMA user_version = {SCHEMA}")

    @contextlib.contextmanager
    def _database_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            message = f"checkpoint {self._path}: {error}"
            raise EnvironmentFault(message) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the lock against other instances; true if another one wrote since this one held it last."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            with self._database_errors():
                (version,) = self._db.execute("PRAGMA data_version").fetchone()
            changed, self._seen = version != self._seen, version
            yield changed
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def records(self) -> dict[ClaimUid, Record]:
        """All claims by UID."""
        with self._database_errors():
            rows = self._db.execute(
                "SELECT uid, namespace, name, state, devices FROM claims ORDER BY uid"
            ).fetchall()
        return {
            uid: Record(
                uid=uid,
                namespace=namespace,
                name=name,
                state=state,
                devices=msgspec.json.decode(devices, type=tuple[PreparedDevice, ...]),
            )
            for uid, namespace, name, state, devices in rows
        }

    def put(self, record: Record) -> None:
        """Write a claim's record.

        Raises:
            EnvironmentFault: the disk is full or read-only.
        """
        row = (record.uid, record.namespace, record.name, record.state, msgspec.json.encode(record.devices))
        with self._database_errors():
            self._db.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)", row)

    def remove(self, uid: ClaimUid) -> None:
        """Remove a claim's record; idempotent."""
        with self._database_errors():
            self._db.execute("DELETE FROM claims WHERE uid = ?", (uid,))

    def close(self) -> None:
        """Close the files."""
        self._db.close()
        os.close(self._lock)


def open_private(path: Path) -> int:
    """A descriptor of a file that only this user can read; created if it does not exist."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
