"""Pure: how much of a device's capacity a request takes (structured/internal consumable_capacity.go, 1.36).

Fractional steps are exact here, so the gate DRAFractionalCapacityRange changes nothing that this module decides.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from dra_api.objects import Capacity as CapacityObject
from dra_api.objects import ReadOnlyObject
from dra_api.quantity import parse

Amounts = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Capacity:
    """One capacity of a device and what may be asked of it."""

    value: Fraction
    default: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    step: Fraction | None = None
    values: tuple[Fraction, ...] = ()

    def amount(self, asked: Fraction | None) -> Fraction:
        """What a request for ASKED takes, rounded up as the policy says; None: nothing was asked."""
        if asked is None:
            return self.value if self.default is None else self.default
        if self.low is not None:
            if asked < self.low:  # the request is rounded up to a valid amount, not refused
                return self.low
            return (
                asked
                if self.step is None
                else self.low + math.ceil((asked - self.low) / self.step) * self.step
            )
        return next((value for value in self.values if asked <= value), asked)

    def allows(self, amount: Fraction) -> bool:
        """Whether the policy lets AMOUNT be taken."""
        if amount == self.default:
            return True
        if self.high is not None and amount > self.high:
            return False
        if self.step is not None and (amount - (self.low or 0)) % self.step:
            return False
        return not self.values or amount in self.values


def capacity_of(document: CapacityObject) -> Capacity:
    """An item of ``device.capacity``."""
    policy = document.get("requestPolicy") or {}
    span: ReadOnlyObject = policy.get("validRange") or {}

    def read(holder: ReadOnlyObject, name: str) -> Fraction | None:
        return parse(holder[name]) if name in holder else None

    return Capacity(
        value=parse(document["value"]),
        default=read(policy, "default"),
        low=read(span, "min"),
        high=read(span, "max"),
        step=read(span, "step"),
        values=tuple(parse(value) for value in policy.get("validValues") or ()),
    )


def taken_by(asked: Amounts, capacities: Mapping[str, Capacity]) -> dict[str, Fraction]:
    """What a request takes of each capacity of a device that is shared."""
    return {name: capacity.amount(asked.get(name)) for name, capacity in capacities.items()}


def shortage(asked: Amounts, capacities: Mapping[str, Capacity], used: Amounts) -> str | None:
    """Why a device with CAPACITIES, of which USED is taken, cannot give ASKED; None if it can."""
    for name in asked:
        if name not in capacities:
            return f"has no capacity {name}"
    for name, capacity in capacities.items():
        amount = capacity.amount(asked.get(name))
        if not capacity.allows(amount):
            return f"capacity {name}: {printed(amount)} is not a value that its requestPolicy allows"
        missing = used.get(name, Fraction()) + amount - capacity.value
        if missing > 0:
            return f"capacity {name} is short by {printed(missing)}"
    return None


def printed(value: Fraction) -> str:
    """VALUE as the API writes quantities."""
    for suffix, unit in (("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if value and value % (1 << unit) == 0:
            return f"{value // (1 << unit)}{suffix}"
    for suffix, part in (("", 1), ("m", 10**3), ("u", 10**6), ("n", 10**9)):
        if (value * part).denominator == 1:
            return f"{(value * part).numerator}{suffix}"
    return f"{math.ceil(value * 10**9)}n"
