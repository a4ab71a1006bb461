"""The OpenAPI v3 documents of the embedded cluster survive Go's types, as upstream's conformance tests ask of a server."""

import subprocess
from pathlib import Path

import pytest
from go_program import own_program

from dra_clusters import ClusterOptions, start_cluster
from dra_clusters.raw_client import RawClient

pytestmark = pytest.mark.slow
MODULE, VERSION = "k8s.io/kube-openapi", "v0.0.0-20260721132016-d427ff9ee9ad"
"""That of the API server of 1.37.2."""
SOURCE = Path(__file__).parent / "openapi_round_trip.go"


def test_documents_are_the_same_after_a_round_trip_through_the_types_of_go(tmp_path: Path) -> None:
    scratch = tmp_path / "build"
    scratch.mkdir()
    program = own_program(SOURCE, MODULE, VERSION, scratch)
    files = []
    options = ClusterOptions(parts=frozenset({"api"}), directory=tmp_path / "cluster")
    with start_cluster(options) as cluster, RawClient(cluster.kubeconfig) as client:
        paths = client.send("GET", "/openapi/v3").expect(200)["paths"]
        for number, place in enumerate(paths.values()):
            document = client.send("GET", place["serverRelativeURL"])
            document.require(200)
            files.append(tmp_path / f"{number}.json")
            files[-1].write_text(document.text)
    assert len(files) > 10
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[:2000]
