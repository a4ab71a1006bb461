"""``dra-conformance selftest``: the suite judges drivers with known defects.

The known-good one must have no failure and no error in the whole suite. Each known-bad one must be caught, by a *fail*,
or for a SHOULD a *non-strict* and for a MAY an *info*, at every requirement that its defect breaks. Runs are processes of the command itself.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from dra_conformance.controls.defects import DEFECTS, Defect
from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.drivers.parts import MultiNode
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.kill_matrix import page, shown

CAUGHT = ("fail", "non-strict", "info")
"""Of a MUST, a SHOULD and a MAY."""
SIDE_BY_SIDE = 2
RUN_S = 900
"""The longest that a run may take; the whole suite takes a minute or two on an idle machine."""


def with_defect(descriptor: Descriptor, name: str) -> Descriptor:
    """The control driver with a defect."""
    command = [*descriptor.start.command, f"--defect={name}"]
    start = msgspec.structs.replace(descriptor.start, command=command)
    manifests = [*(descriptor.manifests or ()), f"--defect={name}"]
    controller = [*(descriptor.controller or ()), f"--defect={name}"]
    racks = descriptor.multi_node and with_defect_on_racks(descriptor.multi_node, name)
    webhook = descriptor.webhook and msgspec.structs.replace(
        descriptor.webhook, command=[*descriptor.webhook.command, f"--defect={name}"]
    )
    return msgspec.structs.replace(
        descriptor,
        name=f"control-{name}",
        start=start,
        controller=controller,
        multi_node=racks,
        manifests=manifests,
        webhook=webhook,
    )


def with_defect_on_racks(racks: MultiNode, name: str) -> MultiNode:
    """The parts of the control driver that run on racks, with a defect."""
    flag = f"--defect={name}"
    return msgspec.structs.replace(
        racks,
        manifests=[*racks.manifests, flag],
        controller=[*racks.controller, flag],
        plugin=[*racks.plugin, flag],
    )


def run_suite(descriptor: Descriptor, folder: Path, *options: str) -> dict[str, str]:
    """{requirement: verdict} of a run over DESCRIPTOR.

    Raises:
        HarnessError: it does not end, or there is no report.
    """
    folder.mkdir()
    path = folder / "descriptor.yaml"
    path.write_bytes(msgspec.yaml.encode(descriptor))
    command = [
        sys.executable,
        "-m",
        "dra_conformance",
        "run",
        str(path),
        "--output",
        str(folder / "report"),
        *options,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"the run over {descriptor.name} did not end within {RUN_S} s; is the machine overloaded?"
        raise HarnessError(message) from error
    report = folder / "report" / "report.json"
    if not report.exists():
        message = f"no report about {descriptor.name} (exit {done.returncode}): {done.stderr.strip()[-500:]}"
        raise HarnessError(message)
    return {row["id"]: row["verdict"] for row in json.loads(report.read_text())["requirements"]}


def judge_mutant(defect: Defect, verdicts: Mapping[str, str]) -> dict[str, Any]:
    """A row of the kill matrix."""
    by = [name for name in defect.violates if verdicts[name] in CAUGHT]
    return {
        "name": defect.name,
        "violates": list(defect.violates),
        "killed": by == list(defect.violates),
        "by": by,
        "what": defect.what,
    }


def judge_control(verdicts: Mapping[str, str]) -> dict[str, Any]:
    """Whether a known-good driver passed."""
    wrong = sorted(f"{name} {verdict}" for name, verdict in verdicts.items() if verdict in ("fail", "error"))
    passed = sum(verdict == "pass" for verdict in verdicts.values())
    return {
        "name": "control",
        "passed": not wrong and passed > 0,
        "wrong": wrong,
        "requirements_passed": passed,
    }


def chosen(defects: Sequence[Defect], every: int) -> list[Defect]:
    """Every EVERY-th of DEFECTS, always the same ones: a sample over all areas, in which they are in order."""
    return list(defects[::every])


def run_selftest(*, as_json: bool, every: int, matrix: Path | None = None) -> int:
    """Run the known-good driver and every EVERY-th known-bad one; 0 if the suite is right about all of them, else 1.

    What has caught what is written to the page MATRIX, if one is given.

    Raises:
        UsageError: a page of a part of the drivers is asked for.
    """
    if matrix and every > 1:
        message = "--matrix needs all known-bad drivers; leave out --every"
        raise UsageError(message)
    console = Console(quiet=as_json, highlight=False, markup=False)
    control = load_descriptor("control")
    with tempfile.TemporaryDirectory(prefix="dra-self-") as scratch:
        root = Path(scratch)
        console.print("judging the known-good driver with the whole suite")
        controls = [judge_control(run_suite(control, root / "control"))]

        def judge(defect: Defect) -> dict[str, Any]:
            options = ("--select", ",".join(defect.violates), "--workers", "1")
            return judge_mutant(
                defect, run_suite(with_defect(control, defect.name), root / defect.name, *options)
            )

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            defects = chosen(list(DEFECTS.values()), every)
            runs = pool.map(judge, defects)
            mutants = list(track(runs, "known-bad drivers", len(defects), console=console, transient=True))
    score = sum(mutant["killed"] for mutant in mutants) / len(mutants)
    if matrix:
        matrix.write_text(page(shown(mutants)))
    if as_json:
        sys.stdout.write(
            json.dumps({"controls": controls, "mutants": mutants, "score": score}, indent=1) + "\n"
        )
    print_matrix(console, controls, mutants, score)
    return 0 if score == 1 and all(control["passed"] for control in controls) else 1


def print_matrix(
    console: Console,
    controls: Sequence[Mapping[str, Any]],
    mutants: Sequence[Mapping[str, Any]],
    score: float,
) -> None:
    """The kill matrix for people."""
    table = Table(box=None, pad_edge=False)
    for column in ("driver", "what is wrong with it", "violates", "caught"):
        table.add_column(column)
    for mutant in mutants:
        caught = Text("yes", "green") if mutant["killed"] else Text(f"NO, only {mutant['by']}", "red")
        table.add_row(mutant["name"], mutant["what"], " ".join(mutant["violates"]), caught)
    console.print(table)
    for control in controls:
        result = (
            f"passes {control['requirements_passed']} requirements"
            if control["passed"]
            else f"FAILS: {control['wrong']}"
        )
        console.print(f"known-good driver {control['name']}: {result}", soft_wrap=True)
    console.print(
        f"{sum(m['killed'] for m in mutants)} of {len(mutants)} known-bad drivers caught, score {score:.2f}"
    )
