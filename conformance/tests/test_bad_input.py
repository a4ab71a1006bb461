"""Bad input: one line with the remedy and exit code 2, and text from elsewhere is printed as text."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from dra_conformance.cli import main
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.errors import UsageError
from dra_conformance.printable import one_line, printable, printable_document
from dra_conformance.progress import LiveProgress
from dra_conformance.report.build import Run, document, judgements_of
from dra_conformance.report.headline import headline
from dra_conformance.report.junit import junit
from dra_conformance.report.page import page
from dra_conformance.verdict import CheckResult

GOOD = """
schema: dra-conformance/driver/v1
name: mine
driver: x.example.com
start: {command: ["{python}"]}
deviceClass: {name: x}
"""


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """The one line on standard error of a command that exits with 2."""
    try:
        code = main(argv)
    except SystemExit as exit_:  # argparse
        code = int(exit_.code or 0)
    printed = capsys.readouterr()
    assert code == 2, printed
    assert printed.err.count("\n") == 1
    assert "\x1b" not in printed.err
    return printed.err


@pytest.mark.parametrize("command", ["run", "bench"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "neither a file nor one of control"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x00\x01\xfe\xff" * 40, "is not a descriptor in YAML"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), "is not a descriptor in YAML"),
        (b"a: [1, 2\nb: c", "is not a descriptor in YAML"),
        (b"- a\n- b\n", "is not a descriptor in YAML"),
        (b"[" * 5000, "is not a descriptor in YAML"),
        (GOOD.replace("name: mine", "nmae: mine").encode(), "unknown field `nmae`"),
        (GOOD.replace("x.example.com\n", "x.example.com\n\x1b[31mred: 1\n").encode(), "is not a descriptor"),
        (GOOD.replace("{python}", "no-such-program").encode(), "install it, or put it on the PATH"),
        (b"#" * ((1 << 20) + 1), "is it the right file?"),
    ],
)
def test_a_bad_descriptor_file(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    content: bytes | None,
    message: str,
) -> None:
    path = tmp_path / "driver.yaml"
    if content is not None:
        path.write_bytes(content)
    assert message in refused(capsys, command, str(path))


@pytest.mark.parametrize("command", ["run", "bench"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/", "is a folder; pass the YAML file in it"),
        ("/dev/zero", "neither a file nor one of"),
        ("a\0b", "a\\x00b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("x" * 5000, "xxx"),
    ],
)
def test_a_name_that_is_no_descriptor(
    capsys: pytest.CaptureFixture[str], command: str, name: str, message: str
) -> None:
    assert message in refused(capsys, command, name)


def test_a_descriptor_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "driver.yaml"
    path.parent.mkdir()
    path.write_text(GOOD)
    path.parent.chmod(0)
    try:
        if os.access(path, os.R_OK):
            pytest.skip("root reads everything")
        with pytest.raises(UsageError, match="pass a file or one of"):
            load_descriptor(str(path))
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "control", "--kubernetes", "1.99"], "wanted one of 1.34"),
        (["run", "control", "--kubernetes", "\x1b[2J"], "\\x1b[2J"),
        (["run", "control", "--provider", "nope"], "unknown provider 'nope'"),
        (["run", "control", "--select", "nope"], "matches no requirement; wanted an id"),
        (["run", "control", "--select", "[red]x"], "[red]x"),
        (["run", "control", "-n", "0"], "from 1 to 64"),
        (["run", "control", "-n", "²"], "from 1 to 64"),
        (["run", "control", "-n", "9" * 5000], "from 1 to 64"),
        (["run", "control", "--seed", "-1"], "wanted a number from 0"),
        (["run", "control", "--seed", "1.5"], "wanted a number from 0"),
        (["list", "--select", "nope"], "matches no requirement"),
        (["explain", "\x1b[31mREG-001"], "\\x1b[31mREG-001"),
        (["explain"], "required: ID"),
        (["selftest", "extra"], "unrecognized arguments: extra"),
        (["selftest", "--every", "0"], "--every"),
        (["list", "--nope"], "unrecognized arguments: --nope"),
        (["bench", "control", "\x1b[31m"], "\\x1b[31m"),
        ([], "required: COMMAND"),
        (["\x1b[31m"], "invalid choice"),
    ],
)
def test_a_bad_argument(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *argv)


def test_an_output_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nope"), Path("a\0b")):
        assert "choose another folder" in refused(capsys, "run", "control", "--output", str(output))
    assert (tmp_path / "file").read_text() == "mine"


EVIL = "\x1b]0;title\x07 [bold]b[/bold] <script>x</script> \x9b31m \u202eabc \x00"


def evil_result() -> CheckResult:
    return CheckResult(
        name=f"t::{EVIL}",
        requirements=("REG-003",),
        outcome="violated",
        seconds=0.1,
        rule=EVIL,
        found=EVIL,
        where=EVIL,
        wanted=EVIL,
        message=EVIL,
    )


def assert_printable(text: str) -> None:
    assert not any(sign in text for sign in ("\x1b]", "\x9b", "\x07", "\x00", "\u202e"))
    assert "\\x1b]0;title\\x07" in text


def test_control_characters_become_escapes() -> None:
    assert printable("a\tb\nc\x1b[31m\x85\u2028\udcff") == "a\tb\nc\\x1b[31m\\x85\\u2028\\udcff"
    assert one_line("a\n  b\r\x07") == "a b\\r\\x07"
    assert printable_document({"\x1b": ["\x07", 1, None, True]}) == {"\\x1b": ["\\x07", 1, None, True]}


def test_progress_prints_text_of_a_driver_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(markup=False, highlight=False, width=300, force_terminal=False)
    progress = LiveProgress(console)
    progress.finished(evil_result())
    progress.stop()
    printed = capsys.readouterr().out
    assert_printable(printed)
    assert "[bold]b[/bold]" in printed


def test_reports_show_text_of_a_driver_as_text(tmp_path: Path) -> None:
    evidence = {"at": 0.1, "kind": "api", "what": EVIL, "body": EVIL}
    check = msgspec.structs.replace(evil_result(), evidence=(evidence,), driver_log="logs/x-1.log")
    head = {
        "type": "run",
        "date": "2026-01-01",
        "profile": "core",
        "covered": ["REG-003"],
        "subject": {
            "name": EVIL,
            "driver": EVIL,
            "digest": EVIL,
            "command": [EVIL],
            "features": [EVIL],
            "exemptions": [],
        },
        "suite": {"name": "s", "version": "0", "catalogue": "c", "date": "d", "seed": 0, "select": EVIL}
        | {"command": [EVIL], "tier": "node"},
        "environment": {"kubernetes": "1.37", "provider": "p", "machine": EVIL, "python": "3", "kernel": "6"},
    }
    run = Run(head=head, results=[check], interrupted=False, seconds=1)
    made = document(run, judgements_of(run))
    report = msgspec.to_builtins(made)
    shown = json.loads(json.dumps(printable_document(report)))
    text = page(shown, printable(headline(made)))
    assert_printable(text)
    assert "<script>x" not in text
    xml = junit(shown).decode()
    assert_printable(xml)
    [failure] = ET.fromstring(xml).iter("failure")
    assert "<script>x</script>" in (failure.get("message") or "")
