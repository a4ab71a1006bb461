"""The provider ``embedded``: one thread with one event loop that runs the server and the parts that were asked for.

``up`` returns when the server answers; ``down`` ends the loop and joins the thread. Tokens are made for each cluster;
kubeconfig files are readable by this user only.
"""

import asyncio
import base64
import json
import os
import secrets
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from dra_clusters.audit import ApiRequest, Audit, Fault
from dra_clusters.embedded.api import Api
from dra_clusters.embedded.certificate import make_certificate
from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.gates import gates_of
from dra_clusters.embedded.node.node_object import LEASES, first_boot_id, node_object, node_status
from dra_clusters.embedded.server import Server
from dra_clusters.embedded.store import Store
from dra_clusters.errors import UsageError, WorldError
from dra_clusters.provider import PARTS, VERSIONS, ClusterOptions, Node

if TYPE_CHECKING:
    from dra_clusters.embedded.node.fleet import Fleet
    from dra_clusters.embedded.node.handle import KubeletHandle

START_S = 20.0
USERS = ("admin", "driver")


class EmbeddedCluster:
    """A control plane in a thread.

    Beside what every cluster has, it tells what was asked of it and misbehaves on request (capabilities ``api-audit``
    and ``api-faults``); these methods may be called from any thread.
    """

    name = "embedded"

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options
        self.kubernetes = options.kubernetes
        self.capabilities = options.parts | {"api-audit", "api-faults"}
        self.nodes = tuple(make_node(options.directory, name) for name in options.nodes)
        self._hollow = tuple(node_in(options.directory, f"hollow-{n}") for n in range(options.hollow))
        self.clock = Clock()
        self.audit = Audit()
        self._tokens = {secrets.token_urlsafe(24): user for user in USERS}
        self._store = Store()
        self._api = Api(self._store, seed=options.seed)
        self._fleet = self._make_fleet() if "kubelet" in options.parts else None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._certificate, self._tls = make_certificate(options.directory)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-cluster", daemon=True)

    def _make_fleet(self) -> "Fleet":
        from dra_clusters.embedded.node.fleet import Fleet

        return Fleet(
            self._api,
            self.clock,
            self._options.directory / "nodes",
            self.nodes,
            hollow=self._hollow,
            gates=gates_of(self.kubernetes),
            release=self.kubernetes,
        )

    @property
    def url(self) -> str:
        """Where the server listens."""
        host, port = self._socket.getsockname()[:2]
        return f"https://{host}:{port}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's file."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """The file of ``admin`` or ``driver``; who is who shows in the audit."""
        return self._options.directory / f"{user}.kubeconfig"

    def start(self) -> None:
        """Run until ``down``; returns when requests are answered.

        Raises:
            WorldError: it did not start.
        """
        for token, user in self._tokens.items():
            write_kubeconfig(self.kubeconfig_of(user), self.url, token, user, self._certificate)
        self._thread.start()
        if not self._started.wait(START_S) or self._failure is not None:
            message = (
                f"the embedded cluster did not start within {START_S:.0f} s: {self._failure or 'no answer'}"
            )
            raise WorldError(message)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except Exception as error:  # told to whoever waits in start
            self._failure = error
        finally:
            self._started.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _main(self) -> None:
        server = Server(self._api, self.audit, kubernetes=self.kubernetes, tokens=self._tokens)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket, ssl_context=self._tls).start()
        self._furnish()
        tasks = [self._loop.create_task(work) for work in self._works()]
        self._started.set()
        stop = self._loop.create_task(self._stop.wait())
        await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self._store.cut()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()  # an orderly end of TLS would wait for the clients
        await runner.cleanup()
        stop.cancel()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        works: list[Coroutine[Any, Any, None]] = []
        if "controllers" in self._options.parts:
            from dra_clusters.embedded.controllers import run_controllers

            works.append(run_controllers(self._api))
        if "scheduler" in self._options.parts:
            from dra_clusters.embedded.scheduler import run_scheduler

            works.append(run_scheduler(self._api))
        if self._fleet is not None:
            works.append(self._fleet.run())
        return works

    def _furnish(self) -> None:
        """Namespaces and nodes that every cluster has."""
        for name in ("default", "kube-system", LEASES):
            self._api.create("namespaces", {"metadata": {"name": name}})
        now = self.clock.stamp()
        for number, node in enumerate([*self.nodes, *self._hollow]):
            made = self._api.create("nodes", node_object(node.name)).value
            status = node_status(
                node.name, number, release=self.kubernetes, boot_id=first_boot_id(node.name), now=now
            )
            self._api.update("nodes", {**made, "status": status}, subresource="status")

    def kubelet(self, node: str) -> "KubeletHandle":
        """The kubelet of a node, to be stopped, restarted or made to misbehave.

        Raises:
            UsageError: there is no such node, or the cluster runs without kubelets.
        """
        from dra_clusters.embedded.node.handle import KubeletHandle

        if self._fleet is None or node not in self._fleet.kubelets:
            message = f"no kubelet runs for node {node!r}; parts are {sorted(self._options.parts)}"
            raise UsageError(message)
        return KubeletHandle(self._loop, self._fleet.kubelets[node])

    def advance(self, seconds: float) -> None:
        """Turn the cluster's clock forward."""
        asyncio.run_coroutine_threadsafe(self._advance(seconds), self._loop).result(START_S)

    async def _advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def requests(self) -> list[ApiRequest]:
        """What was asked of the server so far, oldest first."""
        return self.audit.seen()

    def outage(self, on: bool) -> None:
        """Break every connection, and each new one, until it is switched off again."""
        self.audit.down = on
        if on:
            self.cut_watches()

    def inject(self, fault: Fault) -> None:
        """Answer wrongly."""
        self.audit.inject(fault)

    def heal(self) -> None:
        """Answer rightly again."""
        self.audit.heal()

    def cut_watches(self, *, forget: bool = False) -> None:
        """End every watch; with FORGET the history goes too, so that going on from a version is answered with 410."""

        def cut() -> None:
            if forget:
                self._store.forget()
            self._store.cut()

        self._loop.call_soon_threadsafe(cut)

    def down(self) -> None:
        """End it.

        Raises:
            WorldError: a part of it had failed.
        """
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_S)
        self._socket.close()
        if self._failure is not None:
            message = f"a part of the embedded cluster failed: {self._failure!r}"
            raise WorldError(message) from self._failure


class EmbeddedProvider:
    """Makes embedded clusters."""

    name = "embedded"

    def up(self, options: ClusterOptions) -> EmbeddedCluster:
        """A cluster that answers.

        Raises:
            UsageError: unknown version or part, no node.
            WorldError: the folder cannot be used, or no port is free.
        """
        if options.kubernetes not in VERSIONS:
            message = f"unknown Kubernetes version {options.kubernetes!r}; there are: {', '.join(VERSIONS)}"
            raise UsageError(message)
        if not options.parts <= PARTS or "api" not in options.parts:
            message = f"unknown parts {sorted(options.parts - PARTS)}; wanted api and any of {sorted(PARTS - {'api'})}"
            raise UsageError(message)
        try:
            options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            cluster = EmbeddedCluster(options)
        except OSError as error:
            message = f"cannot start a cluster in {options.directory}: {error.strerror}"
            raise WorldError(message) from error
        cluster.start()
        return cluster


def node_in(directory: Path, name: str) -> Node:
    """The node NAME of a cluster in DIRECTORY; its folders need not be there."""
    root = directory / "nodes" / name
    return Node(
        name=name, registry_dir=root / "plugins_registry", plugins_dir=root / "plugins", cdi_dir=root / "cdi"
    )


def make_node(directory: Path, name: str) -> Node:
    """The node NAME with its folders."""
    node = node_in(directory, name)
    for folder in (node.registry_dir, node.plugins_dir, node.cdi_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return node


def write_kubeconfig(path: Path, url: str, token: str, user: str, certificate: bytes) -> None:
    """A kubeconfig of one user, mode 0600."""
    authority = base64.b64encode(certificate).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "embedded",
        "clusters": [
            {"name": "embedded", "cluster": {"server": url, "certificate-authority-data": authority}}
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {"name": "embedded", "context": {"cluster": "embedded", "user": user, "namespace": "default"}}
        ],
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(document, stream, indent=1)
