"""Compiles selectors and evaluates them on devices, by Google's C++ CEL (cel-expr-python).

An expression is compiled with exact types, its tree is adapted, and the result runs in a second environment that knows the
kinds of values only, because the library has no types of our own at run time. Adapted is what ``device`` does differently
from a plain object: a domain that the device does not have is an empty map (``index``), and a field that no device has
does not compile. Against upstream (cel-go) these are missing, because the library lacks them: the macros over two
variables, the lists extension of cel-go (``flatten``, ``slice``, ``sort``, ...), ``indexOf`` and ``lastIndexOf`` of lists,
``string`` of an address, and ``format``. The cost is limited by its estimate: what could exceed the limit is not evaluated at all.
"""

import functools
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from dra_clusters.embedded.cel.cost import estimate
from dra_clusters.embedded.cel.library import Function, functions_of
from dra_clusters.embedded.cel.syntax import PRIMITIVES, nodes, read, type_text, write
from dra_clusters.embedded.cel.values import decode, encode

KINDS = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "uint": cel.Type.UINT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "list": cel.Type.LIST,
    "map": cel.Type.MAP,
}
"""What the library tells apart at run time; a parameter ``dyn`` would match none of them."""
FIELDS = ("driver", "attributes", "capacity", "allowMultipleAllocations")
NOISE = re.compile(r"^INVALID_ARGUMENT: | \[INVALID_ARGUMENT\]$")
MISSING = re.compile(r'^NOT_FOUND: Key not found in map : "(.*)"$')


class CompileError(Exception):
    """The text is no selector; the message is the API server's."""


class EvaluationError(Exception):
    """The selector fails on a device; the message is the scheduler's."""


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled selector."""

    executable: Any
    cost: int
    """Units that it costs at worst."""


def type_of(text: str) -> Any:
    """The library's type for a type as CEL writes it."""
    if text in KINDS:
        return KINDS[text]
    if text == "dyn":
        return cel.Type.DYN
    outer, _, inner = text.partition("(")
    if outer == "list":
        return cel.Type.List(type_of(inner[:-1]))
    if outer == "map":
        key, _, value = inner[:-1].partition(", ")
        return cel.Type.Map(type_of(key), type_of(value))
    return cel.Type("any") if text == "any" else cel.Type.AbstractType(text)


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds of values that a parameter of a type takes at run time."""
    if text == "dyn":
        return tuple(KINDS)
    return (text if text in KINDS else "list" if text.startswith("list(") else "map",)


def extensions() -> list[Any]:
    """The library's own."""
    return [ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_bindings.ExtBindings()]


def declared(functions: list[Function]) -> list[Any]:
    """FUNCTIONS with exact types."""
    by_name: dict[str, list[Any]] = {}
    for function in functions:
        overload = cel.Overload(
            function.overload,
            return_type=type_of(function.result),
            parameters=[type_of(text) for text in function.parameters],
            is_member=function.member,
        )
        by_name.setdefault(function.name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()]


def chosen(name: str, candidates: list[Function]) -> Callable[..., Any]:
    """The implementation of several overloads: the one whose types the arguments have."""

    def run(*arguments: Any) -> Any:
        given = [kind_of(argument) for argument in arguments]
        for function in candidates:
            if all(
                text in ("dyn", kind) or kind == "list"
                for text, kind in zip(function.parameters, given, strict=True)
            ):
                return encode(function.run(*(decode(argument) for argument in arguments)))
        message = f"no such overload: {name}({', '.join(given)})"
        raise TypeError(message)

    return run


def kind_of(value: Any) -> str:
    """The CEL type of a value, without what lists and plain maps hold."""
    if isinstance(value, dict):
        return next(iter(value), "map") if len(value) == 1 else "map"
    return {bool: "bool", int: "int", float: "double", str: "string", list: "list"}.get(type(value), "dyn")


def running(functions: list[Function]) -> list[Any]:
    """FUNCTIONS for run time."""
    grouped: dict[tuple[str, bool, tuple[str, ...]], list[Function]] = {}
    for function in functions:
        for kinds in itertools.product(*map(kinds_of, function.parameters)):
            grouped.setdefault((function.name, function.member, kinds), []).append(function)
    by_name: dict[str, list[Any]] = {}
    for (name, member, kinds), candidates in grouped.items():
        overload = cel.Overload(
            f"{name}_{member}_{'_'.join(kinds)}",
            return_type=cel.Type.DYN,
            parameters=[KINDS[kind] for kind in kinds],
            is_member=member,
            impl=chosen(name, candidates),
        )
        by_name.setdefault(name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()]


@functools.cache
def compiler(consumable: bool, lists: bool) -> Any:
    """The environment in which expressions are compiled; the flags are the gates that change it."""
    attribute = "dyn" if lists else "any"
    variables = {
        "device": cel.Type.DYN,
        "device.driver": cel.Type.STRING,
        "device.attributes": type_of(f"map(string, map(string, {attribute}))"),
        "device.capacity": type_of("map(string, map(string, kubernetes.Quantity))"),
    }
    if consumable:
        variables["device.allowMultipleAllocations"] = cel.Type.BOOL
    return cel.NewEnv(
        variables=variables, functions=declared(functions_of(lists=lists)), extensions=extensions()
    )


@functools.cache
def runtime() -> Any:
    """The environment in which they are evaluated."""
    variables = dict.fromkeys(("device", *(f"device.{field}" for field in FIELDS)), cel.Type.DYN)
    return cel.NewEnv(
        variables=variables, functions=running(functions_of(lists=True)), extensions=extensions()
    )


def check_tree(tree: Any, text: str) -> None:
    """What the library lets pass and the API server does not: fields that devices lack, literals with mixed types.

    Raises:
        CompileError: TREE has such.
    """
    types = {entry.key: type_text(entry.value) for entry in tree.types}
    for node in nodes(tree.expr):
        operand = node.select_expr.operand
        if operand.WhichOneof("kind") == "ident_expr" and operand.ident_expr.name == "device":
            raise CompileError(located(tree, node, text, f"undefined field '{node.select_expr.field}'"))
        entries = node.struct_expr.entries
        for items in (node.list_expr.elements, [e.map_key for e in entries], [e.value for e in entries]):
            expected = types.get(items[0].id, "dyn") if items else "dyn"
            for item in items:
                found = types.get(item.id, "dyn")
                if "dyn" not in expected + found and found != expected:
                    message = f"expected type '{expected}' but found '{found}'"
                    raise CompileError(located(tree, item, text, message))


def adapt(tree: Any) -> None:
    """Change TREE, in place, to what ``device`` does: a domain that is not there is an empty map."""
    types = {entry.key: type_text(entry.value) for entry in tree.types}
    highest = max([entry.key for entry in tree.types] + [node.id for node in nodes(tree.expr)])
    for node in nodes(tree.expr):
        kind = node.WhichOneof("kind")
        if kind == "select_expr":
            domains, function = node.select_expr.operand, "_?._"
            if node.select_expr.test_only:
                continue
        elif kind == "call_expr" and node.call_expr.function == "_[_]":
            domains, function = node.call_expr.args[0], "_[?_]"
        else:
            continue
        if types.get(domains.id, "").startswith("map(string, map("):
            index(node, domains, function, highest + 1)
            highest += 3


def index(node: Any, domains: Any, function: str, first: int) -> None:
    """Make NODE, a lookup in DOMAINS, give an empty map where there is none."""
    lookup = type(node)(id=first)
    lookup.call_expr.function = function
    lookup.call_expr.args.add().CopyFrom(domains)
    key = lookup.call_expr.args.add()
    if node.WhichOneof("kind") == "select_expr":
        key.id = first + 1
        key.const_expr.string_value = node.select_expr.field
    else:
        key.CopyFrom(node.call_expr.args[1])
    node.call_expr.Clear()
    node.call_expr.target.CopyFrom(lookup)
    node.call_expr.function = "orValue"
    empty = node.call_expr.args.add(id=first + 2)
    empty.struct_expr.SetInParent()


def located(tree: Any, node: Any, text: str, message: str) -> str:
    """MESSAGE about NODE as the compiler would write it."""
    offset = next((entry.value for entry in tree.source_info.positions if entry.key == node.id), 0)
    line, start = text.count("\n", 0, offset) + 1, text.rfind("\n", 0, offset) + 1
    shown = text[start:].partition("\n")[0]
    where = f"<input>:{line}:{offset - start + 1}"
    dots = "." * (offset - start)
    return f"compilation failed: ERROR: {where}: {message}\n | {shown}\n | {dots}^"


def compile_text(text: str, *, consumable: bool, lists: bool) -> Program:
    """TEXT as a program.

    Raises:
        CompileError: it is no expression, or not one that gives a bool.
    """
    try:
        checked = compiler(consumable, lists).compile(text)
    except Exception as error:  # the library has no class of its own
        message = f"compilation failed: {NOISE.sub('', NOISE.sub('', str(error)))}"
        raise CompileError(message) from error
    tree = read(checked.serialize())
    presences(tree, text)
    check_tree(tree, text)
    kind = next((type_text(entry.value) for entry in tree.types if entry.key == tree.expr.id), "bool")
    if kind not in ("bool", "any") and not (lists and kind == "dyn"):
        message = f"must evaluate to bool or the unknown type, not {kind}"
        raise CompileError(message)
    cost = estimate(tree)
    adapt(tree)
    return Program(runtime().deserialize(write(tree)), cost)


def presences(tree: Any, text: str) -> None:
    """Make ``has(device.FIELD)`` true in TREE, in place; the checker took it for the field itself."""
    if "has(" not in text.replace(" ", ""):
        return
    parsed = read(compiler(True, True).compile(text, disable_check=True).serialize())
    asked = {node.id for node in nodes(parsed.expr) if node.select_expr.test_only}
    found = [
        node for node in nodes(tree.expr) if node.id in asked and node.WhichOneof("kind") == "ident_expr"
    ]
    for node in found:
        node.const_expr.bool_value = True
    for entry in tree.types:
        if any(entry.key == node.id for node in found):
            entry.value.primitive = PRIMITIVES.index("bool")


def activation(fields: Mapping[str, Any]) -> Any:
    """FIELDS of a device, ready for any number of evaluations."""
    return runtime().Activation(
        {"device": dict(fields), **{f"device.{name}": value for name, value in fields.items()}}
    )


def evaluate(program: Program, device: Any) -> bool:
    """Whether PROGRAM is true for DEVICE, an ``activation``.

    Raises:
        EvaluationError: it fails, or gives no bool.
    """
    result = program.executable.eval(device)
    if result.type() == cel.Type.BOOL:
        return bool(result.value())
    if result.type() == cel.Type.ERROR:
        text = MISSING.sub(r"no such key: \1", str(result.value()))
        raise EvaluationError(
            re.sub(r"^[A-Z_]+: ", "", text).replace("No matching overloads found : ", "no such overload: ")
        )
    message = f"CEL result of type {str(result.type().name()).lower()} could not be converted to bool"
    raise EvaluationError(message)
