"""``dra-conformance run --kubernetes 1.34,1.37``: one run per release, each with its own report, and what differs.

Each run is a process of its own, because pytest is not made to run twice in one.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from dra_conformance.errors import UsageError
from dra_conformance.run import INTERRUPTED, RunOptions, check_options

INDEX = "versions.json"


def judge_releases(options: RunOptions, releases: list[str]) -> int:
    """Judge a driver on each of RELEASES; the worst exit code.

    Raises:
        UsageError: an argument cannot be used.
    """
    if options.compare is not None:
        message = "--compare is for a run on one release; found several in --kubernetes"
        raise UsageError(message)
    for release in releases:
        check_options(one_of(options, release))
    console = Console(quiet=options.as_json, highlight=False, markup=False, emoji=False)
    codes: list[int] = []
    reports: dict[str, dict[str, Any]] = {}
    for release in releases:
        codes.append(run_release(options, release))
        path = options.output / release / "report.json"
        if path.exists():
            reports[release] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if codes[-1] in (INTERRUPTED, 2):
            break
    changed = differences(reports)
    index = {
        "releases": {
            release: {"profiles": report["profiles"], "report": f"{release}/report.html"}
            for release, report in reports.items()
        },
        "differences": changed,
    }
    text = msgspec.json.format(msgspec.json.encode(index), indent=1)
    (options.output / INDEX).write_bytes(text)
    if options.as_json:
        print(text.decode())
    print_differences(console, changed, options.output)
    return worst(codes)


def one_of(options: RunOptions, release: str) -> RunOptions:
    """The options of the run on RELEASE."""
    return replace(options, kubernetes=release, output=options.output / release)


def run_release(options: RunOptions, release: str) -> int:
    """The exit code of the run on RELEASE; its progress goes where this one's goes."""
    flags = {
        "--machine": options.machine,
        "--provider": options.provider,
        "--kubernetes": release,
        "--select": options.select,
        "--profile": options.profile,
        "--seed": options.seed,
        "--workers": options.workers,
        "--budget": options.budget_s,
        "--output": options.output / release,
    }
    command = [sys.executable, "-m", "dra_conformance", "run", options.descriptor]
    command += [f"{flag}={value}" for flag, value in flags.items()]
    quiet = subprocess.DEVNULL if options.as_json else None
    return subprocess.run(command, stdout=quiet, check=False).returncode


def differences(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """{requirement: {release: verdict}} of those whose verdict is not the same on all releases."""
    found: dict[str, dict[str, str]] = {}
    for release, report in reports.items():
        for row in report["requirements"]:
            found.setdefault(row["id"], {})[release] = row["verdict"]
    return {name: verdicts for name, verdicts in found.items() if len(set(verdicts.values())) > 1}


def print_differences(console: Console, changed: dict[str, dict[str, str]], folder: Path) -> None:
    """What is not the same on all releases."""
    console.print(f"\n{len(changed)} requirements differ between the releases")
    for name, verdicts in changed.items():
        console.print(
            f"  {name:10} " + ", ".join(f"{release} {verdict}" for release, verdict in verdicts.items())
        )
    console.print(f"reports     {folder}/RELEASE/report.html, {folder / INDEX}", soft_wrap=True)


def worst(codes: list[int]) -> int:
    """The exit code of all: interrupted, usage error, then failed, then not judged."""
    return next((code for code in (INTERRUPTED, 2, 1, 3) if code in codes), 0)
