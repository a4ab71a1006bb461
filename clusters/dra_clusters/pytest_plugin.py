"""The pytest fixture ``dra_cluster``: a cluster of the chosen provider that runs for one test.

    def test_nodes(dra_cluster):
        subprocess.run(["kubectl", "get", "nodes"], env={"KUBECONFIG": str(dra_cluster.kubeconfig)}, check=True)

The provider is that of ``--dra-cluster-provider``, else of the ini option ``dra_cluster_provider``. The options are those
of the nearest marker ``@pytest.mark.dra_cluster(nodes=("a", "b"))``, on top of what the fixture ``dra_cluster_options``
returns. Override that fixture for a module or a package. ``dra_cluster_factory`` starts several clusters in one test.

This module is loaded by every pytest run, so the providers are imported when a fixture is used.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dra_clusters.provider import Cluster


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option and the ini option."""
    group = parser.getgroup("dra-clusters", "DRA clusters")
    group.addoption(
        "--dra-cluster-provider", metavar="NAME", help="see: dra-cluster list [default: embedded]"
    )
    parser.addini("dra_cluster_provider", "provider of the fixture dra_cluster", default="embedded")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "dra_cluster(**options): options of the fixture dra_cluster")


@pytest.fixture(scope="session")
def dra_cluster_options() -> dict[str, Any]:
    """Options of every ``dra_cluster``, as ``dra_clusters.ClusterOptions`` names them; override it to change them."""
    return {}


@pytest.fixture(scope="session")
def dra_cluster_factory(request: pytest.FixtureRequest) -> "Iterator[Callable[..., Cluster]]":
    """Start clusters: ``dra_cluster_factory(kubernetes="1.36")``; each runs until ``down`` or the session's end."""
    from dra_clusters import ClusterOptions, start_cluster

    provider = _provider(request.config)
    with ExitStack() as running:

        def start(**options: Any) -> "Cluster":
            return running.enter_context(start_cluster(ClusterOptions(**options), provider=provider))

        yield start


@pytest.fixture
def dra_cluster(request: pytest.FixtureRequest, dra_cluster_options: dict[str, Any]) -> "Iterator[Cluster]":
    """A cluster that runs for this test."""
    from dra_clusters import ClusterOptions, start_cluster

    marker = request.node.get_closest_marker("dra_cluster")
    options = {**dra_cluster_options, **(marker.kwargs if marker else {})}
    with start_cluster(ClusterOptions(**options), provider=_provider(request.config)) as cluster:
        yield cluster


def _provider(config: pytest.Config) -> str:
    return str(config.getoption("--dra-cluster-provider") or config.getini("dra_cluster_provider"))
