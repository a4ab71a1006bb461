"""What checks are given: ``world`` (a driver that runs, shared) and ``fresh`` (a node of one's own, driver not started)."""

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dra_clusters.choose import provider
from dra_clusters.errors import ClusterError
from dra_clusters.provider import ClusterOptions
from dra_conformance.descriptor import Descriptor, load_descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.plugin import EVIDENCE
from dra_conformance.world.api import ApiView
from dra_conformance.world.cdi import CdiView
from dra_conformance.world.evidence import Evidence
from dra_conformance.world.kubelet import KubeletDouble
from dra_conformance.world.process import DriverProcess, free_address, start_machine
from dra_conformance.world.world import World


NODE = "node-0"
MakeWorld = Callable[[ExitStack], World]


@pytest.fixture(scope="session")
def descriptor(request: pytest.FixtureRequest) -> Descriptor:
    """The driver under test."""
    return load_descriptor(request.config.getoption("--dra-driver"))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with a short name, because sockets have short names."""
    path = Path(tempfile.mkdtemp(prefix="dra-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest, descriptor: Descriptor, folder: Path) -> Iterator[dict[str, str]]:
    """The hardware, which outlives drivers; the placeholders that lead to it."""
    if descriptor.machine is None:
        yield {"machine": "", "machine_dir": ""}
        return
    name = request.config.getoption("--dra-machine") or descriptor.machine.default
    places = {"machine": name, "machine_dir": str(folder / "m")}
    process = start_machine(descriptor.machine, places, folder / "machine.log")
    yield places
    process.end()


@pytest.fixture(scope="session")
def make_world(
    request: pytest.FixtureRequest, descriptor: Descriptor, folder: Path, machine: dict[str, str]
) -> MakeWorld:
    """Makes worlds whose end is pushed on a stack; the driver is not started."""
    option = request.config.getoption
    seed = option("--dra-seed")

    def make(stack: ExitStack) -> World:
        place = Path(tempfile.mkdtemp(dir=folder, prefix="n"))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        options = ClusterOptions(
            directory=place, kubernetes=option("--dra-kubernetes"), nodes=(NODE,), parts=frozenset({"api"}), seed=seed
        )
        try:
            cluster = provider(option("--dra-provider")).up(options)
        except ClusterError as error:
            raise HarnessError(str(error)) from error
        stack.callback(cluster.down)
        if not hasattr(cluster, "kubeconfig_of"):
            message = f"provider {cluster.name} has no audit of API requests, which checks at the node tier need"
            raise HarnessError(message)
        [node] = cluster.nodes
        evidence = Evidence()
        places = machine | {
            "node": node.name,
            "kubeconfig": str(cluster.kubeconfig_of("driver")),
            "registry_dir": str(node.registry_dir),
            "plugins_dir": str(node.plugins_dir),
            "cdi_dir": str(node.cdi_dir),
            "metrics_address": free_address(),
            "python": sys.executable,
        }
        driver = DriverProcess(descriptor, places, place / "driver.log", evidence)
        api = ApiView(
            cluster.kubeconfig, driver=descriptor.driver, node=node.name, cluster=cluster, evidence=evidence
        )
        kubelet = KubeletDouble(driver=descriptor.driver, registry_dir=node.registry_dir, evidence=evidence)
        stack.callback(api.close)
        stack.callback(kubelet.hang_up)
        stack.callback(driver.end)
        return World(
            descriptor=descriptor,
            node=node.name,
            folder=node.directory,
            data_dir=node.plugins_dir / descriptor.driver,
            driver=driver,
            kubelet=kubelet,
            api=api,
            cdi=CdiView(node.cdi_dir),
            evidence=evidence,
            random=random.Random(seed),
        )

    return make


class Shared:
    """The world that checks share; made anew after a driver died in one of them."""

    def __init__(self, make: MakeWorld) -> None:
        self._make = make
        self._stack = ExitStack()
        self.world: World | None = None

    def get(self) -> World:
        """A world whose driver runs, is registered and has published."""
        if self.world is None or not self.world.driver.running:
            self._stack.close()
            self.world = self._make(self._stack)
            self.world.start_registered()
        return self.world

    def close(self) -> None:
        """End it."""
        self._stack.close()


@pytest.fixture(scope="session")
def shared(make_world: MakeWorld) -> Iterator[Shared]:
    """Proves once that the driver starts at all: if it does not, every check ends with that error, at once."""
    shared = Shared(make_world)
    try:
        shared.get()
        yield shared
    finally:
        shared.close()


@pytest.fixture
def world(shared: Shared, request: pytest.FixtureRequest) -> World:
    """A driver that runs, is registered and has published; the check must leave nothing prepared."""
    world = shared.get()
    world.evidence.take()
    request.node.stash[EVIDENCE] = world.evidence
    return world


@pytest.fixture
def fresh(shared: Shared, make_world: MakeWorld, request: pytest.FixtureRequest) -> Iterator[World]:
    """A node and an API server of one's own; the driver is not started yet."""
    with ExitStack() as stack:
        world = make_world(stack)
        request.node.stash[EVIDENCE] = world.evidence
        yield world
