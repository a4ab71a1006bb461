"""Pure: what a driver says in its health stream (KEP-4680; kubelet pkg/apis/dra-health, 1.37)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

UNKNOWN, HEALTHY, UNHEALTHY = 0, 1, 2
DEFAULT_TIMEOUT_S = 30
MESSAGE_MAX = 1024
FUTURE_S, PAST_S = 60, 30 * 86400
Device = tuple[str, str]
"""(pool, name)."""


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """One device in a message.

    Attributes:
        updated: ``last_updated_time`` as it was sent.
        timeout_s: ``health_check_timeout_seconds``; 0 means the kubelet's default.
    """

    device: Device
    health: int
    updated: int
    timeout_s: int
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """One message of a stream.

    Attributes:
        at: when it came, in seconds of the monotonic clock.
        time: the same in seconds since 1970.
    """

    at: float
    time: float
    devices: tuple[DeviceHealth, ...]

    def of(self, device: Device) -> int | None:
        """The health of DEVICE; None if it is not listed."""
        return next((each.health for each in self.devices if each.device == device), None)


def missing(reports: Sequence[Report], published: Collection[Device]) -> Iterator[str]:
    """Every message lists all devices that are published."""
    for report in reports:
        absent = set(published) - {each.device for each in report.devices}
        if absent:
            yield f"{len(absent)} of {len(published)} are missing, e.g. {min(absent)}"


def strangers(reports: Sequence[Report], published: Collection[Device]) -> Iterator[str]:
    """No message names a device that is not published."""
    for report in reports:
        unknown = {each.device for each in report.devices} - set(published)
        if unknown:
            yield f"{min(unknown)} is in no slice"


def strange_values(reports: Sequence[Report]) -> Iterator[str]:
    """Health is 0, 1 or 2."""
    found = {each.health for report in reports for each in report.devices}
    yield from (f"health {value}" for value in sorted(found - {UNKNOWN, HEALTHY, UNHEALTHY}))


def odd_times(reports: Sequence[Report]) -> Iterator[str]:
    """Times are seconds since 1970 of the last month."""
    for report in reports:
        for each in report.devices:
            if not report.time - PAST_S <= each.updated <= report.time + FUTURE_S:
                yield f"{each.device} was updated at {each.updated}, and it is {report.time:.0f}"


def negative_timeouts(reports: Sequence[Report]) -> Iterator[str]:
    """Timeouts are not negative."""
    for report in reports:
        yield from (f"{each.device}: {each.timeout_s}" for each in report.devices if each.timeout_s < 0)


def odd_messages(reports: Sequence[Report]) -> Iterator[str]:
    """Texts have at most 1024 characters and one line."""
    for report in reports:
        for each in report.devices:
            if len(each.message) > MESSAGE_MAX or len(each.message.splitlines()) > 1:
                yield f"{each.device} has {len(each.message)} characters: {each.message[:60]!r}"


def timeout_of(report: Report) -> float:
    """The shortest time after which the kubelet takes a device of REPORT for unknown."""
    limits = [each.timeout_s for each in report.devices if each.timeout_s > 0]
    return float(min(limits, default=DEFAULT_TIMEOUT_S))


def late(reports: Sequence[Report], *, until: float) -> Iterator[str]:
    """Each message comes before the one before it is outdated; UNTIL is when the last look was."""
    for one, two in zip([*reports], [*(report.at for report in reports[1:]), until], strict=False):
        if two - one.at > timeout_of(one):
            yield f"nothing for {two - one.at:.1f} s, and devices are unknown after {timeout_of(one):g} s"


def never_known(reports: Sequence[Report]) -> bool:
    """Whether every device is unknown in every message."""
    return all(each.health == UNKNOWN for report in reports for each in report.devices)


def disagreements(report: Report, tainted: Collection[Device]) -> Iterator[str]:
    """A device with a taint that keeps pods away is not healthy, and one without is not unhealthy."""
    for each in report.devices:
        wrong = HEALTHY if each.device in tainted else UNHEALTHY
        if each.health == wrong:
            yield f"{each.device} has health {each.health} {'with' if each.device in tainted else 'without'} a taint"
