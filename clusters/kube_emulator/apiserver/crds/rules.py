"""Compiles the CEL rules of a schema with its types, and estimates what they cost at worst.

After apiextensions-apiserver ``pkg/apiserver/schema/cel/compilation.go``, 1.37. A rule runs on plain values of JSON (``carried``);
a time in them is a text, and the tree converts it where the rule reads it, because the library takes no times.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.cel.checker import Checked, Names
from kube_emulator.apiserver.cel.cost import Values, estimate
from kube_emulator.apiserver.cel.environment import Rules, checked_tree, names, runtime
from kube_emulator.apiserver.cel.parsing import CompileError, parse
from kube_emulator.apiserver.cel.rewriting import adapt
from kube_emulator.apiserver.cel.syntax import nodes, write
from kube_emulator.apiserver.cel.types import Type
from kube_emulator.apiserver.crds.declared import Declared, escape
from kube_emulator.apiserver.schema.json_schema import JsonSchema

VARIABLES = ("self", "oldSelf")
TIMES = ("timestamp", "duration")


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression.

    Attributes:
        cost: upper bound of its cost in units, of one evaluation.
        old: whether it reads ``oldSelf``.
    """

    executable: Any
    cost: int
    old: bool


def compile_rule(text: str, subject: Declared, result: str, *, optional: bool = False) -> Rule:
    """TEXT, about values of SUBJECT, with a RESULT of ``bool`` or ``string``.

    OPTIONAL: ``oldSelf`` is an optional, which is there also where nothing was before.

    Raises:
        CompileError: it does not compile; the message is upstream's.
    """
    tree = parse(text, lists=True)
    old = Type("optional_type", (subject.kind,)) if optional else subject.kind
    fields = subject.members()
    known = Names(names(Rules()).functions, {"self": subject.kind, "oldSelf": old}, fields)
    checked = checked_tree(tree, text, known)
    if str(checked.types[tree.expr.id]) != result:
        message = (
            "cel expression must evaluate to a bool" if result == "bool" else "must evaluate to a string"
        )
        raise CompileError(message)
    reads_old = any(node.ident_expr.name == "oldSelf" for node in nodes(tree.expr))
    structs = frozenset(fields)
    cost = estimate(tree, checked, Values(lambda path: size_at(subject, path), structs))
    adapt(tree, checked, devices=False)
    convert_times(tree, checked)
    return Rule(runtime(VARIABLES).deserialize(write(tree)), cost, reads_old)


def size_at(subject: Declared, path: str) -> int | None:
    """The largest size of what is at PATH of SUBJECT."""
    found = subject.at(path) if path.partition(".")[0] in VARIABLES else None
    return None if found is None else found.elements


def convert_times(tree: Any, checked: Checked) -> None:
    """Change TREE, in place, so that what it reads as time or duration is converted from a text."""
    every = list(nodes(tree.expr))
    free = max(node.id for node in every) + 1
    for node in reversed(every):
        kind = checked.types.get(node.id)
        reads = node.WhichOneof("kind") in ("ident_expr", "select_expr") or node.call_expr.function == "_[_]"
        if kind is None or kind.name not in TIMES or not reads:
            continue
        inner = type(node)()
        inner.CopyFrom(node)
        inner.id, free = free, free + 1
        node.call_expr.Clear()
        node.call_expr.function = kind.name
        node.call_expr.args.add().CopyFrom(inner)


def carried(value: Any, schema: JsonSchema) -> Any:
    """VALUE of SCHEMA as a rule reads it: names escaped, numbers of their type, bytes decoded."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [carried(item, items) for item in value]
    if isinstance(value, dict):
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        if isinstance(extra, dict):
            return {name: carried(member, extra) for name, member in value.items()}
        return {
            escape(name) or name: carried(member, properties.get(name) or {})
            for name, member in value.items()
        }
    if schema.get("type") == "number" and isinstance(value, int):
        return float(value)
    if schema.get("type") == "integer" and isinstance(value, float):
        return int(value)
    if schema.get("format") == "byte" and isinstance(value, str):
        try:
            return base64.b64decode(value)
        except binascii.Error:
            return value
    return value
