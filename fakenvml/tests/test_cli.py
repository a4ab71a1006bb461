"""The command ``fake-nvml``: what it prints about itself, and usage errors, which are one line with the remedy and exit code 2."""

import re
import sys
from pathlib import Path

import pytest

import fake_nvml
from fake_nvml import cli, command_line

USAGE_ERRORS = {
    "serve an unknown machine": (["serve", "--machine", "dgx-9", "--dir", "DIR"], "there are: dgx-a100"),
    "run on an unknown machine": (["run", "--machine", "dgx-9", "--", "true"], "there are: dgx-a100"),
    "list an unknown machine": (["list", "dgx-9"], "there are: dgx-a100"),
    "driver root of an unknown machine": (
        ["driver-root", "--machine", "dgx-9", "DIR"],
        "there are: dgx-a100",
    ),
    "serve in a file": (["serve", "--dir", "FILE"], "--dir: wanted a folder, found the file .*another path"),
    "run in a file": (["run", "--dir", "FILE", "--", "true"], "--dir: wanted a folder, found the file"),
    "ctl in a file": (["ctl", "--dir", "FILE", "show"], "--dir: wanted a folder, found the file"),
    "driver root in a file": (["driver-root", "FILE"], "DIR: wanted a folder, found the file"),
    "serve a driver root in a file": (
        ["serve", "--dir", "DIR", "--driver-root", "FILE"],
        "--driver-root: wanted a folder, found the file",
    ),
    "a machine file that is a folder": (["serve", "--machine", "DIR/"], "wanted a YAML file"),
    "a machine file that does not exist": (["serve", "--machine", "DIR/m.yaml"], "wanted a YAML file"),
    "a machine file that is not YAML": (["serve", "--machine", "NOT_YAML"], "line 2: not YAML"),
    "a tray of a machine that is no rack": (["serve", "--node", "1"], "wanted a node from 0 to 0, found 1"),
    "a node that is no number": (["serve", "--node", "x"], "invalid int value.*--help"),
    "a node that is none of the rack": (
        ["serve", "--machine", "gb200-nvl72", "--node-names", "a,b", "--node-name", "c"],
        "--node-name: wanted one of a, b, found 'c'",
    ),
    "device nodes without a driver root": (
        ["serve", "--dir", "DIR/n", "--dev", "DIR"],
        "--dev .*: wanted a folder that exists, and --driver-root",
    ),
    "an unknown driver": (
        ["serve", "--driver", "12"],
        "driver version: wanted a full version such as 555.58.02",
    ),
    "an unknown verb of ctl": (
        ["ctl", "--dir", "DIR", "explode"],
        "unknown command 'explode'; there are: lose",
    ),
    "an unknown value of ctl": (["ctl", "--dir", "DIR", "xid", "0", "colour=1"], "there are: code, gi, ci"),
    "an argument of ctl without a value": (
        ["ctl", "--dir", "DIR", "xid", "code"],
        "wanted the index of a GPU or NAME=VALUE",
    ),
    "run without a command": (["run"], "wanted a command after --, found none; e.g."),
    "run a program that does not exist": (
        ["run", "--", "nosuch"],
        "no program 'nosuch' on PATH; give its path",
    ),
    "enter a folder that is no driver root": (
        ["enter", "DIR/x", "--", "true"],
        "wanted a driver root, found no proc/driver/nvidia/version in .*; give what serve --driver-root names",
    ),
    "enter without a command": (["enter", "DIR/x"], "enter: wanted a command after --"),
    "compare with a file that does not exist": (["compare", "DIR/m.yaml"], "wanted a YAML file"),
    "no subcommand": ([], "required: COMMAND.*--help"),
    "an unknown subcommand": (["fly"], "invalid choice: 'fly'.*--help"),
}


def run(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of the command."""
    monkeypatch.setattr(sys, "argv", ["fake-nvml", *argv])
    try:
        return cli.main()
    except SystemExit as ended:  # argparse
        return ended.code if isinstance(ended.code, int) else 0


@pytest.mark.parametrize(("argv", "message"), USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_a_usage_error_is_one_line_with_the_remedy_and_exit_code_2(
    argv: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, content in (("FILE", ""), ("NOT_YAML", "a: [")):
        (tmp_path / name).write_text(content)
        (tmp_path / f"{name}.yaml").write_text(content)
    paths = {
        "FILE": str(tmp_path / "FILE"),
        "NOT_YAML": str(tmp_path / "NOT_YAML.yaml"),
        "DIR/": f"{tmp_path}/",
        "DIR/m.yaml": f"{tmp_path}/m.yaml",
        "DIR": str(tmp_path / "node"),
    }
    code = run([paths.get(argument, argument) for argument in argv], monkeypatch)
    printed = capsys.readouterr()
    assert (code, printed.out, printed.err.count("\n")) == (2, "", 1), printed.err
    assert re.search(message, printed.err), printed.err


def test_a_number_from_the_environment_is_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_NVML_NODE", "first")
    assert run(["list"], monkeypatch) == 2
    assert capsys.readouterr().err == "fake-nvml: FAKE_NVML_NODE: wanted a number from 0, found 'first'\n"


def test_the_version_is_that_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib.metadata import version

    assert run(["--version"], monkeypatch) == 0
    assert capsys.readouterr().out == f"fake-nvml {version('dra-conformance')}\n"


@pytest.mark.parametrize("name", fake_nvml.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(fake_nvml, name) is not None


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Daemon'"):
        _ = fake_nvml.Daemon


def test_the_machine_names_are_those_of_the_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["list"], monkeypatch) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == fake_nvml.machine_names()


def test_a_machine_is_printed_with_the_confidence_of_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["list", "vr200-nvl72"], monkeypatch) == 0
    assert "assumed" in capsys.readouterr().out


@pytest.mark.parametrize(("machine", "tray"), [("gb200-nvl72", 1), ("dgx-b200", 0)])
def test_a_node_is_the_tray_of_a_rack_that_is_at_its_place_among_the_nodes(machine: str, tray: int) -> None:
    flags = ["serve", "--machine", machine, "--node-names", "worker,worker2", "--node-name", "worker2"]
    assert cli.chosen_tray(command_line.parser().parse_args(flags)) == tray
