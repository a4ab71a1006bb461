"""Compiles selectors and evaluates them on devices, by Google's C++ CEL (cel-expr-python) where it can.

The C++ library parses, ``checker`` gives types, ``cost`` estimates, ``rewriting`` adapts the tree, and the C++ library runs
it in an environment that knows the kinds of values only, because it has no types of our own at run time.

Run-time cost: cel-go counts units while it evaluates and stops at the limit. The C++ library counts nothing, so the limit
is kept by the estimate, which is an upper bound: what could exceed the limit is not evaluated at all. Since expressions
like that are refused at admission too, only objects that were stored under other rules meet the difference.
"""

import datetime
import functools
import itertools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

from kube_emulator.apiserver.cel.checker import Checked, Names, check
from kube_emulator.apiserver.cel.cost import estimate
from kube_emulator.apiserver.cel.library import Function, functions_of
from kube_emulator.apiserver.cel.rewriting import INSERT, RENAMED, adapt
from kube_emulator.apiserver.cel.sizes import DEVICE
from kube_emulator.apiserver.cel.standard import Signature, standard
from kube_emulator.apiserver.cel.syntax import nodes, read, write
from kube_emulator.apiserver.cel.types import DYN, Type, shown, type_of
from kube_emulator.apiserver.cel.values import DECODERS, decode, encode

KINDS = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "uint": cel.Type.UINT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "bytes": cel.Type.BYTES,
    "duration": cel.Type.DURATION,
    "timestamp": cel.Type.TIMESTAMP,
    "list": cel.Type.LIST,
    "map": cel.Type.MAP,
}
"""What the library tells apart at run time; a parameter ``dyn`` would match none of them."""
NOISE = re.compile(r"^INVALID_ARGUMENT: | \[INVALID_ARGUMENT\]$")
MISSING = re.compile(r'^NOT_FOUND: Key not found in map : "(.*)"$')
EXTENSIONS = {True: ("two-var-comprehensions", "lists"), False: ("two-var-comprehensions",)}
"""Those with macros; whether a release has ``lists``."""
MACROS = (
    (re.compile(r"has\(\) argument must be a field selection"), "invalid argument to has() macro"),
    (
        re.compile(r"cel\.bind\(\) variable name must be a simple identifier"),
        "cel.bind() variable names must be simple identifiers",
    ),
    (
        re.compile(r"\w+\(\) (first |second )?variable name must be a simple identifier"),
        "argument must be a simple name",
    ),
)
"""How the C++ library words what is wrong with a macro, and how cel-go does."""
SAME = re.compile(r"<input>:(\d+):(\d+): \w+\(\) second variable must be different from the first variable")
SECOND = re.compile(r"\w+\s*,\s*(\w+)")
PAIRS = re.compile(r"exists_one(?=\s*\()")


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


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides which expressions compile.

    Attributes:
        consumable: the gate DRAConsumableCapacity.
        lists: the gate DRAListTypeAttributes.
        extended: cel-go's lists extension, which new expressions may use from 1.35, one release after it came.
    """

    consumable: bool = True
    lists: bool = False
    extended: bool = True


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds of values that a parameter of a type takes at run time."""
    if text == "dyn" or text.isupper():
        return tuple(KINDS)
    return (text if text in KINDS else "list" if text.startswith("list(") else "map",)


def extensions() -> list[Any]:
    """The library's own, without macros over two variables."""
    return [ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_bindings.ExtBindings()]


def configured(lists: bool) -> Any:
    """The configuration with the extensions that the Python modules lack."""
    names = "".join(f"- name: {name}\n" for name in EXTENSIONS[lists])
    return cel.NewEnvConfigFromYaml(f"name: selectors\nextensions:\n{names}")


def chosen(name: str, candidates: list[Function]) -> Callable[..., Any]:
    """The implementation of several overloads: the one whose types the arguments have."""

    def run(*arguments: Any) -> Any:
        given = [kind_of(argument) for argument in arguments]
        for function in candidates:
            if all(
                text in ("dyn", kind) or text.isupper() or kind == "list" or text.startswith(f"{kind}(")
                for text, kind in zip(function.parameters, given, strict=True)
            ):
                return encode(function.run(*(decode(argument) for argument in arguments)))
        message = f"no such overload: {name}({', '.join(given)})"
        raise TypeError(message)

    return run


NATIVE = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    datetime.timedelta: "duration",
    datetime.datetime: "timestamp",
}


def kind_of(value: Any) -> str:
    """The CEL type of a value, without what lists and plain maps hold."""
    if isinstance(value, dict):
        [*names] = value
        return names[0] if len(names) == 1 and names[0] in DECODERS else "map"
    return NATIVE.get(type(value), "dyn")


def running(functions: list[Function]) -> list[Any]:
    """FUNCTIONS for run time."""
    grouped: dict[tuple[str, bool, tuple[str, ...]], list[Function]] = {}
    for function in functions:
        for kinds in itertools.product(*map(kinds_of, function.parameters)):
            name = RENAMED.get(function.overload, function.name)
            grouped.setdefault((name, function.member, kinds), []).append(function)
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
def parser(lists: bool) -> Any:
    """The environment that knows the macros."""
    return cel.NewEnv(config=configured(lists), extensions=extensions())


@functools.cache
def names(rules: Rules) -> Names:
    """What expressions can speak of under RULES."""
    functions = standard(lists=rules.extended)
    for one in functions_of(lists=rules.lists):
        signature = Signature(
            one.overload, tuple(map(type_of, one.parameters)), type_of(one.result), one.member
        )
        functions.setdefault(one.name, []).append(signature)
    attribute = "dyn" if rules.lists else "any"
    fields = {
        "driver": "string",
        "attributes": f"map(string, map(string, {attribute}))",
        "capacity": "map(string, map(string, kubernetes.Quantity))",
    } | ({"allowMultipleAllocations": "bool"} if rules.consumable else {})
    device = {name: type_of(text) for name, text in fields.items()}
    return Names(functions, {"device": Type(DEVICE)}, {DEVICE: device})


@functools.cache
def runtime(variables: tuple[str, ...] = ("device",)) -> Any:
    """The environment in which they are evaluated."""
    functions = [*functions_of(lists=True), *INSERT]
    return cel.NewEnv(
        config=configured(True),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        functions=running(functions),
        extensions=extensions(),
    )


def parse(text: str, *, lists: bool) -> Any:
    """The tree of TEXT.

    Raises:
        CompileError: it is no expression.
    """
    try:
        parsed = parser(lists).compile(text, disable_check=True)
    except Exception as error:  # the library has no class of its own
        message = NOISE.sub("", NOISE.sub("", str(error)))
        message = twice(same, text) if (same := SAME.search(message)) else message
        for pattern, words in MACROS:
            message = pattern.sub(words, message)
        raise CompileError(f"compilation failed: {message}") from error
    tree = read(parsed.serialize())
    if any(n.call_expr.function == "exists_one" and len(n.call_expr.args) == 3 for n in nodes(tree.expr)):
        return parse(
            PAIRS.sub("existsOne ", text, count=1), lists=lists
        )  # as long as the name that the library lacks
    places = {entry.key: entry.value for entry in tree.source_info.positions}
    for node in nodes(tree.expr):
        loop = node.comprehension_expr
        if node.WhichOneof("kind") == "comprehension_expr" and not loop.iter_var:
            place = places.get(node.id, 0) + 1
            raise CompileError(f"compilation failed: {located(text, place, 'argument is not an identifier')}")
    return tree


def twice(found: re.Match[str], text: str) -> str:
    """The refusal of a macro whose two variables are one."""
    line, column = int(found[1]), int(found[2])
    lines = text.split("\n")
    start = sum(len(before) + 1 for before in lines[: line - 1])
    second = SECOND.match(lines[line - 1], column - 1)
    place, word = (second.start(1), second[1]) if second else (column - 1, "")
    return located(text, start + place, f"duplicate variable name: {word}")


def located(text: str, offset: int, message: str) -> str:
    """MESSAGE about a place in TEXT as the compiler would write it."""
    line, start = text.count("\n", 0, offset) + 1, text.rfind("\n", 0, offset) + 1
    shown_line = text[start:].partition("\n")[0]
    where = f"<input>:{line}:{offset - start + 1}"
    return f"ERROR: {where}: {message}\n | {shown_line}\n | {'.' * (offset - start)}^"


def compile_text(text: str, rules: Rules) -> Program:
    """TEXT as a program.

    Raises:
        CompileError: it is no expression, or not one that gives a bool.
    """
    tree = parse(text, lists=rules.extended)
    checked = checked_tree(tree, text, names(rules))
    kind = checked.types[tree.expr.id]
    if str(kind) not in ("bool", "any") and not (rules.lists and kind.name == "dyn"):
        message = f"must evaluate to bool or the unknown type, not {shown(kind)}"
        raise CompileError(message)
    cost = estimate(tree, checked)
    adapt(tree, checked)
    return Program(runtime().deserialize(write(tree)), cost)


def checked_tree(tree: Any, text: str, known: Names) -> Checked:
    """What is known of TREE.

    Raises:
        CompileError: there is something wrong with it.
    """
    checked = check(tree, known)
    if checked.errors:
        wrong = sorted(checked.errors, key=operator.itemgetter(0))
        told = [located(text, place, message) for place, message in wrong]
        raise CompileError("compilation failed: " + "\n".join(told))
    return checked


def compile_rule(text: str, variables: tuple[str, ...]) -> Any:
    """TEXT, that speaks of VARIABLES of any type, as an executable.

    Raises:
        CompileError: it is no expression.
    """
    tree = parse(text, lists=True)
    known = Names(names(Rules()).functions, dict.fromkeys(variables, DYN), {})
    checked = checked_tree(tree, text, known)
    adapt(tree, checked)
    return runtime(variables).deserialize(write(tree))


def activation(fields: Mapping[str, Any]) -> Any:
    """FIELDS of a device, ready for any number of evaluations."""
    return runtime().Activation({"device": dict(fields)})


def evaluate(program: Program, device: Any) -> bool:
    """Whether PROGRAM is true for DEVICE, an ``activation``.

    Raises:
        EvaluationError: it fails, or gives no bool.
    """
    try:
        result = program.executable.eval(device)
    except RuntimeError as error:  # a value that the library cannot carry
        raise EvaluationError(str(error)) from error
    if result.type() == cel.Type.BOOL:
        return bool(result.value())
    if result.type() == cel.Type.ERROR:
        text = MISSING.sub(r"no such key: \1", str(result.value()))
        raise EvaluationError(
            re.sub(r"^[A-Z_]+: ", "", text).replace("No matching overloads found : ", "no such overload: ")
        )
    message = f"CEL result of type {str(result.type().name()).lower()} could not be converted to bool"
    raise EvaluationError(message)
