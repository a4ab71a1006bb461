"""A cluster that several tests share; each test has names of its own."""

from collections.abc import Iterator

import pytest
from http_client import Caller

from dra_clusters.embedded.cluster import EmbeddedCluster, EmbeddedProvider
from dra_clusters.provider import ClusterOptions


@pytest.fixture(scope="module")
def api_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    options = ClusterOptions(
        directory=tmp_path_factory.mktemp("cluster"), parts=frozenset({"api"}), kubernetes="1.36"
    )
    cluster = EmbeddedProvider().up(options)
    yield cluster
    cluster.down()


@pytest.fixture(scope="module")
def call(api_cluster: EmbeddedCluster) -> Caller:
    return Caller(api_cluster)
