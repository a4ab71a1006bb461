"""Writes and removes CDI files. A reader sees a whole file or none: it is written under another name and renamed.

No file is synced to disk: the folder is in a tmpfs that a reboot empties, together with every container that needs it.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path

from dra_api.identifiers import ClaimUid, DriverName
from dra_driver.cdi.spec import OPTIONAL_NODES, CdiSpec, file_name
from dra_driver.errors import EnvironmentFault


class CdiFiles:
    """The files of one driver in one folder."""

    def __init__(self, folder: Path, driver_name: DriverName) -> None:
        self._folder = folder
        self._driver = driver_name
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
        scratch = path.with_suffix(".tmp")  # runtimes read .json and .yaml only
        try:
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            with os.fdopen(handle, "w") as stream:
                json.dump(spec, stream, indent=1)
            scratch.replace(path)
        except OSError as error:
            message = f"cannot write CDI file {path}: {error.strerror}"
            raise EnvironmentFault(message) from error

    def remove(self, claim_uid: ClaimUid) -> None:
        """Remove the claim's file; idempotent.

        Raises:
            EnvironmentFault: the folder is read-only.
        """
        try:
            self.path(claim_uid).unlink(missing_ok=True)
        except OSError as error:
            message = f"cannot remove CDI file {self.path(claim_uid)}: {error.strerror}"
            raise EnvironmentFault(message) from error

    def remove_stale(self, known: Collection[ClaimUid]) -> list[Path]:
        """Remove this driver's files of claims that are not KNOWN, and interrupted writes; return them."""
        keep = {file_name(self._driver, uid) for uid in known}
        ours = [path for path in self._folder.glob(f"{self._driver}-claim-*") if path.name not in keep]
        for path in ours:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                message = (
                    f"cannot remove the stale CDI file {path}: {error.strerror}; make the folder writable"
                )
                raise EnvironmentFault(message) from error
        return ours

    def present_nodes(self) -> frozenset[str]:
        """The optional device nodes that this host has."""
        return frozenset(path for path in OPTIONAL_NODES if Path(path).exists())
