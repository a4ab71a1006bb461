"""A pod that asks for GPUs as with the device plugin, ``nvidia.com/gpu: 1``: it gets one through DRA, and the claim says which."""

import pytest
from lightkube.resources.core_v1 import Pod
from lightkube.resources.resource_v1 import DeviceClass, ResourceClaim
from story import Story, typed, wait_until

RESOURCE = "nvidia.com/gpu"


@pytest.fixture
def feature_gates() -> str:
    """The claim's status and the containers say what was given."""
    return "DeviceMetadata=true,DeviceStatus=true"


def run_pod(story: Story, name: str, *counts: int) -> None:
    """Create a pod with a container for each of COUNTS, which wants as many GPUs."""
    image = {"image": "example.com/none", "imagePullPolicy": "IfNotPresent"}
    containers = [
        {"name": f"c{number}", **image, "resources": {"limits": {RESOURCE: str(count)}}}
        for number, count in enumerate(counts)
    ]
    pod = {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": containers}}
    story.client.create(typed(Pod, pod))


def uuids_in(story: Story, pod: str, container: str) -> set[str]:
    """The GPUs that a container sees."""
    view = story.cluster.container(story.node, "default", pod, container)
    return {value for value in view.environment.values() if value.startswith("GPU-")}


def test_an_extended_resource_is_a_gpu_of_the_driver(story: Story) -> None:
    """Each container gets as many GPUs as it asks for, its own ones, and ``status.devices`` names them all."""
    expression = f'device.driver == "{story.driver}" && device.attributes["{story.driver}"].type == "gpu"'
    spec = {"selectors": [{"cel": {"expression": expression}}], "extendedResourceName": RESOURCE}
    story.client.apply(typed(DeviceClass, {"metadata": {"name": "gpu"}, "spec": spec}), field_manager="e2e")
    run_pod(story, "legacy", 1, 2)
    story.wait_phase("legacy", "Running")

    first, second = (uuids_in(story, "legacy", name) for name in ("c0", "c1"))
    assert (len(first), len(second)) == (1, 2)
    assert not first & second
    assert first | second <= set(story.gpus().values())

    def told() -> set[str]:
        return {
            str((device.data or {}).get("uuid"))
            for claim in story.client.list(ResourceClaim)
            for device in (claim.status.devices if claim.status else None) or []
        }

    wait_until(lambda: told() == first | second, what="status.devices has the GPUs", timeout_s=40, seen=told)
    story.client.delete(Pod, "legacy")
    wait_until(lambda: not list(story.client.list(ResourceClaim)), what="the claim is gone", timeout_s=40)
