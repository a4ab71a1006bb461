"""The health stream of a driver (KEP-4680; kubelet pkg/apis/dra-health, 1.37)."""

import math
import time
from pathlib import Path

import pytest

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Blocked, Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.health import HealthStream
from dra_conformance.rules import health as rules
from dra_conformance.suite.features.illness import FIRST_S, HEALTH, Illness, hard_taints
from dra_conformance.suite.features.offered import require

pytestmark = pytest.mark.xdist_group("illness")
STREAMS, AT_ONCE = 40, 10
PROMPT_S = 5.0
FEATURE = "ResourceHealthStatus"


def versions_of(harness: Harness) -> list[str]:
    """The versions of the health service that the driver lists.

    Raises:
        Blocked: the descriptor claims the feature, and there is none.
        NotApplicable: there is none.
    """
    listed = harness.kubelet.info(timeout_s=FIRST_S).supported_versions
    found = [version for version in HEALTH if version in listed]
    require(harness, FEATURE, bool(found), "HLT-001", f"GetInfo lists {', '.join(listed)} only")
    return found


@pytest.fixture
def stream(harness: Harness, request: pytest.FixtureRequest) -> HealthStream:
    """A stream that has had its first message; one for all checks of a session.

    Raises:
        Blocked: no message came.
    """
    version = versions_of(harness)[0]
    found = harness.health_stream(version)
    if not found.began(FIRST_S):
        raise Blocked(
            ("HLT-001",), f"{version}: no message within {FIRST_S:g} s; it {found.ended or 'is open'}"
        )
    for report in found.reports[-3:]:
        harness.evidence.add("grpc", f"message of {version}", devices=report.devices)
    return found


@requirement("HLT-001", why="the kubelet shows Unknown for every device until something changes")
def test_a_first_message_comes_at_once(harness: Harness) -> None:
    """In each version that GetInfo lists, a stream has a first message within five seconds."""
    for version in versions_of(harness):
        opened = harness.kubelet.watch_health(version)
        came = opened.began(FIRST_S)
        opened.close()
        expect(came, wanted=f"a message within {FIRST_S:g} s", found=opened.ended or "none", where=version)


@requirement("MV-009", why="pods on kubelets before 1.37, or from then on, show no health")
def test_both_versions_are_served(harness: Harness) -> None:
    """GetInfo lists v1 and v1alpha1 of the health service."""
    found = versions_of(harness)
    expect(set(found) == set(HEALTH), wanted=", ".join(HEALTH), found=", ".join(found), where="GetInfo")


@requirement("HLT-002", why="a device that is not listed turns Unknown after the timeout")
def test_messages_list_all_devices(stream: HealthStream, harness: Harness) -> None:
    """Each message lists every device of the driver's slices on the node."""
    published = [(pool, name) for pool, name in published_now(harness)]
    each(
        list(rules.missing(stream.reports[-1:], published)),
        wanted=rules.missing.__doc__,
        where=stream.version,
    )


@requirement("HLT-003", why="the kubelet does not find the device of a pod's claim")
def test_names_are_those_of_slices(stream: HealthStream, harness: Harness) -> None:
    """Pool and device names of a message are those of slices."""
    problems = list(rules.strangers(stream.reports[-1:], published_now(harness)))
    each(problems, wanted=rules.strangers.__doc__, where=stream.version)


def published_now(harness: Harness) -> list[rules.Device]:
    """(pool, name) of every device of the node."""
    return [
        (item["spec"]["pool"]["name"], device["name"])
        for item in harness.api.own_slices()
        for device in item["spec"].get("devices") or []
    ]


@requirement("HLT-004", why="after the timeout the kubelet takes every device for Unknown")
def test_messages_are_repeated(stream: HealthStream) -> None:
    """Without a change, each message is followed by another one before the kubelet takes it for outdated."""
    last = stream.reports[-1]
    count = len(stream.reports)
    left_s = last.at + rules.timeout_of(last) - time.monotonic()
    if count < 2:
        stream.wait(lambda: len(stream.reports) > count, max(left_s, 0) + 0.5)
    problems = list(rules.late(stream.reports, until=time.monotonic()))
    each(problems, wanted=rules.late.__doc__, where=stream.version)
    expect(not stream.ended, wanted="an open stream", found=stream.ended, where=stream.version)


@requirement("HLT-005", why="pods and their owners learn of the fault long after it")
def test_a_change_is_sent_promptly(illness: Illness, harness: Harness) -> None:
    """That a device is unhealthy is sent within five seconds after it was detected, not with the next repetition."""
    versions_of(harness)
    budget_s = harness.descriptor.budgets.detect_seconds
    detected = illness.tainted_at or illness.sickened_at + budget_s
    late_s = (illness.unhealthy_at or math.inf) - detected
    expect(
        late_s <= PROMPT_S,
        wanted=f"UNHEALTHY within {PROMPT_S:g} s",
        found=f"after {late_s:.1f} s" if illness.unhealthy_at else "no such message",
        where=f"device {illness.device[1]}, which is sick",
    )


@requirement("HLT-006", why="the pod's status says the opposite of what is")
def test_health_values_have_their_meaning(illness: Illness, harness: Harness) -> None:
    """Devices are 0, 1 or 2; a healthy one is not UNHEALTHY, a sick one is, a healed one no longer."""
    versions_of(harness)
    each(list(rules.strange_values(illness.reports)), wanted="0, 1 or 2", where="health")
    reports = illness.streams[0].reports
    first = reports[0].of(illness.device) if reports else None
    expect(
        first != rules.UNHEALTHY and (illness.healthy_again or not reports),
        wanted="HEALTHY or UNKNOWN before and after",
        found=f"{first} before, {'healed' if illness.healthy_again else 'UNHEALTHY'} after",
        where=f"device {illness.device[1]}, which was sick for a while",
    )
    if illness.unhealthy_at is None:
        raise Blocked(
            ("HLT-005",), f"device {illness.device[1]} was made sick, and no message says UNHEALTHY"
        )


@requirement("HLT-007", why="nobody can see how old the news is")
def test_times_are_seconds(stream: HealthStream) -> None:
    """last_updated_time is a time of the last month in seconds."""
    each(list(rules.odd_times(stream.reports)), wanted=rules.odd_times.__doc__, where=stream.version)


@requirement("HLT-008", why="the kubelet ignores it and logs an error for every device")
def test_timeouts_are_not_negative(stream: HealthStream) -> None:
    """health_check_timeout_seconds is zero or positive."""
    each(list(rules.negative_timeouts(stream.reports)), wanted="at least 0", where=stream.version)


@requirement("HLT-009", why="the kubelet cuts the text, or a status has several lines")
def test_messages_are_short(illness: Illness, harness: Harness) -> None:
    """The texts of healthy and sick devices have at most 1024 characters and no line breaks."""
    versions_of(harness)
    each(list(rules.odd_messages(illness.reports)), wanted=rules.odd_messages.__doc__, where="messages")


@requirement("HLT-010", why="a second kubelet, or one that came back, hears nothing")
def test_streams_are_independent(illness: Illness, harness: Harness) -> None:
    """Of several streams in parallel each hears of a change, after another one was closed and one was not read."""
    versions_of(harness)
    each(illness.deaf, wanted="the change in every open stream", where="parallel streams")


def held_by(pid: int) -> int:
    """How many files a process has open, and threads."""
    return sum(len(list(Path(f"/proc/{pid}/{kind}").iterdir())) for kind in ("fd", "task"))


@requirement("HLT-011", why="each reconnect of the kubelet takes resources until the driver stops")
def test_closed_streams_leave_nothing(harness: Harness) -> None:
    """After many streams were opened and closed, a further one has its first message, and no file or thread is left."""
    version = versions_of(harness)[0]
    before = held_by(harness.driver.pid)
    for _ in range(STREAMS // AT_ONCE):
        opened = [harness.kubelet.watch_health(version) for _ in range(AT_ONCE)]
        for stream in opened:
            stream.began(FIRST_S)
            stream.close()
    last = harness.kubelet.watch_health(version)
    came = last.began(FIRST_S)
    last.close()
    if not came:
        harness.driver.kill()  # it serves nobody any more: the other checks get another one
    expect(
        came, wanted="a first message", found=last.ended or "none", where=f"after {STREAMS} closed streams"
    )
    expect_soon(
        lambda: held_by(harness.driver.pid) < before + STREAMS // 2,
        within_s=FIRST_S,
        wanted=f"about {before} files and threads",
        found=lambda: held_by(harness.driver.pid),
        where=f"after {STREAMS} closed streams",
    )


@requirement("HLT-012", why="an update of the driver waits for the kill after the grace period")
def test_an_open_stream_does_not_delay_the_stop(isolated: Harness) -> None:
    """With an open stream the driver ends in its time after SIGTERM, and the stream ends with it."""
    isolated.start_registered()
    opened = isolated.kubelet.watch_health(versions_of(isolated)[0])
    opened.began(FIRST_S)
    code = isolated.driver.terminate()
    limit_s = isolated.descriptor.budgets.stop_seconds
    expect(code is not None, wanted=f"an exit within {limit_s:g} s", found="it runs", where="SIGTERM")
    opened.wait(lambda: False, 1.0)
    expect(bool(opened.ended), wanted="the end of the stream", found="it is open", where="after SIGTERM")


@requirement("HLT-013", why="one reader that hangs stops the driver for all")
def test_a_stream_that_is_not_read_stops_nothing(illness: Illness, harness: Harness) -> None:
    """While a stream is not read and health changes, other streams go on and claims are prepared."""
    versions_of(harness)
    heard = any(report.of(illness.device) == rules.UNHEALTHY for report in illness.reports)
    if not heard:
        not_applicable("no stream heard of a change, which is HLT-006's question")
    try:
        harness.kubelet.prepared(harness.claim())
    except Violation as error:
        raise Violation(
            "a claim that is prepared", error.found, "beside a stream that is not read"
        ) from error


@requirement("HLT-014", why="pods are sent to a device that their status calls unhealthy")
def test_health_and_taints_agree(illness: Illness, harness: Harness) -> None:
    """While the device is sick it is tainted and unhealthy, and no other device is either."""
    versions_of(harness)
    if illness.tainted_at is None or illness.sick_report is None:
        not_applicable("the driver taints no sick device, which is TNT-001's question")
    tainted = {device for device in illness.published if hard_taints(illness.sick, device)}
    problems = list(rules.disagreements(illness.sick_report, tainted))
    each(problems, wanted=rules.disagreements.__doc__, where="slices and stream while a device is sick")


@requirement("HLT-015", why="pods show Unknown forever, and users learn to ignore it")
def test_health_is_known(stream: HealthStream) -> None:
    """A driver that lists the service knows the health of some device."""
    known = not rules.never_known(stream.reports)
    expect(known, wanted="a known health", found="UNKNOWN for all devices", where=names.HEALTH_V1)
