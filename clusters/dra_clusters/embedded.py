"""The provider ``embedded``: starts ``kube_emulator`` and shows it as every other cluster."""

from typing import Self

from dra_clusters.provider import ClusterOptions, Node
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
            options.parts | {"api-audit", "api-faults"} | ({"rbac"} if options.rbac else set())
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

    def down(self) -> None:
        """Stop it.

        Raises:
            EnvironmentFault: a part of it had failed.
        """
        self.stop()


class EmbeddedProvider:
    """Makes embedded clusters."""

    name = "embedded"

    def up(self, options: ClusterOptions) -> EmbeddedCluster:
        """A cluster that answers.

        Raises:
            UsageError: unknown release, part, gate or version of the API.
            EnvironmentFault: the folder cannot be used, or no port is free.
        """
        cluster = EmbeddedCluster(options)
        cluster.start()
        return cluster
