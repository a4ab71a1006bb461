"""Pure: the patterns and CEL rules of a CustomResourceDefinition that do not compile.

All other rules are in ``validation.definitions``. These need compilers, and ``validation`` is below ``cel``.
"""

from collections.abc import Iterator
from typing import cast

from dra_api.objects import JsonObject
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.apiserver.crds.expressions import RULES, compiled
from kube_emulator.apiserver.crds.patterns import problem
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.validation.causes import Cause, invalid
from kube_emulator.apiserver.validation.definitions import schemas_of


def expression_causes(item: JsonObject) -> Iterator[Cause]:
    """The expressions in the schemas of a CustomResourceDefinition that do not compile."""
    for path, schema in schemas_of((item.get("spec") or {}).get("versions") or []):
        parts = list(_parts(cast("JsonSchema", schema), path))
        for where, part in parts:
            if why := problem(part.get("pattern") or ""):
                text = f"must be a valid regular expression, but isn't: {why}"
                yield invalid(f"{where}.pattern", part["pattern"], text)
        for where, part in parts:
            yield from _rule_causes(part, where)


def _rule_causes(schema: JsonSchema, path: str) -> Iterator[Cause]:
    for index, rule in enumerate(schema.get(RULES) or []):
        try:
            compiled(rule.get("rule", ""))
        except CompileError as error:
            yield invalid(f"{path}.{RULES}[{index}].rule", rule, str(error))


def _parts(schema: JsonSchema, path: str) -> Iterator[tuple[str, JsonSchema]]:
    """SCHEMA and all schemas in it, with their paths."""
    yield path, schema
    for name, inner in (schema.get("properties") or {}).items():
        yield from _parts(inner, f"{path}.properties[{name}]")
    if isinstance(items := schema.get("items"), dict):
        yield from _parts(items, f"{path}.items")
    if isinstance(extra := schema.get("additionalProperties"), dict):
        yield from _parts(extra, f"{path}.additionalProperties")
