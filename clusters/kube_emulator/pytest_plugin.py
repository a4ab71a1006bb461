"""The pytest fixture ``kube_cluster``: an emulated cluster that runs for one test.

    def test_nodes(kube_cluster):
        subprocess.run(["kubectl", "get", "nodes"], env={"KUBECONFIG": str(kube_cluster.kubeconfig)}, check=True)

The options are those of the nearest marker ``@pytest.mark.kube_emulator(nodes=3)``, on top of what the fixture
``kube_cluster_options`` returns. Override that fixture for a module or a package. ``kube_cluster_factory`` starts
several clusters in one test; it and ``kube_cluster_options`` have session scope, so that a fixture of any scope may use them.

This module is loaded by every pytest run, so the cluster is imported when a fixture is used.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from kube_emulator.cluster import Cluster


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "kube_emulator(**options): options of the fixture kube_cluster")


@pytest.fixture(scope="session")
def kube_cluster_options() -> dict[str, Any]:
    """Options of every ``kube_cluster``, as ``kube_emulator.Options`` names them; override it to change them."""
    return {}


@pytest.fixture(scope="session")
def kube_cluster_factory() -> "Iterator[Callable[..., Cluster]]":
    """Start clusters: ``kube_cluster_factory(release="1.36", nodes=2)``; each runs until ``stop`` or the session's end."""
    from kube_emulator.cluster import Cluster
    from kube_emulator.options import Options

    with ExitStack() as running:

        def start(**options: Any) -> Cluster:
            return running.enter_context(Cluster(Options(**options)))

        yield start


@pytest.fixture
def kube_cluster(request: pytest.FixtureRequest, kube_cluster_options: dict[str, Any]) -> "Iterator[Cluster]":
    """An emulated cluster that runs for this test."""
    from kube_emulator.cluster import Cluster
    from kube_emulator.options import Options

    marker = request.node.get_closest_marker("kube_emulator")
    options = {**kube_cluster_options, **(marker.kwargs if marker else {})}
    with Cluster(Options(**options)) as cluster:
        yield cluster
