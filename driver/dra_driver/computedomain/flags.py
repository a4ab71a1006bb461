"""The flags of the commands of ComputeDomains: ``controller``, ``compute-domain-plugin``, ``compute-domain-daemon``, ``bench``."""

import argparse
import os
import shlex
from typing import Any

from dra_driver.computedomain.wanted import DaemonPods
from dra_driver.errors import ConfigError

FABRIC_EFFECTS = ("NoExecute", "NoSchedule", "None")
NODES_MAX = 18
"""The trays of an NVL72 rack, and the nodes of one IMEX domain."""


def add_commands(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands."""
    add_bench(commands)
    controller = commands.add_parser("controller", help="run the controller of ComputeDomains")
    plugin = commands.add_parser("compute-domain-plugin", help="serve the kubelet for ComputeDomains")
    for parser in (controller, plugin):
        parser.add_argument(
            "--namespace",
            metavar="X",
            default=os.environ.get("POD_NAMESPACE", ""),
            help="the driver's namespace, where the daemons run [$POD_NAMESPACE] (required)",
        )
    add_controller_flags(controller)
    daemon = commands.add_parser(
        "compute-domain-daemon", help="run nvidia-imex for a ComputeDomain on a node"
    )
    daemon.add_argument("action", choices=("run", "check"), help="serve, or say whether nvidia-imex is ready")
    daemon.add_argument(
        "--imex-dir", metavar="X", default="/imexd", help="nvidia-imex's files (default /imexd)"
    )
    daemon.add_argument("--hosts", metavar="X", default="/etc/hosts", help="default /etc/hosts")


def add_bench(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add ``bench placement``."""
    parser = commands.add_parser("bench", help="simulate what placement by NVLink domain is worth")
    parser.add_argument("what", choices=("placement",))
    for flag, default, text in (
        ("--racks", 8, "NVLink domains"),
        ("--nodes", 18, "nodes of each"),
        ("--gpus", 4, "GPUs of a node"),
        ("--jobs", 300, "jobs"),
        ("--seed", 0, "of the jobs"),
    ):
        parser.add_argument(flag, metavar="N", type=int, default=default, help=f"{text} (default {default})")
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_controller_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that only the controller has."""
    parser.add_argument(
        "--daemon-image", metavar="X", default="", help="image of the daemons' pods (required)"
    )
    parser.add_argument(
        "--daemon-command",
        metavar="X",
        default="dra-driver compute-domain-daemon",
        help="the image's command for the daemon, as a shell would split it",
    )
    parser.add_argument(
        "--daemon-annotation",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="annotation of the daemons' pods; may be given several times",
    )
    parser.add_argument(
        "--max-nodes-per-imex-domain",
        metavar="N",
        type=int,
        default=NODES_MAX,
        help=f"default {NODES_MAX}",
    )
    parser.add_argument(
        "--fabric-taint-effect",
        metavar="X",
        default=FABRIC_EFFECTS[0],
        help="of the taint of an NVLink domain most of whose nodes have a fault: NoExecute (default), NoSchedule or None",
    )


def fabric_taint(arguments: argparse.Namespace) -> str:
    """The effect of the taint of an unhealthy NVLink domain; empty for none.

    Raises:
        ConfigError: it is none.
    """
    effect: str = arguments.fabric_taint_effect
    if effect not in FABRIC_EFFECTS:
        message = f"--fabric-taint-effect {effect!r}: wanted one of {', '.join(FABRIC_EFFECTS)}"
        raise ConfigError(message)
    return "" if effect == "None" else effect


def daemon_pods(arguments: argparse.Namespace) -> DaemonPods:
    """What the daemons' pods are made of.

    Raises:
        ConfigError: a flag is missing or wrong.
    """
    for flag, value in (("--namespace", arguments.namespace), ("--daemon-image", arguments.daemon_image)):
        if not value:
            message = f"{flag} is needed to make the daemons' pods"
            raise ConfigError(message)
    if not arguments.daemon_command.strip():
        message = "--daemon-command is empty"
        raise ConfigError(message)
    pairs = [text.partition("=") for text in arguments.daemon_annotation]
    wrong = next(
        (text for text, pair in zip(arguments.daemon_annotation, pairs, strict=True) if not pair[1]), None
    )
    if wrong is not None:
        message = f"--daemon-annotation {wrong!r}: wanted KEY=VALUE"
        raise ConfigError(message)
    if arguments.max_nodes_per_imex_domain < 1:
        message = f"--max-nodes-per-imex-domain {arguments.max_nodes_per_imex_domain}: wanted at least 1"
        raise ConfigError(message)
    return DaemonPods(
        namespace=arguments.namespace,
        image=arguments.daemon_image,
        command=tuple(shlex.split(arguments.daemon_command)),
        annotations={key: value for key, _, value in pairs},
        max_nodes=arguments.max_nodes_per_imex_domain,
    )
