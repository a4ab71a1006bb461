"""``dra-conformance run``: say what will be done, do it, write the reports, print the summary."""

import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from dra_clusters.choose import provider
from dra_clusters.errors import UsageError as ClusterUsageError
from dra_clusters.guard import ProcessGuard
from dra_clusters.provider import VERSIONS
from dra_conformance.catalogue import one, select
from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.drivers.programs import check_programs, driver_program
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.driver_log import kept_logs
from dra_conformance.harness.factory import Environment
from dra_conformance.harness.installing import NODE_IMAGE, made_for
from dra_conformance.harness.target import IMAGE, Target, open_target, swept
from dra_conformance.head import head_of
from dra_conformance.keeping import FOLDER
from dra_conformance.outcome import USAGE_ERROR
from dra_conformance.printable import one_line
from dra_conformance.profiles import CORE, check_profile, exit_code
from dra_conformance.progress import LiveProgress, print_summary
from dra_conformance.pytest_options import CLUSTERS, LOGS, check_cluster, tiers_named
from dra_conformance.recorder import LOG, Recorder, Silent, append
from dra_conformance.report.build import read_log, rows_of
from dra_conformance.report.comparison import Comparison, read
from dra_conformance.report.headline import headline
from dra_conformance.report.model import Report
from dra_conformance.report.write import write_reports
from dra_conformance.resuming import names, settled
from dra_conformance.session import run_checks
from dra_conformance.verdict import Judgement

Result = tuple[Report, list[Judgement], Comparison | None]
"""The report, its judgements, and what changed since an earlier run."""
DONE = "settled.txt"
"""The checks that a resumed run does not repeat."""
INTERRUPTED = 130
BUDGET_S = 1800
"""Of a run by default: many times what a run takes, so that only a driver that hangs everywhere meets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The arguments of a run; empty texts mean the default.

    Attributes:
        tier: one, or several separated by commas.
        compare: the report of an earlier run.
        cluster: where the driver is installed, for the tier cluster.
    """

    descriptor: str = "reference"
    machine: str = ""
    provider: str = "embedded"
    tier: str = "node"
    cluster: str = ""
    kubeconfig: str = ""
    context: str = ""
    probe_image: str = ""
    kubernetes: str = VERSIONS[-1]
    select: str = ""
    profile: str = CORE
    seed: int = 0
    workers: int = 2
    budget_s: int = BUDGET_S
    output: Path = Path("dra-report")
    compare: Path | None = None
    as_json: bool = False
    keep: bool = False
    resume: bool = False
    command: tuple[str, ...] = ("dra-conformance", "run")


def check_options(options: RunOptions) -> None:
    """Refuse arguments that cannot be used, before anything is started.

    Raises:
        UsageError: unknown version, provider or selection, or an output folder that cannot be written.
    """
    if options.kubernetes not in VERSIONS:
        message = f"--kubernetes {options.kubernetes!r}: wanted one of {', '.join(VERSIONS)}"
        raise UsageError(message)
    try:
        provider(options.provider)
    except ClusterUsageError as error:
        raise UsageError(str(error)) from error
    if options.provider in CLUSTERS:
        message = f"--provider {options.provider}: the tier node needs an API server with faults and audit; to judge a driver that is installed in a cluster give --cluster {options.provider}"
        raise UsageError(message)
    select(options.select)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / LOG).touch()
    except (OSError, ValueError) as error:  # a null byte in the name
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        message = f"--output {options.output}: cannot be written: {reason}; choose another folder"
        raise UsageError(message) from error


def judge_driver(options: RunOptions) -> int:
    """Judge a driver; the exit code.

    Raises:
        UsageError: an argument cannot be used.
        HarnessError: nothing could be judged.
    """
    console = Console(quiet=options.as_json, highlight=False, markup=False, emoji=False)
    report, judgements, changed = judged(options, console)
    if options.as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n")
    console.print()
    print_summary(console, judgements, report.summary)
    if changed is not None:
        print_changes(console, changed)
    interrupted = ", interrupted" if report.suite.interrupted else ""
    console.print(f"\n{len(report.checks)} checks in {report.suite.seconds:.1f} s{interrupted}")
    console.print(f"report      {options.output / 'report.html'}", soft_wrap=True)
    console.print(Text("\n" + headline(report), style="bold"), soft_wrap=True)
    chosen = next(one for one in report.profiles if one.name == options.profile)
    return INTERRUPTED if report.suite.interrupted else exit_code(judgements, chosen)


def run_quietly(options: RunOptions) -> Report:
    """Judge a driver and print nothing."""
    report, _, _ = judged(options, Console(quiet=True))
    return report


def judged(options: RunOptions, console: Console) -> Result:
    """Run the checks and write the reports.

    Raises:
        UsageError: an argument cannot be used.
        HarnessError: nothing could be judged.
    """
    descriptor = load_descriptor(options.descriptor)
    check_profile(options.profile, descriptor.features)
    check_options(options)
    environment = environment_of(options)
    if "node" in environment.tiers:
        check_programs(descriptor)
    with tested_in(environment, descriptor, options.select) as (environment, kubeconfig):
        return judged_in(options, descriptor, environment, kubeconfig, console)


def judged_in(
    options: RunOptions, descriptor: Descriptor, environment: Environment, kubeconfig: str, console: Console
) -> Result:
    """Run the checks in ENVIRONMENT, whose cluster has KUBECONFIG if it has one, and write the reports."""
    head = head_of(
        options.descriptor,
        environment,
        profile=options.profile,
        select=options.select,
        command=options.command,
    )
    where = driver_program(descriptor) if "node" in environment.tiers else "installed in the cluster"
    title = f"driver      {descriptor.driver} ({descriptor.name}: {where})"
    console.print(one_line(title).replace("driver ", "driver      ", 1), soft_wrap=True)
    console.print(f"machine     {one_line(head['environment']['machine']) or 'none'}")
    console.print(f"Kubernetes  {environment.kubernetes}, {head['environment']['provider']}")
    console.print(f"tier        {head['suite']['tier']}")
    console.print(f"seed        {options.seed}")
    earlier = None if options.compare is None else read(options.compare)  # before it is replaced
    log = options.output / LOG
    begin(log, head, descriptor.driver, resume=options.resume)
    watcher = Silent() if console.quiet else LiveProgress(console)
    try:
        run_checks(
            [*arguments_of(options), *cluster_arguments(environment, kubeconfig)],
            workers=options.workers,
            recorder=Recorder(log=log, watcher=watcher),
        )
    finally:
        if isinstance(watcher, LiveProgress):
            watcher.stop()
    return conclude(log, options.output, earlier)


def begin(log: Path, head: dict[str, Any], driver: str, *, resume: bool) -> None:
    """Begin the log of a run: with what is settled of the earlier one if that is resumed, else empty.

    Raises:
        UsageError: there is no such run to resume.
    """
    folder = log.parent
    earlier: list[dict[str, Any]] = []
    if resume:
        earlier = settled(rows_of(log), head)
        (folder / DONE).write_text("\n".join(names(earlier)))
    else:
        for path in kept_logs(folder / LOGS, driver):
            path.unlink()  # of an earlier run, whose report is replaced too
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
    log.write_bytes(b"")
    for row in [head, *earlier]:
        append(log, row)


def environment_of(options: RunOptions) -> Environment:
    """What the driver is judged on.

    Raises:
        UsageError: an unknown tier or cluster.
    """
    target = None
    if options.cluster:
        check_cluster(options.cluster)
        target = Target(
            cluster=options.cluster,
            kubeconfig=Path(options.kubeconfig) if options.kubeconfig else None,
            context=options.context,
            image=options.probe_image or (NODE_IMAGE if options.cluster == "kind" else IMAGE),
            run=secrets.token_hex(4),
        )
    return Environment(
        tiers=tiers_named(options.tier, target),
        target=target,
        machine=options.machine,
        provider=options.provider,
        kubernetes=options.kubernetes,
        seed=options.seed,
    )


def cluster_arguments(environment: Environment, kubeconfig: str) -> list[str]:
    """The arguments of pytest that say where the driver is installed."""
    arguments = [f"--dra-tier={','.join(environment.tiers)}", f"--dra-kubernetes={environment.kubernetes}"]
    if (target := environment.target) is None:
        return arguments
    arguments += ["--dra-cluster=existing", f"--dra-kubeconfig={kubeconfig}"]
    return [*arguments, f"--dra-probe-image={target.image}", f"--dra-run={target.run}"]


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for kubeconfigs, which is removed however this process ends."""
    guard = ProcessGuard()
    try:
        with tempfile.TemporaryDirectory(prefix="dra-") as folder:
            guard.on_death(["rm", "-rf", folder])
            yield Path(folder)
    finally:
        guard.forget_commands()
        guard.close()


@contextlib.contextmanager
def tested_in(
    environment: Environment, descriptor: Descriptor, selection: str
) -> Iterator[tuple[Environment, str]]:
    """The environment with the release of the cluster in which the driver is installed, and its kubeconfig.

    At the end nothing of the run is left there, or the cluster is gone if it was made for the run.
    """
    target = environment.target
    if target is None:
        yield environment, ""
        return
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        if target.cluster == "kind":
            machine, release = environment.machine, environment.kubernetes
            made = made_for(descriptor, machine=machine, kubernetes=release, folder=folder)
            target = replace(target, kubeconfig=stack.enter_context(made))
        judged = (one(name).section for name in select(selection))
        cluster = open_target(target, folder, behaviours="cluster" in judged)
        stack.enter_context(swept(target, cluster.kubeconfig))
        yield replace(environment, kubernetes=cluster.kubernetes), str(cluster.kubeconfig)


def arguments_of(options: RunOptions) -> list[str]:
    """The arguments of pytest."""
    arguments = [f"--dra-driver={options.descriptor}", f"--dra-machine={options.machine}"]
    arguments += [
        f"--dra-provider={options.provider}",
        f"--dra-select={options.select}",
        f"--dra-seed={options.seed}",
    ]
    if options.keep:
        arguments.append("--dra-keep")
    if options.resume:
        arguments.append(f"--dra-done={options.output / DONE}")
    return [*arguments, f"--dra-budget={options.budget_s}", f"--dra-output={options.output}"]


def conclude(log: Path, folder: Path, earlier: dict[str, Any] | None) -> Result:
    """Write the reports, beside what changed since the report EARLIER if there is one.

    Raises:
        UsageError: every check failed by the same mistake of the user.
        HarnessError: every check failed by the same fault of the environment.
    """
    run = read_log(log)
    result = write_reports(run, folder, earlier)
    failed_alike = {result.message for result in run.results}
    if run.results and len(failed_alike) == 1 and all(result.outcome == "error" for result in run.results):
        kind = UsageError if run.results[0].where == USAGE_ERROR else HarnessError
        raise kind(failed_alike.pop())
    return result


def print_changes(console: Console, changed: Comparison) -> None:
    """What is not as in an earlier run."""
    console.print(f"\ncompared with {changed.before}: {changed.counts()}", soft_wrap=True)
    for text in changed.differs:
        console.print(f"  not the same: {text}", soft_wrap=True)
    styles = {"worse": "red", "better": "green"}
    for change in changed.changes:
        word = "" if change.direction == "other" else change.direction
        line = f"  {word:6}  {change.id:9} {change.before} -> {change.after}"
        console.print(Text(line, styles.get(change.direction, "")), soft_wrap=True)
