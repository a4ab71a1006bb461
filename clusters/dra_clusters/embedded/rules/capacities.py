"""Rules of a device's capacity and of how much of it a request may take (``validation.go`` validateRequestPolicy, 1.36).

A capacity is shared by requests only on a device with ``allowMultipleAllocations``; only there a policy may stand.
"""

from collections.abc import Callable, Iterator
from typing import Any

from dra_clusters.embedded.rules.causes import Cause, forbidden, invalid, required
from dra_clusters.embedded.rules.items import unique
from dra_clusters.embedded.rules.quantities import canonical, printed, value_of, whole

Object = dict[str, Any]
Number = Callable[[Any], Any]
OPTIONS_MAX = 10


def capacity(item: Object, path: str, *, shared: bool, fractions: bool) -> Iterator[Cause]:
    """One capacity of a device that is SHARED or not; FRACTIONS of one count in steps (1.37), or are rounded up."""
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
        detail = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        yield forbidden(where, detail)
        return
    if (options or span is not None) and default is None:
        word = "validValues" if options else "validRange"
        yield required(f"{where}.default", f"required when {word} is defined")
    elif options:
        yield from _options(options, default, limit, f"{where}.validValues")
    elif span is not None:
        yield from _span(span, default, limit, f"{where}.validRange", number=value_of if fractions else whole)


def _options(options: list[Any], default: Any, limit: Any, path: str) -> Iterator[Cause]:
    for index in range(1, len(options)):
        if value_of(options[index - 1]) > value_of(options[index]):
            yield invalid(
                f"{path}[{index}]", canonical(options[index]), "values must be sorted in ascending order"
            )

    def fits(option: Any, where: str) -> Iterator[Cause]:
        if value_of(option) > value_of(limit):
            yield invalid(
                where, canonical(option), f"option is larger than capacity value: {canonical(limit)}"
            )

    yield from unique(options, OPTIONS_MAX, fits, path, lambda option: str(whole(option)))
    looked_at = options if len(options) <= OPTIONS_MAX else []
    if value_of(default) not in [value_of(option) for option in looked_at]:
        yield invalid(path, canonical(default), "default value is not valid according to the requestPolicy")


def _span(span: Object, default: Any, limit: Any, path: str, *, number: Number) -> Iterator[Cause]:
    low, high, step = span.get("min"), span.get("max"), span.get("step")
    if low is None:
        yield required(f"{path}.min", "required when validRange is defined")
        return
    if value_of(low) > value_of(limit):
        yield invalid(f"{path}.min", canonical(low), f"min is larger than capacity value: {canonical(limit)}")
    if value_of(default) < value_of(low):
        yield invalid(f"{path}.min", canonical(default), f"default is less than min: {canonical(low)}")
    if high is not None:
        if value_of(low) > value_of(high):
            yield invalid(f"{path}.max", canonical(low), f"min is larger than max: {canonical(high)}")
        if value_of(high) > value_of(limit):
            yield invalid(
                f"{path}.max", canonical(high), f"max is larger than capacity value: {canonical(limit)}"
            )
        if value_of(default) > value_of(high):
            yield invalid(f"{path}.max", canonical(default), f"default is more than max: {canonical(high)}")
    if step is not None:
        yield from _step(
            step, low, [default, *([high] if high is not None else [])], limit, f"{path}.step", number=number
        )


def _step(
    step: Any, low: Any, reached: list[Any], limit: Any, path: str, *, number: Number
) -> Iterator[Cause]:
    first = value_of(low) + value_of(step)
    if first > value_of(limit):
        shown = printed(first, str(low))
        yield invalid(
            path, canonical(step), f"one step {shown} is larger than capacity value: {canonical(limit)}"
        )
    for value in reached:
        if number(step) and (number(value) - number(low)) % number(step):
            detail = f"value is not a multiple of a given step ({canonical(step)}) from ({canonical(low)})"
            yield invalid(path, canonical(value), detail)
