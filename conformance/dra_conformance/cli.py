"""The command ``dra-conformance``: exit codes 0 (no MUST failed), 1 (some did), 2 (wrong use), 3 (the harness failed)."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dra_conformance.errors import HarnessError, UsageError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def add(parser: argparse.ArgumentParser, flag: str, default: str, text: str, metavar: str) -> None:
    """A flag with its environment twin."""
    variable = "DRA_CONFORMANCE_" + flag.lstrip("-").upper().replace("-", "_")
    shown = f"{text} [${variable}" + (f", default {default}]" if default else "]")
    parser.add_argument(flag, default=os.environ.get(variable, default), metavar=metavar, help=shown)


def make_parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    parser = Parser(
        prog="dra-conformance", description="Judges a Kubernetes DRA driver, requirement by requirement."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="judge a driver and write a report")
    run.add_argument(
        "descriptor", nargs="?", default="reference", help="a file, or a shipped name (default: reference)"
    )
    add(run, "--machine", "", "fake machine, default the descriptor's", "NAME")
    add(run, "--provider", "embedded", "cluster provider", "NAME")
    add(run, "--kubernetes", "1.37", "1.34 to 1.37", "X.Y")
    add(run, "--select", "", "ids, patterns (REG-*), areas, features or levels; !TERM takes away", "EXPR")
    add(run, "--seed", "0", "decides order and names", "N")
    add(run, "--output", "dra-report", "folder for the report", "DIR")
    add(run, "--workers", "2", "processes that check side by side; short form -n", "N")
    run.add_argument("-n", dest="workers", metavar="N", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    run.add_argument("--json", action="store_true", help="print report.json instead of progress and summary")
    listing = commands.add_parser("list", help="all requirements, and whether a check covers them")
    add(listing, "--select", "", "as for run", "EXPR")
    listing.add_argument("--json", action="store_true")
    explain = commands.add_parser("explain", help="everything about one requirement")
    explain.add_argument("id", metavar="ID")
    selftest = commands.add_parser("selftest", help="do known-good drivers pass and known-bad ones fail?")
    selftest.add_argument("--json", action="store_true")
    bench = commands.add_parser("bench", help="measure a driver and the suite")
    bench.add_argument("descriptor", nargs="?", default="reference")
    bench.add_argument("--json", action="store_true")
    return parser


def number(flag: str, text: str, least: int) -> int:
    """TEXT as a number.

    Raises:
        UsageError: it is none, or too small.
    """
    if not text.lstrip("-").isdigit() or int(text) < least:
        message = f"{flag} {text!r}: wanted a number, at least {least}"
        raise UsageError(message)
    return int(text)


def run_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance run``."""
    from dra_conformance.run import RunOptions, judge_driver

    options = RunOptions(
        descriptor=arguments.descriptor,
        machine=arguments.machine,
        provider=arguments.provider,
        kubernetes=arguments.kubernetes,
        select=arguments.select,
        seed=number("--seed", arguments.seed, 0),
        workers=number("-n", arguments.workers, 1),
        output=Path(arguments.output),
        as_json=arguments.json,
    )
    return judge_driver(options)


def list_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance list``."""
    from dra_conformance.catalogue import load_catalogue, select
    from dra_conformance.session import covered_ids

    chosen, covered = select(arguments.select), covered_ids()
    rows = [
        {"id": r.id, "level": r.level, "area": r.area, "feature": r.feature, "covered": r.id in covered}
        for r in load_catalogue().values()
        if r.id in chosen
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        mark = "covered" if row["covered"] else "-"
        print(f"{row['id']:9} {row['level']:6} {mark:8} {row['area']:20} {row['feature']}")
    print(f"{sum(bool(row['covered']) for row in rows)} of {len(rows)} requirements are covered by a check")
    return 0


def explain_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance explain``."""
    from dra_conformance.catalogue import one
    from dra_conformance.session import covered_ids

    found = one(arguments.id)
    print(f"{found.id}  {found.level}  {found.area}  {found.feature}  on the {found.section}\n")
    print(f"{found.statement}\n")
    print(f"observed by  {found.how}")
    print(f"basis        {found.basis}")
    print(f"source       {found.source}")
    print(f"covered      {'yes' if found.id in covered_ids() else 'not yet: no check proves it'}")
    return 0


def selftest_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance selftest``."""
    from dra_conformance.selftest import run_selftest

    return run_selftest(as_json=arguments.json)


def bench_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance bench``."""
    from dra_conformance.bench import run_bench

    return run_bench(arguments.descriptor, as_json=arguments.json)


COMMANDS = {
    "run": run_command,
    "list": list_command,
    "explain": explain_command,
    "selftest": selftest_command,
    "bench": bench_command,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(words)
    try:
        return COMMANDS[arguments.command](arguments)
    except UsageError as error:
        print(f"dra-conformance: {error}", file=sys.stderr)
        return 2
    except HarnessError as error:
        print(f"dra-conformance: {error}", file=sys.stderr)
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
