"""What is seen when a device with a prepared claim is unplugged, its claim unprepared, and the device plugged in again."""

from dataclasses import dataclass, field

from dra_conformance.expectations import Violation, expect_soon
from dra_conformance.harness.harness import Claim, Harness

HARD = ("NoSchedule", "NoExecute")


@dataclass(slots=True)
class Unplugged:
    """What was seen.

    Attributes:
        device: (pool, name).
        kept: why the device still counts as offered after it went; empty if it does not.
        nodes: the device nodes that only this device has.
        listed: CDI files that list one of them afterwards.
    """

    device: tuple[str, str]
    kept: str = ""
    nodes: frozenset[str] = frozenset()
    listed: list[str] = field(default_factory=list)


def offered(harness: Harness, device: tuple[str, str]) -> bool:
    """Whether the scheduler would give the device away: it is published without a taint that keeps pods off."""
    return any(
        (item["spec"]["pool"]["name"], found["name"]) == device
        and not any(taint["effect"] in HARD for taint in found.get("taints") or [])
        for item in harness.api.own_slices()
        for found in item["spec"].get("devices") or []
    )


def nodes_of(harness: Harness, claim: Claim) -> frozenset[str]:
    """The device nodes of a claim that is prepared."""
    return frozenset(
        node["path"]
        for device in harness.kubelet.prepared(claim)
        for name in device.cdi_ids
        for edits in harness.cdi.edits(name)
        for node in edits.get("deviceNodes") or []
    )


def unplug(harness: Harness) -> Unplugged:
    """Unplug a device whose claim is prepared, unprepare the claim, and plug the device in again.

    Raises:
        NotApplicable: the descriptor has no hooks for it.
    """
    harness.levers.require("remove", "add")
    device, other = harness.require_devices(2)
    claim, neighbour = harness.claim(device), harness.claim(other)
    found = Unplugged(device, nodes=nodes_of(harness, claim) - nodes_of(harness, neighbour))
    harness.levers.pull("remove", device)
    try:
        found.kept = wait(harness, device, there=False)
        harness.kubelet.attempt_unprepare(claim)
        found.listed = [
            f.path.name for f in harness.cdi.files() if any(f'"{n}"' in f.text for n in found.nodes)
        ]
    finally:
        harness.levers.pull("add", device)
    wait(harness, device, there=True)
    harness.release(claim, neighbour)
    return found


def wait(harness: Harness, device: tuple[str, str], *, there: bool) -> str:
    """Wait until a device is offered, or is not; what is wrong after the budget, empty if nothing is."""
    try:
        expect_soon(
            lambda: offered(harness, device) is there,
            within_s=harness.descriptor.budgets.detect_seconds,
            wanted="offered" if there else "not offered, or with a taint",
            found=lambda: "the opposite",
            where=f"device {device[1]}",
        )
    except Violation as error:
        return str(error)
    return ""
