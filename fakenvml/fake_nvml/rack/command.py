"""The command ``fake-nvml rack``: show, serve, break, mend, faults."""

import argparse
import json
import logging
import os
from pathlib import Path
from typing import Any

from fake_nvml.errors import UsageError


def add_rack_command(commands: Any) -> None:
    """The command and its flags."""
    rack = commands.add_parser(
        "rack", help="racks of nodes in one NVLink domain: describe, serve and break them"
    )
    actions = rack.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print what distinguishes racks, trays and GPUs, as JSON")
    serve = actions.add_parser("serve", help="serve trays in DIR/rack-R/tray-T until SIGTERM or Ctrl-C")
    for sub in (show, serve):
        sub.add_argument(
            "--machine",
            default=os.environ.get("FAKE_NVML_MACHINE", "gb200-nvl72"),
            help="a machine that is a tray of a rack (default %(default)s, env FAKE_NVML_MACHINE)",
        )
        sub.add_argument("--racks", type=int, default=1, help="how many (default %(default)s)")
        sub.add_argument("--nodes-per-rack", type=int, metavar="N", help="(default: the machine's)")
        sub.add_argument("--gpus-per-node", type=int, metavar="N", help="(default: the machine's)")
    serve.add_argument(
        "--first", type=int, metavar="N", help="serve only the first N trays, rack by rack (default: all)"
    )
    serve.add_argument("--driver-roots", action="store_true", help="keep DIR/rack-R/tray-T/root too")
    serve.add_argument("--follow-stdin", action="store_true", help="end when standard input is closed")
    serve.add_argument("--quiet", action="store_true", help="log errors only")
    faults = actions.add_parser("faults", help="print what is broken, and what is at both ends of it")
    views = actions.add_parser(
        "views", help="print what each GPU sees of the faults, of nodes that are not served too"
    )
    broken = actions.add_parser(
        "break", help="break link node=3 gpu=1 link=4, port chip=4 port=13 (the same cable's other end),"
        " switch tray=2, clique clique=32766 or node node=3",
    )  # fmt: skip
    mend = actions.add_parser("mend", help="mend what break broke; the same arguments")
    for sub in (serve, faults, views, broken, mend):
        sub.add_argument(
            "--dir",
            default=(known := os.environ.get("FAKE_NVML_RACKS")),
            required=known is None,
            help="the folder of all racks (env FAKE_NVML_RACKS)",
        )
    for sub in (broken, mend):
        sub.add_argument("--rack", type=int, default=0, help="which rack (default %(default)s)")
        sub.add_argument("kind", metavar="KIND", help="link, port, switch, clique or node")
        sub.add_argument("places", nargs="+", metavar="NAME=N", help="which one")


def run_rack(arguments: argparse.Namespace) -> int:
    """Carry the command out."""
    if arguments.action in ("show", "serve"):
        return _run_shape(arguments)
    from fake_nvml.rack.breaking import change, shown, views
    from fake_nvml.rack.faults import fault_of
    from fake_nvml.rack.records import read_shape

    folder = Path(arguments.dir)
    if arguments.action == "faults":
        print(json.dumps(shown(folder), indent=1))
        return 0
    if arguments.action == "views":
        print(json.dumps(views(folder)))
        return 0
    shape = read_shape(folder)
    if not 0 <= arguments.rack < shape.racks:
        message = f"--rack: wanted one from 0 to {shape.racks - 1}, found {arguments.rack}"
        raise UsageError(message)
    values = dict(_pair(text) for text in arguments.places)
    fault = fault_of(shape, arguments.kind, values)
    print(json.dumps(change(folder, arguments.rack, fault, mend=arguments.action == "mend"), indent=1))
    return 0


def _run_shape(arguments: argparse.Namespace) -> int:
    """Show or serve."""
    from fake_nvml.rack.shape import as_json, shape_of

    shape = shape_of(arguments.machine, arguments.racks, arguments.nodes_per_rack, arguments.gpus_per_node)
    if arguments.action == "show":
        print(as_json(shape))
        return 0
    from fake_nvml.rack.served import serve

    logging.basicConfig(level="ERROR" if arguments.quiet else "INFO", format="fake-nvml: %(message)s")
    trays = shape.racks * shape.nodes
    count = trays if arguments.first is None else arguments.first
    if not 0 <= count <= trays:
        message = f"--first: wanted 0 to {trays} trays, found {count}"
        raise UsageError(message)
    serve(
        shape,
        Path(arguments.dir),
        count,
        roots=arguments.driver_roots,
        follows_stdin=arguments.follow_stdin,
    )
    return 0


def _pair(text: str) -> tuple[str, str]:
    """NAME=VALUE.

    Raises:
        UsageError: it is not that.
    """
    name, equals, value = text.partition("=")
    if not equals:
        message = f"wanted NAME=N, found {text!r}"
        raise UsageError(message)
    return name, value
