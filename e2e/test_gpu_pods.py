"""Pods that want whole GPUs: each gets its own, and a pod that gets none says why it waits."""

from story import Story, wait_until


def test_a_pod_sees_exactly_the_gpu_of_its_claim(story: Story) -> None:
    """A claim of one GPU puts that GPU's UUID and device node into the container, and no other GPU's."""
    story.run_pod("train", template=story.offer_gpus(1))
    story.wait_phase("train", "Running")

    container = story.container("train")
    uuids = {value for value in container.environment.values() if value.startswith("GPU-")}
    minors = {path for path in container.devices if path.removeprefix("/dev/nvidia").isdigit()}

    assert len(uuids) == len(minors) == 1
    name = next(name for name, uuid in story.gpus().items() if uuid in uuids)
    assert minors == {f"/dev/nvidia{name.removeprefix('gpu-')}"}
    assert "/dev/nvidiactl" in container.devices


def test_a_pod_without_room_waits_with_a_reason_and_runs_when_room_comes(story: Story) -> None:
    """Two pods of five GPUs on a node of eight: the second says why it waits, and follows the first."""
    template = story.offer_gpus(5)
    story.run_pod("first", template=template)
    story.wait_phase("first", "Running")
    story.run_pod("second", template=template)

    wait_until(lambda: story.why_pending("second") != "", what="a reason why second waits")
    assert "0/1 nodes are available" in story.why_pending("second")
    assert "cannot allocate all claims" in story.why_pending("second")
    assert story.phase("second") == "Pending"

    story.delete_pod("first")
    story.wait_phase("second", "Running")
    assert len([path for path in story.container("second").devices if path[-1:].isdigit()]) == 5
