"""The provider ``embedded``: one thread with one event loop that runs the server and the parts that were asked for.

``up`` returns when the server answers; ``down`` ends the loop and joins the thread. Tokens are made for each cluster;
kubeconfig files are readable by this user only.
"""

import asyncio
import functools
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dra_clusters.audit import ApiRequest, Audit, Fault
from dra_clusters.embedded.api import Api
from dra_clusters.embedded.auth import bootstrap, rbac
from dra_clusters.embedded.auth.ledger import Permission
from dra_clusters.embedded.auth.security import Security, drained
from dra_clusters.embedded.certificate import make_certificate
from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.gates import gates_of
from dra_clusters.embedded.jsonvalue import copied
from dra_clusters.embedded.kinds import KINDS
from dra_clusters.embedded.node.node_object import first_boot_id, node_object, node_status
from dra_clusters.embedded.selectors import check_expression
from dra_clusters.embedded.served import check_switches
from dra_clusters.embedded.server import Server
from dra_clusters.embedded.status import ApiError
from dra_clusters.embedded.store import Store
from dra_clusters.embedded.verbs.objects import arranged
from dra_clusters.errors import UsageError, WorldError
from dra_clusters.folder import Folder
from dra_clusters.kubeconfig import by_certificate, by_token, write_kubeconfig
from dra_clusters.provider import ClusterOptions, check_options, make_node, node_in

if TYPE_CHECKING:
    from dra_clusters.embedded.node.fleet import Fleet
    from dra_clusters.embedded.node.handle import KubeletHandle

START_S = 20.0
USERS = ("admin", "driver")
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
Result = TypeVar("Result")


class EmbeddedCluster:
    """A control plane in a thread.

    Beside what every cluster has, it tells what was asked of it and misbehaves on request (capabilities ``api-audit``
    and ``api-faults``); these methods may be called from any thread.
    """

    name = "embedded"

    def __init__(self, options: ClusterOptions, folder: Folder) -> None:
        self._options = options
        self._folder = folder
        self.kubernetes = options.kubernetes
        self.capabilities = (
            options.parts | {"api-audit", "api-faults"} | ({"rbac"} if options.rbac else set())
        )
        self.nodes = tuple(make_node(options.directory, name) for name in options.nodes)
        self._hollow = tuple(node_in(options.directory, f"hollow-{n}") for n in range(options.hollow))
        self.clock = Clock()
        self.audit = Audit()
        self._store = Store()
        self._api = Api(
            self._store,
            seed=options.seed,
            kubernetes=options.kubernetes,
            gates=gates_of(options.kubernetes, options.gates),
            runtime_config=options.runtime_config,
            clock=self.clock,
        )
        roles = self._store.subscribe(rbac.KINDS)
        self.security = Security(
            self._api,
            lambda: drained(roles),
            gates=self._api.gates,
            enforced=options.rbac,
            now=self._api.clock.time,
            nodes=options.nodes,
        )
        self._api.admit = self.security.authority.admit
        self._api.judge_status = self.security.authority.judge_status
        self._api.check_expression = functools.partial(
            check_expression, gates=self._api.gates, release=self._api.kubernetes
        )
        self._fleet = self._make_fleet() if "kubelet" in options.parts else None
        self._api.log_of = self._fleet.log_of if self._fleet is not None else None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._certificate, self._tls = make_certificate(options.directory, self.security.clients)
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
            gates=self._api.gates,
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
        """The file of ``admin``, ``driver`` or ``system:node:NAME``, who are known by tokens; who is who shows in the audit."""
        if user in USERS:
            return self._options.directory / f"{user}.kubeconfig"
        return self._kubeconfig(user, by_token(self.security.token(user)))

    def kubeconfig_with_certificate(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A file of any user, who is known by a client certificate."""
        return self._kubeconfig(
            f"certificate-{user}", by_certificate(*self.security.clients.issue(user, groups))
        )

    def kubeconfig_for_serviceaccount(self, namespace: str, name: str, *, node: str = "") -> Path:
        """A file of a service account; with NODE its token is bound to that node, as that of a pod there would be.

        Raises:
            UsageError: there is no such account or node.
        """
        bound = {"apiVersion": "v1", "kind": "Node", "name": node} if node else None
        try:
            token = self._on_loop(lambda: self.security.account_token(namespace, name, bound=bound))
        except ApiError as error:
            message = f"no kubeconfig for service account {namespace}/{name}: {error.message}"
            raise UsageError(message) from error
        return self._kubeconfig(f"{namespace}-{name}{'-on-' if node else ''}{node}", by_token(token))

    def _kubeconfig(self, user: str, credentials: dict[str, Any]) -> Path:
        file = user.replace("/", "_").replace(":", "_")  # KUBECONFIG separates files by colons
        path = self._options.directory / f"{file}.kubeconfig"
        write_kubeconfig(path, self.name, self.url, self._certificate, user, credentials)
        return path

    def permissions_used(self, user: str) -> list[Permission]:
        """What USER did."""
        return self.security.authority.ledger.used(user)

    def permissions_denied(self, user: str) -> list[Permission]:
        """What USER wanted and could not do; nothing as long as RBAC is switched off."""
        return self.security.authority.ledger.denied(user)

    def _on_loop(self, work: Callable[[], Result]) -> Result:
        async def run() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_S)

    def start(self) -> None:
        """Run until ``down``; returns when requests are answered.

        Raises:
            WorldError: it did not start.
        """
        for user in USERS:
            self._kubeconfig(user, by_token(self.security.token(user)))
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
        server = Server(self._api, self.audit, kubernetes=self.kubernetes, security=self.security)
        runner = server.runner()
        await runner.setup()
        listener = await server.listen(runner, self._socket, self._tls)
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
        listener.close()
        await runner.cleanup()
        stop.cancel()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        works: list[Coroutine[Any, Any, None]] = []
        if "controllers" in self._options.parts:
            from dra_clusters.embedded.account_controllers import run_account_controllers
            from dra_clusters.embedded.controllers import run_controllers

            works.append(run_controllers(self._api, self._certificate))
            works.append(run_account_controllers(self._api, self.security.signer, self._certificate))
        if "scheduler" in self._options.parts:
            from dra_clusters.embedded.scheduler import run_scheduler

            works.append(run_scheduler(self._api))
        if self._fleet is not None:
            works.append(self._fleet.run())
        return works

    def _furnish(self) -> None:
        """Namespaces and nodes that every cluster has."""
        for name in NAMESPACES:
            self._api.create("namespaces", {"metadata": {"name": name}})
        for role in bootstrap.cluster_roles(self._api.gates):
            self._api.create("clusterroles", role)
        for binding in bootstrap.cluster_bindings():
            self._api.create("clusterrolebindings", binding)
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

    def plant(self, plural: str, item: dict[str, Any]) -> None:
        """Store an object as it is, past every rule, as a newer API server or a broken one would hand it out."""
        resource = self._api.resource(plural)
        self._on_loop(lambda: self._store.put(plural, arranged(resource, copied(item))))

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
        self._folder.release()
        if self._failure is not None:
            message = f"a part of the embedded cluster failed: {self._failure!r}"
            raise WorldError(message) from self._failure


class EmbeddedProvider:
    """Makes embedded clusters."""

    name = "embedded"

    def up(self, options: ClusterOptions) -> EmbeddedCluster:
        """A cluster that answers.

        Raises:
            UsageError: unknown release, part, gate or version of the API.
            WorldError: the folder cannot be used, or no port is free.
        """
        check_options(options)
        check_switches(options.runtime_config, KINDS, options.kubernetes)
        folder = Folder(options.directory)
        try:
            cluster = EmbeddedCluster(options, folder)
            cluster.start()
        except OSError as error:
            folder.release()
            message = f"cannot start a cluster in {options.directory}: {error.strerror}"
            raise WorldError(message) from error
        except WorldError:
            folder.release()
            raise
        return cluster
