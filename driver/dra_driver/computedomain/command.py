"""Runs the commands of ComputeDomains; the controller is one of several that lead in turn."""

import argparse
import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

from dra_api.identifiers import NodeName
from dra_driver.computedomain import daemon_command
from dra_driver.computedomain.controller import Controller
from dra_driver.computedomain.fabric_controller import FabricController
from dra_driver.computedomain.flags import daemon_pods, fabric_taint
from dra_driver.computedomain.kube import Kube
from dra_driver.computedomain.leader import Leader
from dra_driver.computedomain.plugin import ComputeDomainPlugin, PluginSettings
from dra_driver.connection.route import find_route
from dra_driver.errors import ConfigError

LEASE = "compute-domain-controller"


async def run(arguments: argparse.Namespace) -> int:
    """Run a command; its exit code.

    Raises:
        DriverError: it cannot start.
    """
    if arguments.command == "controller":
        await control(arguments)
    elif arguments.command == "compute-domain-plugin":
        await serve_plugin(arguments)
    elif arguments.action == "check":
        return await daemon_command.check(arguments)
    else:
        await daemon_command.run(arguments)
    return 0


async def serve_plugin(arguments: argparse.Namespace) -> None:
    """Serve the kubelet until SIGTERM.

    Raises:
        ConfigError: a flag is wrong, or the kubeconfig cannot be used.
        EnvironmentFault: NVML or a folder cannot be used.
    """
    for flag, value in (("--node-name", arguments.node_name), ("--namespace", arguments.namespace)):
        if not value:
            message = f"{flag} is needed to serve the kubelet for ComputeDomains"
            raise ConfigError(message)
    settings = PluginSettings(
        node_name=NodeName(arguments.node_name),
        namespace=arguments.namespace,
        registry_dir=Path(arguments.registry_dir),
        plugins_dir=Path(arguments.plugins_dir),
        cdi_dir=Path(arguments.cdi_dir),
        sysfs=Path(arguments.sysfs),
        procfs=Path(arguments.procfs),
        dev_root=Path(arguments.dev_root),
        metrics_address=arguments.metrics_address,
        sweep_s=float(arguments.rescan_seconds),
    )
    route = find_route(Path(arguments.kubeconfig) if arguments.kubeconfig else None, os.environ)
    await ComputeDomainPlugin(settings, route, version("dra-conformance")).run()


async def control(arguments: argparse.Namespace) -> None:
    """Lead or wait until SIGTERM.

    Raises:
        ConfigError: a flag is wrong, or the kubeconfig cannot be used.
    """
    pods, effect = daemon_pods(arguments), fabric_taint(arguments)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    route = find_route(kubeconfig, os.environ)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    kube = Kube(route)
    identity = f"{socket.gethostname()}_{uuid.uuid4()}"
    leader = Leader(kube, name=LEASE, namespace=pods.namespace, identity=identity)

    async def work() -> None:
        fabrics = FabricController(lambda: Kube(route), effect)
        async with asyncio.TaskGroup() as group:
            group.create_task(fabrics.run())
            group.create_task(Controller(lambda: Kube(route), pods, fabrics.plugins).run())

    working = asyncio.create_task(lead(leader, work))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopped):
        task.cancel()
    [outcome, _] = await asyncio.gather(working, stopped, return_exceptions=True)
    await kube.close()
    if isinstance(outcome, Exception):
        raise outcome


async def lead(leader: Leader, work: Callable[[], Awaitable[None]]) -> None:
    """Do WORK again whenever the lease was lost."""
    while True:
        await leader.run(work)
