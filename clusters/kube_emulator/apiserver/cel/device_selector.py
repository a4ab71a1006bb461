"""CEL selectors of devices: whether the API server accepts one, and whether it selects a device.

New expressions are checked in the environment of the release and its gates. Stored ones are evaluated in the widest
environment, because they may have been accepted when more was on (dynamic-resource-allocation cel, 1.36). Programs are
cached.
"""

import functools
from collections.abc import Collection, Mapping
from typing import Any, cast

from dra_api.objects import AttributeValue, Device
from dra_api.quantity import parse
from kube_emulator.apiserver.cel.environment import (
    EvaluationError,
    Program,
    Rules,
    activation,
    compile_text,
    compile_value,
    evaluate,
    evaluate_value,
)
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.cel.values import Semver, decode, encode
from kube_emulator.releases.release import LATEST, V1_35, Release

LENGTH_MAX = 10 * 1024
COST_MAX = 1_000_000
"""Bytes of text and units of cost (resource/v1 CELSelectorExpressionMaxLength, CELSelectorExpressionMaxCost)."""


TOO_COMPLEX = "too complex, exceeds cost limit"
LISTS_SINCE = V1_35
"""The first release whose new expressions may use cel-go's lists extension. 1.34 brought it, and an API server accepts
only what the release before it can evaluate (environment.DefaultCompatibilityVersion)."""
STORED, STORED_LISTS = Rules(), Rules(lists=True)
"""The environments of stored expressions, without and with list attributes."""


class SelectorError(Exception):
    """The expression cannot be compiled, or fails on a device."""


def check_expression(
    text: str, *, gates: Collection[str] = ("DRAConsumableCapacity",), release: Release = LATEST
) -> list[str]:
    """Why TEXT is refused as the expression of a new object, with the API server's messages; empty if it is accepted."""
    size = len(text.encode())
    if size > LENGTH_MAX:
        return [f"Too long: may not be more than {LENGTH_MAX} bytes"]
    rules = Rules(
        consumable="DRAConsumableCapacity" in gates,
        lists="DRAListTypeAttributes" in gates,
        extended=release >= LISTS_SINCE,
    )
    try:
        program = compiled(text, rules)
    except CompileError as error:
        return [str(error)]
    return [TOO_COMPLEX] if program.cost > COST_MAX else []


@functools.lru_cache(maxsize=1024)
def compiled(text: str, rules: Rules = STORED) -> Program:
    """The program of TEXT.

    Raises:
        CompileError: it does not compile.
    """
    return compile_text(text, rules)


@functools.lru_cache(maxsize=256)
def compiled_value(text: str, rules: Rules = STORED) -> Program:
    """The program of TEXT, which derives an attribute. Raises CompileError."""
    return compile_value(text, rules)


def value_of(name: str, attribute: AttributeValue) -> Any:
    """The value of an attribute as CEL sees it.

    A value of an unknown type is an error, as upstream has it: it may come from a newer API server, and leaving it out
    would change what the selector means.

    Raises:
        SelectorError: it has no value of a type that is known.
    """
    members: Mapping[str, Any] = attribute
    for kind, value in members.items():
        if kind == "version":
            return encode(Semver.of(value))
        if kind in ("string", "int", "bool"):
            return value
        if kind == "versions":
            return [encode(Semver.of(text)) for text in value]
        if kind in ("strings", "ints", "bools"):
            return value
    message = f"attribute {name}: unsupported attribute value"
    raise SelectorError(message)


def by_domain(driver: str, members: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{domain: {name: value}} of {qualified name: value}; names without a domain are in the driver's."""
    result: dict[str, dict[str, Any]] = {}
    for name, value in members.items():
        domain, _, short = name.rpartition("/")
        result.setdefault(domain or driver, {})[short] = value
    return result


def view(driver: str, device: Device) -> Any:
    """DEVICE (an item of ``spec.devices``) as the variable ``device``.

    Raises:
        SelectorError: an attribute has no value of a type that is known.
    """
    attributes = device.get("attributes") or {}
    capacity = device.get("capacity") or {}
    return activation(
        {
            "driver": driver,
            "allowMultipleAllocations": bool(device.get("allowMultipleAllocations")),
            "attributes": by_domain(driver, {n: value_of(n, a) for n, a in attributes.items()}),
            "capacity": by_domain(driver, {n: encode(parse(c["value"])) for n, c in capacity.items()}),
        }
    )


def selects(text: str, device: Any, *, lists: bool = False) -> bool:
    """Whether TEXT selects DEVICE, a ``view``.

    Raises:
        SelectorError: it does not compile, costs too much, fails on this device, or its result is not a bool.
    """
    try:
        program = compiled(text, STORED_LISTS if lists else STORED)
        if program.cost > COST_MAX:
            message = f"actual cost limit exceeded: {program.cost} units are possible, {COST_MAX} allowed"
            raise SelectorError(message)
        return evaluate(program, device)
    except (CompileError, EvaluationError) as error:
        raise SelectorError(str(error)) from error


def derive(text: str, device: Any, *, lists: bool = False) -> AttributeValue:
    """The attribute that TEXT derives from DEVICE, a ``view`` (EvaluateDerivedAttribute, 1.37).

    Raises:
        CompileError: it does not compile.
        SelectorError: it costs too much, fails on this device, or its result is no value of an attribute.
    """
    program = compiled_value(text, STORED_LISTS if lists else STORED)
    if program.cost > COST_MAX:
        message = f"actual cost limit exceeded: {program.cost} units are possible, {COST_MAX} allowed"
        raise SelectorError(message)
    try:
        value = decode(evaluate_value(program, device))
    except EvaluationError as error:
        raise SelectorError(str(error)) from error
    items = value if isinstance(value, list) else [value]
    kinds = {kind_of_attribute(item) for item in items}
    if len(kinds) > 1 or "" in kinds:
        message = f"unsupported value for a derived attribute: {value}"
        raise SelectorError(message)
    plain = [item.text if isinstance(item, Semver) else item for item in items]
    kind = next(iter(kinds), "string")
    found: Any = {f"{kind}s": plain} if isinstance(value, list) else {kind: plain[0]}
    return cast(AttributeValue, found)


def kind_of_attribute(value: Any) -> str:
    """The type of an attribute with VALUE; nothing if there is none."""
    if isinstance(value, Semver):
        return "version"
    return {bool: "bool", int: "int", str: "string"}.get(type(value), "")


def matches(text: str, driver: str, device: Device) -> bool:
    """Whether TEXT selects DEVICE of DRIVER.

    Raises:
        SelectorError: as ``view`` and ``selects`` do.
    """
    return selects(text, view(driver, device))
