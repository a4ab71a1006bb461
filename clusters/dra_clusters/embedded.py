"""The provider ``embedded``: starts ``kube_emulator`` and shows it as every other cluster."""

import json
from pathlib import Path
from typing import Self

from dra_api.objects import JsonObject
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.provider import ClusterOptions, ContainerView, Node, RackOptions
from dra_clusters.racks.full_nodes import FullNodes
from dra_clusters.racks.layout import Layout, ask_layout
from dra_clusters.racks.running import RunningRacks
from dra_clusters.raw_client import RawClient
from kube_emulator.cluster import Cluster
from kube_emulator.options import Options

RACKS_FOLDER = "racks"


class EmbeddedCluster(Cluster):
    """An emulated cluster with what every provider's cluster has."""

    def __init__(self, options: ClusterOptions, layout: Layout | None = None) -> None:
        super().__init__(
            Options(
                release=options.kubernetes,
                nodes=tuple(tray.name for tray in layout.full_trays) if layout else options.nodes,
                hollow=tuple(tray.name for tray in layout.hollow_trays) if layout else options.hollow,
                node_labels=layout.labels if layout else {},
                parts=options.parts,
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
        """Run until ``stop``; returns when requests are answered and every rack is there.

        Raises:
            ClusterError: it did not start.
        """
        super().start()
        if self._racks is not None:
            try:
                self._racks.start()
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
        super().stop(check=check)

    def __enter__(self) -> Self:
        """The cluster, which its provider has started."""
        return self

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """What a container was given, as the emulated kubelet wrote it down.

        Raises:
            EnvironmentFault: there is no such container.
        """
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
            UsageError: unknown release, part, gate or version of the API.
            EnvironmentFault: the folder cannot be used, or no port is free.
        """
        if options.real_kubelet:
            message = "the provider embedded emulates the kubelet; a real one needs --provider binaries"
            raise UsageError(message)
        cluster = EmbeddedCluster(options, ask_layout(options.racks) if options.racks else None)
        cluster.start()
        return cluster
