"""Keeps the CDI document of NVIDIA's driver in its folder: written at the start, when the driver changed, and when it is gone.

What is in it NVIDIA's own generator says, where it is; it knows what a release of the driver brings before this driver does.
"""

import logging
from pathlib import Path

import msgspec

from dra_api.identifiers import DriverName
from dra_driver.cdi.driver_files import find_driver_files
from dra_driver.cdi.driver_spec import device_id, driver_edits, driver_spec
from dra_driver.cdi.files import replace_file
from dra_driver.cdi.nvidia_ctk import PROGRAM, NvidiaCtk, find_nvidia_ctk
from dra_driver.cdi.spec import ContainerEdits
from dra_driver.errors import EnvironmentFault
from dra_driver.settings import Settings

log = logging.getLogger(__name__)


class DriverDocument:
    """The document of one driver root; without a HOOK there is none, and containers have to bring the driver's files.

    Args:
        ctk: says what is in it, instead of what is found here.
        found_instead: what is found here is taken where CTK fails.
    """

    def __init__(
        self,
        cdi_dir: Path,
        driver_name: DriverName,
        root: Path,
        hook: str,
        *,
        ctk: NvidiaCtk | None = None,
        found_instead: bool = True,
    ) -> None:
        self._driver = driver_name
        self._root = root
        self._hook = hook
        self._ctk = ctk
        self._found_instead = found_instead
        self._path = cdi_dir / f"{driver_name}_driver.json"
        self._version: str | None = None
        self._content = b""

    def update(self, version: str | None) -> None:
        """The version of NVIDIA's driver is VERSION now, None if no GPU says it.

        Raises:
            EnvironmentFault: the document cannot be made or written.
        """
        if version is not None and version != self._version and self._hook:
            spec = driver_spec(self._driver, self._edits(version))
            self._content = msgspec.json.format(msgspec.json.encode(spec), indent=1)
            self._write()
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
            self._write()
        return (device_id(self._driver),)

    def _edits(self, version: str) -> ContainerEdits:
        if self._ctk is not None:
            try:
                edits = self._ctk.edits()
            except EnvironmentFault as error:
                if not self._found_instead:
                    raise
                log.warning(
                    "looking for the files of NVIDIA's driver without nvidia-ctk", extra={"error": error}
                )
            else:
                log.info(
                    "containers get %d files of NVIDIA's driver %s", len(edits.get("mounts", [])), version
                )
                return edits
        files = find_driver_files(self._root, version)
        if not files.libraries:
            log.error(
                "no library of NVIDIA's driver %s below %s: containers get none; give --driver-root",
                version,
                self._root,
            )
        log.info("containers get %d libraries of NVIDIA's driver %s", len(files.libraries), version)
        return driver_edits(files, self._root, self._hook)

    def _write(self) -> None:
        try:
            replace_file(self._path, self._path.with_suffix(".tmp"), self._content)
        except OSError as error:
            message = f"cannot write CDI file {self._path}: {error.strerror}; free the disk or make the folder writable"
            raise EnvironmentFault(message) from error


def driver_document(settings: Settings) -> DriverDocument:
    """The document that SETTINGS ask for.

    Raises:
        EnvironmentFault: it is to be what nvidia-ctk says, and that is not on the PATH.
    """
    root, hook, generator = settings.driver_root, settings.cdi_hook, settings.cdi_generator
    program = find_nvidia_ctk() if hook and generator != "own" else None
    if hook and generator == PROGRAM and program is None:
        message = f"--cdi-generator {PROGRAM}: it is not on the PATH; install NVIDIA's container toolkit, or choose own"
        raise EnvironmentFault(message)
    ctk = NvidiaCtk(program, root=root, dev_root=settings.dev_root, hook=hook) if program else None
    return DriverDocument(
        settings.cdi_dir, settings.driver_name, root, hook, ctk=ctk, found_instead=generator == "auto"
    )
