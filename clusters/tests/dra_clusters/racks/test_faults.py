"""Which nodes see other faults than before."""

from dra_clusters.racks.faults import changed_nodes
from dra_clusters.racks.layout import View


def seen(node: int, *links: int) -> View:
    return {"rack": 0, "node": node, "gpu": 0, "links_down": list(links), "health": "limited", "power": True}


def test_only_nodes_that_see_something_else_are_changed() -> None:
    before = [seen(1, 4), seen(2, 4), seen(3, 4)]
    after = [seen(1, 4), seen(2, 4, 5), seen(7, 1)]
    assert changed_nodes(before, after) == [(0, 2), (0, 3), (0, 7)]
    assert changed_nodes(after, after) == []
