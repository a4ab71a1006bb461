"""What several test files share: a cluster with an API server only, and a node."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from a_node import ANode
from http_client import Caller

from dra_clusters.embedded.cluster import EmbeddedCluster, EmbeddedProvider
from dra_clusters.provider import ClusterOptions


@pytest.fixture(scope="module")
def api_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    options = ClusterOptions(
        directory=tmp_path_factory.mktemp("cluster"),
        parts=frozenset({"api"}),
        kubernetes="1.36",
        runtime_config={"api/all": True},
    )
    cluster = EmbeddedProvider().up(options)
    yield cluster
    cluster.down()


@pytest.fixture(scope="module")
def call(api_cluster: EmbeddedCluster) -> Caller:
    return Caller(api_cluster)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short: that of a socket has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="n") as name:
        yield Path(name)


@pytest.fixture
async def world(short_path: Path) -> AsyncIterator[ANode]:
    """A node of the newest release."""
    async with ANode(short_path) as world:
        yield world
