"""Pure: the patterns and CEL rules of a CustomResourceDefinition that do not compile, or could cost too much.

All other rules are in ``validation.definitions``. These need compilers, and ``validation`` is below ``cel``. After
apiextensions-apiserver ``pkg/apis/apiextensions/validation`` (validation.go, cel_validation.go), 1.37.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from dra_api.objects import JsonObject
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.cel.sizes import capped
from kube_emulator.apiserver.crds.declared import REQUEST_MAX, Declared, declared
from kube_emulator.apiserver.crds.expressions import RULES
from kube_emulator.apiserver.crds.patterns import problem
from kube_emulator.apiserver.crds.rules import compile_rule
from kube_emulator.apiserver.crds.structural import EMBEDDED
from kube_emulator.apiserver.schema.json_schema import JsonSchema, ValidationRule
from kube_emulator.apiserver.validation.causes import Cause, forbidden, invalid, not_supported, required
from kube_emulator.apiserver.validation.definitions import schemas_of

RULE_MAX, SCHEMA_MAX = 10_000_000, 100_000_000
"""Units of cost of one rule and of all rules of a schema (StaticEstimatedCostLimit, StaticEstimatedCRDCostLimit)."""
NOTABLE, NOTED = SCHEMA_MAX // 100, 4
"""Only rules of at least this cost are named when all together cost too much, and only so many."""
REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@dataclass(frozen=True, slots=True)
class Part:
    """A schema in the schema of a definition.

    Attributes:
        times: how often a value of it can be in an object; None if nothing limits it.
        root: whether its values are whole objects.
    """

    schema: JsonSchema
    path: str
    times: int | None = 1
    root: bool = False

    def inner(self) -> Iterator["Part"]:
        """The schemas in it."""
        schema = self.schema
        for name, part in (schema.get("properties") or {}).items():
            yield Part(part, f"{self.path}.properties[{name}]", self.times, bool(part.get(EMBEDDED)))
        for name, limit in (("items", "maxItems"), ("additionalProperties", "maxProperties")):
            inner = schema.get(name)
            if isinstance(inner, dict):
                part = cast("JsonSchema", inner)
                most = cast("int | None", schema.get(limit))
                times = None if most is None or self.times is None else self.times * most
                yield Part(part, f"{self.path}.{name}", times, bool(part.get(EMBEDDED)))

    def all(self) -> Iterator["Part"]:
        """It and all schemas in it."""
        yield self
        for part in self.inner():
            yield from part.all()


def expression_causes(item: JsonObject) -> Iterator[Cause]:
    """The expressions in the schemas of a CustomResourceDefinition that do not compile, or cost too much."""
    for path, schema in schemas_of((item.get("spec") or {}).get("versions") or []):
        parts = list(Part(cast("JsonSchema", schema), path, root=True).all())
        for part in parts:
            if why := problem(part.schema.get("pattern") or ""):
                text = f"must be a valid regular expression, but isn't: {why}"
                yield invalid(f"{part.path}.pattern", part.schema["pattern"], text)
        malformed = [cause for part in parts for cause in _form_causes(part)]
        yield from malformed
        if not malformed:
            yield from _compiled_causes(parts, path)


def _form_causes(part: Part) -> Iterator[Cause]:
    """What is wrong with rules before they are compiled."""
    for index, rule in enumerate(part.schema.get(RULES) or []):
        path, text, message = f"{part.path}.{RULES}[{index}]", rule.get("rule", ""), rule.get("message", "")
        if not text.strip():
            yield required(f"{path}.rule", "rule is not specified")
        elif message and not message.strip():
            yield invalid(f"{path}.message", message, "must be non-empty if specified")
        elif "\n" in message.strip():
            yield invalid(f"{path}.message", message, "must not contain line breaks")
        elif "\n" in text.strip() and not message.strip():
            yield required(f"{path}.message", "message must be specified if rule contains line breaks")
        if rule.get("messageExpression") and not rule["messageExpression"].strip():
            yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
        if rule.get("reason") and rule["reason"] not in REASONS:
            yield not_supported(f"{path}.reason", rule["reason"], REASONS)
        if rule.get("fieldPath") and not leads_somewhere(rule["fieldPath"], part.schema):
            yield invalid(f"{path}.fieldPath", rule["fieldPath"], "must be a valid path")


def leads_somewhere(path: str, schema: JsonSchema) -> bool:
    """Whether a ``fieldPath`` names a part of SCHEMA; steps in brackets are taken for the keys of maps."""
    plain = path.replace("['", ".").replace("']", "")
    if not plain.startswith("."):
        return False
    for step in plain[1:].split("."):
        extra = schema.get("additionalProperties")
        found = (schema.get("properties") or {}).get(step) or (extra if isinstance(extra, dict) else None)
        if found is None:
            return False
        schema = found
    return True


def _compiled_causes(parts: list[Part], path: str) -> Iterator[Cause]:
    """The rules that do not compile or cost too much, one by one and together."""
    costs: list[tuple[int, str]] = []
    for part in parts:
        rules = part.schema.get(RULES) or []
        subject = declared(part.schema, root=part.root) if rules else None
        for index, rule in enumerate(rules):
            if subject is not None:
                yield from _rule_causes(rule, part, subject, f"{part.path}.{RULES}[{index}]", costs)
    total = capped(sum(cost for cost, _ in costs))
    if total > SCHEMA_MAX:
        notable = sorted((row for row in costs if row[0] >= NOTABLE), key=lambda row: -row[0])
        for _, where in notable[:NOTED]:
            detail = (
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            )
            yield forbidden(where, detail)
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        yield forbidden(path, too_expensive(what, total, SCHEMA_MAX))


def _rule_causes(
    rule: ValidationRule, part: Part, subject: Declared, path: str, costs: list[tuple[int, str]]
) -> Iterator[Cause]:
    optional = bool(rule.get("optionalOldSelf"))
    times = REQUEST_MAX // (subject.smallest + 1) if part.times is None else part.times
    try:
        compiled = compile_rule(rule["rule"], subject, "bool", optional=optional)
    except CompileError as error:
        yield invalid(f"{path}.rule", shown(rule), str(error))
        return
    cost = capped(compiled.cost * times)
    costs.append((cost, f"{path}.rule"))
    if cost > RULE_MAX:
        yield forbidden(f"{path}.rule", too_expensive("estimated rule cost", cost, RULE_MAX))
    if optional and not compiled.old:
        yield invalid(f"{path}.optionalOldSelf", True, "may not be set if oldSelf is not used in rule")
    if not rule.get("messageExpression"):
        return
    try:
        message = compile_rule(rule["messageExpression"], subject, "string")
    except CompileError as error:
        yield invalid(f"{path}.messageExpression", shown(rule), f"messageExpression {error}")
        return
    costs.append((message.cost, f"{path}.messageExpression"))
    if message.cost > RULE_MAX:
        detail = too_expensive("estimated messageExpression cost", message.cost, RULE_MAX)
        yield forbidden(f"{path}.messageExpression", detail)


def too_expensive(what: str, cost: int, limit: int) -> str:
    """By how much COST is over LIMIT."""
    factor = "more than 100x" if cost / limit > 100 else f"{cost / limit:.1f}x"
    remedy = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared"
    return f"{what} exceeds budget by factor of {factor} ({remedy})"


def shown(rule: ValidationRule) -> dict[str, object]:
    """A rule as a refusal shows it."""
    return {
        "Rule": rule.get("rule", ""),
        "Message": rule.get("message", ""),
        "MessageExpression": rule.get("messageExpression", ""),
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }
