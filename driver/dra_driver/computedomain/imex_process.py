"""Supervises nvidia-imex: it is started again when it ends, and resolves its names again when the addresses change."""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path

log = logging.getLogger(__name__)
RESTART_S = 1.0
STOP_S = 10.0
CHECK_S = 10.0
READY = "READY\n"


class ImexProcess:
    """One nvidia-imex.

    Args:
        programs: the folder of nvidia-imex and nvidia-imex-ctl.
    """

    def __init__(self, programs: Path, config: Path) -> None:
        self._programs = programs
        self._config = config
        self._process: asyncio.subprocess.Process | None = None
        self._changed = False
        """Addresses changed while the process was being started, and may have been read before."""

    async def run(self) -> None:
        """Keep it running until cancelled; then it is ended in order, killed if that takes too long."""
        try:
            while True:
                self._changed = False
                self._process = await asyncio.create_subprocess_exec(
                    str(self._programs / "nvidia-imex"), "-c", str(self._config)
                )
                log.info("nvidia-imex runs as process %d", self._process.pid)
                if self._changed:
                    self.addresses_changed()
                code = await self._process.wait()
                log.error("nvidia-imex ended with %d; it is started again", code)
                await asyncio.sleep(RESTART_S)
        finally:
            await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    def addresses_changed(self) -> None:
        """Let it resolve its names again; it does so at most once in five seconds."""
        self._changed = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)


async def is_ready(programs: Path, config: Path) -> bool:
    """Whether the daemon of CONFIG answers that it is ready; one that hangs does not."""
    asked = await asyncio.create_subprocess_exec(
        *(str(programs / "nvidia-imex-ctl"), "-c", str(config), "-q"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(CHECK_S):
            output, _ = await asked.communicate()
    except TimeoutError:
        asked.kill()
        await asked.wait()
        return False
    return output.decode(errors="replace") == READY
