"""What checks are given: ``world`` (a driver that runs, shared) and ``fresh`` (a node of one's own, driver not started)."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dra_clusters.provider import VERSIONS
from dra_conformance.descriptor import load_descriptor
from dra_conformance.expect import expect_soon, not_applicable
from dra_conformance.harness.laboratory import Choices, Laboratory
from dra_conformance.harness.world import World
from dra_conformance.plugin import EVIDENCE

Pair = tuple[World, World]


class Shared:
    """The world that checks share; made anew after a driver died in one of them."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._stack = ExitStack()
        self._world: World | None = None

    def get(self) -> World:
        """A world whose driver runs, is registered and has published."""
        if self._world is None or not self._world.driver.running:
            self._stack.close()
            self._world = self._laboratory.make(self._stack)
            self._world.start_registered()
        return self._world

    def close(self) -> None:
        """End it."""
        self._stack.close()


@pytest.fixture(scope="session")
def laboratory(request: pytest.FixtureRequest) -> Iterator[Laboratory]:
    """Where worlds are made; it holds the machine."""
    option = request.config.getoption
    choices = Choices(
        machine=option("--dra-machine"),
        provider=option("--dra-provider"),
        kubernetes=option("--dra-kubernetes"),
        seed=option("--dra-seed"),
    )
    with Laboratory(load_descriptor(option("--dra-driver")), choices) as laboratory:
        yield laboratory


@pytest.fixture(scope="session")
def shared(laboratory: Laboratory) -> Iterator[Shared]:
    """Proves once that the driver starts at all: if it does not, every check ends with that error, at once."""
    shared = Shared(laboratory)
    try:
        shared.get()
        yield shared
    finally:
        shared.close()


@pytest.fixture
def world(shared: Shared, request: pytest.FixtureRequest) -> Iterator[World]:
    """A driver that runs, is registered and has published; what a check leaves prepared is unprepared after it."""
    world = shared.get()
    world.evidence.take()
    request.node.stash[EVIDENCE] = world.evidence
    yield world
    world.tidy()


@pytest.fixture
def untried(laboratory: Laboratory, request: pytest.FixtureRequest) -> Iterator[World]:
    """A node of one's own for a driver of which it is not known whether it starts."""
    with ExitStack() as stack:
        world = laboratory.make(stack)
        request.node.stash[EVIDENCE] = world.evidence
        yield world


@pytest.fixture
def oldest(shared: Shared, laboratory: Laboratory, request: pytest.FixtureRequest) -> Iterator[World]:
    """As ``fresh``, with the oldest API server there is, whose gates are off for what is newer."""
    with ExitStack() as stack:
        world = laboratory.make(stack, kubernetes=VERSIONS[0])
        request.node.stash[EVIDENCE] = world.evidence
        yield world


@pytest.fixture
def restricted(shared: Shared, laboratory: Laboratory, request: pytest.FixtureRequest) -> Iterator[World]:
    """As ``fresh``, with a driver that has the rights of ``rights`` and no others."""
    with ExitStack() as stack:
        world = laboratory.restricted(stack)
        request.node.stash[EVIDENCE] = world.evidence
        yield world


@pytest.fixture
def neighbours(shared: Shared, laboratory: Laboratory, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two nodes of one cluster; their drivers are not started yet."""
    with ExitStack() as stack:
        pair = laboratory.neighbours(stack)
        request.node.stash[EVIDENCE] = pair[0].evidence
        yield pair


@pytest.fixture
def instances(shared: Shared, laboratory: Laboratory, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two instances of the driver on one node, as in a rolling update; both are started and registered."""
    if not laboratory.descriptor.start.rolling:
        not_applicable("the descriptor has no start.rolling, so its instances do not run side by side")
    with ExitStack() as stack:
        old, new = laboratory.instances(stack)
        request.node.stash[EVIDENCE] = new.evidence
        old.start_registered()
        new.kubelet.others = frozenset(old.kubelet.sockets())
        new.driver.start()
        expect_soon(
            lambda: bool(new.kubelet.sockets()),
            within_s=new.descriptor.budgets.start_seconds,
            wanted="a registration socket of its own",
            found=lambda: f"none; its log ends: {new.driver.log_text().strip()[-400:]}",
            where="the second instance",
        )
        new.settle()
        old.kubelet.others = frozenset(new.kubelet.sockets())
        yield old, new


@pytest.fixture
def fresh(shared: Shared, untried: World) -> World:
    """A node and an API server of one's own; the driver is not started yet, and is known to start."""
    return untried
