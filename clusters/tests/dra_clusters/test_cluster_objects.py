"""Lists of kinds, page by page and in the version that the cluster serves."""

from pathlib import Path

import pytest

from dra_clusters import ClusterOptions, start_cluster
from dra_clusters.cluster_objects import PAGE, items, items_at
from dra_clusters.raw_client import RawClient


@pytest.mark.slow
def test_a_list_of_several_pages_is_whole_and_an_unknown_kind_has_no_objects(tmp_path: Path) -> None:
    options = ClusterOptions(directory=tmp_path / "c", nodes=(), hollow=PAGE + 3, parts=frozenset({"api"}))
    with start_cluster(options) as cluster, RawClient(cluster.kubeconfig) as client:
        assert len({item["metadata"]["name"] for item in items_at(client, "/api/v1/nodes")}) == PAGE + 3
        assert items_at(client, "/apis/resource.nvidia.com/v1beta1/computedomains") == []
        assert items(client, "resourceslices", ("v9", "v1")) == []
