"""The command ``dra-cluster``: exit codes 0, the command's own for ``up``, 1 (failed), 2 (wrong use)."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dra_clusters.choose import NAMES, provider
from dra_clusters.errors import ClusterError, UsageError
from dra_clusters.provider import PARTS, VERSIONS, ClusterOptions


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def env(name: str, default: str) -> str:
    """The environment twin of a flag."""
    return os.environ.get(f"DRA_CLUSTER_{name}", default)


def make_parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    parser = Parser(prog="dra-cluster", description="A Kubernetes to run DRA drivers against.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="run a cluster for as long as a command runs, or until Ctrl-C")
    up.add_argument(
        "--provider",
        default=env("PROVIDER", "embedded"),
        metavar="NAME",
        help="[$DRA_CLUSTER_PROVIDER, default embedded]",
    )
    up.add_argument(
        "--kubernetes",
        default=env("KUBERNETES", VERSIONS[-1]),
        metavar="X.Y",
        help=f"{', '.join(VERSIONS)} [$DRA_CLUSTER_KUBERNETES, default {VERSIONS[-1]}]",
    )
    up.add_argument(
        "--nodes",
        type=int,
        default=int(env("NODES", "1")),
        metavar="N",
        help="[$DRA_CLUSTER_NODES, default 1]",
    )
    up.add_argument(
        "--parts",
        default=env("PARTS", ",".join(sorted(PARTS))),
        metavar="A,B",
        help=f"out of {', '.join(sorted(PARTS))} [$DRA_CLUSTER_PARTS, default all]",
    )
    up.add_argument(
        "--dir",
        default=env("DIR", ""),
        metavar="DIR",
        help="where it writes [$DRA_CLUSTER_DIR, default: removed at the end]",
    )
    up.add_argument(
        "--rbac",
        action="store_true",
        default=env("RBAC", "") not in ("", "0", "false"),
        help="ask roles what users may do [$DRA_CLUSTER_RBAC, default: every known user may do everything]",
    )
    up.add_argument(
        "words", nargs="*", metavar="-- CMD", help="runs with KUBECONFIG set; its exit code is ours"
    )
    listing = commands.add_parser("list", help="which providers there are")
    listing.add_argument("--json", action="store_true")
    bench = commands.add_parser("bench", help="measure the provider embedded")
    bench.add_argument("--json", action="store_true")
    explain = commands.add_parser(
        "explain", help="why a resource claim gets no devices, in the cluster of $KUBECONFIG"
    )
    explain.add_argument("claim", metavar="CLAIM")
    explain.add_argument("-n", "--namespace", default="default", metavar="NS", help="[default: default]")
    explain.add_argument("--json", action="store_true")
    return parser


def run_up(arguments: argparse.Namespace) -> int:
    """A cluster around a command."""
    with tempfile.TemporaryDirectory(prefix="dra-cluster-") as scratch:
        options = ClusterOptions(
            directory=Path(arguments.dir or scratch),
            kubernetes=arguments.kubernetes,
            nodes=tuple(f"node-{index}" for index in range(arguments.nodes)),
            parts=frozenset(filter(None, arguments.parts.split(","))),
            rbac=arguments.rbac,
        )
        cluster = provider(arguments.provider).up(options)
        try:
            return run_inside(arguments.words, cluster.kubeconfig)
        finally:
            cluster.down()


def run_inside(words: Sequence[str], kubeconfig: Path) -> int:
    """Run WORDS, or wait for SIGINT or SIGTERM if there are none."""
    if not words:
        print(f"export KUBECONFIG={kubeconfig}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        return 0
    try:
        process = subprocess.Popen(list(words), env={**os.environ, "KUBECONFIG": str(kubeconfig)})
    except OSError as error:
        message = f"cannot run {words[0]}: {error.strerror}"
        raise UsageError(message) from error
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal sent it to the command too
            continue


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(words)
    try:
        if arguments.command == "up":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM} if not arguments.words else set())
            return run_up(arguments)
        if arguments.command == "list":
            print(json.dumps(list(NAMES)) if arguments.json else "\n".join(NAMES))
            return 0
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
