"""Processes under test end with the suite, however that ends, and whatever they do to log and folder."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.process import Process

LONG_S = 30.0
SUITE = """
import sys, time
from pathlib import Path
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.process import Process
process = Process(["sh", "-c", "sleep 600 & echo $!; wait"], {}, LogFile(Path(sys.argv[1])))
print(process.pid, flush=True)
time.sleep(600)
"""


def ended(pid: int, timeout_s: float) -> bool:
    """Whether PID ends within TIMEOUT_S."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    found, _, _ = select.select([handle], [], [], timeout_s)
    os.close(handle)
    return bool(found)


def test_a_suite_that_is_killed_leaves_no_driver_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with subprocess.Popen(
        [sys.executable, "-c", SUITE, str(log)], stdout=subprocess.PIPE, text=True
    ) as suite:
        assert suite.stdout is not None
        driver = int(suite.stdout.readline())
        while not log.read_text().endswith("\n"):
            assert not ended(driver, 0.05)
        started = int(log.read_text())
        suite.send_signal(signal.SIGKILL)
        assert ended(driver, 30)
        assert ended(started, 30), "what the driver started ends too"


FLOOD = "while :; do echo a line that nobody wanted to read, again and again and again; done"


def test_the_log_of_a_driver_that_floods_it_is_cut_while_it_runs(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", size_max=1 << 16)
    process = Process(["sh", "-c", FLOOD], {}, log)
    deadline = time.monotonic() + LONG_S
    while log.size() == log.path.stat().st_size:  # until something was cut
        assert time.monotonic() < deadline
        assert not ended(process.pid, 0.05)
    process.end()
    assert log.text().endswith("again\n")


def test_children_in_sessions_of_their_own_end_with_the_driver(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    first = Process(["sh", "-c", "setsid sleep 600 & echo $!"], {}, log)
    assert first.wait(LONG_S) == 0
    second = Process(["sh", "-c", "setsid sleep 600 & echo $!; wait"], {}, log)  # the driver starts again
    deadline = time.monotonic() + LONG_S
    while log.text().count("\n") < 2:
        assert time.monotonic() < deadline
        assert not ended(second.pid, 0.05)
    second.end()
    for child in log.text().split():
        assert ended(int(child), LONG_S)


def test_a_driver_that_removed_its_folder_starts_again(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "node" / "log")
    assert Process(["rm", "-r", str(tmp_path / "node")], {}, log).wait(LONG_S) == 0
    assert log.text() == ""
    assert Process(["echo", "again"], {}, log).wait(LONG_S) == 0
    assert log.text() == "again\n"
