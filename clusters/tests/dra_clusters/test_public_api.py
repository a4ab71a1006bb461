"""What ``import dra_clusters`` and the fixture ``dra_cluster`` offer."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import dra_clusters
from dra_clusters import ClusterOptions, EmulatedCluster, UsageError, start_cluster
from dra_clusters.provider import Cluster


@pytest.mark.parametrize("name", dra_clusters.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(dra_clusters, name).__name__ == name


def test_importing_the_package_and_the_plugin_imports_no_server() -> None:
    code = "import sys, dra_clusters, dra_clusters.pytest_plugin; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.slow
def test_a_cluster_runs_for_a_block_and_its_temporary_folder_is_removed() -> None:
    with start_cluster(ClusterOptions(parts=frozenset({"api", "kubelet"}))) as cluster:
        assert isinstance(cluster, EmulatedCluster)
        assert cluster.kubelet("node-0").drivers() == {}
        kubeconfig = cluster.kubeconfig
        assert kubeconfig.is_file()
    assert not kubeconfig.parent.exists()


@pytest.mark.slow
@pytest.mark.dra_cluster(nodes=("a", "b"), parts=frozenset({"api"}))
def test_the_fixture_is_a_cluster_with_the_options_of_the_marker(dra_cluster: Cluster) -> None:
    assert [node.name for node in dra_cluster.nodes] == ["a", "b"]


@pytest.mark.slow
def test_the_factory_starts_clusters(dra_cluster_factory: Callable[..., Cluster]) -> None:
    assert dra_cluster_factory(kubernetes="1.36", parts=frozenset({"api"})).kubernetes == "1.36"


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with (
        pytest.raises(UsageError, match="unknown provider 'nope'; there are: binaries, embedded"),
        start_cluster(provider="nope"),
    ):
        pass
