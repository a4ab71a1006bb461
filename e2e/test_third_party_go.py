"""An unmodified Go driver, upstream's example, meets the embedded cluster: informers, protobuf, registration, claims."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_driver import DRIVER, Running, example_driver
from lightkube import Client, KubeConfig
from lightkube.resources.resource_v1 import ResourceSlice
from story import Story, wait_until

from dra_clusters.provider import Cluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's program."""
    return example_driver(tmp_path_factory.mktemp("go"))


@pytest.fixture
def driver(program: Path, cluster: Cluster, tmp_path: Path) -> Iterator[Running]:
    """The driver, started."""
    running = Running(program, cluster.nodes[0], cluster.kubeconfig, tmp_path / "driver.log")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def story(driver: Running, cluster: Cluster) -> Iterator[Story]:
    """A client of a cluster with a node whose four devices are published."""
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace="default") as client:
        story = Story(client=client, cluster=cluster, node=cluster.nodes[0].name, driver=DRIVER, whole="")
        published = lambda: sum(len(item.spec.devices or []) for item in client.list(ResourceSlice)) == 4  # noqa: E731
        wait_until(published, what="four devices published", timeout_s=30, seen=driver.log.read_text)
        yield story


def gpus(story: Story, pod: str) -> set[str]:
    """The devices that the container got, from the driver's environment variables."""
    environment = story.container(pod).environment
    return {
        value
        for name, value in environment.items()
        if name.startswith("GPU_DEVICE_") and name.count("_") == 2
    }


def test_it_publishes_and_its_devices_have_attributes(story: Story) -> None:
    assert len(set(story.gpus().values())) == 4


def test_a_pod_runs_with_its_device_and_gives_it_back(story: Story) -> None:
    template = story.offer_gpus(1)
    story.run_pod("p", template=template)
    story.wait_phase("p", "Running")
    assert len(gpus(story, "p")) == 1
    story.delete_pod("p")
    story.run_pod("q", template=story.offer_gpus(4))
    story.wait_phase("q", "Running")
    assert len(gpus(story, "q")) == 4


def test_it_survives_a_restart(story: Story, driver: Running) -> None:
    story.run_pod("before", template=story.offer_gpus(1))
    story.wait_phase("before", "Running")
    driver.stop()
    driver.start()
    story.run_pod("after", template=story.offer_gpus(3))
    story.wait_phase("after", "Running")
    assert len(gpus(story, "before") | gpus(story, "after")) == 4


def test_it_survives_sigkill(story: Story, driver: Running) -> None:
    story.run_pod("before", template=story.offer_gpus(1))
    story.wait_phase("before", "Running")
    driver.stop(kill=True)
    driver.start()
    story.delete_pod("before")
    story.run_pod("after", template=story.offer_gpus(4))
    story.wait_phase("after", "Running")


def test_more_than_there_is_waits(story: Story) -> None:
    story.run_pod("p", template=story.offer_gpus(5))
    wait_until(lambda: "cannot allocate all claims" in story.why_pending("p"), what="the reason in the pod")
