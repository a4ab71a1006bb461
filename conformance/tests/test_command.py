"""The command as a vendor uses it, good and bad."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "dra_conformance"]
pytestmark = pytest.mark.slow


def run(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *argv], capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )


def descriptor(folder: Path, *command: str) -> str:
    document = {
        "schema": "dra-conformance/driver/v1",
        "name": "bad",
        "driver": "bad.example.com",
        "start": {"command": list(command)},
        "deviceClass": {"name": "bad"},
        "budgets": {"startSeconds": 0.5, "publishSeconds": 0.5, "stopSeconds": 1},
    }
    path = folder / "bad.yaml"
    path.write_text(json.dumps(document))
    return str(path)


def left_over(marker: str) -> list[str]:
    """Command lines of running processes that mention MARKER."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in text and "pytest" not in text:
            found.append(text)
    return found


def test_a_selected_run_writes_all_reports(tmp_path: Path) -> None:
    done = run("run", "control", "--select", "REG-003,CDI-001", "-n", "1", "--seed", "7", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "seed        7" in done.stdout
    folder = tmp_path / "dra-report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "ai-conformance.yaml",
        "badge.json",
        "bundle.tar.gz",
        "conformance-report.yaml",
        "descriptor.yaml",
        "junit.xml",
        "log.jsonl",
        "logs",
        "report.html",
        "report.json",
    ]
    report = json.loads((folder / "report.json").read_text())
    assert report["summary"]["pass"] == 2
    [row] = [row for row in report["requirements"] if row["id"] == "REG-003"]
    [check] = [report["checks"][index] for index in row["checks"]]
    assert any("GetInfo" in step["what"] for step in check["evidence"])
    kept = folder / report["checks"][row["checks"][0]]["driverLog"]
    assert kept.parent == folder / "logs"
    assert "registered: True" in kept.read_text()
    assert f'href="logs/{kept.name}"' in (folder / "report.html").read_text()


def test_a_broken_driver_fails_the_run(tmp_path: Path) -> None:
    path = Path(
        descriptor(tmp_path, "{python}", "-m", "dra_conformance.controls.driver", "--defect=wrong-type")
    )
    document = json.loads(path.read_text())
    flags: tuple[str, ...] = (
        "driver-name=bad.example.com",
        "node-name={node}",
        "kubeconfig={kubeconfig}",
        "registry-dir={registry_dir}",
    )
    flags += ("plugins-dir={plugins_dir}", "cdi-dir={cdi_dir}")
    document["start"]["command"] += [f"--{flag}" for flag in flags]
    document["budgets"] = {}
    path.write_text(json.dumps(document))
    done = run("run", str(path), "--select", "REG-003", "--json", "-n", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["fail"] == 1
    bundle = tmp_path / "dra-report" / "bundle.tar.gz"
    checked = run("verify", str(bundle), cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert "agrees      REG-003 fail; fail by" in checked.stdout
    again = run("replay", f"{bundle}#REG-003", cwd=tmp_path)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (1, "STILL FAILING REG-003"), again.stderr
    document["start"]["command"].remove("--defect=wrong-type")
    path.write_text(json.dumps(document))
    mended = run("replay", f"{bundle}#REG-003", "--descriptor", str(path), cwd=tmp_path)
    assert (mended.returncode, mended.stdout.splitlines()[-1]) == (0, "FIXED REG-003"), mended.stderr
    assert "only a finding can be replayed" in run("replay", f"{bundle}#REG-001", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "nope"], "no descriptor 'nope'"),
        (["run", "--provider", "nope"], "unknown provider"),
        (["run", "--kubernetes", "1.2"], "wanted one of 1.34"),
        (["run", "--select", "NOPE-1"], "matches no requirement"),
        (["run", "--profile", "nope"], "wanted one of core, robust"),
        (["run", "reference", "--profile", "DRAPartitionableDevices"], "does not claim this feature"),
        (["run", "-n", "none"], "wanted a number"),
        (["run", "--output", "/proc/nope"], "cannot be written"),
        (["explain", "NOPE-1"], "unknown requirement"),
        (["replay", "nope"], "wanted BUNDLE#ID"),
        (["replay", "nope#REG-003"], "is no bundle of a run"),
        (["verify", "nope"], "is no bundle of a run"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_a_usage_error_exits_2_with_one_line(tmp_path: Path, argv: list[str], message: str) -> None:
    done = run(*argv, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["sh", "-c", "echo broken >&2; exit 5"], "exited with 5"),
        (["sleep", "4711"], "never registered"),
    ],
)
def test_a_driver_that_never_registers_fails_reg_001_also_where_it_is_not_selected(
    tmp_path: Path, command: list[str], message: str
) -> None:
    done = run("run", descriptor(tmp_path, *command), "--select", "REG-003", "-n", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stdout
    assert "Traceback" not in done.stderr
    report = json.loads((tmp_path / "dra-report" / "report.json").read_text())
    verdicts = {row["id"]: row["verdict"] for row in report["requirements"]}
    assert (verdicts["REG-001"], verdicts["REG-003"]) == ("fail", "blocked")
    assert report["summary"].get("error", 0) == 0
    assert left_over("sleep 4711") == []


def test_no_check_starts_after_the_budget(tmp_path: Path) -> None:
    done = run("run", "control", "--select", "REG-*", "-n", "1", "--budget", "1", cwd=tmp_path)
    assert done.returncode == 3
    summary = json.loads((tmp_path / "dra-report" / "report.json").read_text())["summary"]
    assert summary["error"] > 20
    assert "the budget of the run, 1 s, was used up" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "message"),
    [(["sh", "-c", "echo broken >&2; exit 5"], "exited with 5"), (["sleep", "4712"], "within 0.5 s")],
)
def test_a_driver_that_never_registers_fails_reg_001(
    tmp_path: Path, command: list[str], message: str
) -> None:
    done = run("run", descriptor(tmp_path, *command), "--select", "REG-*", "-n", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stdout
    report = json.loads((tmp_path / "dra-report" / "report.json").read_text())
    assert report["summary"]["fail"] == 1
    assert report["summary"].get("pass", 0) == 0
    assert left_over("sleep 4712") == []


def test_a_driver_command_that_does_not_exist_exits_2(tmp_path: Path) -> None:
    done = run("run", descriptor(tmp_path, "no-such-command"), "-n", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "'no-such-command' does not exist" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_machine_exits_2_with_those_there_are(tmp_path: Path) -> None:
    done = run("run", "--machine", "dgx-9", "--select", "REG-003", "-n", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "dgx-b200" in done.stderr


def test_an_interrupted_run_still_writes_its_report(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "run", "control", "--output", "r"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    log, deadline = tmp_path / "r" / "log.jsonl", time.monotonic() + 150
    while not (log.exists() and log.read_bytes().count(b'"type":"check"') > 3):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=150)
    assert process.returncode == 130, output
    assert json.loads((tmp_path / "r" / "report.json").read_text())["suite"]["interrupted"]
    assert left_over(f"{tmp_path}") == []


def test_list_and_explain_show_what_is_covered(tmp_path: Path) -> None:
    rows = json.loads(run("list", "--json", cwd=tmp_path).stdout)
    assert sum(not row["namespace"] for row in rows) == 505
    assert sum(row["covered"] for row in rows) >= 80
    text = run("explain", "reg-003", cwd=tmp_path).stdout
    assert 'GetInfo returns type exactly "DRAPlugin"' in text
    assert "covered      yes" in text
    assert "docs/DRIVER-CONTRACT.md#reg-003" in text


def test_list_and_explain_say_why_a_requirement_has_no_check(tmp_path: Path) -> None:
    [row] = json.loads(run("list", "--select", "CDI-022", "--json", cwd=tmp_path).stdout)
    assert not row["covered"]
    assert row["no_check"].startswith("It is a permission")
    listed = run("list", "--select", "CDI-022", cwd=tmp_path).stdout
    assert f"no check: {row['no_check']}" in listed
    assert "1 say why no check can prove them" in listed
    assert f"covered      no: {row['no_check']}" in run("explain", "CDI-022", cwd=tmp_path).stdout


def test_output_to_a_closed_pipe_is_no_crash(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "list"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
