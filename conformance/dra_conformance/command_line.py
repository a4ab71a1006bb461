"""The commands and flags of ``dra-conformance``; the default of a flag is an environment variable."""

import argparse
import os
from pathlib import Path
from typing import Any, TypeAlias

from dra_conformance.printable import one_line


class Parser(argparse.ArgumentParser):
    """Prints a usage error as one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")


class Version(argparse.Action):
    """``--version``; the metadata of the package is read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"dra-conformance {version('dra-conformance')}")
        parser.exit(0)


def add(parser: argparse.ArgumentParser, flag: str, default: str, text: str, metavar: str) -> None:
    """A flag whose default is an environment variable."""
    variable = "DRA_CONFORMANCE_" + flag.lstrip("-").upper().replace("-", "_")
    shown = f"{text} [${variable}" + (f", default {default}]" if default else "]")
    parser.add_argument(flag, default=os.environ.get(variable, default), metavar=metavar, help=shown)


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001 # argparse has no public name for it


def make_parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    parser = Parser(
        prog="dra-conformance", description="Judges a Kubernetes DRA driver, requirement by requirement."
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_run(commands)
    init = commands.add_parser("init", help="ask a driver that runs, and write a first descriptor")
    add(init, "--registry", "/var/lib/kubelet/plugins_registry", "folder of registration sockets", "DIR")
    add(init, "--driver", "", "which driver, if there are several", "NAME")
    add(init, "--output", "driver.yaml", "the file to write", "FILE")
    doctor = commands.add_parser("doctor", help="can this driver be judged here? says what to do if not")
    doctor.add_argument("descriptor", nargs="?", default="reference", help="a file, or a shipped name")
    listing = commands.add_parser("list", help="all requirements, and whether a check covers them")
    add(listing, "--select", "", "as for run", "EXPR")
    listing.add_argument("--json", action="store_true")
    explain = commands.add_parser("explain", help="everything about one requirement")
    explain.add_argument("id", metavar="ID")
    add_bundles(commands)
    selftest = commands.add_parser("selftest", help="do known-good drivers pass and known-bad ones fail?")
    selftest.add_argument("--json", action="store_true")
    selftest.add_argument(
        "--every", metavar="N", default="1", help="only every Nth known-bad driver (default 1: all)"
    )
    selftest.add_argument(
        "--matrix", metavar="FILE", help="write which requirement caught which defect, as docs/KILL-MATRIX.md"
    )
    bench = commands.add_parser("bench", help="measure a driver and the suite")
    bench.add_argument("descriptor", nargs="?", default="reference")
    bench.add_argument("--peer", metavar="DESCRIPTOR", help="another driver, called in turns in the same run")
    bench.add_argument("--json", action="store_true")
    return parser


def add_run(commands: Commands) -> None:
    """The command ``run``."""
    run = commands.add_parser("run", help="judge a driver and write a report")
    run.add_argument(
        "descriptor", nargs="?", default="reference", help="a file, or a shipped name (default: reference)"
    )
    add(run, "--machine", "", "fake machine, default the descriptor's", "NAME")
    add_tier(run)
    add(run, "--kubernetes", "", "release of Kubernetes, or several: 1.34,1.37; default the newest", "X.Y")
    add(
        run,
        "--select",
        "",
        "ids, patterns (REG-*), areas, features, levels, driver or cluster; !TERM excludes",
        "EXPR",
    )
    add(run, "--profile", "core", "what the exit code judges: core, robust, or a claimed feature", "NAME")
    add(run, "--seed", "0", "decides the order of checks and generated names", "N")
    add(run, "--output", "dra-report", "folder for the report", "DIR")
    add(
        run,
        "--results",
        "",
        "leave the report there too, for runs in a cluster: configmap/NAME, of the pod's namespace, configmap/NAMESPACE/NAME, or sonobuoy",
        "PLACE",
    )
    add(
        run,
        "--compare",
        "",
        "report.json of an earlier run, or its folder: shows which verdicts changed",
        "OLD",
    )
    add(run, "--workers", "2", "processes that run checks in parallel; short form -n", "N")
    add(run, "--budget", "1800", "seconds after which no further check is started", "SECONDS")
    run.add_argument("-n", dest="workers", metavar="N", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    run.add_argument(
        "--keep-on-failure", action="store_true", help="keep copies of the nodes of failed checks in kept/"
    )
    run.add_argument(
        "--resume",
        action="store_true",
        help="run only what the interrupted run in the output folder did not settle",
    )
    run.add_argument("--json", action="store_true", help="print report.json instead of progress and summary")


def add_tier(run: argparse.ArgumentParser) -> None:
    """Where the driver is judged."""
    add(
        run,
        "--provider",
        "embedded",
        "what serves as API server where the suite starts the driver (tier node)",
        "NAME",
    )
    add(
        run,
        "--cluster",
        "",
        "existing: judge the driver that is installed in the cluster of the kubeconfig; kind: in a kind cluster that is made for the run, with the fake GPUs of --machine (tier cluster); --provider has no part in that",
        "NAME",
    )
    add(run, "--tier", "", "node, cluster or node,cluster; default cluster with --cluster, else node", "A,B")
    run.add_argument(
        "--kubeconfig", default="", metavar="FILE", help="of --cluster existing [default: $KUBECONFIG]"
    )
    run.add_argument(
        "--context", default="", metavar="NAME", help="of the kubeconfig [default: its current one]"
    )
    add(
        run,
        "--probe-image",
        "",
        "of pods that look around; any with a shell [default: busybox of upstream's tests]",
        "IMAGE",
    )


def add_bundles(commands: Commands) -> None:
    """The commands on the bundle of a run."""
    replay = commands.add_parser("replay", help="run the checks of one finding again: is it fixed?")
    replay.add_argument("target", metavar="BUNDLE#ID", help="e.g. dra-report/bundle.tar.gz#REG-003")
    add(replay, "--descriptor", "", "judge this driver instead of the bundle's", "FILE")
    verify = commands.add_parser("verify", help="check a bundle, and recompute verdicts from its evidence")
    verify.add_argument("bundle", metavar="BUNDLE", type=Path)
    verify.add_argument("--statement", metavar="FILE", type=Path, help="a signed statement about the run")
    verify.add_argument("--key", metavar="PEM", type=Path, help="the public key of the statement")
    attest = commands.add_parser("attest", help="sign a statement about the run in a bundle (in-toto, DSSE)")
    attest.add_argument("bundle", metavar="BUNDLE", type=Path)
    attest.add_argument(
        "--key", metavar="PEM", type=Path, required=True, help="a private key: ECDSA or Ed25519"
    )
    attest.add_argument("--subject", metavar="FILE", type=Path, help="the driver's program or image archive")
    add(attest, "--output", "statement.dsse.json", "where the statement goes", "FILE")
