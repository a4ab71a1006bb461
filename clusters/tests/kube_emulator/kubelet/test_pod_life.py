"""The life of a pod on its node: generations, deadlines, long grace periods, init containers that fail."""

from pathlib import Path
from typing import Any

from emulated_node import EmulatedNode

from dra_api.objects import JsonObject
from kube_emulator.kubelet.runtime import RUN_ANNOTATION

RUN = {RUN_ANNOTATION: "true"}


def status(node_env: EmulatedNode) -> JsonObject:
    found: JsonObject = node_env.api.get("pods", "p", "default")["status"]
    return found


def change(node_env: EmulatedNode, **spec: Any) -> None:
    pod = node_env.api.get("pods", "p", "default")
    node_env.api.update("pods", {**pod, "spec": {**pod["spec"], **spec}})


async def test_the_status_says_which_generation_it_is_about(node_env: EmulatedNode) -> None:
    node_env.pod()
    await node_env.until(lambda: node_env.phase() == "Running")
    assert status(node_env)["observedGeneration"] == 1
    assert {one["observedGeneration"] for one in status(node_env)["conditions"]} == {1}
    change(node_env, activeDeadlineSeconds=1000)
    assert node_env.api.get("pods", "p", "default")["metadata"]["generation"] == 2
    await node_env.until(lambda: status(node_env)["observedGeneration"] == 2)


async def test_a_pod_that_is_active_for_too_long_fails(node_env: EmulatedNode, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    line = f"trap 'touch {ended}; exit' TERM; while true; do sleep 0.01; done"
    main = {"name": "main", "image": "x", "command": ["/bin/sh", "-c", line]}
    node_env.pod(annotations=RUN, activeDeadlineSeconds=60, containers=[main])
    await node_env.until(lambda: node_env.phase() == "Running")
    await node_env.turn(50)
    assert node_env.phase() == "Running"
    await node_env.turn(12)
    await node_env.until(lambda: node_env.phase() == "Failed")
    assert ended.exists()
    assert (status(node_env)["reason"], status(node_env)["message"]) == (
        *("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
    )
    assert node_env.events("DeadlineExceeded") == [status(node_env)["message"]]


async def test_a_deadline_can_come_later(node_env: EmulatedNode) -> None:
    node_env.pod()
    await node_env.until(lambda: node_env.phase() == "Running")
    await node_env.turn(100)
    change(node_env, activeDeadlineSeconds=50)
    await node_env.until(lambda: node_env.phase() == "Failed")
    assert status(node_env)["reason"] == "DeadlineExceeded"


async def test_who_asks_for_more_time_than_the_pod_needs_sees_it_go(node_env: EmulatedNode) -> None:
    node_env.pod()
    await node_env.until(lambda: node_env.phase() == "Running")
    node_env.api.delete("pods", "p", "default", grace_s=60)
    await node_env.rest()
    await node_env.turn(50)
    assert node_env.phase() == "Running"
    assert status(node_env)["observedGeneration"] == 2
    await node_env.turn(11)
    await node_env.until(lambda: not node_env.phase())


async def test_a_long_grace_period_can_be_shortened(node_env: EmulatedNode) -> None:
    node_env.pod()
    await node_env.until(lambda: node_env.phase() == "Running")
    node_env.api.delete("pods", "p", "default", grace_s=60)
    await node_env.rest()
    assert node_env.phase() == "Running", "it has its 60 s"
    node_env.api.delete("pods", "p", "default", grace_s=5)
    await node_env.until(lambda: not node_env.phase())


async def test_containers_wait_as_initializing_while_an_init_container_fails(node_env: EmulatedNode) -> None:
    fails = {"name": "init", "image": "x", "command": ["/bin/false"]}
    main = {"name": "main", "image": "x", "command": ["/bin/true"]}
    node_env.pod(annotations=RUN, initContainers=[fails], containers=[main])
    await node_env.until(lambda: node_env.events("BackOff"))
    [init], [waiting] = status(node_env)["initContainerStatuses"], status(node_env)["containerStatuses"]
    assert waiting["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert init["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status(node_env)["phase"] == "Pending"
