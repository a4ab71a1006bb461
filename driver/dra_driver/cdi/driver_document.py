"""Keeps the CDI document of NVIDIA's driver in its folder: written at the start, when the driver changed, and when it is gone."""

import logging
from pathlib import Path

import msgspec

from dra_api.identifiers import DriverName
from dra_driver.cdi.driver_files import find_driver_files
from dra_driver.cdi.driver_spec import device_id, driver_spec
from dra_driver.cdi.files import replace_file
from dra_driver.errors import EnvironmentFault

log = logging.getLogger(__name__)


class DriverDocument:
    """The document of one driver root; without a HOOK there is none, and containers have to bring the driver's files."""

    def __init__(self, cdi_dir: Path, driver_name: DriverName, root: Path, hook: str) -> None:
        self._driver = driver_name
        self._root = root
        self._hook = hook
        self._path = cdi_dir / f"{driver_name}_driver.json"
        self._version: str | None = None

    def update(self, version: str | None) -> None:
        """The version of NVIDIA's driver is VERSION now, None if no GPU says it.

        Raises:
            EnvironmentFault: the document cannot be written.
        """
        if version is not None and version != self._version and self._hook:
            self._write(version)
            self._version = version

    def ids(self) -> tuple[str, ...]:
        """The CDI devices that containers need; the document is written again if it is gone.

        Raises:
            EnvironmentFault: the document cannot be written.
        """
        if self._version is None:
            return ()
        if not self._path.exists():
            log.warning("the CDI file %s was removed; writing it again", self._path)
            self._write(self._version)
        return (device_id(self._driver),)

    def _write(self, version: str) -> None:
        files = find_driver_files(self._root, version)
        if not files.libraries:
            log.error(
                "no library of NVIDIA's driver %s below %s: containers get none; give --driver-root",
                version,
                self._root,
            )
        spec = driver_spec(self._driver, files, self._root, self._hook)
        try:
            encoded = msgspec.json.format(msgspec.json.encode(spec), indent=1)
            replace_file(self._path, self._path.with_suffix(".tmp"), encoded)
        except OSError as error:
            message = f"cannot write CDI file {self._path}: {error.strerror}; free the disk or make the folder writable"
            raise EnvironmentFault(message) from error
        log.info("containers get %d libraries of NVIDIA's driver %s", len(files.libraries), version)
