"""Ctrl-C while a command starts: exit code 130, and not a word."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "dra-cluster": ("dra_clusters.entry", "kube_emulator.switches"),
    "python -m kube_emulator": ("kube_emulator.__main__", "kube_emulator.switches"),
    "fake-nvml": ("fake_nvml.entry", "fake_nvml.command_line"),
    "dra-conformance": ("dra_conformance.entry", "dra_conformance.errors"),
    "dra-driver": ("dra_driver.entry", "dra_driver.settings"),
}
"""{command: (module where it begins, a module that it imports before it reads its arguments)}."""

INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGINT)

entry = __import__(sys.argv[1], fromlist=["main"])
sys.meta_path.insert(0, Interrupting())
sys.exit(entry.main())
"""


@pytest.mark.parametrize(("entry", "module"), COMMANDS.values(), ids=COMMANDS)
def test_ctrl_c_while_modules_are_imported_ends_a_command_quietly(
    entry: str, module: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, entry, module],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")


def test_ctrl_c_while_a_node_gets_ready_ends_it_quietly(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "fake_nvml.entry",
        "run",
        "--dir",
        str(tmp_path / "node"),
        "--",
        "sleep",
        "600",
    ]
    program = (
        f"import runpy, sys; sys.argv = {command[2:]!r}; from fake_nvml.entry import main; sys.exit(main())"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (tmp_path / "node").exists():
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + signal.SIGINT, "")
