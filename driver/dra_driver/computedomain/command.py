"""The command ``dra-driver controller``: the controller of ComputeDomains, one of several that lead in turn."""

import argparse
import asyncio
import os
import signal
import socket
import uuid
from pathlib import Path

from dra_driver.computedomain.controller import Controller
from dra_driver.computedomain.flags import daemon_pods
from dra_driver.computedomain.kube import Kube
from dra_driver.computedomain.leader import Leader
from dra_driver.connection.route import find_route

LEASE = "compute-domain-controller"


async def run(arguments: argparse.Namespace) -> None:
    """Lead or wait until SIGTERM.

    Raises:
        ConfigError: a flag is wrong, or the kubeconfig cannot be used.
    """
    pods = daemon_pods(arguments)
    kubeconfig = Path(arguments.kubeconfig) if arguments.kubeconfig else None
    route = find_route(kubeconfig, os.environ)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    kube = Kube(route)
    identity = f"{socket.gethostname()}_{uuid.uuid4()}"
    leader = Leader(kube, name=LEASE, namespace=pods.namespace, identity=identity)
    working = asyncio.create_task(lead(leader, Controller(lambda: Kube(route), pods)))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in (working, stopped):
        task.cancel()
    await asyncio.gather(working, stopped, return_exceptions=True)
    await kube.close()


async def lead(leader: Leader, controller: Controller) -> None:
    """Lead again whenever the lease was lost."""
    while True:
        await leader.run(controller.run)
