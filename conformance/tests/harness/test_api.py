"""The suite writes the status of claims that a driver writes too."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_clusters.choose import provider
from dra_clusters.provider import ClusterOptions, ObservableCluster
from dra_conformance.errors import HarnessError
from dra_conformance.harness.api import GROUP, ApiView
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.patience import Patience

PATH = f"{GROUP}/namespaces/default/resourceclaims/one"
CLAIM = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "one", "namespace": "default"},
    "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
}
RESULT = {"request": "gpu", "driver": "gpu.example.com", "pool": "node-0", "device": "gpu-0"}
STATUS = {"allocation": {"devices": {"results": [RESULT]}}}


@pytest.fixture
def api() -> Iterator[ApiView]:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:  # sockets have short names
        options = ClusterOptions(directory=Path(folder), kubernetes="1.37", parts=frozenset({"api"}))
        cluster = provider("embedded").up(options)
        assert isinstance(cluster, ObservableCluster)
        view = ApiView(
            cluster.kubeconfig,
            driver="gpu.example.com",
            node="node-0",
            pools=1,
            cluster=cluster,
            evidence=Evidence(),
            patience=Patience(),
        )
        yield view
        view.close()
        cluster.down()


def test_a_status_is_written_although_the_driver_wrote_it_meanwhile(api: ApiView) -> None:
    seen = api.create_claim(CLAIM, STATUS)
    entry = {"driver": "gpu.example.com", "pool": "node-0", "device": "gpu-0"}
    api.write("PUT", f"{PATH}/status", {**seen, "status": {**STATUS, "devices": [entry]}})
    assert api.request("PUT", f"{PATH}/status", {**seen, "status": STATUS})[0] == 409
    api.write_status(PATH, seen, STATUS)
    assert api.write("GET", PATH)["status"] == STATUS


def test_a_refused_status_is_an_error_with_the_server_s_words(api: ApiView) -> None:
    seen = api.create_claim(CLAIM, STATUS)
    other = {"allocation": {"devices": {"results": [{**RESULT, "device": "gpu-1"}]}}}
    with pytest.raises(HarnessError, match=r"PUT .*/one/status of the suite was answered 422: .*immutable"):
        api.write_status(PATH, seen, other)
