"""Pure: whether devices go together (structured/internal constraint.go and allocator, 1.37).

Every question is asked about all devices that a claim has so far, so that nothing has to be undone when the search turns
back.
"""

from collections.abc import Iterable, Sequence

from dra_api.objects import DeviceConstraint
from kube_emulator.scheduler.framework.devices import Device, Values
from kube_emulator.scheduler.framework.requests import Wanted


def covers(names: Sequence[str], request: str) -> bool:
    """Whether request NAMES include REQUEST, by itself or by its main request."""
    return request in names or request.partition("/")[0] in names


def violated(
    constraints: Iterable[DeviceConstraint],
    chosen: Sequence[tuple[Wanted, Device]],
    wanted: Wanted,
    new: Device,
) -> DeviceConstraint | None:
    """The first of CONSTRAINTS that NEW for WANTED would break beside CHOSEN; None if none.

    Raises:
        AllocationError: a derived attribute cannot be computed.
    """
    for constraint in constraints:
        names = constraint.get("requests") or []
        if names and not covers(names, wanted.name):
            continue
        match, distinct = constraint.get("matchAttribute"), constraint.get("distinctAttribute")
        name = match or distinct or ""
        others = [
            one.attribute(device, name) for one, device in chosen if not names or covers(names, one.name)
        ]
        mine = wanted.attribute(new, name)
        if mine is None:
            return constraint
        if not others:
            # A value of a type that is not known is compared with nothing while lists are off, so one device may have it.
            if not mine and new.lists:
                return constraint
            continue
        together = all_have(others, mine) if match is not None else none_has(others, mine)
        if not together:
            return constraint
    return None


def all_have(others: Sequence[Values | None], mine: Values) -> bool:
    """Whether all have a value in common."""
    return bool(mine.intersection(*(values or frozenset() for values in others)))


def none_has(others: Sequence[Values | None], mine: Values) -> bool:
    """Whether there are values, and nobody else has one of them."""
    return bool(mine) and mine.isdisjoint(frozenset().union(*(values or frozenset() for values in others)))


def described(constraint: DeviceConstraint) -> str:
    """A constraint for people."""
    kind = "matchAttribute" if constraint.get("matchAttribute") else "distinctAttribute"
    return f"{kind} {constraint.get(kind)}"
