"""The command ``python -m kube_emulator``: exit codes 0, the command's own, 1 (the cluster failed), 2 (usage error)."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kube_emulator import switches
from kube_emulator.command_line import (
    ClusterFlags,
    OneLineParser,
    PrintVersion,
    add_command,
    node_count,
    prepare_signals,
    run_inside,
)
from kube_emulator.errors import ClusterError, UsageError
from kube_emulator.releases.release import LATEST, RELEASES

PROGRAM = "python -m kube_emulator"


def make_parser() -> argparse.ArgumentParser:
    """All flags; each has an environment variable."""
    parser = OneLineParser(
        prog=PROGRAM,
        description="Run an emulated Kubernetes cluster for as long as a command runs, or until Ctrl-C.",
    )
    flags = ClusterFlags(parser, "KUBE_EMULATOR")
    flags.add("--release", ", ".join(map(str, RELEASES)), default=str(LATEST), metavar="X.Y")
    flags.add_nodes()
    flags.add(
        "--hollow",
        "further nodes without folders until a driver or a pod needs them",
        default="0",
        type=node_count,
        metavar="N",
    )
    flags.add("--parts", "out of api, controllers, kubelet, scheduler", shown="all", metavar="A,B")
    flags.add_rbac()
    flags.add_switches()
    flags.add_directory()
    parser.add_argument(
        "--version", action=PrintVersion, nargs=0, const="kube_emulator", help="print the version and exit"
    )
    add_command(parser)
    return parser


def run(flags: argparse.Namespace) -> int:
    """Run a cluster around a command.

    Raises:
        ClusterError: a flag is wrong, or the cluster fails.
    """
    from kube_emulator.cluster import Cluster
    from kube_emulator.options import PARTS, Options

    options = Options(
        release=flags.release,
        nodes=flags.nodes,
        hollow=flags.hollow,
        parts=frozenset(filter(None, flags.parts.split(","))) or PARTS,
        directory=Path(flags.dir) if flags.dir else None,
        rbac=flags.rbac,
        gates=switches.read(flags.feature_gates, "--feature-gates"),
        runtime_config=switches.read(flags.runtime_config, "--runtime-config"),
    )
    prepare_signals(wait=not flags.arguments)
    with Cluster(options) as cluster:
        return run_inside(flags.arguments, cluster.kubeconfig)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    flags = make_parser().parse_args(arguments)
    try:
        return run(flags)
    except ClusterError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
