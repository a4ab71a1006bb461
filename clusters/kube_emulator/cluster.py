"""An emulated cluster in a thread of this process: started, used from any thread, stopped.

Everything it writes is in one folder that is readable by this user only. Tokens are made for each cluster.
"""

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kube_emulator.apiserver.audit import ApiRequest, Fault
from kube_emulator.apiserver.auth.ledger import Permission
from kube_emulator.apiserver.certificate import make_certificate
from kube_emulator.apiserver.registry.verbs.objects import arranged
from kube_emulator.apiserver.status import ApiError
from kube_emulator.control_plane import ControlPlane
from kube_emulator.errors import EnvironmentFault, UsageError
from kube_emulator.folder import Folder
from kube_emulator.jsonvalue import copied
from kube_emulator.kubeconfig import by_certificate, by_token, write_kubeconfig
from kube_emulator.node_paths import NodePaths
from kube_emulator.options import Options

if TYPE_CHECKING:
    from kube_emulator.kubelet.handle import KubeletHandle

START_S = 20.0
USERS = ("admin", "driver")
Result = TypeVar("Result")


class Cluster:
    """A control plane and its nodes; a context manager that starts and stops it.

    Every method may be called from any thread. A cluster runs once: make another one to start again.

    Args:
        options: see ``Options``.
        name: the name of the cluster and of the context in its kubeconfig files.

    Raises:
        EnvironmentFault: its folder cannot be used or is in use, or no port is free.
    """

    def __init__(self, options: Options | None = None, *, name: str = "kube-emulator") -> None:
        self.options = options or Options()
        self.name = name
        self._temporary = None
        if self.options.directory is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="kube-emulator-")
        self.directory = Path(self._temporary.name) if self._temporary else Path(self.options.directory or "")
        self._folder = Folder(self.directory)
        try:
            self._prepare()
        except OSError as error:
            self._folder.release()
            message = f"cannot start a cluster in {self.directory}: {error.strerror}"
            raise EnvironmentFault(message) from error

    def _prepare(self) -> None:
        nodes_dir = self.directory / "nodes"
        self.node_paths = tuple(NodePaths(name, nodes_dir / name) for name in self.options.node_names)
        hollow = tuple(NodePaths(name, nodes_dir / name) for name in self.options.hollow_names)
        for node in self.node_paths:
            node.make()
        self._socket = socket.create_server(("127.0.0.1", 0))
        server = self._socket.getsockname()[:2]
        self._plane = ControlPlane(self.options, nodes_dir, self.node_paths, hollow, server)
        self._certificate, self._tls = make_certificate(self.directory, self._plane.security.clients)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="kube-emulator", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Run until ``stop``; returns when requests are answered.

        Raises:
            EnvironmentFault: it did not start.
        """
        for user in USERS:
            self._write_kubeconfig(user, by_token(self.token(user)))
        self._thread.start()
        if not self._started.wait(START_S) or self._failure is not None:
            failure = self._failure
            self.stop(check=False)
            message = f"the cluster did not start within {START_S:.0f} s: {failure or 'no answer'}"
            raise EnvironmentFault(message)

    def stop(self, *, check: bool = True) -> None:
        """Stop every part and wait for it; a second call does nothing.

        Raises:
            EnvironmentFault: a part of it had failed; not if CHECK is false.
        """
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_S)
        self._socket.close()
        self._folder.release()
        if self._temporary is not None:
            self._temporary.cleanup()
        if check and self._failure is not None:
            message = f"a part of the cluster failed: {self._failure!r}"
            raise EnvironmentFault(message) from self._failure

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._plane.run(self._socket, self._certificate, self._tls, self._started.set, self._stop)
        try:
            self._loop.run_until_complete(serving)
        except Exception as error:  # raised by start or stop
            self._failure = error
        finally:
            self._started.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _on_loop(self, work: Callable[[], Result]) -> Result:
        async def run() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_S)

    @property
    def release(self) -> str:
        """The release of Kubernetes that it is, e.g. ``1.37``."""
        return self.options.release

    @property
    def url(self) -> str:
        """Where the server listens."""
        host, port = self._socket.getsockname()[:2]
        return f"https://{host}:{port}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's file, for ``KUBECONFIG``."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """The file of ``admin``, ``driver`` or ``system:node:NAME``, who are known by tokens; the audit has their names."""
        if user in USERS:
            return self.directory / f"{user}.kubeconfig"
        return self._write_kubeconfig(user, by_token(self.token(user)))

    def token(self, user: str) -> str:
        """The bearer token of ``admin``, ``driver`` or ``system:node:NAME``, for clients without a kubeconfig."""
        return self._plane.security.token(user)

    def kubeconfig_with_certificate(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A file of any user, who is known by a client certificate."""
        issued = self._plane.security.clients.issue(user, groups)
        return self._write_kubeconfig(f"certificate-{user}", by_certificate(*issued))

    def kubeconfig_for_serviceaccount(self, namespace: str, name: str, *, node: str = "") -> Path:
        """A file of a service account; with NODE its token is bound to that node, as that of a pod there would be.

        Raises:
            UsageError: there is no such account or node.
        """
        bound = {"apiVersion": "v1", "kind": "Node", "name": node} if node else None
        try:
            token = self._on_loop(lambda: self._plane.security.account_token(namespace, name, bound=bound))
        except ApiError as error:
            message = f"no kubeconfig for service account {namespace}/{name}: {error.message}"
            raise UsageError(message) from error
        return self._write_kubeconfig(f"{namespace}-{name}{'-on-' if node else ''}{node}", by_token(token))

    @property
    def client_authority(self) -> bytes:
        """The certificate, as PEM, of what signs client certificates; kubelets that trust it are asked for the logs of containers."""
        return self._plane.security.clients.certificate

    def _write_kubeconfig(self, user: str, credentials: dict[str, Any]) -> Path:
        file = user.replace("/", "_").replace(":", "_")  # KUBECONFIG separates files by colons
        path = self.directory / f"{file}.kubeconfig"
        write_kubeconfig(path, self.name, self.url, self._certificate, user, credentials)
        return path

    def permissions_used(self, user: str) -> list[Permission]:
        """What USER did."""
        return self._plane.security.authority.ledger.used(user)

    def permissions_denied(self, user: str) -> list[Permission]:
        """What USER asked for and was denied; nothing as long as RBAC is switched off."""
        return self._plane.security.authority.ledger.denied(user)

    def kubelet(self, node: str) -> "KubeletHandle":
        """The kubelet of a node, to be stopped, restarted or made to misbehave.

        Raises:
            UsageError: there is no such node, or the cluster runs without kubelets.
        """
        from kube_emulator.kubelet.handle import KubeletHandle

        fleet = self._plane.fleet
        if fleet is None or node not in fleet.kubelets:
            message = f"no kubelet runs for node {node!r}; parts are {sorted(self.options.parts)}"
            raise UsageError(message)
        return KubeletHandle(self._loop, fleet.kubelets[node])

    def advance(self, seconds: float) -> None:
        """Move the cluster's clock forward; what is due then happens now."""
        self._on_loop(lambda: self._plane.clock.advance(seconds))

    def requests(self) -> list[ApiRequest]:
        """The requests that the server got so far, oldest first."""
        return self._plane.audit.seen()

    def inject(self, fault: Fault) -> None:
        """Answer matching requests with FAULT."""
        self._plane.audit.inject(fault)

    def heal(self) -> None:
        """Remove all injected faults."""
        self._plane.audit.heal()

    def outage(self, on: bool) -> None:
        """Break every connection, and each new one, until it is switched off again."""
        self._plane.audit.down = on
        if on:
            self.cut_watches()

    def cut_watches(self, *, forget: bool = False) -> None:
        """End every watch; with FORGET the history goes too, so that resuming from a version is answered with 410."""

        def cut() -> None:
            if forget:
                self._plane.store.forget()
            self._plane.store.cut()

        self._loop.call_soon_threadsafe(cut)

    def plant(self, plural: str, item: dict[str, Any]) -> None:
        """Store an object unchecked, as a newer API server or a faulty one would serve it."""
        plane = self._plane
        resource = plane.api.resource(plural)
        self._on_loop(lambda: plane.store.put(plural, arranged(resource, copied(item))))
