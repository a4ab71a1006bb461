"""The CEL rules of a custom kind (``x-kubernetes-validations``) at work: evaluated at every value of their schema.

A rule that reads ``oldSelf`` (a transition rule) applies only to values that can be matched with an old one: members, and items
of lists of type map (apiextensions-apiserver ``pkg/apiserver/schema/cel/validation.go``, 1.37). What a real server counts while a
rule runs, the library does not: it stops after 10,000 steps of loops, which is reported as upstream's limit of costs is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

from kube_emulator.apiserver.cel.environment import COST_EXCEEDED, TOO_LONG, failure, runtime
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.crds.declared import declared
from kube_emulator.apiserver.crds.rules import VARIABLES, Rule, carried, compile_rule
from kube_emulator.apiserver.crds.structural import EMBEDDED, item_before, member_before, same
from kube_emulator.apiserver.schema.json_schema import JsonSchema, ValidationRule
from kube_emulator.apiserver.validation.causes import ABSENT, Cause, duplicate, forbidden, invalid, required

RULES: Final = "x-kubernetes-validations"
ABSENT_OLD, PRESENT_OLD = (f"cel.bind(oldSelf, optional.{form}, {{}})" for form in ("none()", "of(oldSelf)"))
"""A rule with ``optionalOldSelf`` on a value without and with an old one; the library takes no optionals from outside."""


class RuleError(Exception):
    """A rule fails on a value.

    Attributes:
        last: whether no other rule is tried.
    """

    def __init__(self, message: str, *, last: bool = False) -> None:
        super().__init__(message)
        self.last = last


@dataclass(frozen=True, slots=True)
class Place:
    """A value, its schema, and what was there before.

    Attributes:
        old: ABSENT if there was nothing that it can be matched with.
        root: whether it is a whole object.
        unchanged: whether the value around it did not change, for items that cannot be matched.
    """

    value: Any
    old: Any
    schema: JsonSchema
    path: str
    root: bool = False
    unchanged: bool = False

    @property
    def kept(self) -> bool:
        """Whether it did not change."""
        return self.unchanged if self.old is ABSENT else same(self.old, self.value)

    def inner(self) -> Iterator["Place"]:
        """The values in it."""
        schema, kept = self.schema, self.kept
        if isinstance(self.value, dict):
            properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
            for name, member in self.value.items():
                part: JsonSchema = properties.get(name) or (extra if isinstance(extra, dict) else {})
                # a member is named as such, the entry of a map by its key (validateMap)
                step = f".{name}" if name in properties else f"[{name}]"
                before, where = member_before(self.old, name, schema), (self.path + step).removeprefix(".")
                yield Place(member, before, part, where, bool(part.get(EMBEDDED)), kept)
        elif isinstance(self.value, list):
            part = schema.get("items") or {}
            for index, item in enumerate(self.value):
                before = item_before(item, self.old, schema)
                yield Place(item, before, part, f"{self.path}[{index}]", bool(part.get(EMBEDDED)), kept)


class Evaluator:
    """The rules of one schema, which it keeps alive, compiled when they are first needed."""

    def __init__(self, schema: JsonSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[int, str], Rule] = {}

    def causes(self, value: Any, old: Any) -> Iterator[Cause]:
        """The rules that VALUE breaks; OLD is the value before, or ABSENT."""
        try:
            yield from self._causes(Place(value, old, self._schema, "", root=True))
        except RuleError:
            return

    def _causes(self, place: Place) -> Iterator[Cause]:
        if place.value is None:
            return
        for rule in place.schema.get(RULES) or []:
            try:
                if (found := self._broken(rule, place)) is not None:
                    yield found
            except RuleError as error:
                yield invalid(place.path, place.schema.get("type") or "", str(error))
                if error.last:
                    raise
        for inner in place.inner():
            yield from self._causes(inner)

    def _broken(self, rule: ValidationRule, place: Place) -> Cause | None:
        compiled = self._compiled(rule["rule"], rule, place)
        if compiled.old and place.old is ABSENT and not rule.get("optionalOldSelf"):
            return None
        if place.kept and not compiled.old:
            return None
        if self._value(compiled, rule, place) is True:
            return None
        return cause_of(rule, place, self._message(rule, place))

    def _message(self, rule: ValidationRule, place: Place) -> str:
        """``messageExpression``, else ``message``, else the rule itself."""
        text = rule.get("messageExpression")
        if text:
            try:
                found = self._value(self._compiled(text, rule, place, "string"), rule, place)
            except RuleError:
                found = ""
            if isinstance(found, str) and found.strip() and "\n" not in found.strip():
                return found.strip()
        return rule.get("message") or f"failed rule: {rule['rule'].strip()}"

    def _compiled(self, text: str, rule: ValidationRule, place: Place, result: str = "bool") -> Rule:
        if rule.get("optionalOldSelf"):
            text = (ABSENT_OLD if place.old is ABSENT else PRESENT_OLD).format(text)
        key = id(place.schema), text
        if key not in self._known:
            subject = declared(place.schema, root=place.root)
            try:
                assert subject is not None
                self._known[key] = compile_rule(text, subject, result)
            except CompileError as error:  # it was checked with the definition
                message = f"rule compile error: {error}"
                raise RuleError(message) from error
        return self._known[key]

    def _value(self, compiled: Rule, rule: ValidationRule, place: Place) -> Any:
        shown = (rule.get("message") or rule["rule"]).strip()
        known = {"self": carried(place.value, place.schema)}
        if place.old is not ABSENT:
            known["oldSelf"] = carried(place.old, place.schema)
        try:
            result = compiled.executable.eval(runtime(VARIABLES).Activation(known))
        except RuntimeError as error:
            if TOO_LONG not in str(error):
                message = f"{error} evaluating rule: {shown}"
                raise RuleError(message) from error
            message = (
                f"'{COST_EXCEEDED}': no further validation rules will be run due to call cost"
                f" exceeds limit for rule: {shown}"
            )
            raise RuleError(message, last=True) from error
        if result.type() != cel.Type.ERROR:
            return result.value()
        why = failure(result)
        if why.startswith("no such overload"):
            tail = "call arguments did not match a supported operator, function or macro signature for rule"
            raise RuleError(f"'{why}': {tail}: {shown}")
        raise RuleError(f"{why} evaluating rule: {shown}")


def cause_of(rule: ValidationRule, place: Place, message: str) -> Cause:
    """The cause of a broken rule."""
    where = (place.path + rule.get("fieldPath", "")).removeprefix(".")
    shown = ABSENT if place.schema.get("type") in ("object", "array") else place.value
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(where, message)
        case "FieldValueRequired":
            return required(where, message)
        case "FieldValueDuplicate":
            return duplicate(where, place.value)
    return invalid(where, shown, message)
