"""The command ``dra-driver compute-domain-daemon``: ``run`` in the daemon's container, ``check`` in its probes."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from dra_driver.computedomain.daemon import Daemon, DaemonSettings
from dra_driver.computedomain.imex_process import is_ready
from dra_driver.computedomain.kube import Kube
from dra_driver.connection.route import find_route
from dra_driver.errors import ConfigError

VARIABLES = ("COMPUTE_DOMAIN_UUID", "NODE_NAME", "POD_IP", "POD_NAME", "POD_UID", "POD_NAMESPACE")


def settings_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> DaemonSettings:
    """The settings of a daemon.

    Raises:
        ConfigError: a variable is missing.
    """
    missing = [name for name in VARIABLES if not environment.get(name)]
    if missing:
        message = (
            f"{missing[0]} is not set; the daemon runs in a pod of a ComputeDomain's DaemonSet, whose claim sets COMPUTE_DOMAIN_UUID "
            "by CDI: does the container runtime apply CDI?"
        )
        raise ConfigError(message)
    limit = environment.get("MAX_NODES_PER_IMEX_DOMAIN", "18")
    if not limit.isdecimal() or not int(limit):
        message = f"MAX_NODES_PER_IMEX_DOMAIN={limit}: wanted a number above 0"
        raise ConfigError(message)
    return DaemonSettings(
        domain=environment["COMPUTE_DOMAIN_UUID"],
        clique=environment.get("CLIQUE_ID", ""),
        node=environment["NODE_NAME"],
        address=environment["POD_IP"],
        pod=environment["POD_NAME"],
        pod_uid=environment["POD_UID"],
        namespace=environment["POD_NAMESPACE"],
        max_nodes=int(limit),
        folder=Path(arguments.imex_dir),
        programs=Path(arguments.driver_root) / "usr/bin",
        hosts=Path(arguments.hosts),
    )


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM.

    Raises:
        ConfigError: a variable is missing, or the kubeconfig cannot be used.
    """
    settings = settings_of(arguments, os.environ)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    route = find_route(kubeconfig, os.environ)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(Daemon(lambda: Kube(route), settings).run())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, stopped):
        task.cancel()
    [outcome, _] = await asyncio.gather(serving, stopped, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome


async def check(arguments: argparse.Namespace) -> int:
    """Whether the local nvidia-imex is ready; outside a fabric there is none, and nothing to be wrong."""
    if not os.environ.get("CLIQUE_ID"):
        sys.stdout.write("check succeeded (noop, clique ID is empty)\n")
        return 0
    programs, config = Path(arguments.driver_root) / "usr/bin", Path(arguments.imex_dir) / "imexd.cfg"
    if await is_ready(programs, config):
        return 0
    sys.stderr.write("nvidia-imex is not ready\n")
    return 1
