"""One run: pytest over the suite in this process; the recorder writes every result to the log.

pytest runs without the user's configuration and plugins, so that the same command judges the same way everywhere.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from dra_conformance.covered import SUITE
from dra_conformance.errors import HarnessError
from dra_conformance.extensions import check_folders
from dra_conformance.recorder import Recorder, append


@contextlib.contextmanager
def isolated_pytest() -> Iterator[None]:
    """No plugins of the environment, and SIGTERM and SIGHUP as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before = {name: os.environ.get(name) for name in names}
    ends = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, interrupt) for number in ends}
    os.environ.update(names)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


BARE = [
    "-p",
    "no:terminal",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:logging",
    "--import-mode=importlib",
    "--assert=plain",
    "-c",
    os.devnull,
]


def run_checks(arguments: list[str], *, workers: int, recorder: Recorder) -> bool:
    """Run the checks; whether the run was interrupted.

    Raises:
        HarnessError: pytest itself failed.
    """
    command = [*BARE, "-p", "dra_conformance.plugin", "-p", "xdist.plugin", f"--rootdir={SUITE}"]
    command += ["--dra-recorded"]
    command += [*(["-n", str(workers), "--dist=loadgroup"] if workers > 1 else []), *arguments, str(SUITE)]
    command += map(str, check_folders())
    append(recorder.log, {"type": "start", "time": time.time()})
    with isolated_pytest():
        code = pytest.main(command, plugins=[recorder])
    interrupted = code == pytest.ExitCode.INTERRUPTED
    append(recorder.log, {"type": "end", "time": time.time(), "interrupted": interrupted})
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        message = f"the suite itself failed (pytest: {pytest.ExitCode(code).name})"
        raise HarnessError(message)
    return interrupted
