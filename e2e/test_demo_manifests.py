"""Manifests of the shapes that NVIDIA publishes for its driver run under its driver's name: GPUs, MIG, time slices, MPS, shares.

They are written anew (``demos``): classes, opaque parameters, selectors and requests are as a user of that driver has them.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lightkube.codecs import load_all_yaml
from lightkube.core.resource import NamespacedResource
from story import Story

FOLDER = Path(__file__).parent / "demos"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A file of manifests, and what its containers see.

    Attributes:
        sees: {``pod/container``: kind and label of its one device}; the same label is the same device.
        mps: containers that are clients of an MPS daemon.
    """

    sees: dict[str, str]
    mps: frozenset[str] = frozenset()
    gates: str = ""
    flags: tuple[str, ...] = field(default=())


DEMOS = {
    "gpu-each": Demo(sees={"pod1/ctr": "GPU a", "pod2/ctr": "GPU b"}),
    "gpu-containers": Demo(sees={"pod/ctr0": "GPU a", "pod/ctr1": "GPU a"}),
    "gpu-claim": Demo(sees={"pod1/ctr": "GPU a", "pod2/ctr": "GPU a"}),
    "gpu-selected": Demo(sees={"pod/ctr": "GPU a"}),
    "mig-profiles": Demo(
        sees={"pod/ctr0": "MIG a", "pod/ctr1": "MIG b", "pod/ctr2": "MIG c"},
        mps=frozenset({"pod/ctr0"}),
        gates="DynamicMIG=true",
    ),
    "time-slicing-and-mps": Demo(
        sees={
            "pod/ts-ctr0": "GPU a",
            "pod/ts-ctr1": "GPU a",
            "pod/mps-ctr0": "GPU b",
            "pod/mps-ctr1": "GPU b",
        },
        mps=frozenset({"pod/mps-ctr0", "pod/mps-ctr1"}),
    ),
    "mps": Demo(sees={"pod/ctr0": "GPU a", "pod/ctr1": "GPU a"}, mps=frozenset({"pod/ctr0", "pod/ctr1"})),
    "shares": Demo(
        sees={"pod1/ctr": "GPU a", "pod2/ctr": "GPU a"},
        mps=frozenset({"pod1/ctr", "pod2/ctr"}),
        gates="ConsumableShares=true",
        flags=("--consumable-shares", "10"),
    ),
}


@pytest.fixture(params=DEMOS)
def name(request: pytest.FixtureRequest) -> str:
    """The file's name."""
    return str(request.param)


@pytest.fixture
def driver_name() -> str:
    """NVIDIA's."""
    return "gpu.nvidia.com"


@pytest.fixture
def feature_gates(name: str) -> str:
    """Those of the demo."""
    return DEMOS[name].gates


@pytest.fixture
def driver_flags(name: str) -> tuple[str, ...]:
    """Those of the demo."""
    return DEMOS[name].flags


def apply(story: Story, file: str) -> None:
    """``kubectl apply -f FILE``."""
    for item in load_all_yaml((FOLDER / f"{file}.yaml").read_text()):
        if item.metadata and isinstance(item, NamespacedResource):
            item.metadata.namespace = "default"
        story.client.create(item)


def test_a_demo_of_nvidia_s_driver_runs(story: Story, name: str) -> None:
    """Every pod runs, and each container sees the device that the manifest gives it, with the sharing that it asks for."""
    demo = DEMOS[name]
    apply(story, "classes")
    apply(story, name)
    for pod in sorted({place.partition("/")[0] for place in demo.sees}):
        story.wait_phase(pod, "Running")

    devices: dict[str, set[str]] = {}
    for place, label in demo.sees.items():
        view = story.cluster.container(story.node, "default", *place.split("/"))
        seen = [value for key, value in view.environment.items() if key.startswith("DRA_")]
        assert len(seen) == 1, (place, seen)
        assert seen[0].startswith(label.split()[0])
        devices.setdefault(label, set()).add(seen[0])
        assert ("CUDA_MPS_PIPE_DIRECTORY" in view.environment) == (place in demo.mps), place
    assert all(len(found) == 1 for found in devices.values()), devices
    assert len(set.union(*devices.values())) == len(devices), "different labels are different devices"
