"""Starts and ends containers that are processes of this machine.

The command runs on the machine's own root folder (images are not unpacked) with the container's environment, mounts and
device nodes, in a mount namespace of its own; what it prints goes to a file. Hooks that belong to the machine's side
(``poststart``, ``poststop``) are run here, the others by ``container_init``. Ending is SIGTERM, then SIGKILL after the
grace period on the cluster's clock, to the whole process group.
"""

import asyncio
import contextlib
import functools
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

from kube_emulator.clock import Clock
from kube_emulator.kubelet import container_init
from kube_emulator.kubelet.cdi import ContainerView
from kube_emulator.kubelet.oci_hooks import BEFORE_START, HookFailed, run_hooks

log = logging.getLogger(__name__)
OCI_VERSION = "1.2.0"
TIMED_OUT = 124
"""The exit code of what was killed because it took too long."""


class OciState(TypedDict):
    """The state of a container that its hooks get (runtime-spec runtime.md), without what changes in its life."""

    ociVersion: str
    id: str
    bundle: str
    annotations: dict[str, str]


class Plan(ContainerView):
    """What ``container_init`` gets."""

    bundle: str
    state: OciState


class CannotCreate(Exception):
    """A container cannot be made of this spec."""


class CannotStart(Exception):
    """A container was made, and its command or a hook of it did not run."""


class Process:
    """A container's command that was started.

    Args:
        after: what is to be done when it has ended.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, after: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._process = process
        self._after = after

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
        after, self._after = self._after, None
        if after is not None:
            await after()
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


async def start(
    view: ContainerView, folder: Path, name: str, container_id: str, *, log_file: Path
) -> Process:
    """Start the container NAME that sees VIEW; its files go to FOLDER, and what it prints to LOG_FILE.

    Raises:
        CannotCreate: there is no command.
        CannotStart: the machine does not allow it, or a hook failed.
    """
    if not view["command"]:
        message = (
            "no command specified: images have no entry point here, so the container must have a command"
        )
        raise CannotCreate(message)
    plan = planned(view, folder, name, container_id)
    after = functools.partial(run_after, plan) if has_hook(plan, "poststop") else None
    process, reason = await begin(plan, folder, name, log_file)
    if not reason and has_hook(plan, "poststart"):
        try:
            await asyncio.to_thread(run_hooks, "poststart", *hooks_and_state(plan, "running", process.pid))
        except HookFailed as error:
            # Since runtime-spec 1.2.1 a failure here ends the container, as runc always did.
            Process(process).kill()
            reason = str(error)
        except asyncio.CancelledError:
            Process(process).kill()
            await process.wait()
            raise
    if reason:
        await Process(process, after).wait()
        raise CannotStart(reason)
    return Process(process, after)


def has_hook(plan: Plan, phase: str) -> bool:
    """Whether a container has a hook of PHASE."""
    return any(hook["hookName"] == phase for hook in plan["hooks"])


async def run_after(plan: Plan) -> None:
    """Run the hooks of a container that has ended; a failure is only logged, as the specification says."""
    try:
        await asyncio.to_thread(run_hooks, "poststop", *hooks_and_state(plan, "stopped"))
    except HookFailed as error:
        log.warning("container %s: %s", plan["state"]["id"], error)


def hooks_and_state(plan: Plan, status: str, pid: int | None = None) -> tuple[list[Any], dict[str, Any]]:
    """The hooks of a container and what they get on stdin."""
    return plan["hooks"], plan["state"] | {"status": status} | ({"pid": pid} if pid is not None else {})


def planned(view: ContainerView, folder: Path, name: str, container_id: str) -> Plan:
    """The plan of a container for ``container_init``, with its bundle (runtime-spec bundle.md) on disk."""
    bundle = folder / f"{name}.bundle"
    for part in ("rootfs", "top", "layers"):
        (bundle / part).mkdir(parents=True, exist_ok=True)
    environment = {"PATH": os.environ.get("PATH", os.defpath), **view["environment"]}
    entries = [f"{key}={value}" for key, value in environment.items()]
    process = {"args": view["command"], "env": entries, "cwd": view["workingDir"] or "/"}
    root = {"path": str(bundle / "rootfs")}
    config = {"ociVersion": OCI_VERSION, "root": root, "process": process, "mounts": view["mounts"]}
    (bundle / "config.json").write_text(json.dumps(config))
    state: OciState = {
        "ociVersion": OCI_VERSION,
        "id": container_id,
        "bundle": str(bundle),
        "annotations": {},
    }
    return {**view, "environment": environment, "bundle": str(bundle), "state": state}


async def begin(
    plan: Plan, folder: Path, name: str, log_file: Path
) -> tuple[asyncio.subprocess.Process, str]:
    """The process of a container, and why it does not run its command; empty if it does."""
    path = folder / f"{name}.plan.json"
    early = [hook for hook in plan["hooks"] if hook["hookName"] in BEFORE_START]
    path.write_text(json.dumps({**plan, "hooks": early}))
    reading, writing = os.pipe()
    try:
        with log_file.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", container_init.__file__, str(path), str(writing)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(writing,),
                start_new_session=True,
            )
    finally:
        os.close(writing)
    try:
        return process, await asyncio.to_thread(read_all, reading)
    except asyncio.CancelledError:
        Process(process).kill()
        await process.wait()
        raise


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
