"""The command ``python -m kube_emulator``: exit codes 0, the command's own, 1 (the cluster failed), 2 (usage error)."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from kube_emulator import switches
from kube_emulator.command_line import OneLineParser, node_count, prepare_signals, run_inside, switched_on
from kube_emulator.errors import ClusterError, UsageError
from kube_emulator.releases.release import LATEST, RELEASES

PROGRAM = "python -m kube_emulator"


def env(name: str, default: str) -> str:
    """The environment variable of a flag."""
    return os.environ.get(f"KUBE_EMULATOR_{name}", default)


def make_parser() -> argparse.ArgumentParser:
    """All flags; each has an environment variable."""
    parser = OneLineParser(
        prog=PROGRAM,
        description="Run an emulated Kubernetes cluster for as long as a command runs, or until Ctrl-C.",
    )
    parser.add_argument(
        "--release",
        default=env("RELEASE", str(LATEST)),
        metavar="X.Y",
        help=f"{', '.join(map(str, RELEASES))} [$KUBE_EMULATOR_RELEASE, default {LATEST}]",
    )
    parser.add_argument(
        "--nodes",
        type=node_count,
        default=env("NODES", "1"),
        metavar="N",
        help="nodes with a running kubelet [$KUBE_EMULATOR_NODES, default 1]",
    )
    parser.add_argument(
        "--hollow",
        type=node_count,
        default=env("HOLLOW", "0"),
        metavar="N",
        help="further nodes without folders until a driver or a pod needs them [$KUBE_EMULATOR_HOLLOW, default 0]",
    )
    parser.add_argument(
        "--parts",
        default=env("PARTS", ""),
        metavar="A,B",
        help="out of api, controllers, kubelet, scheduler [$KUBE_EMULATOR_PARTS, default all]",
    )
    parser.add_argument(
        "--rbac",
        action="store_true",
        default=switched_on(env("RBAC", "")),
        help="enforce RBAC [$KUBE_EMULATOR_RBAC, default: every known user may do everything]",
    )
    parser.add_argument(
        "--feature-gates",
        default=env("FEATURE_GATES", ""),
        metavar="A=true,B=false",
        help="[$KUBE_EMULATOR_FEATURE_GATES, default: as the release has them]",
    )
    parser.add_argument(
        "--runtime-config",
        default=env("RUNTIME_CONFIG", ""),
        metavar="NAME=true",
        help="served versions, e.g. api/all=true or resource.k8s.io/v1beta1=true"
        " [$KUBE_EMULATOR_RUNTIME_CONFIG, default: stable ones]",
    )
    parser.add_argument(
        "--dir",
        default=env("DIR", ""),
        metavar="DIR",
        help="where it writes [$KUBE_EMULATOR_DIR, default: a temporary folder]",
    )
    parser.add_argument("--version", action="version", version=f"kube_emulator {version('dra-conformance')}")
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="-- CMD",
        help="a command that runs with KUBECONFIG set; its exit code is returned",
    )
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


if __name__ == "__main__":
    sys.exit(main())
