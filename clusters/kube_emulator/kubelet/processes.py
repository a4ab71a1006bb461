"""Starts and ends containers that are processes of this machine.

The command runs on the machine's own root folder (images are not unpacked) with the container's environment, mounts and
device nodes, in a mount namespace of its own; what it prints goes to a file. Ending is SIGTERM, then SIGKILL after the
grace period on the cluster's clock, to the whole process group.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kube_emulator.clock import Clock
from kube_emulator.kubelet import container_init

TIMED_OUT = 124
"""The exit code of what was killed because it took too long."""


class CannotStart(Exception):
    """The command of a container did not start."""


class Process:
    """A container's command that was started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its number on this machine."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its end was not seen yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """The exit code as a runtime reports it: 128 and the number of the signal that ended it."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def end(self, grace_s: float, clock: Clock) -> None:
        """End it."""
        self._signal(signal.SIGTERM)
        try:
            await clock.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended and the event loop does not know yet
            if self.alive:
                os.killpg(self._process.pid, number)


async def start(view: Mapping[str, Any], folder: Path, name: str) -> Process:
    """Start the container NAME that sees VIEW; its files go to FOLDER.

    Raises:
        CannotStart: there is no command, or the machine does not allow it.
    """
    if not view["command"]:
        message = (
            "no command specified: images have no entry point here, so the container must have a command"
        )
        raise CannotStart(message)
    scratch = folder / f"{name}.root"
    scratch.mkdir(exist_ok=True)
    plan = folder / f"{name}.plan.json"
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    environment = {**path, **view["environment"]}
    plan.write_text(json.dumps({**view, "environment": environment, "scratch": str(scratch)}))
    reading, writing = os.pipe()
    try:
        with (folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", container_init.__file__, str(plan), str(writing)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(writing,),
                start_new_session=True,
            )
    finally:
        os.close(writing)
    try:
        reason = await asyncio.to_thread(read_all, reading)
    except asyncio.CancelledError:
        Process(process).kill()
        await process.wait()
        raise
    if reason:
        await process.wait()
        raise CannotStart(reason)
    return Process(process)


async def execute(
    process: Process, folder: Path, name: str, command: list[str], limit_s: float, clock: Clock
) -> tuple[int, str]:
    """(exit code, output) of COMMAND beside the container NAME's own; after LIMIT_S it is killed and has failed."""
    plan = json.loads((folder / f"{name}.plan.json").read_text()) | {"command": command, "join": process.pid}
    path = folder / f"{name}.exec.json"
    path.write_text(json.dumps(plan))
    reading, writing = os.pipe()
    os.close(reading)
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", container_init.__file__, str(path), str(writing)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
        )
    finally:
        os.close(writing)
    try:
        output, _ = await clock.wait_for(child.communicate(), limit_s)
    except TimeoutError:
        return TIMED_OUT, f"command {command!r} timed out after {limit_s:g}s"
    finally:
        if child.returncode is None:
            Process(child).kill()
            await child.wait()
    return await Process(child).wait(), output.decode(errors="replace")


def read_all(descriptor: int) -> str:
    """What comes until the other end closes."""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read().decode(errors="replace")
