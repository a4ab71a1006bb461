"""The provider ``embedded``: starts ``kube_emulator`` and shows it as every other cluster."""

import json
from pathlib import Path
from typing import Self

from dra_api.objects import JsonObject
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.provider import ClusterOptions, ContainerView, Node
from kube_emulator.cluster import Cluster
from kube_emulator.options import Options


class EmbeddedCluster(Cluster):
    """An emulated cluster with what every provider's cluster has."""

    def __init__(self, options: ClusterOptions) -> None:
        super().__init__(
            Options(
                release=options.kubernetes,
                nodes=options.nodes,
                hollow=options.hollow,
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
        cluster = EmbeddedCluster(options)
        cluster.start()
        return cluster
