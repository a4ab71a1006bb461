"""When the nodes of a kind cluster are ready."""

import pytest

from dra_clusters.errors import EnvironmentFault
from dra_clusters.kind.network import unready, without_network
from dra_clusters.kind.waiting import wait_until_complete


def test_a_node_that_is_not_registered_or_not_ready_says_why() -> None:
    def node(name: str, status: str) -> dict[str, object]:
        condition = {"type": "Ready", "status": status, "message": "cni plugin not initialized"}
        return {"metadata": {"name": name}, "status": {"conditions": [condition]}}

    found = unready([node("a", "True"), node("b", "False")], ["a", "b", "c"])
    assert found == {"b": "cni plugin not initialized", "c": "it is not registered"}


def test_nodes_without_a_range_for_pods_are_named() -> None:
    found = [{"metadata": {"name": "a"}, "spec": {}}]
    assert without_network(found, ["a", "b"]) == dict.fromkeys(["a", "b"], "the controllers gave it none")


def test_a_wait_that_takes_too_long_says_what_is_missing_and_why() -> None:
    with pytest.raises(EnvironmentFault, match="nodes without GPUs after 0 s: a: it has no pod; b: sick"):
        wait_until_complete(
            lambda: {"a": "it has no pod", "b": "sick"}, what="nodes without GPUs", limit_s=0, pause_s=0
        )
