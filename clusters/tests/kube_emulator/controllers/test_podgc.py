"""Pods without a node, and pods that wait for their gates."""

from control_plane import controlled


async def test_a_gated_pod_says_so_from_the_start() -> None:
    async with controlled() as plane:
        plane.pod("p", schedulingGates=[{"name": "example.com/hold"}])
        [condition] = plane.get("pods", "p")["status"]["conditions"]
        assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")


async def test_pods_of_a_node_that_is_gone_are_removed() -> None:
    async with controlled() as plane:
        plane.node("n1")
        plane.pod("p")
        await plane.settle()
        plane.api.delete("nodes", "n1")
        await plane.turn(30)
        assert plane.place_of("p") == "n1"
        await plane.turn(15)
        assert plane.api.values("pods") == []
