"""API servers that serve one older version of resource.k8s.io only."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.api_versions import BASIC, FLAT
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.outcome import EVIDENCE
from dra_conformance.suite.conftest import Shared

STABLE_SINCE = (1, 34)
"""The first release that serves v1."""
OF_BASIC = {"attributes", "capacity", "consumesCounters", "taints"}
"""Members of a device that v1beta1 has under ``basic``."""


def served(factory: HarnessFactory, stack: ExitStack, version: str) -> Harness:
    """A node whose API server has VERSION only; ends the check for drivers of newer Kubernetes."""
    oldest = factory.descriptor.oldest_kubernetes
    if oldest and tuple(int(part) for part in oldest.split(".")[:2]) >= STABLE_SINCE:
        not_applicable(f"the driver supports Kubernetes {oldest} and newer, which all serve v1")
    return factory.make(stack, api_version=version)


@pytest.fixture
def v1beta1(shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A node whose API server has v1beta1 only."""
    with ExitStack() as stack:
        harness = served(factory, stack, BASIC)
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@requirement("MV-005", why="Kubernetes before 1.34 has no v1, and before 1.33 no v1beta2")
@pytest.mark.parametrize("version", [FLAT, BASIC])
def test_older_versions_of_the_api_are_enough(
    shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest, version: str
) -> None:
    """With one older version of resource.k8s.io the driver publishes, prepares and unprepares."""
    with ExitStack() as stack:
        harness = served(factory, stack, version)
        request.node.stash[EVIDENCE] = harness.evidence
        harness.start_registered()
        where = f"an API server with {version} only"
        expect(bool(harness.devices()), wanted="devices", found="slices without any", where=where)
        claim = harness.claim()
        harness.kubelet.prepared(claim)
        harness.kubelet.unprepared(claim)


def misplaced(body: JsonObject) -> Iterator[str]:
    """What is not where v1beta1 has it in a slice."""
    for device in (body.get("spec") or {}).get("devices") or []:
        if outside := sorted(OF_BASIC & device.keys()):
            yield f"device {device.get('name')} has {', '.join(outside)} beside basic"
        elif not isinstance(device.get("basic"), dict):
            yield f"device {device.get('name')} has no basic"


@requirement("MV-006", why="the API server refuses the slice, or stores devices without attributes")
def test_v1beta1_has_its_own_shape(v1beta1: Harness) -> None:
    """A driver that writes slices as v1beta1 has their devices under ``basic``, and prepares a claim of v1beta1."""
    v1beta1.start()
    v1beta1.kubelet.register()
    stored = v1beta1.api.wait_slices(v1beta1.descriptor.budgets.publish_seconds)
    sent = [write.body for write in v1beta1.api.driver_writes() if write.version == BASIC]
    bodies = [body for body in sent if isinstance(body, dict) and "spec" in body]
    if not bodies:
        not_applicable("the driver does not write slices as v1beta1")
    each(
        sorted({problem for body in bodies for problem in misplaced(body)})[:5],
        wanted="members of devices under basic",
        where="slices sent as v1beta1",
    )
    each([] if stored else ["none"], wanted="slices", where="an API server with v1beta1 only")
    v1beta1.kubelet.prepared(v1beta1.claim())
