"""The context of a behaviour: what it created is removed, and the first fault is the one that is shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_clusters import ClusterOptions, start_cluster
from dra_clusters.checks.client import Difference
from dra_clusters.checks.context import CheckContext
from dra_clusters.raw_client import RawClient

pytestmark = pytest.mark.slow


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    options = ClusterOptions(directory=tmp_path / "c", nodes=(), parts=frozenset({"api"}))
    with start_cluster(options) as cluster:
        yield cluster.kubeconfig


def fail(text: str) -> None:
    raise Difference(text)


def behave(kubeconfig: Path, *, cleanup: str, fault: str = "") -> None:
    """Create the node ``made``; the cleanup fails with CLEANUP, after the behaviour has with FAULT."""
    with CheckContext(kubeconfig, kubernetes="1.37") as context:
        context.create("nodes", {"metadata": {"name": "made"}})
        context.defer(fail, cleanup)
        if fault:
            fail(fault)


def test_a_fault_of_the_cleanup_is_a_note_of_the_fault_before_it(kubeconfig: Path) -> None:
    with pytest.raises(Difference, match="the pod runs") as caught:
        behave(kubeconfig, fault="the pod runs", cleanup="the pod is gone")
    assert caught.value.__notes__ == ["cleanup: the pod is gone"]


def test_what_was_created_is_removed_after_a_fault_of_the_cleanup(kubeconfig: Path) -> None:
    with pytest.raises(Difference, match="the pod is gone"):
        behave(kubeconfig, cleanup="the pod is gone")
    with RawClient(kubeconfig) as client:
        assert client.send("GET", "/api/v1/nodes/made").code == 404
