"""Pods that want a slice of a GPU: MIG devices are made when a pod comes and are gone when it is."""

from pathlib import Path

import pytest
from pynvml_process import mig_devices
from story import Story, wait_until

PROFILE = "1g.23gb"
"""The smallest slice with its own memory of a B200."""


@pytest.fixture
def feature_gates() -> str:
    """MIG devices on demand."""
    return "DynamicMIG=true"


def test_a_pod_gets_slices_that_are_made_for_it_and_gone_after_it(story: Story, machine_dir: Path) -> None:
    """Two slices: their UUIDs and capability device nodes are in the container, and NVML lists them while the pod lives."""
    assert mig_devices(machine_dir) == set()
    story.run_pod("infer", template=story.offer_slices(PROFILE, 2))
    story.wait_phase("infer", "Running")

    container = story.container("infer")
    uuids = {value for value in container.environment.values() if value.startswith("MIG-")}
    assert len(uuids) == 2
    assert mig_devices(machine_dir) == uuids
    capabilities = {path for path in container.devices if path.startswith("/dev/nvidia-caps/")}
    assert len(capabilities) == 4  # a GPU instance and a compute instance each

    story.delete_pod("infer")
    wait_until(
        lambda: mig_devices(machine_dir) == set(), what="the slices are gone", timeout_s=40,
        seen=lambda: mig_devices(machine_dir),
    )  # fmt: skip


def test_a_gpu_with_slices_is_not_given_whole(story: Story) -> None:
    """While a slice is in use seven whole GPUs are left; the eighth is given when the slice is gone."""
    story.run_pod("infer", template=story.offer_slices(PROFILE, 1))
    story.wait_phase("infer", "Running")
    story.run_pod("train", template=story.offer_gpus(8))
    wait_until(lambda: story.why_pending("train") != "", what="a reason why train waits", timeout_s=20)
    assert "cannot allocate all claims" in story.why_pending("train")

    story.delete_pod("infer")
    story.wait_phase("train", "Running")
    assert len({path for path in story.container("train").devices if path[-1:].isdigit()}) >= 8
