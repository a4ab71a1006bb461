"""Hooks and exec probes of containers that are processes."""

from pathlib import Path
from typing import Any, cast

from emulated_node import EmulatedNode

from dra_api.objects import ContainerSpec, JsonObject, Probe
from kube_emulator.kubelet.probes import probes_of
from kube_emulator.kubelet.runtime import RUN_ANNOTATION

RUN = {RUN_ANNOTATION: "true"}
FOREVER = "trap exit TERM; while true; do sleep 0.01; done"


def script(text: str, **more: Any) -> JsonObject:
    """A container that runs a line of shell."""
    return {"name": "main", "image": "x", "command": ["/bin/sh", "-c", text], **more}


def asks(line: str, **numbers: int) -> Probe:
    """A probe or hook that runs a line of shell."""
    return cast(Probe, {"exec": {"command": ["/bin/sh", "-c", line]}, **numbers})


def status(node_env: EmulatedNode) -> JsonObject:
    """The status of the container."""
    found: JsonObject = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
    return found


async def test_a_container_is_ready_when_its_probe_passes(node_env: EmulatedNode, tmp_path: Path) -> None:
    go = tmp_path / "go"
    probe = asks(f"test -e {go}", periodSeconds=5)
    node_env.pod(annotations=RUN, containers=[script(FOREVER, readinessProbe=probe)])
    await node_env.until(lambda: node_env.events("Unhealthy"))
    assert (status(node_env)["started"], status(node_env)["ready"]) == (True, False)
    go.touch()
    await node_env.turn(5)
    await node_env.until(lambda: status(node_env)["ready"])


async def test_a_container_that_fails_its_liveness_probe_runs_again(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    probe = asks(f"! test -e {bad}", periodSeconds=5, failureThreshold=1)
    node_env.pod(annotations=RUN, containers=[script(FOREVER, livenessProbe=probe)])
    await node_env.until(lambda: node_env.phase() == "Running" and status(node_env)["ready"])
    bad.touch()
    await node_env.turn(5)
    await node_env.until(lambda: node_env.events("Killing"))
    assert node_env.events("Killing") == ["Container main failed liveness probe, will be restarted"]
    bad.unlink()
    await node_env.until(lambda: status(node_env)["restartCount"] == 1)


async def test_a_startup_probe_holds_the_others_up(node_env: EmulatedNode, tmp_path: Path) -> None:
    go = tmp_path / "go"
    startup = asks(f"test -e {go}", periodSeconds=5, failureThreshold=9)
    node_env.pod(
        annotations=RUN, containers=[script(FOREVER, startupProbe=startup, livenessProbe=asks("false"))]
    )
    await node_env.until(lambda: node_env.events("Unhealthy"))
    assert status(node_env)["started"] is False
    assert all("Startup" in message for message in node_env.events("Unhealthy"))
    go.touch()
    await node_env.turn(5)
    await node_env.until(lambda: any("Liveness" in message for message in node_env.events("Unhealthy")))


async def test_hooks_run_in_the_container_after_its_start_and_before_its_end(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    hooks = {
        "postStart": asks(f"echo start $HOSTED >> {out}"),
        "preStop": asks(f"echo stop >> {out}"),
    }
    line = f"trap 'echo term >> {out}; exit' TERM; while true; do sleep 0.01; done"
    env = [{"name": "HOSTED", "value": "inside"}]
    node_env.pod(annotations=RUN, containers=[script(line, lifecycle=hooks, env=env)])
    await node_env.until(lambda: node_env.phase() == "Running" and status(node_env)["ready"])
    node_env.api.delete("pods", "p", "default", grace_s=20)
    await node_env.until(lambda: not node_env.phase())
    assert out.read_text() == "start inside\nstop\nterm\n"


async def test_a_hook_after_the_start_that_fails_ends_the_container(node_env: EmulatedNode) -> None:
    hooks = {"postStart": asks("echo no; exit 3")}
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[script(FOREVER, lifecycle=hooks)])
    await node_env.until(lambda: node_env.events("FailedPostStartHook"))
    assert "exited with 3: no" in node_env.events("FailedPostStartHook")[0]
    await node_env.until(lambda: node_env.phase() in ("Failed", "Succeeded"))


def test_commands_of_probes_get_the_values_of_env_as_they_are_written() -> None:
    """Real kubelets know neither values from elsewhere here, nor what a value refers to."""
    env = [
        {"name": "A", "value": "a"},
        {"name": "B", "value": "$(A)"},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    action = {"exec": {"command": ["$(A)", "$(B)-$(C)-$(D)", "$$(A)"]}}
    [probe] = probes_of(cast(ContainerSpec, {"name": "main", "env": env, "livenessProbe": action}))
    assert probe.command == ["a", "$(A)--$(D)", "$(A)"]


async def test_commands_of_hooks_are_taken_as_they_are(node_env: EmulatedNode) -> None:
    hooks = {"postStart": asks("echo '$(A)'; exit 1")}
    container = script(FOREVER, lifecycle=hooks, env=[{"name": "A", "value": "a"}])
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[container])
    await node_env.until(lambda: node_env.events("FailedPostStartHook"))
    assert "exited with 1: $(A)" in node_env.events("FailedPostStartHook")[0]
    await node_env.until(lambda: node_env.phase() in ("Failed", "Succeeded"))


def test_answers_count_when_there_are_enough_in_a_row() -> None:
    [probe] = probes_of(
        {"name": "main", "readinessProbe": asks("true", successThreshold=2, failureThreshold=2)}
    )
    assert [probe.add_result(good) for good in (True, True, False, True, False, False)] == [
        *(False, True, False, False, False, True)
    ]
    assert not probe.passed
