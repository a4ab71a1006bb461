"""Processes of real programs end with the process that started them."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from dra_clusters.guard import ProcessGuard

PARENT = """
import subprocess, sys, threading
from dra_clusters.guard import ProcessGuard

guard = ProcessGuard()

def start():
    process = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL)
    guard.add(process.pid)
    print(process.pid, flush=True)

thread = threading.Thread(target=start)
thread.start()
thread.join()
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_guarded_process_is_killed_with_the_process_that_started_it_and_not_with_its_thread() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert select.select([descriptor], [], [], 0.2)[0] == []
            parent.kill()
            assert select.select([descriptor], [], [], 30)[0] == [descriptor]
        finally:
            os.close(descriptor)


@pytest.mark.slow
def test_a_discarded_process_is_left_alone() -> None:
    guard = ProcessGuard()
    with subprocess.Popen(["sleep", "600"]) as process:
        guard.add(process.pid)
        guard.discard(process.pid)
        guard.close()
        guard.close()
        assert process.poll() is None
        process.kill()


@pytest.mark.slow
def test_a_command_for_the_end_runs_after_the_guarded_processes_were_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = f"""
import subprocess, sys
from dra_clusters.guard import ProcessGuard

guard = ProcessGuard()
process = subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL)
guard.add(process.pid)
guard.on_death(["sh", "-c", {f"echo > {pipe}"!r}])
print("ready", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert select.select([descriptor], [], [], 0.2)[0] == []
        parent.kill()
    assert select.select([descriptor], [], [], 30)[0] == [descriptor], "the command never ran"
    os.close(descriptor)


@pytest.mark.slow
def test_a_command_that_is_forgotten_does_not_run(tmp_path: Path) -> None:
    guard = ProcessGuard()
    guard.on_death(["touch", str(tmp_path / "forgotten")])
    guard.forget_commands()
    guard.on_death(["touch", str(tmp_path / "kept")])
    guard.close()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
