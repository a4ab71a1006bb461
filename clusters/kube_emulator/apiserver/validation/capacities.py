"""Rules of a device's capacity and its request policy (``validation.go`` validateRequestPolicy).

Requests share a capacity only on a device with ``allowMultipleAllocations``; only there a policy is allowed. Up to 1.36,
and in 1.37 without DRAFractionalCapacityRange, steps count whole numbers and fractions are rounded up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema.quantity import LARGEST, canonical, printed, value_of, whole
from kube_emulator.apiserver.validation.causes import Cause, forbidden, invalid, required
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.items import unique
from kube_emulator.releases.release import V1_37

OPTIONS_MAX = 10
MILLI = Fraction(1, 1000)
TWO_POLICIES = (
    'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
)


@dataclass(frozen=True, slots=True)
class Range:
    """A policy's ``validRange``, its default and the capacity; all are quantities as the client wrote them."""

    low: Any
    high: Any
    step: Any
    default: Any
    limit: Any

    @property
    def members(self) -> dict[str, Any]:
        """The members that are set, by their names in the policy."""
        found = {"default": self.default, "min": self.low, "max": self.high, "step": self.step}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def fractional(self) -> bool:
        """Whether any of its quantities has a fraction."""
        return any(value_of(value).denominator != 1 for value in self.members.values())


def capacity(item: JsonObject, path: str, *, shared: bool, context: Context) -> Iterator[Cause]:
    """One capacity of a device; SHARED says that the device allows multiple allocations."""
    policy = item.get("requestPolicy")
    if policy is None:
        return
    where = f"{path}.requestPolicy"
    if not shared:
        yield forbidden(where, "allowMultipleAllocations must be true")
        return
    limit, options, span = item.get("value", "0"), policy.get("validValues") or [], policy.get("validRange")
    default = policy.get("default")
    if options and span is not None:
        yield forbidden(where, TWO_POLICIES)
    elif (options or span is not None) and default is None:
        form = "validValues" if options else "validRange"
        yield required(f"{where}.default", f"required when {form} is defined")
    elif options:
        yield from _options(options, default, limit, f"{where}.validValues", context)
    elif span is not None:
        found = Range(span.get("min"), span.get("max"), span.get("step"), default, limit)
        yield from _range(found, f"{where}.validRange", context)


def _options(options: list[Any], default: Any, limit: Any, path: str, context: Context) -> Iterator[Cause]:
    for index in range(1, len(options)):
        if value_of(options[index - 1]) > value_of(options[index]):
            shown = canonical(options[index])
            yield invalid(f"{path}[{index}]", shown, "values must be sorted in ascending order")

    def fits(option: Any, where: str) -> Iterator[Cause]:
        if value_of(option) > value_of(limit):
            detail = f"option is larger than capacity value: {canonical(limit)}"
            yield invalid(where, canonical(option), detail)

    def key(option: Any) -> str:
        fractions = context.on("DRAFractionalCapacityRange")
        return canonical(option) if fractions and value_of(option).denominator != 1 else str(whole(option))

    yield from unique(options, OPTIONS_MAX, fits, path, key)
    compared = options if len(options) <= OPTIONS_MAX else []
    if value_of(default) not in [value_of(option) for option in compared]:
        yield invalid(path, canonical(default), "default value is not valid according to the requestPolicy")


def _range(found: Range, path: str, context: Context) -> Iterator[Cause]:
    if found.low is None:
        yield required(f"{path}.min", "required when validRange is defined")
        return
    yield from _bounds(found, path, context)
    exact = context.on("DRAFractionalCapacityRange") and found.fractional
    if exact:
        unsafe = [name for name, value in found.members.items() if value_of(value) % MILLI]
        for name in unsafe:
            detail = "value cannot be represented as a milli value"
            yield invalid(f"{path}.{name}", canonical(found.members[name]), detail)
        if unsafe:
            return
    if found.step is not None:
        yield from _step(found, path, context, exact=exact)


def _bounds(found: Range, path: str, context: Context) -> Iterator[Cause]:
    low, high, default, limit = found.low, found.high, found.default, found.limit
    # up to 1.36 a default outside the range is reported at the bound that it breaks
    at_default = "default" if context.at_least(V1_37) else ""
    if value_of(low) > value_of(limit):
        yield invalid(f"{path}.min", canonical(low), f"min is larger than capacity value: {canonical(limit)}")
    if value_of(default) < value_of(low):
        detail = f"default is less than min: {canonical(low)}"
        yield invalid(f"{path}.{at_default or 'min'}", canonical(default), detail)
    if high is None:
        return
    if value_of(low) > value_of(high):
        yield invalid(f"{path}.max", canonical(low), f"min is larger than max: {canonical(high)}")
    if value_of(high) > value_of(limit):
        detail = f"max is larger than capacity value: {canonical(limit)}"
        yield invalid(f"{path}.max", canonical(high), detail)
    if value_of(default) > value_of(high):
        detail = f"default is more than max: {canonical(high)}"
        yield invalid(f"{path}.{at_default or 'max'}", canonical(default), detail)


def _step(found: Range, path: str, context: Context, *, exact: bool) -> Iterator[Cause]:
    step, low, where = found.step, found.low, f"{path}.step"
    if value_of(step) <= 0:
        if context.at_least(V1_37):
            yield invalid(where, canonical(step), "must be greater than zero")
        return  # up to 1.36 such a step is ignored
    first = value_of(low) + value_of(step)
    if first > value_of(found.limit):
        shown, limit = printed(first, str(low)), canonical(found.limit)
        yield invalid(where, canonical(step), f"one step {shown} is larger than capacity value: {limit}")
    if context.at_least(V1_37) and not exact:
        # whole numbers are compared as int64, so everything has to fit
        outside = list(_outside(found, path))
        yield from outside
        if outside:
            return
    number = value_of if exact else whole
    for value in [found.default, *([found.high] if found.high is not None else [])]:
        if (number(value) - number(low)) % number(step):
            detail = f"value is not a multiple of a given step ({canonical(step)}) from ({canonical(low)})"
            yield invalid(where, canonical(value), detail)


def _outside(found: Range, path: str) -> Iterator[Cause]:
    for name, value in found.members.items():
        if value_of(value) < 0:
            yield invalid(f"{path}.{name}", canonical(value), "must be greater than or equal to 0")
        elif value_of(value) > LARGEST:
            yield invalid(f"{path}.{name}", canonical(value), f"must not be larger than {LARGEST}")
