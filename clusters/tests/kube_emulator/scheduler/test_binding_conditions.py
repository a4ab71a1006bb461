"""A pod waits until the devices that it was given are ready (KEP-5007)."""

from control_plane import DRIVER, BareControlPlane
from scheduled import scheduled

CONDITIONAL = {"name": "a", "bindingConditions": ["ready"], "bindingFailureConditions": ["broken"]}


def set_condition(plane: BareControlPlane, kind: str) -> None:
    """The driver sets a condition of device a."""
    condition = {
        "type": kind,
        "status": "True",
        "reason": "Driver",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    plane.status(
        "resourceclaims",
        "c",
        devices=[{"driver": DRIVER, "pool": "n1", "device": "a", "conditions": [condition]}],
    )


async def pod_that_waits(plane: BareControlPlane) -> None:
    """A pod waits for the conditions of its device."""
    plane.device_class()
    plane.node("n1")
    plane.slice("n1", CONDITIONAL)
    plane.claim("c")
    plane.pod("p", "c")
    await plane.settle()
    assert (plane.devices_of("c"), plane.place_of("p")) == (["a"], "")
    assert plane.events("BindingConditionsPending") == [
        "waiting for binding conditions for device on node n1"
    ]


async def test_a_pod_is_bound_when_its_devices_are_ready() -> None:
    async with scheduled() as plane:
        await pod_that_waits(plane)
        set_condition(plane, "ready")
        await plane.turn(5)
        assert plane.place_of("p") == "n1"


async def test_a_device_that_fails_is_given_back() -> None:
    async with scheduled() as plane:
        await pod_that_waits(plane)
        plane.slice("n1-b", "b", nodeName="n1")
        await plane.settle()
        set_condition(plane, "broken")
        await plane.turn(5)
        await plane.turn(2)
        assert (plane.devices_of("c"), plane.place_of("p")) == (["b"], "n1")


async def test_a_device_that_is_late_is_given_back() -> None:
    async with scheduled() as plane:
        await pod_that_waits(plane)
        plane.slice("n1-b", "b", nodeName="n1")
        await plane.turn(601)
        await plane.turn(5)
        await plane.turn(2)
        assert (plane.devices_of("c"), plane.place_of("p")) == (["b"], "n1")
