"""Pure: how much of a device's capacity a request takes (structured/internal consumable_capacity.go, 1.37).

Steps of a range are counted in 64 bits: in thousandths with the gate DRAFractionalCapacityRange, as far as the range fits
into them, else in whole numbers, fractions rounded up. What cannot be counted so ends the attempt for every node; to try
the next device instead would let one request cost a search over all of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from dra_api.objects import Capacity as CapacityObject
from dra_api.objects import ReadOnlyObject
from dra_api.quantity import parse

Amounts = Mapping[str, Fraction]
COUNT_MAX = 2**63 - 1
"""The largest number of units that steps are counted in (int64)."""


class CapacityError(Exception):
    """An amount that cannot be meant: negative, or too large to be counted in steps."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """One capacity of a device and what may be asked of it."""

    value: Fraction
    default: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    step: Fraction | None = None
    values: tuple[Fraction, ...] = ()

    def amount(self, asked: Fraction | None, *, fractional: bool) -> Fraction:
        """What a request for ASKED takes, rounded up as the policy says; None: nothing was asked.

        Raises:
            CapacityError: it cannot be counted in steps, or is negative.
        """
        if asked is None:
            amount = self.value if self.default is None else self.default
        elif self.low is None:
            amount = next((value for value in self.values if asked <= value), asked)
        elif asked < self.low:  # the request is rounded up to a valid amount, not refused
            amount = self.low
        else:
            amount = asked if self.step is None else self.stepped(asked, self.units(fractional))
        if amount < 0:
            message = "capacity value is negative"
            raise CapacityError(message)
        return amount

    def units(self, fractional: bool) -> int:
        """How many units a one has in which steps are counted."""
        bounds = [bound for bound in (self.low, self.high, self.step) if bound is not None]
        return 1000 if fractional and all(abs(bound) * 1000 <= COUNT_MAX for bound in bounds) else 1

    def place(self, amount: Fraction, units: int) -> tuple[int, int]:
        """AMOUNT in UNITS over the range's start, and the length of a step."""
        return math.ceil(amount * units) - math.ceil((self.low or 0) * units), max(
            math.ceil((self.step or 0) * units), 1
        )

    def stepped(self, asked: Fraction, units: int) -> Fraction:
        """ASKED rounded up to the next step. Raises CapacityError."""
        wrong = "capacity request cannot be represented in the device's range arithmetic"
        if asked * units > COUNT_MAX:
            why = "exceeds MaxInt64" if units == 1 else "is not a representable milli value"
            message = f"{wrong}: request {printed(asked)} {why}"
            raise CapacityError(message)
        over, step = self.place(asked, units)
        rounded = math.ceil((self.low or 0) * units) + -(-over // step) * step
        if rounded > COUNT_MAX:
            limit = "MaxInt64" if units == 1 else "the milli-value range"
            message = f"{wrong}: rounding request {printed(asked)} up to the next step passes {limit}"
            raise CapacityError(message)
        return Fraction(rounded, units)

    def allows(self, amount: Fraction, *, fractional: bool) -> bool:
        """Whether the policy lets AMOUNT be taken."""
        if amount == self.default:
            return True
        if self.high is not None and amount > self.high:
            return False
        if self.step is not None:
            over, step = self.place(amount, self.units(fractional))
            return over % step == 0
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


def taken_by(asked: Amounts, capacities: Mapping[str, Capacity], *, fractional: bool) -> dict[str, Fraction]:
    """What a request takes of each capacity of a device that is shared. Raises CapacityError."""
    taken = {}
    for name, capacity in capacities.items():
        try:
            taken[name] = capacity.amount(asked.get(name), fractional=fractional)
        except CapacityError as error:
            message = f'capacity "{name}": {error}'
            raise CapacityError(message) from error
    return taken


def shortage(
    asked: Amounts, capacities: Mapping[str, Capacity], used: Amounts, *, fractional: bool
) -> str | None:
    """Why a device with CAPACITIES, of which USED is taken, cannot give ASKED; None if it can.

    Raises:
        CapacityError: an amount cannot be meant; that is found before any capacity is too small, whatever their order.
    """
    for name in asked:
        if name not in capacities:
            return f"has no capacity {name}"
    for name, amount in taken_by(asked, capacities, fractional=fractional).items():
        capacity = capacities[name]
        if not capacity.allows(amount, fractional=fractional):
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
