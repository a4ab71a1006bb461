"""A GPU that falls sick loses its pod: the controller evicts it, its replacement gets a healthy GPU, and the GPU comes back.

The driver only says so, with a taint of the effect NoExecute. Kubernetes' device taint eviction controller deletes the pod,
and the workload's own controller makes another one.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import SCRIPTS
from lightkube.resources.apps_v1 import ReplicaSet
from lightkube.resources.core_v1 import Event, Pod
from lightkube.resources.resource_v1 import ResourceSlice
from story import Story, typed, wait_until

MINUTE_S = 60


@pytest.fixture
def driver_flags() -> tuple[str, ...]:
    """A GPU that should be reset evicts; what is seen of the hardware is at most a second old."""
    return ("--taint-effects", "recovery-action=NoExecute", "--rescan-seconds", "1")


def recommend(machine_dir: Path, number: str, action: str) -> None:
    """NVIDIA's driver recommends to do ACTION to the GPU with this number."""
    words = ("recovery", number, f"action={action}")
    subprocess.run([SCRIPTS / "fake-nvml", "ctl", "--dir", machine_dir, *words], check=True, timeout=MINUTE_S)


def taints(story: Story) -> dict[str, list[str]]:
    """{device: effects of its taints} of the published devices that have any."""
    return {
        device.name: [str(taint.effect) for taint in device.taints]
        for item in story.client.list(ResourceSlice)
        for device in item.spec.devices or []
        if device.taints
    }


def replicas(story: Story, template: str) -> None:
    """A ReplicaSet of one pod, whose container has a GPU of its own."""
    container = {
        "name": "work",
        "image": "example.com/none",
        "imagePullPolicy": "IfNotPresent",
        "resources": {"claims": [{"name": "gpu"}]},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": template}],
    }
    labels = {"app": "train"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    story.client.create(
        typed(ReplicaSet, {"metadata": {"name": "train", "namespace": "default"}, "spec": spec})
    )


def running(story: Story) -> set[str]:
    """Names of the pods that run and are not being deleted."""
    return {
        str(pod.metadata.name)
        for pod in story.client.list(Pod)
        if pod.metadata
        and not pod.metadata.deletionTimestamp
        and pod.status
        and pod.status.phase == "Running"
    }


def gpu_of(story: Story, pod: str) -> str:
    """The name of the GPU that the pod's container has."""
    values = set(story.container(pod).environment.values())
    [name] = [name for name, uuid in story.gpus().items() if uuid in values]
    return name


def events_of(story: Story, pod: str) -> list[str | None]:
    """The reasons of the pod's events."""
    found: Any = story.client.list(Event)
    return [event.reason for event in found if event.involvedObject.name == pod]


def test_the_pod_of_a_sick_gpu_is_replaced_on_a_healthy_one(story: Story, machine_dir: Path) -> None:
    """NoExecute evicts the pod; the new one gets another GPU; after its recovery the GPU is given to pods again."""
    template = story.offer_gpus(1)
    replicas(story, template)
    wait_until(lambda: len(running(story)) == 1, what="the first pod runs", timeout_s=MINUTE_S)
    [first] = running(story)
    sick = gpu_of(story, first)
    uuid = story.gpus()[sick]

    recommend(machine_dir, sick.removeprefix("gpu-"), "reset")
    wait_until(
        lambda: len(running(story) - {first}) == 1, what="another pod runs instead", timeout_s=MINUTE_S,
        seen=lambda: (taints(story), story.pods()),
    )  # fmt: skip
    [second] = running(story)
    assert taints(story) == {sick: ["NoExecute"]}
    assert "DeviceTaintManagerEviction" in events_of(story, first)
    assert gpu_of(story, second) != sick
    wait_until(
        lambda: story.pods() == [second], what="the first pod is gone", timeout_s=MINUTE_S, seen=story.pods
    )

    story.run_pod("late", template=story.offer("the-sick-one", 1, f'uuid == "{uuid}"'))
    wait_until(lambda: story.why_pending("late") != "", what="a reason why late waits", timeout_s=MINUTE_S)
    assert story.phase("late") == "Pending"

    recommend(machine_dir, sick.removeprefix("gpu-"), "none")
    wait_until(lambda: not taints(story), what="no taint", timeout_s=MINUTE_S, seen=lambda: taints(story))
    story.wait_phase("late", "Running")
    assert gpu_of(story, "late") == sick
    assert running(story) == {second, "late"}, "who has a healthy GPU is left alone"
    story.client.delete(ReplicaSet, "train")
