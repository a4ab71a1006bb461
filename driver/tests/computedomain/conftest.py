"""A client of the cluster of a test module."""

from collections.abc import AsyncIterator

import pytest

from dra_driver.computedomain.kube import Kube
from dra_driver.connection.route import find_route
from kube_emulator import Cluster


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[Kube]:
    """An administrator."""
    made = Kube(find_route(cluster.kubeconfig, {}))
    yield made
    await made.close()
