"""When the nodes of a kind cluster are ready."""

from dra_clusters.kind.network import unready


def test_a_node_that_is_not_registered_or_not_ready_says_why() -> None:
    def node(name: str, status: str) -> dict[str, object]:
        condition = {"type": "Ready", "status": status, "message": "cni plugin not initialized"}
        return {"metadata": {"name": name}, "status": {"conditions": [condition]}}

    found = unready([node("a", "True"), node("b", "False")], ["a", "b", "c"])
    assert found == {"b": "cni plugin not initialized", "c": "it is not registered"}
