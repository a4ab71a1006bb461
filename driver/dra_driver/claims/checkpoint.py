"""The record of every prepared claim, in a SQLite file that survives the process.

SQLite because its writes are atomic and checked. A write-ahead log with ``synchronous = NORMAL`` survives a kill at any
moment. A loss of power may lose the last records, never consistency, and nothing is lost with them: the next boot has
another id, with which every record is dropped anyway, because no container and no MIG instance survives a boot.

What goes wrong is one of two things, and they are never confused:

* The disk is full or read-only, the file is locked, or a newer driver wrote it: nothing is touched, every call answers
  with the reason, and the next call tries again.
* The content is damaged (SQLite's CORRUPT and NOTADB, or a row that cannot be read): the file is kept under another
  name, the rows that can be read are taken over, and the service takes the others from the CDI files (``damaged``).

During a rolling update two instances have the file open. Each holds a lock on a file next to it from looking for a
conflict to writing the record, so that two instances never give one device to two claims.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from dra_api.identifiers import ClaimUid, DeviceName
from dra_driver.claims.instances import open_private
from dra_driver.claims.step import Made, PreparedDevice, Step, WriteCdi
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)
SCHEMA = 2
STARTED, DONE = "started", "done"
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
BUSY_S = 0.2
"""How long SQLite waits for another process: no driver holds it longer than one write, and the event loop waits too."""
LOCK_S = 10.0
"""How long a call waits for the other instance; the kubelet's deadline is 45 s."""
LOCK_POLL_S = (0.001, 0.05)
FILES = ("", "-wal", "-shm")
CREATE = (
    "CREATE TABLE IF NOT EXISTS claims (uid TEXT PRIMARY KEY, namespace TEXT, name TEXT, state TEXT, devices BLOB)",
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT)",
)
ADDED = {
    "owner": "TEXT DEFAULT ''",
    "steps": 'BLOB DEFAULT \'[{"type":"writeCdi"}]\'',
    "made": "BLOB DEFAULT '{}'",
}
"""Columns of schema 2: what a record of schema 1 did is the CDI file."""
SELECT = "SELECT uid, namespace, name, state, devices, owner, steps, made FROM claims ORDER BY uid"

INSERT = (
    "INSERT OR REPLACE INTO claims (uid, namespace, name, state, owner, devices, steps, made)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
DEVICES = msgspec.json.Decoder(tuple[PreparedDevice, ...])
STEPS = msgspec.json.Decoder(tuple[Step, ...])
MADE = msgspec.json.Decoder(dict[DeviceName, Made])


class Damaged(Exception):
    """The content of the file cannot be read."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One claim.

    Attributes:
        state: ``started`` until everything of it is in place, and again from when it begins to be undone.
        owner: the instance that prepares it; of interest while it is only started.
        namespace: empty if the record was made from a CDI file that does not say it.
        steps: what is done for it, in their order.
        made: what the steps made so far.
    """

    uid: ClaimUid
    namespace: str
    name: str
    state: str
    devices: tuple[PreparedDevice, ...]
    owner: str = ""
    steps: tuple[Step, ...] = (WriteCdi(),)
    made: dict[DeviceName, Made] = {}

    @property
    def gpus(self) -> frozenset[str]:
        """UUIDs of its hardware."""
        return frozenset(device.gpu for device in self.devices if device.gpu)


class Checkpoint:
    """The file ``checkpoint.sqlite`` in the driver's folder.

    Attributes:
        damaged: where the damaged file is that this process found; None if it found none.
        incomplete: records may be missing, because the file was damaged or not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0
        self._turn = asyncio.Lock()  # a file lock does not exclude two calls of one process
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._reopened = False
        self.damaged: Path | None = None
        self.incomplete = False

    def open(self) -> None:
        """Open the file; does nothing if it is open.

        Raises:
            EnvironmentFault: the disk, a lock, or a newer driver's file; nothing was changed, so try again later.
        """
        if self._connection is not None:
            return
        try:
            if self._lock is None:
                self._lock = open_private(self._path.with_suffix(".lock"))
            try:
                self._connection = self._checked()
            except Damaged as damage:
                self._connection = self._replaced(damage)
            self._reopened = True
        except sqlite3.Error as error:
            message = f"cannot open checkpoint {self._path}: {error}; free the disk or end the process that uses the file"
            raise EnvironmentFault(message) from error
        except OSError as error:
            message = f"cannot open checkpoint {self._path}: {error.strerror}; make the folder writable or choose another one"
            raise EnvironmentFault(message) from error

    def reopened(self) -> bool:
        """Whether the file was opened since this was asked last."""
        reopened, self._reopened = self._reopened, False
        return reopened

    def _checked(self) -> sqlite3.Connection:
        """A connection to the file, whose whole content was read.

        Raises:
            Damaged: it is no database, or a page or a row cannot be read.
        """
        os.close(open_private(self._path))
        db = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)
        try:
            self._prepare(db)
            [(verdict,), *_] = db.execute("PRAGMA quick_check(1)").fetchall()
            if verdict != "ok":
                raise Damaged(verdict)
            list(map(record_of, db.execute(SELECT)))
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                raise Damaged(str(error)) from error
            raise
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found > SCHEMA:
            message = (
                f"checkpoint {self._path} has schema {found}, this driver knows {SCHEMA}; use a newer driver"
            )
            raise EnvironmentFault(message)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        for statement in CREATE:
            db.execute(statement)
        columns = {row[1] for row in db.execute("PRAGMA table_info(claims)")}
        for name in ADDED.keys() - columns:
            db.execute(f"ALTER TABLE claims ADD COLUMN {name} {ADDED[name]}")
        if found == 0:
            self.incomplete = True
        if found != SCHEMA:
            db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _replaced(self, damage: Damaged) -> sqlite3.Connection:
        """A new file with the readable rows of the damaged one, which is kept under another name."""
        aside = self._path.with_suffix(f".damaged-{time.time_ns()}")
        for suffix in FILES:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self._path}{suffix}").replace(f"{aside}{suffix}")
        kept = list(readable(aside))
        log.error(
            "the checkpoint is damaged; kept it as %s, took over %d records, and look for others in the CDI files",
            aside,
            len(kept),
            extra={"error": damage},
        )
        self.damaged = aside
        self._connection = self._checked()
        for record in kept:
            self.put(record)
        return self._connection

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        self.open()
        assert self._connection is not None
        try:
            yield self._connection
        except sqlite3.Error as error:
            if is_damage(error):  # the next call opens it again, and finds the damage
                self._connection.close()
                self._connection, self._seen = None, 0
            message = f"checkpoint {self._path}: {error}; nothing was changed; free the disk or end what holds the file, the next call tries again"
            raise EnvironmentFault(message) from error

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[bool]:
        """Hold the lock against other instances; true if another one wrote since this one held it last.

        Raises:
            EnvironmentFault: another process holds the lock for too long.
        """
        self.open()
        assert self._lock is not None
        async with self._turn:
            await self._take(self._lock)
            try:
                with self._database() as db:
                    (version,) = db.execute("PRAGMA data_version").fetchone()
                changed, self._seen = version != self._seen, version
                yield changed
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    async def _take(self, lock: int) -> None:
        """Take the lock without blocking the event loop, on which every other call and stream runs."""
        deadline, (pause, slowest) = time.monotonic() + LOCK_S, LOCK_POLL_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if time.monotonic() > deadline:
                    message = f"checkpoint {self._path} was locked for {LOCK_S:.0f} s by another process; end it if it hangs"
                    raise EnvironmentFault(message) from error
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, slowest)

    def records(self) -> dict[ClaimUid, Record]:
        """All claims by UID.

        Raises:
            EnvironmentFault: the file cannot be read.
        """
        with self._database() as db:
            rows = db.execute(SELECT).fetchall()
        return {record.uid: record for record in map(record_of, rows)}

    def put(self, record: Record) -> None:
        """Write a claim's record.

        Raises:
            EnvironmentFault: the disk is full or read-only.
        """
        values = map(msgspec.json.encode, (record.devices, record.steps, record.made))
        row = (record.uid, record.namespace, record.name, record.state, record.owner, *values)
        with self._database() as db:
            db.execute(INSERT, row)

    def remove(self, uid: ClaimUid) -> None:
        """Remove a claim's record; idempotent."""
        with self._database() as db:
            db.execute("DELETE FROM claims WHERE uid = ?", (uid,))

    def fact(self, name: str) -> str | None:
        """A value that was kept with ``keep``."""
        with self._database() as db:
            row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def keep(self, name: str, value: str) -> None:
        """Keep a value that is no claim's."""
        with self._database() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the files; idempotent."""
        if self._connection is not None:
            self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
        self._connection = self._lock = None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the content is damaged; the low byte of SQLite's extended codes is the primary one."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in DAMAGE


def record_of(row: tuple[str, str, str, str, bytes, str | None, bytes, bytes]) -> Record:
    """A row as a record.

    Raises:
        Damaged: it cannot be read.
    """
    uid, namespace, name, state, devices, owner, steps, made = row
    try:
        return Record(
            uid=ClaimUid(uid),
            namespace=namespace,
            name=name,
            state=state,
            devices=DEVICES.decode(devices),
            owner=owner or "",
            steps=STEPS.decode(steps),
            made=MADE.decode(made),
        )
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError) as error:
        message = f"the record of claim {uid!r}: {error}"
        raise Damaged(message) from error


def readable(path: Path) -> Iterator[Record]:
    """The records of a damaged file that can be read."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as db:
        for row in db.execute(SELECT):
            with contextlib.suppress(Damaged):
                yield record_of(row)
