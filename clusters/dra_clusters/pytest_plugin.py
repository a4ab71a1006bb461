"""The pytest fixture ``dra_cluster``: starts clusters for a test and stops them when it ends.

    def test_it(dra_cluster):
        cluster = dra_cluster(nodes=("node-0", "node-1"))
        subprocess.run([...], env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)})

The provider is that of ``--dra-cluster-provider``, else of the ini option ``dra_cluster_provider``. Everything heavy is
imported when the fixture is used: this module is loaded by every pytest run.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dra_clusters.provider import Cluster


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the ini option."""
    group = parser.getgroup("dra-clusters", "DRA clusters")
    group.addoption(
        "--dra-cluster-provider", metavar="NAME", help="see: dra-cluster list [default: embedded]"
    )
    parser.addini("dra_cluster_provider", "provider of the fixture dra_cluster", default="embedded")


@pytest.fixture
def dra_cluster(request: pytest.FixtureRequest) -> "Iterator[Callable[..., Cluster]]":
    """Start a cluster; arguments are those of ``dra_clusters.ClusterOptions``."""
    from dra_clusters import ClusterOptions, start_cluster

    config = request.config
    name = config.getoption("--dra-cluster-provider") or config.getini("dra_cluster_provider")
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> "Cluster":
            return stack.enter_context(start_cluster(ClusterOptions(**options), provider=name))

        yield start
