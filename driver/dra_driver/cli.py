"""The command ``dra-driver``: flags with environment twins, exit codes 0 (asked to stop), 1 (failed), 2 (wrong use)."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dra_api.names import CDI_DYNAMIC_DIR, KUBELET_PLUGINS_DIR, KUBELET_REGISTRY_DIR
from dra_driver.errors import ConfigError, DriverError
from dra_driver.settings import Settings

FLAGS: tuple[tuple[str, str, str, str], ...] = (
    ("--driver-name", "DRA_DRIVER_NAME", "gpu.dra-conformance.dev", "name that claims and classes select by"),
    ("--node-name", "NODE_NAME", "", "name of the Node object this driver serves (required)"),
    (
        "--kubeconfig",
        "KUBECONFIG",
        "",
        "file that says how to reach the API server; empty: the pod's service account",
    ),
    (
        "--registry-dir",
        "DRA_DRIVER_REGISTRY_DIR",
        KUBELET_REGISTRY_DIR,
        "where the kubelet looks for plugins",
    ),
    (
        "--plugins-dir",
        "DRA_DRIVER_PLUGINS_DIR",
        KUBELET_PLUGINS_DIR,
        "the driver keeps its state in <here>/<driver name>",
    ),
    ("--cdi-dir", "DRA_DRIVER_CDI_DIR", CDI_DYNAMIC_DIR, "where CDI files are written"),
    ("--metrics-address", "DRA_DRIVER_METRICS_ADDRESS", "", "host:port for Prometheus; empty: none"),
    ("--instance", "DRA_DRIVER_INSTANCE", "", "suffix of the socket names, so that two versions can overlap"),
    (
        "--rescan-seconds",
        "DRA_DRIVER_RESCAN_SECONDS",
        "30",
        "how often to look for changed hardware and gone claims",
    ),
    ("--sysfs", "DRA_DRIVER_SYSFS", "/sys", "the kernel's tree of devices, as it is mounted here"),
    ("--log-format", "DRA_DRIVER_LOG_FORMAT", "text", "text or json"),
    ("--log-level", "DRA_DRIVER_LOG_LEVEL", "info", "debug, info, warning or error"),
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """All flags, each with its environment twin."""
    parser = Parser(
        prog="dra-driver",
        description="A DRA driver for NVIDIA GPUs: publishes whole GPUs, prepares claims, writes CDI files.",
        epilog="Without a command it serves until SIGTERM. 'dra-driver devices' prints what it would publish.",
    )
    for flag, variable, default, text in FLAGS:
        shown = f"{text} [${variable}" + (f", default {default}]" if default else "]")
        parser.add_argument(flag, metavar="X", default=os.environ.get(variable, default), help=shown)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    devices = commands.add_parser("devices", help="print the devices that would be published")
    devices.add_argument("--json", action="store_true", help="as the spec.devices of a ResourceSlice")
    return parser


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The flags as checked settings.

    Raises:
        ConfigError: one of them cannot be.
    """
    if not arguments.node_name:
        message = "no node name; give --node-name or set NODE_NAME to the name of the Node object"
        raise ConfigError(message)
    try:
        rescan = float(arguments.rescan_seconds)
    except ValueError:
        rescan = 0.0
    if rescan <= 0:
        message = f"--rescan-seconds {arguments.rescan_seconds!r}: wanted a number above 0"
        raise ConfigError(message)
    for name, allowed in (
        ("log_format", ("text", "json")),
        ("log_level", ("debug", "info", "warning", "error")),
    ):
        if getattr(arguments, name) not in allowed:
            flag = name.replace("_", "-")
            message = f"--{flag} {getattr(arguments, name)!r}: wanted one of {', '.join(allowed)}"
            raise ConfigError(message)
    return Settings(
        driver_name=arguments.driver_name,
        node_name=arguments.node_name,
        kubeconfig=Path(arguments.kubeconfig) if arguments.kubeconfig else None,
        registry_dir=Path(arguments.registry_dir),
        plugins_dir=Path(arguments.plugins_dir),
        cdi_dir=Path(arguments.cdi_dir),
        metrics_address=arguments.metrics_address,
        instance=arguments.instance,
        rescan_s=rescan,
        sysfs=Path(arguments.sysfs),
    )


def print_devices(sysfs: Path, as_json: bool) -> None:
    """Print what would be published."""
    from dra_driver.devices.attributes import device_of
    from dra_driver.devices.inventory import take_inventory

    devices = [device_of(gpu) for gpu in take_inventory(sysfs)]
    if as_json:
        print(json.dumps(devices, indent=2))
        return
    for device in devices:
        attributes = {name: next(iter(value.values())) for name, value in device["attributes"].items()}
        memory = device.get("capacity", {}).get("memory", {}).get("value", "-")
        print(f"{device['name']:8} {attributes['uuid']:42} {memory:>10}  {attributes['productName']}")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = make_parser().parse_args(words)
    try:
        if arguments.command == "devices":
            print_devices(Path(arguments.sysfs), arguments.json)
            return 0
        settings = settings_of(arguments)
        import asyncio

        from dra_driver.app import App
        from dra_driver.logs import set_up

        set_up(arguments.log_format, arguments.log_level)

        async def serve() -> None:
            await App(settings).run()

        asyncio.run(serve())
    except ConfigError as error:
        print(f"dra-driver: {error}", file=sys.stderr)
        return 2
    except DriverError as error:
        print(f"dra-driver: {error}", file=sys.stderr)
        return 1
    return 0
