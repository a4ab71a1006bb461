"""Pure: whether devices go together (structured/internal constraint.go and allocator, 1.36).

Every question is asked about all devices that a claim has so far, so that nothing has to be undone when the search turns
back.
"""

from collections.abc import Iterable, Sequence

from dra_api.objects import JsonObject
from kube_emulator.scheduler.framework.devices import Device


def covers(names: Sequence[str], request: str) -> bool:
    """Whether request NAMES include REQUEST, by itself or by its main request."""
    return request in names or request.partition("/")[0] in names


def violated(
    constraints: Iterable[JsonObject], chosen: Sequence[tuple[str, Device]], request: str, new: Device
) -> JsonObject | None:
    """The first of CONSTRAINTS that NEW for REQUEST would break beside CHOSEN, [(request, device)]; None if none."""
    for constraint in constraints:
        names = constraint.get("requests") or []
        if names and not covers(names, request):
            continue
        others = [device for name, device in chosen if not names or covers(names, name)]
        match, distinct = constraint.get("matchAttribute"), constraint.get("distinctAttribute")
        if match is not None and not matching(match, others, new):
            return constraint
        if distinct is not None and not differing(distinct, others, new):
            return constraint
    return None


def matching(name: str, others: Sequence[Device], new: Device) -> bool:
    """Whether all have a value of the attribute in common."""
    common = new.attribute(name)
    for other in others:
        if not common:
            return False
        common = common & (other.attribute(name) or frozenset())
    return bool(common)


def differing(name: str, others: Sequence[Device], new: Device) -> bool:
    """Whether NEW has no value of the attribute that another has."""
    values = new.attribute(name)
    return bool(values) and all(
        not (values or frozenset()) & (other.attribute(name) or frozenset()) for other in others
    )


def described(constraint: JsonObject) -> str:
    """A constraint for people."""
    kind = "matchAttribute" if constraint.get("matchAttribute") else "distinctAttribute"
    return f"{kind} {constraint.get(kind)}"
