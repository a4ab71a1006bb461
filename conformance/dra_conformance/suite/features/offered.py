"""Whether a driver offers a feature: what it claims must be there, and what is there is judged."""

from typing import Protocol

from dra_api.objects import JsonObject
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.expectations import Blocked, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.features import OFFERED


def require_in_slices(
    harness: Harness, feature: str, slices: list[JsonObject] | None = None
) -> list[JsonObject]:
    """The driver's slices, which use FEATURE.

    Raises:
        Blocked: the descriptor claims it, and they do not.
        NotApplicable: neither.
    """
    found = harness.api.own_slices() if slices is None else slices
    uses, requirement_id, nothing = OFFERED[feature]
    require(harness, feature, uses(found), requirement_id, nothing)
    return found


class Described(Protocol):
    """A driver with its descriptor, at any tier."""

    @property
    def descriptor(self) -> Descriptor:
        """Of the driver."""


def require(harness: Described, feature: str, offered: bool, requirement_id: str, found: str) -> None:
    """Go on only if FEATURE is OFFERED; REQUIREMENT_ID fails if it is claimed only, FOUND is what was seen then.

    Raises:
        Blocked: the descriptor claims it, and it is not offered.
        NotApplicable: neither.
    """
    if offered:
        return
    if feature in harness.descriptor.features:
        raise Blocked((requirement_id,), f"the descriptor claims {feature}, and {found}")
    not_applicable(f"{found}: the driver does not use {feature}")
