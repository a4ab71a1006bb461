"""``python -m kube_emulator``: a cluster around a command, or until a signal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kube_emulator.cli import main

COMMAND = [sys.executable, "-m", "kube_emulator", "--parts", "api"]


@pytest.fixture(autouse=True)
def hangups_arrive() -> Iterator[None]:
    """Commands that are started here end on SIGHUP also if the tests run under nohup, which they would respect."""
    previous = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, previous)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--release", "1.2"], "unknown Kubernetes version '1.2'"),
        (["--parts", "scheduler"], "lack api"),
        (["--feature-gates", "Foo=true"], "feature gate Foo cannot be switched on"),
        (["--feature-gates", "Foo=maybe"], "--feature-gates: wanted NAME=true or NAME=false"),
        (["--nodes", "9999"], "wanted 0 to 5000 in all"),
        (["--parts", "api", "--", "/no/such/program"], "cannot run /no/such/program: No such file"),
    ],
)
def test_a_usage_error_is_one_line_and_exits_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments] if "--" in arguments else [*arguments, "--", "true"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--nodes", "two"], ["--nodes", "-1"], ["--frobnicate"]])
def test_a_flag_that_cannot_be_parsed_exits_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="^2$"):
        main(arguments)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_is_a_file_fails_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["--dir", str(tmp_path / "file"), "--", "true"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_flag_has_an_environment_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBE_EMULATOR_RELEASE", "1.2")
    assert main(["--", "true"]) == 2
    assert "unknown Kubernetes version '1.2'" in capsys.readouterr().err


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="^0$"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("kube_emulator 0.")


@pytest.mark.slow
def test_the_exit_code_is_the_commands_own(tmp_path: Path) -> None:
    script = 'test -s "$KUBECONFIG" && exit 7'
    done = subprocess.run([*COMMAND, "--", "sh", "-c", script], cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 7


@pytest.mark.slow
def test_a_command_that_a_signal_ends_gives_128_and_the_number(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--", "sh", "-c", "kill -KILL $$"], cwd=tmp_path, timeout=60, check=False
    )
    assert done.returncode == 128 + signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_without_a_command_it_runs_until_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        name, _, path = process.stdout.readline().strip().partition("=")
        assert name == "export KUBECONFIG"
        assert Path(path).is_file()
        process.send_signal(number)
        assert process.wait(30) == 0
    assert not Path(path).exists()
