"""Rules on health streams."""

from dra_conformance.rules import health
from dra_conformance.rules.health import HEALTHY, UNHEALTHY, UNKNOWN, DeviceHealth, Report

NOW = 1_800_000_000
A, B = ("p", "a"), ("p", "b")


def device(
    name: tuple[str, str] = A,
    state: int = HEALTHY,
    *,
    updated: int = NOW,
    timeout: int = 0,
    message: str = "",
) -> DeviceHealth:
    return DeviceHealth(name, state, updated, timeout, message)


def report(*devices: DeviceHealth, at: float = 0) -> Report:
    return Report(at, NOW, devices or (device(),))


def test_missing_and_strange_devices_are_named() -> None:
    assert list(health.missing([report(device(A), device(B))], [A, B])) == []
    assert list(health.missing([report()], [A, B])) == ["1 of 2 are missing, e.g. ('p', 'b')"]
    assert list(health.strangers([report()], [A])) == []
    assert list(health.strangers([report(device(B))], [A])) == ["('p', 'b') is in no slice"]


def test_values_times_timeouts_and_texts_have_limits() -> None:
    assert list(health.strange_values([report(device(state=UNKNOWN), device(B, UNHEALTHY))])) == []
    assert list(health.strange_values([report(device(state=3))])) == ["health 3"]
    assert list(health.odd_times([report(device(updated=NOW - 86400))])) == []
    for updated in (0, NOW * 1000, NOW + 3600):
        assert list(health.odd_times([report(device(updated=updated))])), updated
    assert list(health.negative_timeouts([report(device(timeout=5))])) == []
    assert list(health.negative_timeouts([report(device(timeout=-1))])) == ["('p', 'a'): -1"]
    assert list(health.odd_messages([report(device(message="x" * 1024))])) == []
    for message in ("x" * 1025, "one\ntwo"):
        assert list(health.odd_messages([report(device(message=message))])), message


def test_messages_are_late_after_the_shortest_timeout() -> None:
    quick = [report(device(timeout=10), at=0), report(at=9)]
    assert list(health.late(quick, until=38)) == []
    assert list(health.late(quick, until=40)) == ["nothing for 31.0 s, and devices are unknown after 30 s"]
    assert list(health.late([report(device(timeout=10), at=0), report(at=11)], until=12))


def test_a_driver_that_knows_nothing_is_told_apart() -> None:
    assert health.never_known([report(device(state=UNKNOWN))])
    assert not health.never_known([report(device(state=UNKNOWN), device(B))])


def test_health_and_taints_must_agree() -> None:
    sick = report(device(A, UNHEALTHY), device(B, UNKNOWN))
    assert list(health.disagreements(sick, {A})) == []
    assert list(health.disagreements(sick, set())) == ["('p', 'a') has health 2 without a taint"]
    assert list(health.disagreements(report(device(A)), {A})) == ["('p', 'a') has health 1 with a taint"]
