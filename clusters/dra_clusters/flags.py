"""The flags of ``dra-cluster``."""

import argparse

from dra_clusters.choose import NAMES
from dra_clusters.provider import DEFAULT_VERSION, PARTS, VERSIONS
from kube_emulator.command_line import ClusterFlags, OneLineParser, PrintVersion, add_command, node_count

ENVIRONMENT = "DRA_CLUSTER"
"""Prefix of the environment variables of flags."""

RACKS_MAX = 2000
"""Of a benchmark: 36 000 nodes need some gigabytes."""


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Which cluster."""
    flags = ClusterFlags(parser, ENVIRONMENT)
    flags.add("--provider", ", ".join(NAMES), default="embedded", metavar="NAME")
    add_version_flag(parser)
    flags.add_nodes()
    add_parts_flag(parser)
    flags.add(
        "--kubelet",
        "real: each node is a real kubelet and containerd; providers embedded and binaries, as root",
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


def add_rack_flags(flags: ClusterFlags) -> None:
    """Racks of nodes with fake GPUs, of the provider embedded."""
    flags.add(
        "--racks",
        "racks of nodes with fake GPUs, in place of --nodes; each is one NVLink domain",
        default="0",
        shown="none",
        type=node_count,
        metavar="R",
    )
    flags.add(
        "--machine",
        "what each node of a rack is, e.g. gb300-nvl72; see fake-nvml list",
        default="gb200-nvl72",
        metavar="MACHINE",
    )
    for name, what in (
        ("--nodes-per-rack", "nodes of each rack"),
        ("--gpus-per-node", "GPUs of each node of a rack"),
    ):
        flags.add(name, what, default=None, shown="as the machine has", type=node_count, metavar="N")
    flags.add(
        "--full",
        "nodes of racks with a fake GPU node and a driver that run, from the first on; the others are hollow: they have slices and no processes",
        default="0",
        type=node_count,
        metavar="N",
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
    add_rack_flags(flags)
    flags.add(
        "--gpus",
        "fake GPUs on every node of a kind cluster, e.g. dgx-b200; see fake-nvml list",
        shown="none",
        metavar="MACHINE",
    )
    up.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="ARCHIVE",
        help="an OCI archive whose images every node of the kind cluster gets; may be repeated",
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


def add_image_flags(image: argparse.ArgumentParser) -> None:
    """What ``image`` has."""
    actions = image.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build",
        help="write OCI archives, without an engine, for kind load, podman load and ctr images import",
    )
    build.add_argument("images", nargs="*", metavar="IMAGE", help="driver, fake-node, suite [default: all]")
    build.add_argument(
        "--output", default=".", metavar="DIR", help="folder of the archives [default: this one]"
    )
    build.add_argument(
        "--repository",
        default="localhost/dra-conformance",
        metavar="PREFIX",
        help="what the images' names begin with [default: localhost/dra-conformance]",
    )


def add_top_flags(top: argparse.ArgumentParser) -> None:
    """What ``top`` has."""
    top.add_argument(
        "--kubeconfig", default="", metavar="FILE", help="[default: $KUBECONFIG, then ~/.kube/config]"
    )
    top.add_argument(
        "--context", default="", metavar="NAME", help="of the kubeconfig [default: its current one]"
    )
    top.add_argument("--output", choices=("text", "json"), default="text", help="[default: text]")
    top.add_argument(
        "--every",
        type=float,
        default=0,
        metavar="S",
        help="draw again each S seconds until Ctrl-C [default: once]",
    )


def rack_counts(text: str) -> tuple[int, ...]:
    """Parse numbers of racks; a type for ``add_argument``.

    Raises:
        ArgumentTypeError: TEXT is not numbers from 1 to ``RACKS_MAX`` with commas between them.
    """
    numbers = [int(part) if part.isascii() and part.isdecimal() else 0 for part in text.split(",")]
    if not all(1 <= number <= RACKS_MAX for number in numbers):
        message = f"{text!r}: wanted numbers of racks from 1 to {RACKS_MAX}, e.g. 1,10,100"
        raise argparse.ArgumentTypeError(message)
    return tuple(numbers)


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
    add_image_flags(commands.add_parser("image", help="container images of driver, fake GPU node and suite"))
    listing = commands.add_parser("list", help="which providers there are")
    listing.add_argument("--json", action="store_true")
    doctor = commands.add_parser("doctor", help="what this machine has, and which providers it can run")
    doctor.add_argument("--json", action="store_true")
    bench = commands.add_parser("bench", help="measure the provider embedded, or racks in its store")
    bench.add_argument("--json", action="store_true")
    bench.add_argument(
        "--racks",
        type=rack_counts,
        default=(),
        metavar="N,N",
        help="measure these numbers of racks, e.g. 1,10,100, instead",
    )
    bench.add_argument("--machine", default="gb200-nvl72", help="of the racks [default: gb200-nvl72]")
    add_top_flags(
        commands.add_parser("top", help="racks, nodes and GPUs of any cluster: who holds what, what is sick")
    )
    explain = commands.add_parser(
        "explain", help="why a resource claim gets no devices, in the cluster of $KUBECONFIG"
    )
    explain.add_argument("claim", metavar="CLAIM")
    explain.add_argument("-n", "--namespace", default="default", metavar="NS", help="[default: default]")
    explain.add_argument("--json", action="store_true")
    return parser
