"""Hooks and exec probes of containers that are processes."""

from pathlib import Path
from typing import Any

from emulated_node import ANode

from kube_emulator.kubelet.probes import probes_of
from kube_emulator.kubelet.runtime import RUN_ANNOTATION

Object = dict[str, Any]
RUN = {RUN_ANNOTATION: "true"}
FOREVER = "trap exit TERM; while true; do sleep 0.01; done"


def script(text: str, **more: Any) -> Object:
    """A container that runs a line of shell."""
    return {"name": "main", "image": "x", "command": ["/bin/sh", "-c", text], **more}


def asks(line: str, **more: Any) -> Object:
    """A probe or hook that runs a line of shell."""
    return {"exec": {"command": ["/bin/sh", "-c", line]}, **more}


def status(world: ANode) -> Object:
    """The status of the container."""
    found: Object = world.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
    return found


async def test_a_container_is_ready_when_its_probe_passes(world: ANode, tmp_path: Path) -> None:
    go = tmp_path / "go"
    probe = asks(f"test -e {go}", periodSeconds=5)
    world.pod(annotations=RUN, containers=[script(FOREVER, readinessProbe=probe)])
    await world.until(lambda: world.events("Unhealthy"))
    assert (status(world)["started"], status(world)["ready"]) == (True, False)
    go.touch()
    await world.turn(5)
    await world.until(lambda: status(world)["ready"])


async def test_a_container_that_fails_its_liveness_probe_runs_again(world: ANode, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    probe = asks(f"! test -e {bad}", periodSeconds=5, failureThreshold=1)
    world.pod(annotations=RUN, containers=[script(FOREVER, livenessProbe=probe)])
    await world.until(lambda: world.phase() == "Running" and status(world)["ready"])
    bad.touch()
    await world.turn(5)
    await world.until(lambda: world.events("Killing"))
    assert world.events("Killing") == ["Container main failed liveness probe, will be restarted"]
    bad.unlink()
    await world.until(lambda: status(world)["restartCount"] == 1)


async def test_a_startup_probe_holds_the_others_up(world: ANode, tmp_path: Path) -> None:
    go = tmp_path / "go"
    startup = asks(f"test -e {go}", periodSeconds=5, failureThreshold=9)
    world.pod(
        annotations=RUN, containers=[script(FOREVER, startupProbe=startup, livenessProbe=asks("false"))]
    )
    await world.until(lambda: world.events("Unhealthy"))
    assert status(world)["started"] is False
    assert all("Startup" in message for message in world.events("Unhealthy"))
    go.touch()
    await world.turn(5)
    await world.until(lambda: any("Liveness" in message for message in world.events("Unhealthy")))


async def test_hooks_run_in_the_container_after_its_start_and_before_its_end(
    world: ANode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    hooks = {
        "postStart": asks(f"echo start $HOSTED >> {out}"),
        "preStop": asks(f"echo stop >> {out}"),
    }
    line = f"trap 'echo term >> {out}; exit' TERM; while true; do sleep 0.01; done"
    env = [{"name": "HOSTED", "value": "inside"}]
    world.pod(annotations=RUN, containers=[script(line, lifecycle=hooks, env=env)])
    await world.until(lambda: world.phase() == "Running" and status(world)["ready"])
    world.api.delete("pods", "p", "default", grace_s=20)
    await world.until(lambda: not world.phase())
    assert out.read_text() == "start inside\nstop\nterm\n"


async def test_a_hook_after_the_start_that_fails_ends_the_container(world: ANode) -> None:
    hooks = {"postStart": asks("echo no; exit 3")}
    world.pod(annotations=RUN, restartPolicy="Never", containers=[script(FOREVER, lifecycle=hooks)])
    await world.until(lambda: world.events("FailedPostStartHook"))
    assert "exited with 3: no" in world.events("FailedPostStartHook")[0]
    await world.until(lambda: world.phase() in ("Failed", "Succeeded"))


def test_answers_count_when_there_are_enough_in_a_row() -> None:
    [probe] = probes_of({"readinessProbe": asks("true", successThreshold=2, failureThreshold=2)})
    assert [probe.heard(good) for good in (True, True, False, True, False, False)] == [
        *(False, True, False, False, False, True)
    ]
    assert not probe.passed
