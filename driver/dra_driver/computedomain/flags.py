"""The flags of ``dra-driver controller``."""

import argparse
import os

from dra_driver.computedomain.wanted import DaemonPods
from dra_driver.errors import ConfigError

NODES_MAX = 18
"""The trays of an NVL72 rack, and the nodes of one IMEX domain."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument(
        "--namespace",
        metavar="X",
        default=os.environ.get("POD_NAMESPACE", ""),
        help="the driver's namespace, where the daemons run [$POD_NAMESPACE] (required)",
    )
    parser.add_argument(
        "--daemon-image", metavar="X", default="", help="image of the daemons' pods (required)"
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


def daemon_pods(arguments: argparse.Namespace) -> DaemonPods:
    """What the daemons' pods are made of.

    Raises:
        ConfigError: a flag is missing or wrong.
    """
    for flag, value in (("--namespace", arguments.namespace), ("--daemon-image", arguments.daemon_image)):
        if not value:
            message = f"{flag} is needed to make the daemons' pods"
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
        annotations={key: value for key, _, value in pairs},
        max_nodes=arguments.max_nodes_per_imex_domain,
    )
