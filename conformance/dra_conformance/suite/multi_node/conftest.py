"""Fixtures of checks on racks: the racks of the session, and the stage of one check."""

import dataclasses
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_clusters.check import subject_of
from dra_clusters.raw_client import RawClient
from dra_clusters.top.command import read
from dra_clusters.top.painting import paint
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.expectations import not_applicable
from dra_conformance.harness.clusters import context_of
from dra_conformance.harness.domains import Stage
from dra_conformance.harness.evidence import Evidence, Seen
from dra_conformance.harness.racks import Racks
from dra_conformance.outcome import EVIDENCE
from dra_conformance.pytest_options import environment_of
from dra_conformance.steps import RACKS


def pictures(stage: Stage) -> list[Seen]:
    """Who is where on the racks, with the channels of domains; nothing if the check made no pods."""
    if not stage.used:
        return []
    with RawClient(stage.racks.cluster.kubeconfig) as client:
        picture = dataclasses.asdict(paint(read(client), hidden=("daemon",)))
    return [Seen(time.monotonic(), "object", RACKS, {"picture": json.dumps(picture)})]


class Session:
    """The racks that checks share; new ones after a check left something behind."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._descriptor = load_descriptor(config.getoption("--dra-driver"))
        self._kubernetes = environment_of(config).kubernetes
        self._folder = folder
        self._count = 0
        self._racks: Racks | None = None

    def get(self) -> Racks:
        """Racks that run.

        Raises:
            NotApplicable: the descriptor does not say how the driver is started on racks.
        """
        given = self._descriptor.multi_node
        if given is None:
            not_applicable("the descriptor has no multiNode, which says how the driver is started on racks")
        if self._racks is None:
            self._count += 1
            racks = Racks(self._descriptor, given, self._folder / f"r{self._count}", self._kubernetes)
            try:
                racks.start()
            except BaseException:
                racks.close()
                raise
            self._racks = racks
        return self._racks

    def drop(self) -> None:
        """End them."""
        if self._racks is not None:
            self._racks.close()
            self._racks = None


@pytest.fixture(scope="session")
def racks_session(pytestconfig: pytest.Config) -> Iterator[Session]:
    """The racks of the session, not started yet."""
    with tempfile.TemporaryDirectory(prefix="dra-") as folder:  # sockets have short names
        session = Session(pytestconfig, Path(folder))
        yield session
        session.drop()


@pytest.fixture
def stage(racks_session: Session, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Two racks of two nodes, with the driver's controller, and its plugin on every node."""
    evidence = Evidence()
    request.node.stash[EVIDENCE] = evidence
    racks = racks_session.get()
    with context_of(subject_of(racks.cluster), evidence) as context:
        made = Stage(racks, context)
        evidence.follow(lambda: pictures(made), at_every_step=False)
        yield made
        if not made.clear():
            racks_session.drop()
