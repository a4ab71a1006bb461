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
from kube_emulator.apiserver.crds.structural import item_before, member_before, same
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


def rule_causes(
    value: Any, old: Any, schema: JsonSchema, path: str, *, unchanged: bool = False
) -> Iterator[Cause]:
    """The rules of SCHEMA, and of the schemas in it, that VALUE breaks; OLD is the value before, or ABSENT.

    What did not change is judged again by transition rules only (KEP 4008). UNCHANGED says so of the value around this one,
    for items that cannot be matched with an old one.
    """
    if value is None:
        return
    kept = unchanged if old is ABSENT else same(old, value)
    for rule in schema.get(RULES) or []:
        transition = OLD.search(rule["rule"]) is not None
        if (transition and old is ABSENT) or (kept and not transition):
            continue
        # a rule that fails to evaluate counts as broken too
        if evaluated(rule["rule"], value, old) is not True:
            yield broken(rule, value, old, path)
    if isinstance(value, dict):
        properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, member in value.items():
            inner = properties.get(name) or (extra if isinstance(extra, dict) else {})
            # a member is named as such, the entry of a map by its key (validation.go validateMap)
            where = (path + (f".{name}" if name in properties else f"[{name}]")).removeprefix(".")
            yield from rule_causes(member, member_before(old, name, schema), inner, where, unchanged=kept)
    elif isinstance(value, list):
        items = schema.get("items") or {}
        for index, item in enumerate(value):
            before = item_before(item, old, schema)
            yield from rule_causes(item, before, items, f"{path}[{index}]", unchanged=kept)


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
