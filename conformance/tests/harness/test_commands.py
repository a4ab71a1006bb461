"""Commands that a descriptor names are found as its driver is, and a failure says what the command complained of."""

import stat
import sys
from pathlib import Path

import pytest

from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.commands import run_command


def test_a_program_beside_this_python_is_found_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "a-driver"
    program.write_text("#!/bin/sh\necho version 1.2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert run_command("version", ["a-driver"], timeout_s=20).stdout == b"version 1.2\n"


def test_python_is_a_placeholder_and_variables_are_passed_on() -> None:
    command = ["{python}", "-c", "import os; print(os.environ['WHO'], end='')"]
    assert run_command("manifests", command, timeout_s=20, environment={"WHO": "me"}).stdout == b"me"


def test_a_failure_has_the_field_and_the_complaint() -> None:
    with pytest.raises(HarnessError, match=r"^version of the descriptor: sh .*: ended with 3: no such flag$"):
        run_command("version", ["sh", "-c", "echo no such flag >&2; exit 3"], timeout_s=20)


def test_a_complaint_of_many_lines_is_one_line() -> None:
    with pytest.raises(HarnessError, match=r"ended with 1: first second$"):
        run_command("version", ["sh", "-c", "printf 'first\\nsecond\\n' >&2; exit 1"], timeout_s=20)


def test_a_program_that_takes_too_long_is_named_with_its_limit() -> None:
    with pytest.raises(
        HarnessError, match=r"^version of the descriptor: sleep 60: did not end within 0\.2 s$"
    ):
        run_command("version", ["sleep", "60"], timeout_s=0.2)


def test_a_program_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"command 'no-such-program' does not exist"):
        run_command("version", ["no-such-program"], timeout_s=20)
