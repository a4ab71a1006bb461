"""OCI hooks of CDI devices: when they run, where, and what becomes of a container whose hook fails."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from emulated_node import EmulatedNode
from hooked_pod import run_pod

from dra_api.objects import JsonObject
from kube_emulator.kubelet.oci_hooks import HookFailed, run_hooks

PHASES = ("createRuntime", "createContainer", "startContainer", "poststart", "poststop")
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="a container of another user has its own files only"
)


def hook(phase: str, line: str, **more: Any) -> JsonObject:
    """A hook that runs a line of shell."""
    return {"hookName": phase, "path": "/bin/sh", "args": ["sh", "-c", line], **more}


def machine_namespace() -> str:
    """The machine's mount namespace."""
    return str(Path("/proc/self/ns/mnt").readlink())


def machine_names() -> set[str]:
    """What is in the folders of the machine that a hook writes to."""
    return {path.name for folder in ("/etc", "/usr") for path in Path(folder).iterdir()}


@needs_root
async def test_hooks_run_in_the_order_and_the_namespaces_of_the_specification(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    hooks = [
        hook(phase, f"echo {phase} $(readlink /proc/self/ns/mnt) >> {out}; cat > {tmp_path}/{phase}")
        for phase in reversed(PHASES)
    ]
    hooks.append(hook("poststart", f"touch {go}"))
    line = f"while ! test -e {go}; do sleep 0.01; done; echo command $(readlink /proc/self/ns/mnt) >> {out}"
    await run_pod(node_env, hooks, line)
    seen = [line.split() for line in out.read_text().splitlines()]
    assert [phase for phase, _ in seen] == [*PHASES[:4], "command", "poststop"]
    machine = machine_namespace()
    places = {phase: "machine" if where == machine else where for phase, where in seen}
    assert {phase for phase, where in places.items() if where == "machine"} == {
        *("createRuntime", "poststart", "poststop")
    }
    assert places["createContainer"] == places["startContainer"] == places["command"]
    states = {phase: json.loads((tmp_path / phase).read_text()) for phase in PHASES}
    assert [states[phase]["status"] for phase in PHASES] == [
        *("creating", "creating", "created", "running", "stopped")
    ]
    assert len({states[phase]["id"] for phase in PHASES}) == 1
    assert len({states[phase]["pid"] for phase in PHASES[:4]}) == 1


@needs_root
async def test_what_a_hook_changes_in_system_folders_is_the_containers_only(
    node_env: EmulatedNode, tmp_path: Path
) -> None:
    script = tmp_path / "links"
    script.write_text(
        "import json, os, sys\n"
        "state = json.load(sys.stdin)\n"
        "root = json.load(open(state['bundle'] + '/config.json'))['root']['path']\n"
        "os.symlink('nowhere', root + '/usr/made-by-a-hook')\n"
        "open(root + '/etc/made-by-a-hook', 'w').write('inside')\n"
    )
    change = hook("createContainer", f"exec python3 {script}", env=[f"PATH={os.environ['PATH']}"])
    out = tmp_path / "out"
    await run_pod(
        node_env, [change], f"cat /etc/made-by-a-hook > {out}; readlink /usr/made-by-a-hook >> {out}"
    )
    assert out.read_text() == "insidenowhere\n"
    assert "made-by-a-hook" not in machine_names()


@pytest.mark.parametrize("phase", ["createRuntime", "createContainer", "startContainer", "poststart"])
async def test_a_hook_that_fails_fails_its_container_with_its_own_words(
    node_env: EmulatedNode, tmp_path: Path, phase: str
) -> None:
    after = tmp_path / "after"
    hooks = [hook(phase, "echo no such library >&2; exit 3"), hook("poststop", f"touch {after}")]
    state = await run_pod(node_env, hooks, "exec sleep 60")
    ended = state["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert ended["message"] == (
        f"error running {phase} hook #0: error running hook: exit status 3, stdout: , stderr: no such library"
    )
    assert node_env.events("Failed") == [f"Error: {ended['message']}"]
    assert after.exists()


async def test_a_failure_after_the_end_changes_nothing(node_env: EmulatedNode) -> None:
    state = await run_pod(node_env, [hook("poststop", "exit 1")], "exit 4")
    assert (state["terminated"]["exitCode"], state["terminated"]["reason"]) == (4, "Error")


def test_a_hook_that_hangs_is_killed_after_its_time() -> None:
    with pytest.raises(HookFailed, match=r"createRuntime hook #0: hook ran past specified timeout of 0\.1s"):
        run_hooks("createRuntime", [hook("createRuntime", "exec sleep 60", timeout=0.1)], {})


def test_a_hook_that_is_not_there_is_named() -> None:
    missing = {"hookName": "poststart", "path": "/no/such/hook"}
    with pytest.raises(HookFailed, match="fork/exec /no/such/hook: no such file or directory"):
        run_hooks("poststart", [missing], {})


def test_a_hook_gets_its_own_environment_only() -> None:
    bare = hook("poststart", "env | grep -v ^PWD= | grep -v ^_= | grep -v ^SHLVL= >&2; exit 1", env=["A=b"])
    with pytest.raises(HookFailed, match=r"stderr: A=b$"):
        run_hooks("poststart", [bare], {})
