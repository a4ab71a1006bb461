"""Fixtures of checks on an installed driver: the cluster, the device class of the run, and the check's own namespace."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from dra_clusters.check import Subject, subject_of
from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.expectations import Blocked, Violation
from dra_conformance.harness import pods
from dra_conformance.harness.clusters import context_of
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.installed import Device, Installed
from dra_conformance.harness.probe import Inside
from dra_conformance.harness.target import Target, open_target
from dra_conformance.outcome import EVIDENCE
from dra_conformance.pytest_options import environment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The cluster of a session, with the device class that all checks use."""

    descriptor: Descriptor
    target: Target
    subject: Subject
    device_class: str
    known: tuple[Device, ...]
    worker: int

    def installed(self, stack: ExitStack, evidence: Evidence) -> Installed:
        """The driver, for a check; its namespace goes at the end of STACK."""
        context = stack.enter_context(context_of(self.subject, evidence, self.target.labels))
        found = Installed(
            self.descriptor,
            context,
            evidence,
            image=self.target.image,
            device_class=self.device_class,
            known=self.known or None,
            worker=self.worker,
        )
        context.defer(found.end_all)
        return found


def worker_of(config: pytest.Config) -> int:
    """The number of this process among the workers of pytest-xdist; 0 without them."""
    name: str = getattr(config, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Iterator[Site]:
    """The cluster in which the driver is installed."""
    environment = environment_of(pytestconfig)
    assert environment.target is not None, "checks of the tier cluster are only selected with a cluster"
    descriptor = load_descriptor(pytestconfig.getoption("--dra-driver"))
    with tempfile.TemporaryDirectory(prefix="dra-") as folder:
        subject = subject_of(open_target(environment.target, Path(folder), behaviours=False))
        with context_of(subject, Evidence(), environment.target.labels) as context:
            expression = pods.class_selector(descriptor.driver, descriptor.device_class.types)
            item = {"metadata": {"name": context.name()}, "spec": {"selectors": pods.cel(expression)}}
            name = context.create("deviceclasses", item)["metadata"]["name"]
            first = Installed(
                descriptor, context, Evidence(), image=environment.target.image, device_class=name
            )
            yield Site(
                descriptor=descriptor,
                target=environment.target,
                subject=subject,
                device_class=name,
                known=tuple(first.devices()),
                worker=worker_of(pytestconfig),
            )


@pytest.fixture
def published(site: Site, request: pytest.FixtureRequest) -> Iterator[Installed]:
    """A driver that is installed; whether a pod with a claim runs is not known."""
    evidence = Evidence()
    request.node.stash[EVIDENCE] = evidence
    with ExitStack() as stack:
        yield site.installed(stack, evidence)


@pytest.fixture(scope="session")
def working(site: Site) -> None:
    """One pod with a claim of one device, which runs: without that no other check can begin.

    Raises:
        Blocked: it does not run.
    """
    with ExitStack() as stack:
        installed = site.installed(stack, Evidence())
        if not installed.slices():
            raise Blocked(("RSL-001",), f"there is no ResourceSlice of the driver {installed.driver}")
        try:
            installed.running(installed.pod_with(installed.claim()))
        except Violation as error:
            raise Blocked(("PREP-001",), str(error)) from error


@pytest.fixture
def installed(published: Installed, working: None) -> Installed:
    """A driver whose devices pods get."""
    return published


@pytest.fixture(scope="session")
def plain(site: Site, working: None) -> Inside:
    """What a container without a claim sees."""
    with ExitStack() as stack:
        installed = site.installed(stack, Evidence())
        return installed.seen_by(installed.pod({"main": []}))["main"]
