"""The command ``dra-conformance``: exit codes 0 (no MUST failed), 1 (some did), 2 (usage error), 3 (the harness failed)."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from dra_conformance.command_line import make_parser
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.printable import one_line, printable

WORKERS_MAX = 64
SEED_MAX = 2**32 - 1
BUDGET_MAX_S = 86_400
CONTRACT = "https://github.com/dra-conformance/dra-conformance/blob/main/docs/DRIVER-CONTRACT.md"


def number(flag: str, text: str, least: int, most: int) -> int:
    """TEXT as a number.

    Raises:
        UsageError: it is none, too small or too large.
    """
    try:
        found = int(text)
    except ValueError:
        found = least - 1
    if not least <= found <= most:
        message = f"{flag} {text[:40]!r}: wanted a number from {least} to {most}"
        raise UsageError(message)
    return found


def run_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance run``."""
    from dra_clusters.provider import DEFAULT_VERSION
    from dra_conformance.results import handed_over, place_of
    from dra_conformance.run import RunOptions, judge_driver
    from dra_conformance.several import judge_releases

    releases = [release.strip() for release in (arguments.kubernetes or DEFAULT_VERSION).split(",")]
    if arguments.cluster == "existing" and arguments.kubernetes:
        message = "--kubernetes chooses the release of the tier node and of --cluster kind; the cluster of --cluster existing has its own"
        raise UsageError(message)
    options = RunOptions(
        descriptor=arguments.descriptor,
        machine=arguments.machine,
        provider=arguments.provider,
        tier=arguments.tier or ("cluster" if arguments.cluster else "node"),
        cluster=arguments.cluster,
        kubeconfig=arguments.kubeconfig,
        context=arguments.context,
        probe_image=arguments.probe_image,
        kubernetes=releases[0],
        select=arguments.select,
        profile=arguments.profile,
        seed=number("--seed", arguments.seed, 0, SEED_MAX),
        workers=number("-n", arguments.workers, 1, WORKERS_MAX),
        budget_s=number("--budget", arguments.budget, 1, BUDGET_MAX_S),
        output=Path(arguments.output),
        compare=Path(arguments.compare) if arguments.compare else None,
        as_json=arguments.json,
        keep=arguments.keep_on_failure,
        resume=arguments.resume,
        command=("dra-conformance", *arguments.argv),
    )
    place = place_of(arguments.results, arguments.kubeconfig, arguments.context)
    judge = (
        partial(judge_releases, options, releases) if len(releases) > 1 else partial(judge_driver, options)
    )
    return handed_over(place, options.output, judge) if place else judge()


def init_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance init``."""
    from dra_conformance.first_descriptor import init

    return init(Path(arguments.registry), arguments.driver, Path(arguments.output))


def doctor_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance doctor``."""
    from dra_conformance.doctor import doctor

    return doctor(arguments.descriptor)


def list_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance list``."""
    from dra_conformance.catalogue import load_catalogue, select
    from dra_conformance.covered import covered_ids

    chosen, covered = select(arguments.select), covered_ids()
    rows = [
        {
            "id": r.id,
            "level": r.level,
            "basis": r.basis,
            "area": r.area,
            "feature": r.feature,
            "namespace": r.namespace,
            "covered": r.id in covered,
            "no_check": r.no_check,
        }
        for r in load_catalogue().values()
        if r.id in chosen
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        mark = "covered" if row["covered"] else "reason" if row["no_check"] else "-"
        reason = f"  no check: {row['no_check']}" if row["no_check"] else ""
        print(f"{row['id']:9} {row['level']:6} {mark:8} {row['area']:20} {row['feature']}{reason}")
    excused = sum(bool(row["no_check"]) for row in rows)
    own = [row for row in rows if row["namespace"]]
    print(counted([row for row in rows if not row["namespace"]]) + " requirements are covered by a check")
    if own:
        print(f"{counted(own)} of other namespaces than Kubernetes' are")
    if excused:
        print(f"{excused} say why no check can prove them")
    return 0


def counted(rows: Sequence[Mapping[str, object]]) -> str:
    """How many of ROWS a check covers."""
    return f"{sum(bool(row['covered']) for row in rows)} of {len(rows)}"


def explain_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance explain``."""
    from dra_conformance.catalogue import one
    from dra_conformance.catalogue.contract import anchor
    from dra_conformance.controls.defects import DEFECTS
    from dra_conformance.covered import checks_of, covered_ids
    from dra_conformance.profiles import profiles_of

    found = one(arguments.id)
    print(f"{found.id}  {found.level}  {found.area}  {found.feature}  on the {found.section}\n")
    print(f"{found.statement}\n")
    print(f"observed by  {found.how}")
    print(f"basis        {found.basis}")
    print(f"source       {found.source}")
    print(f"profiles     {', '.join(profiles_of(found)) or 'none: it cannot make a driver not conformant'}")
    if found.argument:
        print(f"why          {found.argument}")
    if found.section == "driver" and not found.namespace:
        print(f"contract     {CONTRACT}#{anchor(found.id)}")
    missing = f"no: {found.no_check}" if found.no_check else "not yet: no check proves it"
    print(f"covered      {'yes' if found.id in covered_ids() else missing}")
    for name in checks_of().get(found.id, []):
        print(f"check        {name}")
    for defect in DEFECTS.values():
        if found.id in defect.violates:
            print(f"caught       a driver that {defect.what} ({defect.name})")
    return 0


def replay_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance replay``."""
    from dra_conformance.replay import replay

    return replay(arguments.target, arguments.descriptor)


def verify_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance verify``.

    Raises:
        UsageError: a statement without a key.
    """
    from dra_conformance.bundles.verify import verify

    if bool(arguments.statement) != bool(arguments.key):
        message = "verify: --statement and --key belong together"
        raise UsageError(message)
    return verify(arguments.bundle, arguments.statement, arguments.key)


def attest_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance attest``."""
    from dra_conformance.bundles.verify import attest

    return attest(arguments.bundle, arguments.key, arguments.subject, Path(arguments.output))


def selftest_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance selftest``."""
    from dra_conformance.selftest import run_selftest

    matrix = Path(arguments.matrix) if arguments.matrix else None
    every = number("--every", arguments.every, 1, 1000)
    return run_selftest(as_json=arguments.json, every=every, matrix=matrix)


def bench_command(arguments: argparse.Namespace) -> int:
    """``dra-conformance bench``."""
    if arguments.peer:
        from dra_conformance.bench_peer import run_peer_bench

        return run_peer_bench(arguments.descriptor, arguments.peer, as_json=arguments.json)
    from dra_conformance.bench import run_bench

    return run_bench(arguments.descriptor, as_json=arguments.json)


COMMANDS = {
    "run": run_command,
    "init": init_command,
    "doctor": doctor_command,
    "list": list_command,
    "explain": explain_command,
    "replay": replay_command,
    "verify": verify_command,
    "attest": attest_command,
    "selftest": selftest_command,
    "bench": bench_command,
}


def exit_in_order(number: int, _frame: object) -> None:
    """Exit as a shell reports a signal; the context managers on the stack end what was started."""
    sys.exit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = make_parser().parse_args(words, argparse.Namespace(argv=words))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, exit_in_order)
    try:
        return COMMANDS[arguments.command](arguments)
    except UsageError as error:
        print(f"dra-conformance: {one_line(error)}", file=sys.stderr)
        return 2
    except HarnessError as error:
        print(f"dra-conformance: {printable(error)}", file=sys.stderr)
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
