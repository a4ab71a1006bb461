"""The command ``dra-cluster``.

Exit codes: 0; 1, it failed or behaviours differ; 2, usage error; for ``up`` the exit code of its command.
"""

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dra_clusters.choose import NAMES, provider
from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
from dra_clusters.provider import DEFAULT_VERSION, PARTS, VERSIONS, Cluster, ClusterOptions
from kube_emulator import switches
from kube_emulator.command_line import (
    ClusterFlags,
    OneLineParser,
    PrintVersion,
    add_command,
    prepare_signals,
    run_inside,
)

ENVIRONMENT = "DRA_CLUSTER"
"""Prefix of the environment variables of flags."""


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Which cluster."""
    flags = ClusterFlags(parser, ENVIRONMENT)
    flags.add("--provider", ", ".join(NAMES), default="embedded", metavar="NAME")
    add_version_flag(parser)
    flags.add_nodes()
    add_parts_flag(parser)
    flags.add(
        "--kubelet",
        "real: each node is a real kubelet and containerd; provider binaries, as root",
        default="emulated",
        choices=("emulated", "real"),
    )
    add_kind_flags(flags)
    flags.add(
        "--context",
        "context of the kubeconfig, for provider existing",
        shown="its current one",
        metavar="NAME",
    )
    flags.add_directory()


def add_kind_flags(flags: ClusterFlags) -> None:
    """What only the provider kind has."""
    flags.add("--name", "name of the kind cluster; one that runs is used", shown="a new one", metavar="NAME")
    flags.add(
        "--node-image",
        "node image of the kind cluster",
        shown="that of the release, or one made here",
        metavar="IMAGE",
    )


def add_version_flag(parser: argparse.ArgumentParser) -> None:
    """Which release."""
    flags = ClusterFlags(parser, ENVIRONMENT)
    flags.add("--kubernetes", ", ".join(VERSIONS), default=DEFAULT_VERSION, metavar="X.Y")


def add_parts_flag(parser: argparse.ArgumentParser) -> None:
    """Which parts."""
    flags, parts = ClusterFlags(parser, ENVIRONMENT), sorted(PARTS)
    flags.add("--parts", f"out of {', '.join(parts)}", default=",".join(parts), shown="all", metavar="A,B")


def add_behaviour_flags(parser: argparse.ArgumentParser) -> None:
    """Which behaviours, on clusters with which switches, and the form of the report."""
    ClusterFlags(parser, ENVIRONMENT).add_switches("api/all=true")
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="PATTERN",
        help="an area such as watching, or a pattern of ids such as 'slices/*'; may be repeated",
    )
    parser.add_argument("--json", action="store_true")


def add_up_flags(up: argparse.ArgumentParser) -> None:
    """What ``up`` has."""
    add_cluster_flags(up)
    flags = ClusterFlags(up, ENVIRONMENT)
    flags.add_switches()
    up.add_argument(
        "--kubeconfig",
        default="",
        metavar="FILE",
        help="for provider existing [default: $KUBECONFIG, then ~/.kube/config]",
    )
    flags.add_rbac()
    flags.add(
        "--gpus",
        "fake GPUs on every node of a kind cluster, e.g. dgx-b200; see fake-nvml list",
        shown="none",
        metavar="MACHINE",
    )
    up.add_argument(
        "--keep", action="store_true", help="let the kind cluster run afterwards; see dra-cluster down"
    )
    up.add_argument(
        "--print-config", action="store_true", help="print the configuration of the kind cluster and exit"
    )
    add_command(up)


def add_check_flags(check: argparse.ArgumentParser) -> None:
    """What ``check`` has."""
    add_cluster_flags(check)
    check.add_argument(
        "--kubeconfig",
        default="",
        metavar="FILE",
        help="a cluster that runs already, of which --has says what it has; or that of provider existing",
    )
    check.add_argument(
        "--has",
        default="api,rbac",
        metavar="A,B",
        help="what the cluster of --kubeconfig has: out of api, rbac, scheduler, controllers [default api,rbac]",
    )
    add_behaviour_flags(check)


def add_diff_flags(diff: argparse.ArgumentParser) -> None:
    """What ``diff`` has."""
    diff.add_argument("first", nargs="?", default="binaries", metavar="NAME", help="[default binaries]")
    diff.add_argument("second", nargs="?", default="embedded", metavar="NAME", help="[default embedded]")
    add_version_flag(diff)
    add_behaviour_flags(diff)


def make_parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    parser = OneLineParser(prog="dra-cluster", description="A Kubernetes to run DRA drivers against.")
    parser.add_argument(
        "--version", action=PrintVersion, nargs=0, const="dra-cluster", help="print the version and exit"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_up_flags(
        commands.add_parser("up", help="run a cluster for as long as a command runs, or until Ctrl-C")
    )
    down = commands.add_parser("down", help="remove a kind cluster that was kept")
    down.add_argument("name", metavar="NAME")
    add_check_flags(commands.add_parser("check", help="run the list of behaviours on a cluster"))
    add_diff_flags(
        commands.add_parser(
            "diff", help="run the list of behaviours on two providers and print where they differ"
        )
    )
    binaries = commands.add_parser("binaries", help="the programs of the provider binaries")
    actions = binaries.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build them once with Go, into the cache")
    add_version_flag(build)
    add_parts_flag(build)
    listing = commands.add_parser("list", help="which providers there are")
    listing.add_argument("--json", action="store_true")
    doctor = commands.add_parser("doctor", help="what this machine has, and which providers it can run")
    doctor.add_argument("--json", action="store_true")
    bench = commands.add_parser("bench", help="measure the provider embedded")
    bench.add_argument("--json", action="store_true")
    explain = commands.add_parser(
        "explain", help="why a resource claim gets no devices, in the cluster of $KUBECONFIG"
    )
    explain.add_argument("claim", metavar="CLAIM")
    explain.add_argument("-n", "--namespace", default="default", metavar="NS", help="[default: default]")
    explain.add_argument("--json", action="store_true")
    return parser


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed after use.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="dra-cluster-")
    except OSError as error:
        message = (
            f"cannot make a temporary folder: {error.strerror}; set TMPDIR to a folder that can be written"
        )
        raise EnvironmentFault(message) from error


def options_of(arguments: argparse.Namespace, scratch: Path) -> ClusterOptions:
    """The options of the flags; commands that have only some of the flags get the others' defaults."""
    parts = getattr(arguments, "parts", ",".join(PARTS))
    return ClusterOptions(
        directory=Path(getattr(arguments, "dir", "") or scratch),
        kubernetes=arguments.kubernetes,
        nodes=tuple(f"node-{index}" for index in range(getattr(arguments, "nodes", 1))),
        parts=frozenset(filter(None, parts.split(","))),
        real_kubelet=getattr(arguments, "kubelet", "") == "real",
        kubeconfig=Path(file) if (file := getattr(arguments, "kubeconfig", "")) else None,
        context=getattr(arguments, "context", ""),
        rbac=getattr(arguments, "rbac", True),
        gates=switches.read(arguments.feature_gates, "--feature-gates"),
        runtime_config=switches.read(arguments.runtime_config, "--runtime-config"),
        name=getattr(arguments, "name", ""),
        keep=getattr(arguments, "keep", False),
        node_image=getattr(arguments, "node_image", ""),
        gpus=getattr(arguments, "gpus", ""),
    )


@contextlib.contextmanager
def running_cluster(name: str, arguments: argparse.Namespace) -> Iterator[Cluster]:
    """A cluster with the options of the flags, for the length of a block."""
    with temporary_folder() as scratch:
        options = options_of(arguments, Path(scratch))
        with provider(name).up(options) as cluster:
            yield cluster


def run_check(arguments: argparse.Namespace) -> int:
    """The list of behaviours on one cluster."""
    from dra_clusters import check

    items = check.selected(arguments.select)
    if arguments.kubeconfig and arguments.provider != "existing":
        subject = check.subject_at(Path(arguments.kubeconfig), arguments.has.split(","))
        return check.show(check.run(items, subject), as_json=arguments.json)
    with running_cluster(arguments.provider, arguments) as cluster:
        return check.show(check.run(items, check.subject_of(cluster)), as_json=arguments.json)


def run_diff(arguments: argparse.Namespace) -> int:
    """The list of behaviours on two clusters."""
    from dra_clusters import check

    items = check.selected(arguments.select)
    names = (arguments.first, arguments.second)
    for name in names:
        provider(name)  # an unknown name is refused before the first list has run for a minute
    results = []
    for name in names:
        with running_cluster(name, arguments) as cluster:
            results.append(list(check.run(items, check.subject_of(cluster))))
    return check.show_differences(names, check.differences(*results), as_json=arguments.json)


def run_build(arguments: argparse.Namespace) -> int:
    """Build the programs of the provider binaries; print their folder."""
    from dra_clusters.binaries.build import build, cache
    from dra_clusters.node.programs import fetch_containerd

    parts = arguments.parts.split(",")
    print(build(arguments.kubernetes, parts).folder)
    if "kubelet" in parts:
        print(fetch_containerd(cache()))
    return 0


def print_config(arguments: argparse.Namespace) -> int:
    """What kind would be given.

    Raises:
        UsageError: another provider.
    """
    from dra_clusters.kind.cluster import printed_config

    if arguments.provider != "kind":
        message = "--print-config prints the configuration of kind; give --provider kind"
        raise UsageError(message)
    print(printed_config(options_of(arguments, Path())), end="")
    return 0


def run_down(arguments: argparse.Namespace) -> int:
    """Remove a kind cluster."""
    from dra_clusters.kind.cluster import down

    down(arguments.name)
    return 0


def run_up(arguments: argparse.Namespace) -> int:
    """A cluster around a command."""
    if arguments.print_config:
        return print_config(arguments)
    with running_cluster(arguments.provider, arguments) as cluster:
        prepare_signals(wait=not arguments.arguments)
        return run_inside(arguments.arguments, cluster.kubeconfig)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(argv)
    try:
        prepare_signals(
            wait=arguments.command == "up" and not arguments.arguments and arguments.provider != "kind"
        )
        if arguments.command == "up":
            return run_up(arguments)
        runners = {"check": run_check, "diff": run_diff, "binaries": run_build, "down": run_down}
        if arguments.command in runners:
            return runners[arguments.command](arguments)
        if arguments.command == "list":
            print(json.dumps(list(NAMES)) if arguments.json else "\n".join(NAMES))
            return 0
        if arguments.command == "doctor":
            from dra_clusters.doctor.report import run_doctor

            return run_doctor(as_json=arguments.json)
        if arguments.command == "explain":
            from dra_clusters.explain import run_explain

            return run_explain(arguments.claim, arguments.namespace, as_json=arguments.json)
        from dra_clusters.bench import run_bench

        return run_bench(as_json=arguments.json)
    except UsageError as error:
        print(f"dra-cluster: {error}", file=sys.stderr)
        return 2
    except ClusterError as error:
        print(f"dra-cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
