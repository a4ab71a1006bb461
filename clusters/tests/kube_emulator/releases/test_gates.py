"""Feature gates by release."""

import pytest

from kube_emulator.errors import UsageError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST, RELEASES, V1_34, V1_35, V1_36, V1_37, V1_38, Release


def test_partitionable_devices_are_on_by_default_from_1_36() -> None:
    assert "DRAPartitionableDevices" not in gates_of(V1_35)
    assert "DRAPartitionableDevices" in gates_of(V1_36)


def test_a_gate_can_be_switched() -> None:
    assert "DRADeviceTaints" in gates_of(V1_34, {"DRADeviceTaints": True})
    assert "DRADeviceTaints" not in gates_of(V1_36, {"DRADeviceTaints": False})


@pytest.mark.parametrize(
    ("release", "gate", "on"),
    [
        (V1_37, "DRAAdminAccess", False),
        (V1_34, "DRAListTypeAttributes", True),
        (V1_38, "DRADeviceTaints", False),
        (V1_38, "DynamicResourceAllocation", True),
    ],
)
def test_a_locked_or_unknown_gate_is_refused(release: Release, gate: str, on: bool) -> None:
    with pytest.raises(UsageError, match=f"feature gate {gate} cannot be switched"):
        gates_of(release, {gate: on})


def test_the_default_is_the_newest_stable_release_and_the_beta_comes_after_it() -> None:
    assert (LATEST, RELEASES[-1]) == (V1_37, V1_38)


def test_a_gate_that_is_stable_but_not_locked_can_be_switched_off() -> None:
    assert "DRAConsumableCapacity" not in gates_of(V1_38, {"DRAConsumableCapacity": False})
