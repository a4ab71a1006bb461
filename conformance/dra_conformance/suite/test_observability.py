"""What administrators and kubelets look at: the liveness probe and the metrics."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.observability import dead, get
from dra_conformance.outcome import EVIDENCE
from dra_conformance.suite.conftest import Shared

DURATION = re.compile("second|duration|latency")
FAILURE = re.compile("err|fail|result|status|code|outcome")


def probed(harness: Harness) -> str:
    """Why the liveness probe fails; ends the check without one."""
    url = harness.descriptor.observability.liveness
    if not url:
        not_applicable("the descriptor has no observability.liveness")
    return dead(harness.address(url), harness.evidence)


def expect_alive(harness: Harness) -> None:
    """Go on when the probe succeeds."""
    expect_soon(
        lambda: not probed(harness),
        within_s=harness.descriptor.budgets.start_seconds,
        wanted="alive",
        found=lambda: probed(harness),
        where="liveness probe of a driver that is registered",
    )


@requirement("OBS-001", why="a driver that no kubelet can reach any more is not restarted")
def test_liveness_covers_both_sockets(isolated: Harness) -> None:
    """The probe succeeds while the driver serves, and fails in a process that was never asked before and lost one of its sockets."""
    if not isolated.descriptor.observability.liveness:
        not_applicable("the descriptor has no observability.liveness")
    start = isolated.descriptor.observability.start
    isolated.start_registered(variant=start)
    expect_alive(isolated)
    for which in ("registration socket", "DRA socket"):
        isolated.restart(variant=start)
        paths = {
            "registration socket": isolated.kubelet.socket(),
            "DRA socket": Path(isolated.kubelet.endpoint),
        }
        path = paths[which]
        path.unlink()
        isolated.evidence.add("process", f"removed the {which}", path=str(path))
        expect_soon(
            partial(back_or_dead, isolated, path),
            within_s=isolated.descriptor.budgets.detect_seconds,
            wanted="a failure, or the socket is there again",
            found=lambda: "alive",
            where=f"liveness probe without the {which}",
        )


def back_or_dead(harness: Harness, path: Path) -> bool:
    """Whether a socket that was removed is there again, or the probe fails."""
    return path.exists() or bool(probed(harness))


@pytest.fixture
def long_uid(shared: Shared, factory: HarnessFactory, request: pytest.FixtureRequest) -> Iterator[Harness]:
    """An instance whose pod has a UID of 36 characters, in folders with paths as long as the kubelet's."""
    if not factory.descriptor.start.rolling:
        not_applicable("the descriptor has no start.rolling, so no UID is in the names of sockets")
    with ExitStack() as stack:
        harness = factory.long_uid(stack)
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@requirement("OBS-002", why="a probe that asks at a path of its own restarts the driver again and again")
def test_liveness_finds_sockets_with_long_names(long_uid: Harness) -> None:
    """With a real UID in the names of its sockets, the probe of a driver that serves succeeds."""
    if not long_uid.descriptor.observability.liveness:
        not_applicable("the descriptor has no observability.liveness")
    long_uid.start_registered(variant=long_uid.descriptor.observability.start)
    expect_alive(long_uid)


def about(text: str, operation: str) -> list[str]:
    """The samples of metrics in TEXT that are about prepare or unprepare, as name and labels."""
    word = re.compile(rf"(?<!un){operation}", re.IGNORECASE)
    return [
        f"{sample.name} {sample.labels}"
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if word.search(f"{sample.name} {sample.labels}")
    ]


@requirement("OBS-005", why="nobody sees that pods wait for prepare, or that it fails")
def test_metrics_tell_durations_and_errors(isolated: Harness) -> None:
    """After a prepare and an unprepare there are metrics in Prometheus' format with durations and failures of both."""
    url = isolated.descriptor.observability.metrics
    if not url:
        not_applicable("the descriptor has no observability.metrics")
    isolated.start_registered(variant=isolated.descriptor.observability.start)
    claim = isolated.claim()
    isolated.kubelet.prepared(claim)
    isolated.kubelet.unprepared(claim)
    isolated.kubelet.attempt(isolated.missing_claim())
    code, text = get(isolated.address(url))
    isolated.evidence.add("process", f"GET {isolated.address(url)}", code=code, body=text[:4000])
    expect(code == 200, wanted=200, found=f"{code} {text[:200]}", where="metrics")
    missing = []
    try:
        for operation in ("prepare", "unprepare"):
            samples = about(text, operation)
            missing += [] if any(map(DURATION.search, samples)) else [f"how long {operation} takes"]
            missing += [] if any(map(FAILURE.search, samples)) else [f"failures of {operation}"]
    except ValueError as error:
        raise Violation("Prometheus' text format", str(error), "metrics") from error
    each(missing, wanted="durations and failures of prepare and unprepare", where="metrics lack")
