"""Two pods on one GPU, with processes that really allocate: what one takes beyond its shares is refused, and the other works on.

The containers run ``fake-nvml workload``, a program on ``libcuda.so.1``. It holds memory until it is ended, and ends with an
error of CUDA where it gets none.
"""

import json
import sys
from pathlib import Path

import pytest
from lightkube.resources.core_v1 import Pod
from story import Story, typed, wait_until

SHARES = 10
MULTIPROCESSORS, MEMORY_MIB = 148, 183359
"""Of a B200."""


@pytest.fixture
def feature_gates() -> str:
    """GPUs can be shared."""
    return "ConsumableShares=true"


@pytest.fixture
def driver_flags() -> tuple[str, ...]:
    """A GPU has ten shares."""
    return ("--consumable-shares", str(SHARES))


def run(story: Story, machine_dir: Path, name: str, *, template: str, memory_mib: int) -> None:
    """A pod that allocates MEMORY_MIB on its device, and holds it."""
    pipe = machine_dir / f"{name}.pipe"
    work = f"{sys.executable} -m fake_nvml.cli workload --memory {memory_mib}"
    environment = {"FAKE_NVML_DIR": str(machine_dir), "LD_LIBRARY_PATH": str(machine_dir / "lib")}
    container = {
        "name": "work",
        "image": "example.com/none",
        "imagePullPolicy": "IfNotPresent",
        # its standard input never ends: the pipe is open for writing too
        "command": ["sh", "-c", f"mkfifo {pipe} && exec {work} 0<>{pipe}"],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {"claims": [{"name": "gpu"}]},
    }
    meta = {"name": name, "namespace": "default", "annotations": {"dra-conformance.dev/run": "true"}}
    claims = [{"name": "gpu", "resourceClaimTemplateName": template}]
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "resourceClaims": claims,
    }
    story.client.create(typed(Pod, {"metadata": meta, "spec": spec}))


def output(story: Story, name: str) -> str:
    """What ``kubectl logs`` prints."""
    return "\n".join(story.client.log(name, container="work"))


def holding(story: Story, name: str) -> dict[str, int]:
    """What the program of a pod says when it has its memory."""
    story.wait_phase(name, "Running")
    wait_until(
        lambda: output(story, name).strip().endswith("}"), what=f"{name} holds memory", timeout_s=60,
        seen=lambda: output(story, name),
    )  # fmt: skip
    found: dict[str, int] = json.loads(output(story, name))
    return found


def test_a_noisy_neighbour_is_stopped_at_its_shares(
    story: Story, machine_dir: Path, request: pytest.FixtureRequest
) -> None:
    """Threads and memory are what was claimed; who wants more fails alone, and who keeps to it runs."""
    if request.config.getoption("--e2e-kubelet") == "real":
        pytest.skip("its program is not in an image")
    uuid = story.gpus()["gpu-0"]
    on_one_gpu = f'type == "gpu" && uuid == "{uuid}"'
    three, two = (
        story.offer(f"shares-{count}", 1, on_one_gpu, capacity={"shares": str(count)}) for count in (3, 2)
    )
    run(story, machine_dir, "neighbour", template=three, memory_mib=50_000)
    assert holding(story, "neighbour")["multiprocessors"] == MULTIPROCESSORS * 3 // SHARES

    run(story, machine_dir, "greedy", template=two, memory_mib=MEMORY_MIB * 2 // SHARES + 1000)
    story.wait_phase("greedy", "Failed")
    assert "CUDA_ERROR_OUT_OF_MEMORY" in output(story, "greedy")

    run(story, machine_dir, "modest", template=two, memory_mib=30_000)
    assert holding(story, "modest")["multiprocessors"] == MULTIPROCESSORS * 2 // SHARES
    assert story.phase("neighbour") == "Running"
    views = [story.container(name).environment for name in ("neighbour", "greedy", "modest")]
    assert {view["DRA_GPU_0"] for view in views} == {uuid}
