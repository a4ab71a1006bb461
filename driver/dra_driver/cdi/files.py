"""Writes and removes CDI files. A reader sees a whole file or none: it is written under another name and renamed.

No file is synced to disk: the folder is in a tmpfs that a reboot empties, together with every container that needs it.

The folder is shared with other drivers, so a file is ours only if its name *and* its content say so: the files of a
driver ``gpu-claim-b`` begin as those of a driver ``gpu`` do. Names of unfinished files have a ``_``, which no driver's
name has.
"""

import contextlib
import logging
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from dra_api.identifiers import ClaimUid, DriverName
from dra_driver.cdi.spec import OPTIONAL_NODES, CdiSpec, file_name, kind
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)
BYTES_MAX = 1 << 20
"""Larger files are not ours."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class CdiFiles:
    """The files of one driver in one folder."""

    def __init__(self, folder: Path, driver_name: DriverName, dev_root: Path = Path("/")) -> None:
        self._folder = folder
        self._driver = driver_name
        self._dev_root = dev_root
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            message = f"cannot make the CDI folder {folder}: {error.strerror}; choose another with --cdi-dir"
            raise EnvironmentFault(message) from error

    def path(self, claim_uid: ClaimUid) -> Path:
        """Where the claim's file is."""
        return self._folder / file_name(self._driver, claim_uid)

    def write(self, claim_uid: ClaimUid, spec: CdiSpec) -> None:
        """Write the claim's file, or replace it.

        Raises:
            EnvironmentFault: disk full, folder read-only.
        """
        path = self.path(claim_uid)
        scratch = self._scratch(claim_uid)
        try:
            replace_file(path, scratch, msgspec.json.format(msgspec.json.encode(spec), indent=1))
        except OSError as error:
            message = (
                f"cannot write CDI file {path}: {error.strerror}; free the disk or make the folder writable"
            )
            raise EnvironmentFault(message) from error

    def holds(self, claim_uid: ClaimUid, spec: CdiSpec) -> bool:
        """Whether the claim's file is there with this content."""
        return read_spec(self.path(claim_uid)) == spec

    def remove(self, claim_uid: ClaimUid) -> None:
        """Remove the claim's file; idempotent.

        Raises:
            EnvironmentFault: the folder is read-only.
        """
        try:
            self.path(claim_uid).unlink(missing_ok=True)
        except OSError as error:
            message = (
                f"cannot remove CDI file {self.path(claim_uid)}: {error.strerror}; make the folder writable"
            )
            raise EnvironmentFault(message) from error

    def unrecorded(self, known: Collection[ClaimUid]) -> Iterator[tuple[ClaimUid, CdiSpec | None]]:
        """This driver's files of claims that are not KNOWN; no document where one cannot be read."""
        prefix, suffix = f"{self._driver}-claim-", ".json"
        for path in self._listed(prefix, suffix):
            uid = ClaimUid(path.name[len(prefix) : -len(suffix)])
            if uid not in known:
                document = read_spec(path)
                if document is None and not UUID.fullmatch(uid):
                    continue  # it may be another driver's
                if document is None or document["kind"] == kind(self._driver):
                    yield uid, document

    def remove_unfinished(self) -> None:
        """Remove what interrupted writes left; what cannot be removed is logged, because no runtime reads it."""
        for path in self._listed(f"{self._driver}_", ".tmp"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("cannot remove the unfinished CDI file %s", path, extra={"error": error})

    def _listed(self, prefix: str, suffix: str) -> list[Path]:
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 # names are enough, and there may be thousands
        except OSError as error:
            message = f"cannot list the CDI folder {self._folder}: {error.strerror}; make it readable"
            raise EnvironmentFault(message) from error
        return [self._folder / name for name in names if name.startswith(prefix) and name.endswith(suffix)]

    def _scratch(self, claim_uid: ClaimUid) -> Path:
        """The name of a file while it is written; runtimes read .json and .yaml only."""
        return self._folder / f"{self._driver}_{claim_uid}.tmp"

    def present_nodes(self) -> frozenset[str]:
        """The optional device nodes that this host has."""
        return frozenset(path for path in OPTIONAL_NODES if (self._dev_root / path.lstrip("/")).exists())


def replace_file(path: Path, scratch: Path, content: bytes) -> None:
    """Write CONTENT to PATH by way of SCRATCH, so that nobody reads half of it.

    Raises:
        OSError: disk full, folder read-only; the old content stays.
    """
    try:
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        scratch.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)  # on a full disk every byte counts
        raise


def read_spec(path: Path) -> CdiSpec | None:
    """The document of a CDI file; None if it cannot be read as one."""
    try:
        with path.open("rb") as stream:
            return msgspec.json.decode(stream.read(BYTES_MAX), type=CdiSpec)
    except (OSError, msgspec.MsgspecError):
        return None
