"""Feature gates by release."""

import pytest

from dra_clusters.embedded.gates import gates_of
from dra_clusters.errors import UsageError


def test_partitionable_devices_are_on_by_default_from_1_36() -> None:
    assert "DRAPartitionableDevices" not in gates_of("1.35")
    assert "DRAPartitionableDevices" in gates_of("1.36")


def test_a_gate_can_be_switched() -> None:
    assert "DRADeviceTaints" in gates_of("1.34", {"DRADeviceTaints": True})
    assert "DRADeviceTaints" not in gates_of("1.36", {"DRADeviceTaints": False})


@pytest.mark.parametrize(
    ("release", "gate", "on"), [("1.37", "DRAAdminAccess", False), ("1.34", "DRAListTypeAttributes", True)]
)
def test_a_locked_or_unknown_gate_is_refused(release: str, gate: str, on: bool) -> None:
    with pytest.raises(UsageError, match=f"feature gate {gate} cannot be switched"):
        gates_of(release, {gate: on})
