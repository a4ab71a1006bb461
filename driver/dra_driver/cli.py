"""The command ``dra-driver``.

Every flag has an environment variable. Exit codes: 0 stopped as asked, 1 the node (NVML, disk, sockets) does not allow
it, 2 usage error; 1 and 2 with one line that says what to do.
"""

import argparse
import json
import logging
import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dra_api.identifiers import ClaimUid, DriverName, NodeName
from dra_api.names import DRIVER_NAME_MAX
from dra_driver.computedomain.flags import add_commands as add_compute_domain_commands
from dra_driver.errors import ConfigError, DriverError
from dra_driver.features import Features, parse_shares
from dra_driver.features import parse as parse_gates
from dra_driver.flags import FLAGS
from dra_driver.settings import Settings

CHOICES = {
    "cdi_generator": ("auto", "own", "nvidia-ctk"),
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
}
LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = re.compile(rf"{LABEL}(\.{LABEL})*")
"""A DNS subdomain, as Kubernetes wants the names of nodes and drivers (RFC 1123)."""
NAME_MAX = 253
INSTANCE = re.compile(r"[-A-Za-z0-9_.]*")


class Parser(argparse.ArgumentParser):
    """Reports a usage error in one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class Version(argparse.Action):
    """Prints the version; reading it is left to when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Exit 0."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('dra-conformance')}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """All flags, each with its environment variable."""
    parser = Parser(
        prog="dra-driver",
        description="A DRA driver for NVIDIA GPUs: publishes whole GPUs, prepares claims, writes CDI files.",
        epilog="Without a command it serves until SIGTERM. 'dra-driver devices' prints the devices that it would publish.",
    )
    parser.add_argument("--version", action=Version, help="print the version and exit")
    for flag, variable, default, text in FLAGS:
        shown = f"{text} [${variable}" + (f", default {default}]" if default else "]")
        parser.add_argument(flag, metavar="X", default=os.environ.get(variable, default), help=shown)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    devices = commands.add_parser("devices", help="print the devices that would be published")
    devices.add_argument("--json", action="store_true", help="as the spec.devices of a ResourceSlice")
    explain = commands.add_parser("explain", help="say what was done for a claim, and whether it holds")
    explain.add_argument("uid", metavar="CLAIM-UID")
    commands.add_parser(
        "doctor", help="say whether this node and the API server allow what the flags ask for"
    )
    commands.add_parser("cleanup", help="remove the slices and files of a driver that does not come back")
    add_compute_domain_commands(commands)
    webhook = commands.add_parser(
        "webhook", help="serve a validating admission webhook for opaque parameters"
    )
    webhook.add_argument("--tls-cert-file", metavar="FILE", required=True, help="certificate as PEM")
    webhook.add_argument("--tls-private-key-file", metavar="FILE", required=True, help="its key as PEM")
    webhook.add_argument("--host", metavar="X", default="", help="address to listen on; empty: all")
    webhook.add_argument("--port", metavar="N", type=int, default=443, help="default 443; 0: a free one")
    return parser


def check(arguments: argparse.Namespace) -> None:
    """Check the values that every command takes.

    Raises:
        ConfigError: one of them is wrong.
    """
    for name, allowed in CHOICES.items():
        found = getattr(arguments, name)
        if found not in allowed:
            message = f"{flag_of(name)} {found!r}: wanted one of {', '.join(allowed)}"
            raise ConfigError(message)
    for name in ("registry_dir", "plugins_dir", "cdi_dir", "sysfs", "procfs", "driver_root", "dev_root"):
        if not getattr(arguments, name):
            message = f"{flag_of(name)} is empty; wanted a folder"
            raise ConfigError(message)
    seconds_of(arguments.rescan_seconds)
    features_of(arguments)
    if arguments.taint_effects or arguments.additional_xids_to_ignore:
        from dra_driver.health.conditions import parse_effects

        parse_effects(arguments.taint_effects, arguments.additional_xids_to_ignore)
    check_name("--driver-name", arguments.driver_name, DRIVER_NAME_MAX)
    if not INSTANCE.fullmatch(arguments.instance):
        message = f"--instance {arguments.instance!r}: wanted letters, digits, '-', '_' and '.'"
        raise ConfigError(message)


def flag_of(name: str) -> str:
    """The flag of an attribute of the parsed arguments."""
    return f"--{name.replace('_', '-')}"


def check_name(flag: str, name: str, longest: int) -> None:
    """Refuse a NAME that is no DNS subdomain: it becomes part of paths and of the names of objects."""
    if len(name) > longest or not SUBDOMAIN.fullmatch(name):
        message = (
            f"{flag} {name!r}: wanted a DNS subdomain (a-z, 0-9, '-' and '.') of at most {longest} characters"
        )
        raise ConfigError(message)


def seconds_of(text: str) -> float:
    """The value of ``--rescan-seconds``."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0 or not math.isfinite(seconds):
        message = f"--rescan-seconds {text!r}: wanted a number above 0"
        raise ConfigError(message)
    return seconds


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The checked arguments as settings.

    Raises:
        ConfigError: there is no node name, or it is wrong.
    """
    if not arguments.node_name:
        message = "no node name; give --node-name or set NODE_NAME to the name of the Node object"
        raise ConfigError(message)
    check_name("--node-name", arguments.node_name, NAME_MAX)
    return Settings(
        driver_name=DriverName(arguments.driver_name),
        node_name=NodeName(arguments.node_name),
        kubeconfig=Path(arguments.kubeconfig) if arguments.kubeconfig else None,
        registry_dir=Path(arguments.registry_dir),
        plugins_dir=Path(arguments.plugins_dir),
        cdi_dir=Path(arguments.cdi_dir),
        metrics_address=arguments.metrics_address,
        health_address=arguments.health_address,
        instance=arguments.instance,
        rescan_s=seconds_of(arguments.rescan_seconds),
        sysfs=Path(arguments.sysfs),
        procfs=Path(arguments.procfs),
        driver_root=Path(arguments.driver_root),
        dev_root=Path(arguments.dev_root),
        taint_effects=arguments.taint_effects,
        harmless_xids=arguments.additional_xids_to_ignore,
        cdi_generator=arguments.cdi_generator,
        cdi_hook=arguments.nvidia_cdi_hook_path,
        features=features_of(arguments),
    )


def features_of(arguments: argparse.Namespace) -> Features:
    """What is offered.

    Raises:
        ConfigError: a wrong gate or number of shares.
    """
    return replace(parse_gates(arguments.feature_gates), shares=parse_shares(arguments.consumable_shares))


def print_devices(arguments: argparse.Namespace) -> None:
    """Print the devices that would be published."""
    from dra_driver.devices.inventory import make_inventory
    from dra_driver.devices.scan import take_snapshot
    from dra_driver.publish.pool import Accepts, Offer, pool_of

    features = features_of(arguments)
    inventory = make_inventory(
        take_snapshot(Path(arguments.sysfs), Path(arguments.dev_root) / "dev"), features
    )
    parts = pool_of(Offer(inventory=inventory, features=features), Accepts())
    for which, why in inventory.unreadable.items():
        print(f"dra-driver: NVML cannot read {which}: {why}", file=sys.stderr)
    devices = [device for part in parts for device in part.devices]
    if arguments.json:
        print(json.dumps(devices, indent=2))
        return
    widest = max((len(device["name"]) for device in devices), default=0)
    for device in devices:
        shown = {name: next(iter(value.values())) for name, value in device.get("attributes", {}).items()}
        capacity = device.get("capacity", {})
        memory = capacity["memory"]["value"] if "memory" in capacity else "-"
        product = " ".join(str(shown[name]) for name in ("productName", "profile") if name in shown)
        print(f"{device['name']:{widest}} {shown.get('uuid', '-'):42} {memory:>10}  {product}")


def serve_compute_domains(arguments: argparse.Namespace) -> int:
    """Run a command of ComputeDomains; the exit code."""
    import asyncio

    from dra_driver.computedomain import command
    from dra_driver.logs import set_up

    set_up(arguments.log_format, arguments.log_level)
    return asyncio.run(command.run(arguments))


def serve_webhook(arguments: argparse.Namespace) -> None:
    """Answer the API server's questions about opaque parameters until SIGTERM."""
    from dra_driver.logs import set_up
    from dra_driver.webhook.server import Certificate, WebhookServer, serve

    certificate = Certificate(Path(arguments.tls_cert_file), Path(arguments.tls_private_key_file))
    name = DriverName(arguments.driver_name)
    server = WebhookServer(arguments.host, arguments.port, certificate, name)
    set_up(arguments.log_format, arguments.log_level)
    serve(server)


def run_admin(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run a command for whoever runs the driver; the exit code."""
    from dra_driver.admin import run

    match arguments.command:
        case "explain":
            return run.run_explain(settings, ClaimUid(arguments.uid))
        case "doctor":
            return run.run_doctor(settings)
        case _:
            return run.run_cleanup(settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(argv)
    try:
        check(arguments)
        if arguments.command == "devices":
            print_devices(arguments)
            return 0
        if arguments.command in ("controller", "compute-domain-plugin", "compute-domain-daemon"):
            return serve_compute_domains(arguments)
        if arguments.command == "bench":
            from dra_driver.computedomain.placement_bench import run

            run(arguments)
            return 0
        if arguments.command == "webhook":
            serve_webhook(arguments)
            return 0
        settings = settings_of(arguments)
        if arguments.command is not None:
            return run_admin(arguments, settings)
        import asyncio

        from dra_driver.app import App
        from dra_driver.logs import set_up

        set_up(arguments.log_format, arguments.log_level)

        async def serve() -> None:
            await App(settings).run()

        try:
            asyncio.run(serve())
        except DriverError:
            raise
        except Exception:  # in the log's format, so that whoever collects it has the traceback in one record
            logging.getLogger(__name__).exception("the driver ended by a fault of its own; please report it")
            return 1
    except ConfigError as error:
        print(f"dra-driver: {error}", file=sys.stderr)
        return 2
    except DriverError as error:
        print(f"dra-driver: {error}", file=sys.stderr)
        return 1
    return 0
