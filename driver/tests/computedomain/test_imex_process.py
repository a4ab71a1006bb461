"""nvidia-imex under its daemon: it is started again when it ends, and one that does not answer is not ready."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from dra_driver.computedomain import imex_process
from dra_driver.computedomain.imex_process import ImexProcess, is_ready

LIMIT_S = 20


def program(folder: Path, name: str, script: str) -> None:
    """A program that is a shell script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def lines_in(path: Path, count: int) -> list[str]:
    """The lines of a file once it has COUNT."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_S
    while True:
        found = await asyncio.to_thread(lines_of, path)
        if len(found) >= count:
            return found
        assert loop.time() < end, f"waited {LIMIT_S} s for {count} lines, found {found}"


def lines_of(path: Path) -> list[str]:
    """The lines of a file; none if it is not there."""
    return path.read_text().splitlines() if path.exists() else []


async def test_an_imex_that_was_killed_is_started_again_and_told_of_new_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imex_process, "RESTART_S", 0.01)
    log = tmp_path / "log"
    again = 'trap "echo addresses >> LOG" USR1; echo up >> LOG; while :; do sleep 0.05; done'
    first = "if [ -e LOG ]; then AGAIN; fi; echo up >> LOG; kill -9 $$"
    program(tmp_path, "nvidia-imex", first.replace("AGAIN", again).replace("LOG", str(log)))
    imex = ImexProcess(tmp_path, tmp_path / "imexd.cfg")
    running = asyncio.create_task(imex.run())
    assert await lines_in(log, 2) == ["up", "up"]
    imex.addresses_changed()
    assert await lines_in(log, 3) == ["up", "up", "addresses"]
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_addresses_that_change_while_an_imex_is_started_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The signal ends a program that does not take it yet, and the next one reads the new addresses."""
    monkeypatch.setattr(imex_process, "RESTART_S", 0.01)
    log = tmp_path / "log"
    trap = f'trap "echo addresses >> {log}" USR1; echo up >> {log}; while :; do sleep 0.05; done'
    program(tmp_path, "nvidia-imex", f"sleep 1; {trap}")
    imex = ImexProcess(tmp_path, tmp_path / "imexd.cfg")
    running = asyncio.create_task(imex.run())
    await asyncio.sleep(0)  # it is being started
    imex.addresses_changed()
    await lines_in(log, 1)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert "it is started again" in caplog.text, "the program that was started before the change still runs"


@pytest.mark.parametrize(
    ("script", "ready"),
    [
        ("echo READY", True),
        ("echo WAITING_FOR_RECOVERY", False),
        ("echo READY; echo more", False),
        ("exec sleep 60", False),
    ],
)
async def test_only_an_imex_that_says_so_in_time_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, ready: bool
) -> None:
    monkeypatch.setattr(imex_process, "CHECK_S", 2.0 if ready else 0.5)
    program(tmp_path, "nvidia-imex-ctl", script)
    assert await is_ready(tmp_path, tmp_path / "imexd.cfg") == ready
