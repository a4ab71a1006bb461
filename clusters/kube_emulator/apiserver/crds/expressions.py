"""The CEL rules of a custom kind (``x-kubernetes-validations``): compiled once, evaluated at every value of their schema.

``self`` and ``oldSelf`` are ``dyn`` here, so a rule about a field that the schema does not have fails only when it runs. A
rule that reads ``oldSelf`` (a transition rule) applies only to values that can be matched with an old one: members, and items
of lists of type map (apiextensions-apiserver ``pkg/apiserver/schema/cel``, 1.36).
"""

import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from cel_expr_python import cel

from kube_emulator.apiserver.cel.environment import compile_rule, runtime
from kube_emulator.apiserver.schema.json_schema import JsonSchema, ValidationRule
from kube_emulator.apiserver.validation.causes import ABSENT, Cause, duplicate, forbidden, invalid, required

RULES: Final = "x-kubernetes-validations"
VARIABLES = ("self", "oldSelf")
OLD = re.compile(r"\boldSelf\b")


@functools.lru_cache(maxsize=4096)
def compiled(text: str) -> Any:
    """The program of a rule.

    Raises:
        CompileError: it does not compile.
    """
    return compile_rule(text, VARIABLES)


def evaluated(text: str, value: Any, old: Any) -> Any:
    """The value of TEXT; None if it fails."""
    known = {"self": value} | ({} if old is ABSENT else {"oldSelf": old})
    result = compiled(text).eval(runtime(VARIABLES).Activation(known))
    return None if result.type() == cel.Type.ERROR else result.value()


def rule_causes(value: Any, old: Any, schema: JsonSchema, path: str) -> Iterator[Cause]:
    """The rules of SCHEMA, and of the schemas in it, that VALUE breaks; OLD is the value before, or ABSENT."""
    if value is None:
        return
    for rule in schema.get(RULES) or []:
        transition = OLD.search(rule["rule"]) is not None
        if transition and old is ABSENT:
            continue
        # a rule that fails to evaluate counts as broken too
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


def same_item(item: Any, old: Any, schema: JsonSchema) -> Any:
    """The old item with the same keys in a list of type map; ABSENT if there is none."""
    keys = schema.get("x-kubernetes-list-map-keys") or []
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return ABSENT
    wanted = [item.get(key) for key in keys]
    return next((before for before in old if [before.get(key) for key in keys] == wanted), ABSENT)


def broken(rule: ValidationRule, value: Any, old: Any, path: str) -> Cause:
    """The cause of a broken rule; its message is ``messageExpression``, else ``message``, else the rule itself."""
    computed = evaluated(rule["messageExpression"], value, old) if rule.get("messageExpression") else None
    message = (
        computed
        if isinstance(computed, str) and computed
        else rule.get("message") or f"failed rule: {rule['rule']}"
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
