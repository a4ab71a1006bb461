"""Fixtures of the checks: ``harness`` (a running driver that checks share) and ``isolated`` (a node of its own, driver not started)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from dra_clusters.provider import VERSIONS
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.expectations import Blocked, Violation, expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.outcome import EVIDENCE
from dra_conformance.pytest_options import environment_of

Pair = tuple[Harness, Harness]


class Shared:
    """The harness that checks share; replaced after the driver died in a check."""

    def __init__(self, factory: HarnessFactory) -> None:
        self._factory = factory
        self._stack = ExitStack()
        self._harness: Harness | None = None
        self._waited = False

    def wait_written(self, harness: Harness) -> None:
        """Wait, once in a session, until the driver has stored or tried to store a slice."""
        if not self._waited and not harness.published and not harness.api.refused_slices():
            harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
        self._waited = True

    def registered(self) -> Harness:
        """A harness whose driver runs and is registered; what it published is not looked at.

        Raises:
            Blocked: it does not start or register.
        """
        if self._harness is None or not self._harness.driver.running:
            self._stack.close()
            self._harness = None
            harness = self._factory.make(self._stack)
            blames("REG-001", harness.start)
            blames("REG-015", harness.kubelet.info)
            blames("REG-017", lambda: harness.kubelet.notify(registered=True))
            self._harness = harness
        return self._harness

    def get(self) -> Harness:
        """A harness whose driver runs, is registered and has published.

        Raises:
            Blocked: it does not start, register or publish.
        """
        harness = self.registered()
        if not harness.published:
            wrong_node = harness.api.slices() and not harness.api.own_slices()
            blames("RSL-003" if wrong_node else "RSL-001", harness.wait_published)
        return harness

    def close(self) -> None:
        """End it."""
        self._stack.close()


def blames(requirement_id: str, step: Callable[[], object]) -> None:
    """Take a step that every check needs.

    Raises:
        Blocked: the driver broke the requirement.
    """
    try:
        step()
    except Violation as error:
        raise Blocked((requirement_id,), str(error)) from error


@pytest.fixture(scope="session")
def factory(pytestconfig: pytest.Config) -> Iterator[HarnessFactory]:
    """Makes harnesses; it owns the machine."""
    descriptor = load_descriptor(pytestconfig.getoption("--dra-driver"))
    if not descriptor.start.command:
        not_applicable("the descriptor has no start, which says how the driver is started on one node")
    with HarnessFactory(descriptor, environment_of(pytestconfig)) as factory:
        yield factory


@pytest.fixture(scope="session")
def starter(factory: HarnessFactory) -> Iterator[Shared]:
    """Starts the shared driver when it is asked to."""
    shared = Shared(factory)
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def shared(starter: Shared) -> Shared:
    """Start the driver once for the session: if it does not start, every check is blocked by that at once."""
    starter.get()
    return starter


@pytest.fixture
def writing(starter: Shared, request: pytest.FixtureRequest) -> Harness:
    """A driver that is registered and has had time to publish; whether anything was stored is not known."""
    harness = starter.registered()
    harness.evidence.take()
    request.node.stash[EVIDENCE] = harness.evidence
    starter.wait_written(harness)
    return harness


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
