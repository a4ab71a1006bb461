"""Processes under test end with the suite, however that ends."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

SUITE = """
import sys, time
from pathlib import Path
from dra_conformance.harness.process import Process
process = Process(["sh", "-c", "sleep 600 & echo $!; wait"], {}, Path(sys.argv[1]))
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
