"""The CEL rules of a custom kind (``x-kubernetes-validations``): compiled once, evaluated wherever they stand.

``self`` and ``oldSelf`` have no types of their own here, so a rule about a field that the schema does not have is found
out only when it runs. A rule that reads ``oldSelf`` holds for changes of values that can be told to be the same ones:
members, and items of lists that are maps (apiextensions-apiserver ``pkg/apiserver/schema/cel``, 1.36).
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cel_expr_python import cel

from kube_emulator.apiserver.cel.environment import CompileError, compile_rule, runtime
from kube_emulator.apiserver.validation.causes import ABSENT, Cause, duplicate, forbidden, invalid, required

Schema = Mapping[str, Any]
RULES = "x-kubernetes-validations"
VARIABLES = ("self", "oldSelf")
OLD = re.compile(r"\boldSelf\b")


@functools.lru_cache(maxsize=4096)
def compiled(text: str) -> Any:
    """A rule.

    Raises:
        CompileError: it is none.
    """
    return compile_rule(text, VARIABLES)


def evaluated(text: str, value: Any, old: Any) -> Any:
    """What TEXT gives; None if it fails."""
    known = {"self": value} | ({} if old is ABSENT else {"oldSelf": old})
    result = compiled(text).eval(runtime(VARIABLES).Activation(known))
    return None if result.type() == cel.Type.ERROR else result.value()


def rule_causes(value: Any, old: Any, schema: Schema, path: str) -> Iterator[Cause]:
    """The rules of SCHEMA, and of what it holds, that VALUE (before: OLD, or ABSENT) breaks."""
    if value is None:
        return
    for rule in schema.get(RULES) or []:
        changes = OLD.search(rule["rule"]) is not None
        if changes and old is ABSENT:
            continue
        if evaluated(rule["rule"], value, old) is not True:
            yield broken(rule, value, old, path)
    if isinstance(value, dict):
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, member in value.items():
            inner = properties.get(name) or (extra if isinstance(extra, dict) else {})
            before = old.get(name, ABSENT) if isinstance(old, dict) else ABSENT
            yield from rule_causes(member, before, inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        items = schema.get("items") or {}
        for index, item in enumerate(value):
            yield from rule_causes(item, same_item(item, old, schema), items, f"{path}[{index}]")


def same_item(item: Any, old: Any, schema: Schema) -> Any:
    """The item of a list that is a map which has the same keys; ABSENT if there is none."""
    keys = schema.get("x-kubernetes-list-map-keys") or []
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return ABSENT
    wanted = [item.get(key) for key in keys]
    return next((before for before in old if [before.get(key) for key in keys] == wanted), ABSENT)


def broken(rule: Mapping[str, Any], value: Any, old: Any, path: str) -> Cause:
    """The cause of a broken rule, in its own words if it has some."""
    told = evaluated(rule["messageExpression"], value, old) if rule.get("messageExpression") else None
    message = (
        told if isinstance(told, str) and told else rule.get("message") or f"failed rule: {rule['rule']}"
    )
    where = (path + rule.get("fieldPath", "")).removeprefix(".")
    shown = ABSENT if isinstance(value, dict | list) or rule.get("fieldPath") else value
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(where, message)
        case "FieldValueRequired":
            return required(where, message)
        case "FieldValueDuplicate":
            return duplicate(where, value)
    return invalid(where, shown, message)


def rule_problems(schema: Schema, path: str) -> Iterator[Cause]:
    """Rules in SCHEMA that are no expressions."""
    for index, rule in enumerate(schema.get(RULES) or []):
        try:
            compiled(rule.get("rule", ""))
        except CompileError as error:
            yield invalid(f"{path}.{RULES}[{index}].rule", rule, str(error))
    for name, inner in (schema.get("properties") or {}).items():
        yield from rule_problems(inner, f"{path}.properties[{name}]")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from rule_problems(schema[name], f"{path}.{name}")
