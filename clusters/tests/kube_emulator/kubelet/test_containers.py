"""What containers see, and containers that are processes."""

import json
import os
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from emulated_node import EmulatedNode
from recording_driver import RecordingDriver

from dra_api.objects import Pod
from kube_emulator.kubelet.cdi import Injected, InjectionError, container_view
from kube_emulator.kubelet.runtime import RUN_ANNOTATION

RUN = {RUN_ANNOTATION: "true"}


def write(folder: Path, name: str = "a", *, edits: Any = None, **devices: Any) -> None:
    """A CDI file of kind ``example.com/gpu``."""
    entries = [{"name": device, "containerEdits": found} for device, found in devices.items()]
    spec = {
        "cdiVersion": "1.1.0",
        "kind": "example.com/gpu",
        "devices": entries,
        "containerEdits": edits or {},
    }
    (folder / f"{name}.json").write_text(json.dumps(spec))


def view(folder: Path, *devices: str, **environment: str) -> Injected:
    """What a container with DEVICES sees."""
    return container_view(folder, [f"example.com/gpu={device}" for device in devices], environment)


def test_files_that_are_no_files_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert container_view(tmp_path, [], {})["cdiDevices"] == []


@pytest.mark.parametrize("edits", ["x", {"env": [1]}, {"deviceNodes": [{}]}, {"mounts": 5}])
def test_edits_that_are_none_keep_the_container_from_starting(tmp_path: Path, edits: Any) -> None:
    spec = {"kind": "example.com/gpu", "devices": [{"name": "a", "containerEdits": edits}]}
    (tmp_path / "a.json").write_text(json.dumps(spec))
    with pytest.raises(InjectionError, match="malformed edits of example.com/gpu=a"):
        container_view(tmp_path, ["example.com/gpu=a"])


def test_the_edits_of_a_file_come_once_and_before_those_of_its_devices(tmp_path: Path) -> None:
    hook = {"hookName": "createContainer", "path": "/bin/true"}
    write(tmp_path, edits={"env": ["X=file"], "hooks": [hook]}, one={"env": ["X=one"]}, two={"hooks": [hook]})
    found = view(tmp_path, "one", "two", X="own", Y="own")
    assert found["environment"] == {"X": "one", "Y": "own"}
    assert found["hooks"] == [hook, hook]


def test_the_last_of_equal_names_wins_and_mounts_are_ordered_by_depth(tmp_path: Path) -> None:
    deep, flat = {"hostPath": "/x", "containerPath": "/a/b/c"}, {"hostPath": "/y", "containerPath": "/z"}
    first, last = {"path": "/dev/d", "type": "c"}, {"path": "/dev/d", "type": "c", "major": 9}
    write(
        tmp_path,
        one={"mounts": [deep], "deviceNodes": [first]},
        two={"mounts": [flat], "deviceNodes": [last]},
    )
    found = view(tmp_path, "one", "two")
    assert [mount["containerPath"] for mount in found["mounts"]] == ["/z", "/a/b/c"]
    assert [(node["major"], node["permissions"]) for node in found["devices"]] == [(9, "rwm")]


def test_groups_lose_zero_and_duplicates_and_the_last_rdt_wins(tmp_path: Path) -> None:
    one = {"additionalGids": [0, 5, 6], "intelRdt": {"closID": "a"}}
    write(tmp_path, one=one, two={"additionalGids": [6, 7], "intelRdt": {"closID": "b"}})
    found = view(tmp_path, "one", "two")
    assert found["additionalGids"] == [5, 6, 7]
    assert found["intelRdt"] == {"closID": "b"}


def test_a_device_in_two_files_belongs_to_nobody(tmp_path: Path) -> None:
    write(tmp_path, "a", one={})
    write(tmp_path, "b", one={}, two={})
    (tmp_path / "broken.json").write_text("{")
    assert view(tmp_path, "two")["cdiDevices"] == ["example.com/gpu=two"]
    with pytest.raises(
        InjectionError, match="unresolvable CDI devices example.com/gpu=one, example.com/gpu=no"
    ):
        view(tmp_path, "one", "no")


async def test_a_container_whose_device_is_not_there_waits_and_says_why(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node):
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("Failed"))
        state = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]["state"]
        assert state["waiting"]["reason"] == "CreateContainerError"
        assert "unresolvable CDI devices example.com/gpu=c" in state["waiting"]["message"]
        write(node_env.node.cdi_dir, c={})
        await node_env.turn(16)
        await node_env.until(lambda: node_env.phase() == "Running")


async def test_a_running_pod_says_what_real_ones_say(node_env: EmulatedNode) -> None:
    node_env.pod()
    await node_env.until(lambda: node_env.phase() == "Running")
    status = node_env.api.get("pods", "p", "default")["status"]
    assert {c["type"]: c["status"] for c in status["conditions"]} == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )
    assert status["podIP"].startswith("198.19.")
    assert status["hostIP"] == node_env.api.get("nodes", "node-0")["status"]["addresses"][0]["address"]
    assert (status["qosClass"], status["containerStatuses"][0]["ready"]) == ("BestEffort", True)
    assert (node_env.events("Created"), node_env.events("Started")) == (
        ["Container created"],
        ["Container started"],
    )


def script(text: str) -> dict[str, Any]:
    """A container that runs a line of shell."""
    return {"name": "main", "image": "x", "command": ["/bin/sh", "-c", text]}


def absent(*paths: str) -> bool:
    """Whether the machine has none of PATHS."""
    return not any(Path(path).exists() for path in paths)


async def test_a_command_runs_with_its_devices_and_its_exit_code_is_the_pods_end(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    (tmp_path / "lib").write_text("from the host")
    mount = {
        "hostPath": str(tmp_path / "lib"),
        "containerPath": "/opt/no/such/lib",
        "options": ["ro", "bind"],
    }
    node = {"path": "/dev/made/up", "hostPath": "/dev/null"}
    write(node_env.node.cdi_dir, c={"env": ["GOT=c"], "mounts": [mount], "deviceNodes": [node]})
    out = tmp_path / "out"
    line = f"cat /opt/no/such/lib > {out}; echo $GOT >> {out}; test -c /dev/made/up && echo node >> {out}; exit 3"
    main = script(line) | {"resources": {"claims": [{"name": "c"}]}}
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"], annotations=RUN, restartPolicy="Never", containers=[main])
        await node_env.until(lambda: node_env.phase() == "Failed")
        assert out.read_text() == "from the hostc\nnode\n"
        state = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]["state"]
        assert (state["terminated"]["exitCode"], state["terminated"]["reason"]) == (3, "Error")
        assert driver.calls[-1][0] == "NodeUnprepareResources"
    assert absent("/opt/no", "/dev/made")


async def test_init_containers_run_one_after_the_other_before_the_others(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    init = [script(f"echo {name} >> {out}") | {"name": name} for name in ("one", "two")]
    main = script(f"echo main >> {out}")
    node_env.pod(annotations=RUN, restartPolicy="Never", initContainers=init, containers=[main])
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert out.read_text() == "one\ntwo\nmain\n"
    assert log_of(node_env, "state") == ""


def log_of(node_env: EmulatedNode, member: Literal["state", "lastState"]) -> str:
    """What the run printed that the status of container ``main`` has as its state or its last one."""
    pod = node_env.api.get("pods", "p", "default")
    container_id = pod["status"]["containerStatuses"][0][member]["terminated"]["containerID"]
    path = node_env.fleet.log_of(cast(Pod, pod), "main", container_id)
    assert path is not None
    return path.read_text()


async def test_each_run_of_a_container_has_its_log_and_the_last_two_are_kept(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    line = f"echo x >> {out}; wc -l < {out}; exit $(($(wc -l < {out}) % 3))"
    node_env.pod(annotations=RUN, restartPolicy="OnFailure", containers=[script(line)])
    await node_env.until(lambda: node_env.events("BackOff"))
    assert log_of(node_env, "lastState") == "2\n"
    await node_env.turn(10)
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert (log_of(node_env, "lastState"), log_of(node_env, "state")) == ("2\n", "3\n")
    folder = node_env.node.directory / "containers" / "default_p"
    assert sorted(path.name for path in folder.glob("*.log")) == ["main.1.log", "main.2.log"]
    pod = node_env.api.get("pods", "p", "default")
    assert node_env.fleet.log_of(cast(Pod, pod), "main", "embedded://0") is None


async def test_a_container_that_crashes_is_started_again_later_and_later(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    node_env.pod(annotations=RUN, containers=[script(f"echo x >> {out}; exit 1")])
    await node_env.until(lambda: node_env.events("BackOff"))
    status = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 1)
    await node_env.turn(10)
    await node_env.until(lambda: out.read_text() == "x\n" * 3)


async def test_a_command_gets_sigterm_and_then_sigkill(node_env: EmulatedNode, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = f"trap 'echo term >> {out}' TERM; echo $$$$ > {out}; while true; do sleep 0.01; done"
    node_env.pod(annotations=RUN, containers=[script(line)], terminationGracePeriodSeconds=20)
    await node_env.until(lambda: out.exists() and out.read_text())
    pid = int(out.read_text())
    node_env.api.delete("pods", "p", "default", grace_s=20)
    await node_env.until(lambda: "term" in out.read_text())
    assert node_env.events("Killing") == ["Stopping container main"]
    os.kill(pid, 0)
    await node_env.rest()  # the kubelet waits by the clock from now on
    await node_env.turn(21)
    await node_env.until(lambda: not node_env.phase())
    with pytest.raises(ProcessLookupError, match="No such process"):
        os.kill(pid, 0)


async def test_a_container_without_a_command_waits_and_says_why(node_env: EmulatedNode) -> None:
    node_env.pod(annotations=RUN, containers=[{"name": "main", "image": "x"}])
    await node_env.until(lambda: node_env.events("Failed"))
    assert "no command specified" in node_env.events("Failed")[0]
    assert node_env.phase() == "Pending"


async def test_a_command_that_cannot_start_ends_its_container(node_env: EmulatedNode) -> None:
    main = {"name": "main", "image": "x", "command": ["/no/such"]}
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[main])
    await node_env.until(lambda: node_env.phase() == "Failed")
    state = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]["state"]
    assert (state["terminated"]["exitCode"], state["terminated"]["reason"]) == (128, "StartError")
    assert state["terminated"]["message"] == "No such file or directory"
    assert node_env.events("Failed") == ["Error: No such file or directory"]


async def test_a_command_survives_a_restart_of_the_kubelet(node_env: EmulatedNode, tmp_path: Path) -> None:
    go = tmp_path / "go"
    line = f"while ! test -e {go}; do sleep 0.01; done; exit 4"
    node_env.pod(annotations=RUN, containers=[script(line)], restartPolicy="Never")
    await node_env.until(lambda: node_env.phase() == "Running")
    await node_env.kubelet.restart()
    await node_env.rest()
    go.touch()
    await node_env.until(lambda: node_env.phase() == "Failed")
    [status] = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"]
    assert (status["state"]["terminated"]["exitCode"], status["restartCount"]) == (4, 0)


async def test_a_pod_gets_its_volumes_and_those_of_the_kubelet_are_the_nodes(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    volumes = [
        {"name": "scratch", "emptyDir": {}},
        {"name": "registry", "hostPath": {"path": "/var/lib/kubelet/plugins_registry"}},
        {"name": "out", "hostPath": {"path": str(tmp_path)}},
    ]
    places = {"scratch": "/opt/scratch", "registry": "/var/lib/kubelet/plugins_registry", "out": "/opt/out"}
    mounts = [{"name": name, "mountPath": path} for name, path in places.items()]
    (node_env.node.registry_dir / "seen").touch()
    line = "touch /opt/scratch/x && ls /var/lib/kubelet/plugins_registry > /opt/out/names"
    main = script(line) | {"volumeMounts": mounts}
    node_env.pod(annotations=RUN, restartPolicy="Never", containers=[main], volumes=volumes)
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert (tmp_path / "names").read_text() == "seen\n"
    assert absent("/opt/scratch")


async def test_a_sidecar_runs_beside_the_others_and_ends_with_them(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    line = f"trap 'echo end >> {out}; exit' TERM; echo side >> {out}; while true; do sleep 0.01; done"
    sidecar = script(line) | {"name": "side", "restartPolicy": "Always"}
    main = script(f"while ! grep -q side {out}; do sleep 0.01; done; echo main >> {out}")
    node_env.pod(annotations=RUN, restartPolicy="Never", initContainers=[sidecar], containers=[main])
    await node_env.until(lambda: node_env.phase() == "Succeeded")
    assert out.read_text() == "side\nmain\nend\n"


async def test_a_pod_deleted_while_its_command_starts_leaves_no_process(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    node_env.pod(annotations=RUN, containers=[script(f"sleep 0.5; touch {out}")])
    await node_env.until(lambda: node_env.running.workers)
    node_env.api.delete("pods", "p", "default", grace_s=0)
    await node_env.until(lambda: not node_env.running.workers)
    assert node_env.kubelet._runtime is not None
    assert node_env.kubelet._runtime.sandboxes == {}
