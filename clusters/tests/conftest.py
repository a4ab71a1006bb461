"""What several test files share: a cluster with an API server only, and a node."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from emulated_node import EmulatedNode
from http_client import Caller
from hypothesis import settings

from kube_emulator import Cluster, Options

settings.register_profile("no-deadline", deadline=None)  # an example may wait for a busy machine
settings.load_profile("no-deadline")


@pytest.fixture(scope="module")
def api_cluster() -> Iterator[Cluster]:
    options = Options(parts=frozenset({"api"}), release="1.36", runtime_config={"api/all": True})
    with Cluster(options) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def call(api_cluster: Cluster) -> Caller:
    return Caller(api_cluster)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short: that of a socket has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="n") as name:
        yield Path(name)


@pytest.fixture
async def node_env(short_path: Path) -> AsyncIterator[EmulatedNode]:
    """A node of the newest release."""
    async with EmulatedNode(short_path) as node_env:
        yield node_env
