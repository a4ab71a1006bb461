"""The claims that are prepared on this node, in one file that is replaced as a whole."""

from pathlib import Path

import msgspec

from dra_api.identifiers import ClaimUid
from dra_driver.cdi.files import replace_file
from dra_driver.errors import EnvironmentFault


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A claim; it is recorded before anything is done for it.

    Attributes:
        pool: of a fabric; empty: the node's.
        share: the ID of the claim's share of a fabric.
        done: everything was done.
    """

    namespace: str
    name: str
    domain: str
    device: str
    every: bool = False
    request: str = ""
    admin: bool = False
    pool: str = ""
    share: str = ""
    done: bool = False


class Records:
    """The records in FILE.

    Raises:
        EnvironmentFault: the file is damaged, or written by a newer driver.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[ClaimUid, Record] = {}
        try:
            if path.exists():
                self._known = msgspec.json.decode(path.read_bytes(), type=dict[ClaimUid, Record])
        except (OSError, msgspec.MsgspecError) as error:
            message = (
                f"cannot read the prepared claims in {path}: {error}; if it is damaged, remove it once no pod of this node "
                "uses a ComputeDomain"
            )
            raise EnvironmentFault(message) from error

    def all(self) -> dict[ClaimUid, Record]:
        """All records."""
        return dict(self._known)

    def put(self, uid: ClaimUid, record: Record) -> None:
        """Write a record.

        Raises:
            EnvironmentFault: disk full, folder read-only; the record is not there.
        """
        self._write({**self._known, uid: record})

    def remove(self, uid: ClaimUid) -> None:
        """Remove a record; idempotent.

        Raises:
            EnvironmentFault: disk full, folder read-only; the record is still there.
        """
        if uid in self._known:
            self._write({key: record for key, record in self._known.items() if key != uid})

    def _write(self, records: dict[ClaimUid, Record]) -> None:
        try:
            replace_file(
                self._path, self._path.with_name(f".{self._path.name}"), msgspec.json.encode(records)
            )
        except OSError as error:
            message = (
                f"cannot write {self._path}: {error.strerror}; free the disk or make the folder writable"
            )
            raise EnvironmentFault(message) from error
        self._known = records
