"""Writes and removes the metadata files of claims (``metadata``) and the CDI files that mount them.

Each is written under another name and renamed, so a container never sees half of one.
"""

import contextlib
import logging
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from dra_api.identifiers import ClaimUid, DriverName
from dra_driver.cdi.files import read_spec, replace_file
from dra_driver.cdi.metadata import RequestFile, content, host_path, spec_of
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)


class MetadataFiles:
    """The metadata of one driver's claims: below FOLDER the files, in CDI_DIR what mounts them."""

    def __init__(self, folder: Path, cdi_dir: Path, driver_name: DriverName) -> None:
        self._folder = folder
        self._cdi_dir = cdi_dir
        self._driver = driver_name

    def write(self, uid: ClaimUid, files: Sequence[RequestFile]) -> None:
        """Write all of a claim.

        Raises:
            EnvironmentFault: disk full, folder read-only.
        """
        try:
            for file in files:
                path = host_path(self._of(uid), file)
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                replace_file(path, path.with_suffix(".tmp"), content(file))
            spec = spec_of(self._driver, files, self._of(uid))
            encoded = msgspec.json.format(msgspec.json.encode(spec), indent=1)
            replace_file(self._cdi_path(uid), self._cdi_path(uid).with_suffix(".tmp"), encoded)
        except OSError as error:
            message = f"cannot write device metadata {error.filename or self._of(uid)}: {error.strerror}; free the disk or make the folder writable"
            raise EnvironmentFault(message) from error

    def holds(self, uid: ClaimUid, files: Sequence[RequestFile]) -> bool:
        """Whether the files are there, and the CDI file mounts them."""
        there = all(host_path(self._of(uid), file).is_file() for file in files)
        return there and read_spec(self._cdi_path(uid)) == spec_of(self._driver, files, self._of(uid))

    def remove(self, uid: ClaimUid) -> None:
        """Remove all of a claim; idempotent.

        Raises:
            EnvironmentFault: a folder is read-only.
        """
        try:
            self._cdi_path(uid).unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._of(uid))
        except OSError as error:
            message = f"cannot remove device metadata {error.filename or self._of(uid)}: {error.strerror}; make the folder writable"
            raise EnvironmentFault(message) from error

    def requests(self, uid: ClaimUid) -> tuple[str, ...]:
        """The main requests that a claim has files for."""
        folder = self._of(uid)
        return tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()

    def remove_unknown(self, known: Collection[ClaimUid]) -> None:
        """Remove what is of no KNOWN claim; what cannot be removed is logged."""
        for uid in self._uids() - set(known):
            log.warning("removing the device metadata of a claim that is not prepared", extra={"claim": uid})
            try:
                self.remove(uid)
            except EnvironmentFault as error:
                log.error("it stays", extra={"claim": uid, "error": error})

    def _uids(self) -> set[ClaimUid]:
        prefix = f"{self._driver}_metadata_"
        mounted = (path.stem.removeprefix(prefix) for path in self._cdi_dir.glob(f"{prefix}*.json"))
        written = (path.name for path in self._folder.iterdir()) if self._folder.is_dir() else ()
        return {ClaimUid(uid) for uid in (*mounted, *written)}

    def _of(self, uid: ClaimUid) -> Path:
        return self._folder / uid

    def _cdi_path(self, uid: ClaimUid) -> Path:
        return self._cdi_dir / f"{self._driver}_metadata_{uid}.json"
