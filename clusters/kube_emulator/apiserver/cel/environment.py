"""Compiles selectors and evaluates them on devices, with Google's C++ CEL (cel-expr-python) where it can.

``parsing`` parses, ``checker`` gives types, ``cost`` estimates, ``rewriting`` adapts the tree, and the C++ library runs
it. At run time it knows only the kinds of values (map, list, string ...), because it cannot have types of our own.

Run-time cost: cel-go counts units while it evaluates and stops at the limit. The C++ library counts nothing, so the limit
is enforced with the estimate, which is an upper bound: what could exceed the limit is not evaluated at all. Admission
refuses such expressions too, so the difference shows only with objects that were stored under other rules.
"""

import datetime
import functools
import itertools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from kube_emulator.apiserver.cel.checker import Checked, Names, check
from kube_emulator.apiserver.cel.cost import estimate
from kube_emulator.apiserver.cel.library import Function, functions_of
from kube_emulator.apiserver.cel.parsing import FAILED, CompileError, configured, extensions, located, parse
from kube_emulator.apiserver.cel.rewriting import INSERT, RENAMED, adapt
from kube_emulator.apiserver.cel.sizes import DEVICE
from kube_emulator.apiserver.cel.standard import Signature, standard
from kube_emulator.apiserver.cel.syntax import write
from kube_emulator.apiserver.cel.types import Type, shown, type_of
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
"""The kinds that the library distinguishes at run time; a parameter ``dyn`` would match none of them."""
TOO_LONG = "Iteration budget exceeded"
"""What the library says of an expression that it stopped, which it does after 10,000 steps of loops."""
COST_EXCEEDED = "operation cancelled: actual cost limit exceeded"
"""What cel-go says of one."""
INDEX = re.compile(r"Index error: index=(-?\d+) size=\d+")
MISSING = re.compile(r'^NOT_FOUND: Key not found in map : "(.*)"$')


class EvaluationError(Exception):
    """The selector fails on a device; the message is the scheduler's."""


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled selector."""

    executable: Any
    cost: int
    """Upper bound of its cost in units (CELSelectorExpressionMaxCost is the limit)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides which expressions compile.

    Attributes:
        consumable: the gate DRAConsumableCapacity.
        lists: the gate DRAListTypeAttributes.
        extended: cel-go's lists extension. Its library has it since 1.34; new expressions may use it from 1.35, so that
            an API server that is rolled back by one release still compiles what is stored (pkg/cel/environment).
    """

    consumable: bool = True
    lists: bool = False
    extended: bool = True


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds of values that a parameter of a type takes at run time."""
    if text == "dyn" or text.isupper():
        return tuple(KINDS)
    return (text if text in KINDS else "list" if text.startswith("list(") else "map",)


def chosen(name: str, candidates: list[Function]) -> Callable[..., Any]:
    """The implementation of several overloads: the one whose types the arguments have is called.

    The library cannot choose, because several of Kubernetes' types are all maps at run time.
    """

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
    """FUNCTIONS declared for run time: one overload per combination of kinds."""
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
def names(rules: Rules) -> Names:
    """The functions, variables and fields that expressions can use under RULES."""
    functions = standard(lists=rules.extended)
    for one in functions_of(lists=rules.lists):
        signature = Signature(
            one.overload, tuple(map(type_of, one.parameters)), type_of(one.result), one.member
        )
        functions.setdefault(one.name, []).append(signature)
    # compile.go: attributes are ``any`` until list attributes exist, because ``any`` cannot be the range of a macro
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
    """The environment that evaluates. Variables are ``dyn``: the checker knows their types, the library need not."""
    return runtime_with(variables, ())


def runtime_with(variables: tuple[str, ...], more: Sequence[Function]) -> Any:
    """``runtime`` with MORE functions, of one cluster; making it is expensive."""
    functions = [*functions_of(lists=True), *INSERT, *more]
    return cel.NewEnv(
        config=configured(True),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        functions=running(functions),
        extensions=extensions(),
    )


def compile_text(text: str, rules: Rules) -> Program:
    """TEXT as a program.

    Raises:
        CompileError: it does not compile, or cannot be a bool.
    """
    program, kind = compile_any(text, rules)
    # an attribute has a type at run time only, so ``any`` passes; with list attributes it is ``dyn`` instead
    if str(kind) not in ("bool", "any") and not (rules.lists and kind.name == "dyn"):
        message = f"must evaluate to bool or the unknown type, not {shown(kind)}"
        raise CompileError(message)
    return program


def compile_value(text: str, rules: Rules) -> Program:
    """TEXT as a program whose result is the value of an attribute: a scalar, or a list of scalars.

    Raises:
        CompileError: it does not compile, or its result is of another type.
    """
    program, kind = compile_any(text, rules)
    of = kind.holds[0] if kind.name == "list" and kind.holds else kind
    if str(of) not in ("bool", "int", "string", "any", "dyn", "kubernetes.Semver"):
        message = (
            "must evaluate to a primitive scalar (string, integer, boolean, semver) or a list of these scalars,"
            f" not {shown(kind)}"
        )
        raise CompileError(message)
    return program


def compile_any(text: str, rules: Rules) -> tuple[Program, Type]:
    """TEXT as a program, and the type of its result. Raises CompileError."""
    tree = parse(text, lists=rules.extended)
    checked = checked_tree(tree, text, names(rules))
    cost = estimate(tree, checked)
    adapt(tree, checked)
    return Program(runtime().deserialize(write(tree)), cost), checked.types[tree.expr.id]


def checked_tree(tree: Any, text: str, known: Names) -> Checked:
    """The types and overloads of TREE.

    Raises:
        CompileError: it has type errors.
    """
    checked = check(tree, known)
    if checked.errors:
        wrong = sorted(checked.errors, key=operator.itemgetter(0))
        lines = [located(text, place, message) for place, message in wrong]
        raise CompileError(FAILED + "\n".join(lines))
    return checked


def failure(result: Any) -> str:
    """Why an evaluation failed, as cel-go puts it."""
    text = MISSING.sub(r"no such key: \1", str(result.value()))
    text = INDEX.sub(r"index out of bounds: \1", text)
    return re.sub(r"^[A-Z_]+: ", "", text).replace("No matching overloads found : ", "no such overload: ")


def activation(fields: Mapping[str, Any]) -> Any:
    """FIELDS of a device, ready for any number of evaluations."""
    return runtime().Activation({"device": dict(fields)})


def evaluate(program: Program, device: Any) -> bool:
    """Whether PROGRAM is true for DEVICE, an ``activation``.

    Raises:
        EvaluationError: it fails, or its result is not a bool.
    """
    result = outcome(program, device)
    if result.type() == cel.Type.BOOL:
        return bool(result.value())
    message = f"CEL result of type {str(result.type().name()).lower()} could not be converted to bool"
    raise EvaluationError(message)


def evaluate_value(program: Program, device: Any) -> Any:
    """What PROGRAM gives for DEVICE, an ``activation``, as the library carries it. Raises EvaluationError."""
    return outcome(program, device).plain_value()


def outcome(program: Program, device: Any) -> Any:
    """The result of PROGRAM for DEVICE.

    Raises:
        EvaluationError: it fails.
    """
    try:
        result = program.executable.eval(device)
    except RuntimeError as error:  # a value that the library cannot carry
        raise EvaluationError(str(error)) from error
    if result.type() == cel.Type.ERROR:
        raise EvaluationError(failure(result))
    return result
