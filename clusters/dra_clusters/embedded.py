"""The provider ``embedded``: starts ``kube_emulator`` and shows it as every other cluster.

Its nodes are emulated, or a real kubelet and containerd each (``ClusterOptions.real_kubelet``), which then is all of the cluster
that is real.
"""

import json
from pathlib import Path
from typing import Self

from dra_api.objects import JsonObject
from dra_clusters.binaries.build import cache, find
from dra_clusters.binaries.real_nodes import RealNodes
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.guard import ProcessGuard
from dra_clusters.node.programs import find_node_programs
from dra_clusters.provider import ClusterOptions, ContainerView, Node, RackOptions, make_node
from dra_clusters.racks.full_nodes import FullNodes
from dra_clusters.racks.layout import Layout, ask_layout
from dra_clusters.racks.running import RunningRacks
from dra_clusters.raw_client import RawClient
from kube_emulator.apiserver.auth.attributes import NODES
from kube_emulator.cluster import Cluster
from kube_emulator.kubeconfig import write_private
from kube_emulator.options import Options

RACKS_FOLDER = "racks"


class EmbeddedCluster(Cluster):
    """An emulated cluster with what every provider's cluster has."""

    def __init__(self, options: ClusterOptions, layout: Layout | None = None) -> None:
        emulated = () if options.real_kubelet else options.nodes
        super().__init__(
            Options(
                release=options.kubernetes,
                nodes=tuple(tray.name for tray in layout.full_trays) if layout else emulated,
                hollow=tuple(tray.name for tray in layout.hollow_trays) if layout else options.hollow,
                node_labels=layout.labels if layout else {},
                parts=options.parts - ({"kubelet"} if options.real_kubelet else set()),
                directory=options.directory,
                rbac=options.rbac,
                gates=options.gates,
                runtime_config=options.runtime_config,
                seed=options.seed,
            ),
            name="embedded",
        )
        self.kubernetes = options.kubernetes
        self.capabilities = (
            options.parts | {"api-audit", "api-faults", "webhooks"} | ({"rbac"} if options.rbac else set())
        )
        self.nodes = tuple(
            Node(
                name=node.name,
                registry_dir=node.registry_dir,
                plugins_dir=node.plugins_dir,
                cdi_dir=node.cdi_dir,
            )
            for node in self.node_paths
        )
        self._racks = self._racks_of(options.racks, layout) if options.racks and layout else None
        self._guard = ProcessGuard()
        self._real: RealNodes | None = None
        if options.real_kubelet:
            self.nodes = tuple(make_node(self.directory, name) for name in options.nodes)
            self.capabilities |= {"kubelet", "container-runtime"}
            self._real = self._real_nodes()

    def _real_nodes(self) -> RealNodes:
        """The real nodes, which ``start`` starts."""
        authority = self.directory / "clients.crt"
        write_private(authority, self.client_authority)
        return RealNodes(
            self.nodes,
            find_node_programs(find(self.kubernetes).paths.get("kubelet"), cache()),
            kubeconfig_of=lambda user: self.kubeconfig_with_certificate(user, [NODES]),
            client_authority=authority,
            guard=self._guard,
        )

    def _racks_of(self, options: RackOptions, layout: Layout) -> RunningRacks:
        """The racks, which ``start`` fills."""
        folder = self.directory / RACKS_FOLDER
        client = RawClient(Endpoint.of_url(self.url, token=self.token("admin")))
        full = FullNodes(options, layout, self.nodes, folder, self.kubeconfig_of("admin"))
        return RunningRacks(layout, folder, client, self, full)

    @property
    def environment(self) -> dict[str, str]:
        """What a command in it gets beside its kubeconfig."""
        return {"FAKE_NVML_RACKS": str(self.directory / RACKS_FOLDER)} if self._racks else {}

    def start(self) -> None:
        """Run until ``stop``; returns when requests are answered, every rack is there and every real node is Ready.

        Raises:
            ClusterError: it did not start.
        """
        super().start()
        try:
            if self._racks is not None:
                self._racks.start()
            if self._real is not None:
                self._real.start()
                with RawClient(self.kubeconfig) as client:
                    self._real.wait_ready(client)
        except BaseException:
            self.stop(check=False)
            raise

    def stop(self, *, check: bool = True) -> None:
        """Stop every part and wait for it; a second call does nothing.

        Raises:
            EnvironmentFault: a part of it had failed; not if CHECK is false.
        """
        racks, self._racks = self._racks, None
        if racks is not None:
            racks.stop()
        if self._real is not None:
            self._real.stop()
        self._guard.close()
        super().stop(check=check)

    def __enter__(self) -> Self:
        """The cluster, which its provider has started."""
        return self

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """What a container was given, as the emulated kubelet wrote it down or the runtime of a real node has it.

        Raises:
            EnvironmentFault: there is no such container.
        """
        if self._real is not None:
            return self._real.node(node).container(namespace, pod, name)
        path = containers_of(self.nodes, node) / f"{namespace}_{pod}" / f"{name}.json"
        try:
            found: JsonObject = json.loads(path.read_text())
        except OSError as error:
            message = f"node {node} has no container {name} of pod {namespace}/{pod}: {error.strerror}"
            raise EnvironmentFault(message) from error
        return ContainerView(
            environment=found["environment"], devices=frozenset(node["path"] for node in found["devices"])
        )

    def down(self) -> None:
        """Stop it.

        Raises:
            EnvironmentFault: a part of it had failed.
        """
        self.stop()


def containers_of(nodes: tuple[Node, ...], name: str) -> Path:
    """Where the kubelet of the node NAME writes its containers."""
    return next(node.directory for node in nodes if node.name == name) / "containers"


class EmbeddedProvider:
    """Makes embedded clusters."""

    name = "embedded"

    def up(self, options: ClusterOptions) -> EmbeddedCluster:
        """A cluster that answers.

        Raises:
            UsageError: unknown release, part, gate or version of the API, or what a real node needs is not here.
            EnvironmentFault: the folder cannot be used, or no port is free.
        """
        if options.real_kubelet and options.racks:
            message = "--racks and --kubelet real: the nodes of racks are emulated; leave one of them out"
            raise UsageError(message)
        cluster = EmbeddedCluster(options, ask_layout(options.racks) if options.racks else None)
        cluster.start()
        return cluster
