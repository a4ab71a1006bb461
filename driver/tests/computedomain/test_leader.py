"""Two controllers: one acts, and the other one takes over when the first one ends or dies."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from dra_driver.computedomain.kube import LEASES, Kube
from dra_driver.computedomain.leader import Leader
from kube_emulator import Cluster, Options

pytestmark = pytest.mark.slow
LIMIT_S = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}), nodes=())) as started:
        yield started


class Candidate:
    """A controller that does nothing but lead."""

    def __init__(self, kube: Kube, lease: str, name: str) -> None:
        self.leads = asyncio.Event()
        leader = Leader(kube, name=lease, namespace="default", identity=name)
        self.task = asyncio.create_task(leader.run(self._work))

    async def _work(self) -> None:
        self.leads.set()
        await asyncio.Event().wait()

    async def end(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


async def test_of_two_controllers_one_leads_and_the_other_follows_when_it_ends(kube: Kube) -> None:
    first = Candidate(kube, "ended", "first")
    await asyncio.wait_for(first.leads.wait(), LIMIT_S)
    second = Candidate(kube, "ended", "second")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(second.leads.wait(), 3)
    await first.end()
    await asyncio.wait_for(second.leads.wait(), LIMIT_S)
    await second.end()


async def test_the_lease_of_a_controller_that_died_is_taken_over_when_it_was_not_renewed(kube: Kube) -> None:
    spec = {"holderIdentity": "dead", "leaseDurationSeconds": 1, "leaseTransitions": 4}
    lease = {"metadata": {"name": "died", "namespace": "default"}, "spec": spec}
    await kube.create(LEASES, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", **lease})
    candidate = Candidate(kube, "died", "alive")
    await asyncio.wait_for(candidate.leads.wait(), LIMIT_S)
    found = await kube.get(LEASES, "died", "default")
    assert found is not None
    assert (found["spec"]["holderIdentity"], found["spec"]["leaseTransitions"]) == ("alive", 5)
    await candidate.end()
