"""CEL selectors of devices, by Google's C++ CEL (the language of resource/v1's ``cel.expression``, 1.37).

A device is ``device.driver``, ``device.attributes[domain].name`` and ``device.capacity[domain].name``; names without a
domain are in the driver's. A domain that a device does not have is an empty map; a name that it does not have is an
error, as upstream. Quantities and semantic versions are maps with one member, for which the functions that Kubernetes
adds (``quantity``, ``semver``, ``compareTo``, ``isLessThan``, ``isGreaterThan``) are defined here.
"""

import functools
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from dra_api.quantity import parse

LITERAL = re.compile(r'"([^"\\]+)"|' + r"'([^'\\]+)'")
NUMBERS = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?")
ANY, MAP, TEXT = cel.Type.DYN, cel.Type.MAP, cel.Type.STRING


class SelectorError(Exception):
    """The expression cannot be compiled, or fails on a device."""


def quantity(text: str) -> dict[str, str]:
    """A quantity as CEL sees it: equal amounts are equal maps."""
    value = parse(text)
    return {"quantity": f"{value.numerator}/{value.denominator}"}


def semver(text: str) -> dict[str, str]:
    """A semantic version as CEL sees it."""
    return {"semver": text}


def rank(value: Mapping[str, str]) -> Any:
    """What VALUE is compared by."""
    if "quantity" in value:
        return Fraction(value["quantity"])
    match = NUMBERS.match(value["semver"])
    if match is None:
        message = f"{value['semver']!r} is not a semantic version"
        raise ValueError(message)
    major, minor, patch, pre = match.groups()
    identifiers = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in (pre.split(".") if pre else ())
    )
    return int(major), int(minor), int(patch), pre is None, identifiers


def compare(left: Mapping[str, str], right: Mapping[str, str]) -> int:
    """-1, 0 or 1."""
    return (rank(left) > rank(right)) - (rank(left) < rank(right))


def member(name: str, impl: Any, returns: Any) -> Any:
    """A method of quantities and versions."""
    overload = cel.Overload(
        f"value_{name}", return_type=returns, parameters=[MAP, MAP], is_member=True, impl=impl
    )
    return cel.FunctionDecl(name, [overload])


def maker(name: str, impl: Any) -> Any:
    """A function of a text."""
    return cel.FunctionDecl(
        name, [cel.Overload(f"text_{name}", return_type=MAP, parameters=[TEXT], impl=impl)]
    )


@functools.cache
def environment() -> Any:
    """The one CEL environment."""
    return cel.NewEnv(
        variables={"device": ANY},
        functions=[
            maker("quantity", quantity),
            maker("semver", semver),
            member("compareTo", compare, cel.Type.INT),
            member("isLessThan", lambda left, right: compare(left, right) < 0, cel.Type.BOOL),
            member("isGreaterThan", lambda left, right: compare(left, right) > 0, cel.Type.BOOL),
        ],
        extensions=[ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_bindings.ExtBindings()],
    )


@functools.lru_cache(maxsize=1024)
def compiled(expression: str) -> tuple[Any, tuple[str, ...]]:
    """The program, and the texts in it, which may be domains.

    Raises:
        SelectorError: it is not CEL.
    """
    try:
        program = environment().compile(expression)
    except Exception as error:  # the library has no class of its own
        message = f"selector {expression!r} cannot be compiled: {error}"
        raise SelectorError(message) from error
    return program, tuple(first or second for first, second in LITERAL.findall(expression))


def value_of(attribute: Mapping[str, Any]) -> Any:
    """An attribute's value as CEL sees it."""
    if "version" in attribute:
        return semver(attribute["version"])
    if "versions" in attribute:
        return [semver(text) for text in attribute["versions"]]
    return next(iter(attribute.values()), None)


def by_domain(driver: str, members: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{domain: {name: value}} of {qualified name: value}."""
    result: dict[str, dict[str, Any]] = {}
    for name, value in members.items():
        domain, _, short = name.rpartition("/")
        result.setdefault(domain or driver, {})[short] = value
    return result


def matches(expression: str, driver: str, device: Mapping[str, Any]) -> bool:
    """Whether EXPRESSION selects DEVICE (an item of ``spec.devices``).

    Raises:
        SelectorError: it cannot be compiled, fails on this device, or gives no boolean.
    """
    program, texts = compiled(expression)
    attributes = {name: value_of(value) for name, value in (device.get("attributes") or {}).items()}
    capacity = {name: quantity(value["value"]) for name, value in (device.get("capacity") or {}).items()}
    view = {
        "driver": driver,
        "allowMultipleAllocations": bool(device.get("allowMultipleAllocations")),
        "attributes": {**{text: {} for text in texts}, driver: {}, **by_domain(driver, attributes)},
        "capacity": {**{text: {} for text in texts}, driver: {}, **by_domain(driver, capacity)},
    }
    result = program.eval(data={"device": view})
    if result.type() != cel.Type.BOOL:
        message = f"selector {expression!r} on device {device['name']}: {result.value()}"
        raise SelectorError(message)
    return bool(result.value())
