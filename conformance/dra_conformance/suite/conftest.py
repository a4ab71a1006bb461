"""Fixtures of the checks: ``harness`` (a running driver that checks share) and ``isolated`` (a node of its own, driver not started)."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dra_clusters.provider import VERSIONS
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.expectations import expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.plugin import EVIDENCE, OPTION_MISSING, environment_of

Pair = tuple[Harness, Harness]


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """End the session with exit code 2 if there is no driver to check."""
    if not config.getoption("--dra-driver") and not config.option.collectonly:
        pytest.exit(f"nothing to check; pass {OPTION_MISSING}", returncode=2)


class Shared:
    """The harness that checks share; replaced after the driver died in a check."""

    def __init__(self, factory: HarnessFactory) -> None:
        self._factory = factory
        self._stack = ExitStack()
        self._harness: Harness | None = None

    def get(self) -> Harness:
        """A harness whose driver runs, is registered and has published."""
        if self._harness is None or not self._harness.driver.running:
            self._stack.close()
            self._harness = self._factory.make(self._stack)
            self._harness.start_registered()
        return self._harness

    def close(self) -> None:
        """End it."""
        self._stack.close()


@pytest.fixture(scope="session")
def factory(pytestconfig: pytest.Config) -> Iterator[HarnessFactory]:
    """Makes harnesses; it owns the machine."""
    descriptor = load_descriptor(pytestconfig.getoption("--dra-driver"))
    with HarnessFactory(descriptor, environment_of(pytestconfig)) as factory:
        yield factory


@pytest.fixture(scope="session")
def shared(factory: HarnessFactory) -> Iterator[Shared]:
    """Start the driver once for the session: if it does not start, every check ends with that error at once."""
    shared = Shared(factory)
    try:
        shared.get()
        yield shared
    finally:
        shared.close()


@pytest.fixture
def harness(shared: Shared, request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A driver that runs, is registered and has published; claims that a check leaves behind are released after it."""
    harness = shared.get()
    harness.evidence.take()
    request.node.stash[EVIDENCE] = harness.evidence
    yield harness
    harness.release_all()


@pytest.fixture
def unproven(factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A node of its own; whether the driver starts at all is not known yet."""
    with ExitStack() as stack:
        harness = factory.make(stack)
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@pytest.fixture
def oldest_kubernetes(
    shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest
) -> Iterator[Harness]:
    """As ``isolated``, with the oldest supported API server, whose feature gates are off for newer fields."""
    with ExitStack() as stack:
        harness = factory.make(stack, kubernetes=VERSIONS[0])
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@pytest.fixture
def restricted(shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Harness]:
    """As ``isolated``, with a driver that has the permissions in ``harness.rights`` and no others."""
    with ExitStack() as stack:
        harness = factory.restricted(stack)
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@pytest.fixture
def two_nodes(shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two nodes of one cluster; their drivers are not started yet."""
    with ExitStack() as stack:
        pair = factory.two_nodes(stack)
        request.node.stash[EVIDENCE] = pair[0].evidence
        yield pair


@pytest.fixture
def two_instances(shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two instances of the driver on one node, as in a rolling update; both are started and registered."""
    if not factory.descriptor.start.rolling:
        not_applicable("the descriptor has no start.rolling, so its instances do not run side by side")
    with ExitStack() as stack:
        old, new = factory.two_instances(stack)
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
        new.register()
        old.kubelet.others = frozenset(new.kubelet.sockets())
        yield old, new


@pytest.fixture
def isolated(shared: Shared, unproven: Harness) -> Harness:
    """A node and an API server of its own; the driver is not started yet, and is known to start."""
    return unproven
