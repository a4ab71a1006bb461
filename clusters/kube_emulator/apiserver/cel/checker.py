"""Gives every part of a parsed expression its type, and reports type errors with cel-go's messages.

The C++ library has a checker, but it has no type parameters for functions of our own, reserves names that Kubernetes
overloads (``indexOf``, ``string``), and its messages differ. This one is after cel-go 0.26 checker/checker.go and
cel/validator.go. The tree is changed in place where a qualified name turns out to be one function.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from kube_emulator.apiserver.cel.library import expression
from kube_emulator.apiserver.cel.standard import Signature
from kube_emulator.apiserver.cel.syntax import children
from kube_emulator.apiserver.cel.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    STRING,
    Bindings,
    Type,
    as_general,
    type_of,
)

CONSTANTS = {
    "null_value": "null",
    "bool_value": "bool",
    "int64_value": "int",
    "uint64_value": "uint",
    "double_value": "double",
    "string_value": "string",
    "bytes_value": "bytes",
}
TYPE_NAMES = ("bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type")
DURATION = re.compile(r"[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression can refer to.

    Attributes:
        functions: {name: overloads}.
        variables: {name: type}.
        fields: {type: {field: type}} of types with fields.
    """

    functions: Mapping[str, Sequence[Signature]]
    variables: Mapping[str, Type]
    fields: Mapping[str, Mapping[str, Type]]


@dataclass(slots=True)
class Checked:
    """What the check found out about a tree.

    Attributes:
        types: {id of a node: its type}.
        overloads: {id of a call: ids of the overloads that its operands fit}.
        errors: (offset in the text, message).
    """

    types: dict[int, Type] = field(default_factory=dict)
    overloads: dict[int, list[str]] = field(default_factory=dict)
    errors: list[tuple[int, str]] = field(default_factory=list)


def check(tree: Any, names: Names) -> Checked:
    """Check a ParsedExpr."""
    checker = Checker(tree, names)
    checker.visit(tree.expr)
    found = checker.found
    found.types = {key: checker.bindings.resolved(kind, closed=True) for key, kind in found.types.items()}
    if not found.errors:
        checker.literals(tree.expr)
    return found


def qualified(node: Any) -> str:
    """``a.b.c`` if NODE is names and dots only."""
    match node.WhichOneof("kind"):
        case "ident_expr":
            return str(node.ident_expr.name)
        case "select_expr" if not node.select_expr.test_only:
            before = qualified(node.select_expr.operand)
            return f"{before}.{node.select_expr.field}" if before else ""
    return ""


class Checker:
    """The check of one tree."""

    def __init__(self, tree: Any, names: Names) -> None:
        self._names = names
        self._places = {entry.key: entry.value for entry in tree.source_info.positions}
        self._scopes: list[dict[str, Type]] = [dict(names.variables)]
        self.bindings = Bindings()
        self.found = Checked()

    def report(self, node: Any, message: str) -> None:
        """Record an error at NODE."""
        self.found.errors.append((self._places.get(node.id, 0), message))

    def visit(self, node: Any) -> Type:
        """The type of NODE."""
        match node.WhichOneof("kind"):
            case "const_expr":
                kind = type_of(CONSTANTS[node.const_expr.WhichOneof("kind")])
            case "ident_expr":
                kind = self._ident(node)
            case "select_expr":
                kind = self._select(node)
            case "call_expr":
                kind = self._call(node)
            case "list_expr":
                kind = self._list(node)
            case "struct_expr":
                kind = self._map(node)
            case _:
                kind = self._comprehension(node)
        self.found.types[node.id] = kind
        return kind

    def _ident(self, node: Any) -> Type:
        name = node.ident_expr.name.removeprefix(".")
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        if name in TYPE_NAMES:
            return type_of(f"type({name})")
        self._undeclared(node, name)
        return ERROR

    def _undeclared(self, node: Any, name: str) -> None:
        self.report(node, f"undeclared reference to '{name}' (in container '')")

    def _select(self, node: Any) -> Type:
        select = node.select_expr
        kind = self._field(node, select.operand, select.field, optional=False)
        return BOOL if select.test_only else kind

    def _field(self, node: Any, operand: Any, name: str, *, optional: bool) -> Type:
        target = self.bindings.resolved(self.visit(operand))
        if target.name == "optional_type":
            # a field of an optional is optional itself, so that ``a.?b.c`` needs one question mark
            target, optional = target.holds[0], True
        if target.name == "map":
            kind = target.holds[1]
        elif target.name in self._names.fields:
            kind = self._names.fields[target.name].get(name, ERROR)
            if kind is ERROR:
                self.report(node, f"undefined field '{name}'")
        else:
            kind = DYN
            if target.free:
                # an unbound parameter whose field is read can only be dynamic
                self.bindings.takes((DYN,), (target,))
            elif not target.wild:
                self.report(node, f"type '{target}' does not support field selection")
        kind = self.bindings.resolved(kind)
        return Type("optional_type", (kind,)) if optional else kind

    def _call(self, node: Any) -> Type:
        call = node.call_expr
        if call.function == "_?._":
            self.found.overloads[node.id] = ["select_optional_field"]
            self.found.types[call.args[1].id] = STRING
            return self._field(node, call.args[0], call.args[1].const_expr.string_value, optional=True)
        kinds = [self.visit(argument) for argument in call.args]
        member = call.HasField("target")
        # ``ip.isCanonical(x)`` is parsed as a member call of ``ip``; a function of the qualified name wins (checkCall)
        if member and (name := qualified(call.target)) and f"{name}.{call.function}" in self._names.functions:
            call.function, member = f"{name}.{call.function}", False
            call.ClearField("target")
        if member:
            kinds.insert(0, self.visit(call.target))
        signatures = self._names.functions.get(call.function)
        if signatures is None:
            self._undeclared(node, call.function)
            return ERROR
        if call.function in ("_&&_", "_||_"):
            return self._logic(node, kinds)
        return self._resolved(node, [one for one in signatures if one.member == member], kinds, member)

    def _logic(self, node: Any, kinds: list[Type]) -> Type:
        # not resolved as a function: cel-go reports the operand that is no bool, not a missing overload
        result = BOOL
        for argument, kind in zip(node.call_expr.args, kinds, strict=True):
            if not self.bindings.takes((kind,), (BOOL,)):
                self.report(argument, f"expected type 'bool' but found '{kind}'")
                result = ERROR
        self.found.overloads[node.id] = [{"_&&_": "logical_and"}.get(node.call_expr.function, "logical_or")]
        return result

    def _resolved(self, node: Any, signatures: list[Signature], kinds: list[Type], member: bool) -> Type:
        # with ``dyn`` operands several overloads fit; the result is ``dyn`` unless all give the same type
        result: Type | None = None
        found = self.found.overloads[node.id] = []
        for signature in signatures:
            own, *parameters = self.bindings.instance((signature.result, *signature.parameters))
            if not self.bindings.takes(tuple(kinds), tuple(parameters)):
                continue
            found.append(signature.overload)
            kind = self.bindings.resolved(own)
            if result is None:
                result = kind
            elif not result.anything and kind != result:
                result = DYN
        if result is not None:
            return result
        given = [str(self.bindings.resolved(kind, closed=True)) for kind in kinds]
        target = f"{given.pop(0)}." if member else ""
        applied = f"{target}({', '.join(given)})"
        self.report(
            node, f"found no matching overload for '{node.call_expr.function}' applied to '{applied}'"
        )
        return ERROR

    def _joined(self, node: Any, before: Type | None, kind: Type, optional: bool) -> Type:
        """The common type of all items so far and of NODE; ``dyn`` if there is none (joinTypes)."""
        if optional:
            if kind.name == "optional_type":
                kind = kind.holds[0]
            elif not kind.anything:
                self.report(node, f"expected type 'optional_type({kind})' but found '{kind}'")
        if before is None:
            return kind
        if self.bindings.takes((before,), (kind,)):
            return before if as_general(before, kind) else kind
        return DYN

    def _list(self, node: Any) -> Type:
        found: Type | None = None
        optional = set(node.list_expr.optional_indices)
        for index, item in enumerate(node.list_expr.elements):
            found = self._joined(item, found, self.visit(item), index in optional)
        return Type("list", (found or self.bindings.fresh(),))

    def _map(self, node: Any) -> Type:
        if node.struct_expr.message_name:
            self._undeclared(node, node.struct_expr.message_name)
            return ERROR
        keys: Type | None = None
        values: Type | None = None
        for entry in node.struct_expr.entries:
            keys = self._joined(entry.map_key, keys, self.visit(entry.map_key), False)
            values = self._joined(entry.value, values, self.visit(entry.value), entry.optional_entry)
        return Type("map", (keys or self.bindings.fresh(), values or self.bindings.fresh()))

    def _comprehension(self, node: Any) -> Type:
        loop = node.comprehension_expr
        over = self.bindings.resolved(self.visit(loop.iter_range))
        accumulator = self.visit(loop.accu_init)
        first, second = self._items(loop, over)
        self._scopes.append({loop.accu_var: accumulator})
        names = {loop.iter_var: first} | ({loop.iter_var2: second} if loop.iter_var2 else {})
        self._scopes.append(names)
        for part, wanted in ((loop.loop_condition, BOOL), (loop.loop_step, accumulator)):
            kind = self.visit(part)
            if not self.bindings.takes((wanted,), (kind,)):
                self.report(part, f"expected type '{wanted}' but found '{kind}'")
        self._scopes.pop()  # the result of a macro sees its accumulator, but not its variables
        result = self.visit(loop.result)
        self._scopes.pop()
        return self.bindings.resolved(result)

    def _items(self, loop: Any, over: Type) -> tuple[Type, Type]:
        """The types of the variables of a loop over OVER."""
        if over.name == "list":
            return (INT if loop.iter_var2 else over.holds[0]), over.holds[0]
        if over.name == "map":
            return over.holds[0], over.holds[1]
        if over.free or over.name in ("dyn", "!error!"):
            self.bindings.takes((DYN,), (over,))
            return DYN, DYN
        why = (
            f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)"
        )
        self.report(loop.iter_range, why)
        return ERROR, ERROR

    def literals(self, root: Any, *, free: bool = False) -> None:
        """Check literals (cel/validator.go): durations, patterns, and that all items of a list or map have one type.

        FREE: inside the arguments of ``format``, which accepts a list of mixed types.
        """
        call = root.call_expr
        if root.WhichOneof("kind") == "call_expr" and call.args:
            argument = call.args[-1 if call.function == "matches" else 0]
            kind = argument.const_expr.WhichOneof("kind")
            if kind == "string_value" and not is_literal(call.function, argument.const_expr.string_value):
                self.report(argument, f"invalid {call.function} argument")
            if call.function == "format" and (clause := strange_clause(call.target.const_expr.string_value)):
                why = f'could not parse formatting clause: unrecognized formatting clause "{clause}"'
                self.report(root, why)
        if not free:
            entries = root.struct_expr.entries
            for items in (root.list_expr.elements, [e.map_key for e in entries], [e.value for e in entries]):
                self._alike(items)
        for child in children(root):
            self.literals(child, free=free or (call.function == "format" and child in call.args))

    def _alike(self, items: Sequence[Any]) -> None:
        for item in items[1:]:
            wanted, kind = self.found.types[items[0].id], self.found.types[item.id]
            if wanted != kind and wanted.name != "optional_type":
                self.report(item, f"expected type '{wanted}' but found '{kind}'")
                return


CLAUSE = re.compile(r"%(?:%|(?:\.\d+)?(.?))", re.DOTALL)


def strange_clause(text: str) -> str:
    """The first formatting clause that does not exist; empty if all do."""
    return next((found[1] for found in CLAUSE.finditer(text) if found[1] and found[1] not in "sdfexXob"), "")


def is_literal(function: str, text: str) -> bool:
    """Whether FUNCTION accepts the literal TEXT."""
    if function == "duration":
        return DURATION.fullmatch(text) is not None
    if function == "timestamp":
        return TIMESTAMP.fullmatch(text) is not None
    if function == "matches":
        try:
            expression(text)
        except re2.error:
            return False
    return True
