"""Every part of one cluster, made complete by its constructor and run in the caller's event loop.

The order of construction is the order of need: store, kinds, users and permissions, the API, kubelets, the server. No part is
changed after it was made.
"""

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kube_emulator.apiserver.admission.checks import Checks
from kube_emulator.apiserver.admission.cluster_view import ClusterView
from kube_emulator.apiserver.admission.expressions import Expressions
from kube_emulator.apiserver.admission.policies import Policies
from kube_emulator.apiserver.admission.priority import Priority
from kube_emulator.apiserver.admission.quota import Quota
from kube_emulator.apiserver.admission.webhooks import Webhooks
from kube_emulator.apiserver.audit import Audit
from kube_emulator.apiserver.auth import bootstrap, rbac
from kube_emulator.apiserver.auth.security import Security, drained
from kube_emulator.apiserver.cel.device_selector import check_expression
from kube_emulator.apiserver.registry.admission import Admission, admit_all
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.reading import Reading
from kube_emulator.apiserver.served_versions import builtin_registry
from kube_emulator.apiserver.server import Server
from kube_emulator.apiserver.validation.priority import system_classes
from kube_emulator.clock import Clock
from kube_emulator.kubelet.node_object import first_boot_id, node_object, node_status
from kube_emulator.kubernetes_service import keep_kubernetes_service, run_kubernetes_service
from kube_emulator.node_paths import NodePaths
from kube_emulator.options import Options
from kube_emulator.releases.gates import gates_of
from kube_emulator.store.store import Store

if TYPE_CHECKING:
    from kube_emulator.kubelet.fleet import Fleet

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class ControlPlane:
    """The parts of one cluster, and the kubelets beside them.

    Args:
        nodes_dir: the folder that holds the folders of all nodes.
        nodes: nodes whose kubelets run from the start.
        hollow: nodes whose kubelets wait for a driver or a pod.
        server: the address at which requests will be answered.
    """

    def __init__(
        self,
        options: Options,
        nodes_dir: Path,
        nodes: Sequence[NodePaths],
        hollow: Sequence[NodePaths],
        server: tuple[str, int],
    ) -> None:
        release, gates = options.version, gates_of(options.version, options.gates)
        self.clock = Clock()
        self.audit = Audit()
        self.store = Store()
        self._parts = options.parts
        self._address = server
        self._nodes = (*nodes, *hollow)
        self._labels = options.node_labels
        registry = builtin_registry(release, options.runtime_config)
        roles = self.store.subscribe(rbac.KINDS)
        objects = Reading(self.store, registry, self.clock)
        self.security = Security(
            objects,
            lambda: drained(roles),
            gates=gates,
            enforced=options.rbac,
            now=self.clock.time,
            nodes=options.node_names,
        )
        expressions = Expressions(self.security.authority.decide)
        view = ClusterView(objects, registry)
        policies, webhooks = Policies(view, expressions), Webhooks(view, expressions)
        priority = Priority(objects)
        checks = (
            self.security.authority.admit,
            priority.check,
            policies.check,
            webhooks.check,
            Quota(objects).check,
        )
        admission = Admission(
            mutate=webhooks.mutate,
            admit=lambda write: admit_all(checks, write),
            check_status=self.security.authority.check_status,
            check_expression=functools.partial(check_expression, gates=gates, release=release),
            check_configuration=Checks(expressions).causes,
        )
        self.api = Api(self.store, registry, self.clock, gates=gates, admission=admission, seed=options.seed)
        self.fleet = self._fleet(nodes_dir, nodes, hollow, server) if "kubelet" in options.parts else None
        self._server = Server(
            self.api,
            self.audit,
            security=self.security,
            container_log=self.fleet.log_of if self.fleet is not None else None,
        )

    def _fleet(
        self,
        nodes_dir: Path,
        nodes: Sequence[NodePaths],
        hollow: Sequence[NodePaths],
        server: tuple[str, int],
    ) -> "Fleet":
        from kube_emulator.kubelet.fleet import Fleet

        return Fleet(
            self.api,
            self.clock,
            nodes_dir,
            nodes,
            hollow=hollow,
            gates=self.api.gates,
            release=self.api.release,
            server=server,
            issue_token=self.security.pod_token,
        )

    async def run(
        self,
        listener: socket.socket,
        certificate: bytes,
        tls: ssl.SSLContext,
        started: Callable[[], None],
        stop: asyncio.Event,
    ) -> None:
        """Serve on LISTENER until STOP is set or a part fails; STARTED is called when requests are answered."""
        runner = self._server.runner()
        await runner.setup()
        server = await self._server.listen(runner, listener, tls)
        self._create_initial_objects()
        tasks = [asyncio.create_task(work) for work in self._works(certificate)]
        started()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self.store.cut()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()  # an orderly end of TLS would wait for the clients
        server.close()
        await runner.cleanup()
        stopping.cancel()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _works(self, certificate: bytes) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the server; each part is imported when it is wanted, to start faster without it."""
        works: list[Coroutine[Any, Any, None]] = [run_kubernetes_service(self.api, self._address)]
        if "controllers" in self._parts:
            from kube_emulator.controllers import run_controllers
            from kube_emulator.controllers.serviceaccount_tokens import run_serviceaccount_tokens

            works.append(run_controllers(self.api, certificate))
            works.append(run_serviceaccount_tokens(self.api, self.security.signer, certificate))
        if "scheduler" in self._parts:
            from kube_emulator.scheduler.scheduler import run_scheduler

            works.append(run_scheduler(self.api))
        if self.fleet is not None:
            works.append(self.fleet.run())
        return works

    def _create_initial_objects(self) -> None:
        """Namespaces, priority classes, the Service of the API server, roles and nodes that every cluster has."""
        for name in NAMESPACES:
            self.api.create("namespaces", {"metadata": {"name": name}})
        for each in system_classes():
            self.api.create("priorityclasses", each)
        keep_kubernetes_service(self.api, self._address)
        for role in bootstrap.cluster_roles(self.api.gates):
            self.api.create("clusterroles", role)
        for binding in bootstrap.cluster_bindings():
            self.api.create("clusterrolebindings", binding)
        now = self.clock.stamp()
        for number, node in enumerate(self._nodes):
            made = self.api.create("nodes", node_object(node.name, self._labels.get(node.name))).value
            status = node_status(
                node.name,
                number,
                release=self.api.release,
                gates=self.api.gates,
                boot_id=first_boot_id(node.name),
                now=now,
            )
            self.api.update("nodes", {**made, "status": status}, subresource="status")
