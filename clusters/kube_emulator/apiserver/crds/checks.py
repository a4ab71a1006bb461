"""Pure: why a CustomResourceDefinition is refused (apiextensions ``pkg/apis/apiextensions/validation``, 1.36).

Only the rules that decide whether the kind can be served; rules that only the author of a schema would notice are left out.
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.crds.expressions import rule_problems
from kube_emulator.apiserver.crds.patterns import problem
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_supported, required


def definition_causes(item: JsonObject) -> Iterator[Cause]:
    """Rules of a CustomResourceDefinition."""
    spec = item.get("spec") or {}
    spec_names = spec.get("names") or {}
    wanted = f"{spec_names.get('plural', '')}.{spec.get('group', '')}"
    if item["metadata"].get("name") != wanted:
        detail = 'must be spec.names.plural+"."+spec.group'
        yield invalid("metadata.name", item["metadata"].get("name", ""), detail)
    if not spec.get("group"):
        yield required("spec.group")
    elif len(str(spec["group"]).split(".")) < 2:
        yield invalid("spec.group", spec["group"], "should be a domain with at least one dot")
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield (
            not_supported("spec.scope", spec["scope"], ["Cluster", "Namespaced"])
            if spec.get("scope")
            else required("spec.scope")
        )
    for name in ("plural", "singular", "kind", "listKind"):
        if not spec_names.get(name):
            yield required(f"spec.names.{name}")
        else:
            yield from names.each(
                f"spec.names.{name}", spec_names[name], names.label_1035(spec_names[name].lower())
            )
    if (spec.get("conversion") or {}).get("strategy", "None") not in ("None", "Webhook"):
        yield not_supported("spec.conversion.strategy", spec["conversion"]["strategy"], ["None", "Webhook"])
    yield from version_causes(spec.get("versions") or [])


def version_causes(versions: list[JsonObject]) -> Iterator[Cause]:
    """Rules of the versions."""
    if sum(bool(entry.get("storage")) for entry in versions) != 1:
        yield invalid("spec.versions", versions, "must have exactly one version marked as storage version")
    for index, entry in enumerate(versions):
        path = f"spec.versions[{index}]"
        yield from names.each(f"{path}.name", entry.get("name", ""), names.label_1035(entry.get("name", "")))
        schema = (entry.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            yield required(f"{path}.schema.openAPIV3Schema", "schemas are required")
            continue
        yield from schema_causes(schema, f"{path}.schema.openAPIV3Schema")
        yield from rule_problems(schema, f"{path}.schema.openAPIV3Schema")
        if schema.get("type") != "object":
            yield invalid(
                f"{path}.schema.openAPIV3Schema.type", schema.get("type", ""), "must be object at the root"
            )


def schema_causes(schema: JsonObject, path: str) -> Iterator[Cause]:
    """Rules of a structural schema."""
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not free:
        yield required(f"{path}.type", "must not be empty for specified object fields")
    if schema.get("type") == "array" and not schema.get("items"):
        yield required(f"{path}.items", "must be specified")
    if why := problem(schema.get("pattern") or ""):
        text = f"must be a valid regular expression, but isn't: {why}"
        yield invalid(f"{path}.pattern", schema["pattern"], text)
    for name, inner in (schema.get("properties") or {}).items():
        yield from schema_causes(inner, f"{path}.properties[{name}]")
    if isinstance(schema.get("items"), dict):
        yield from schema_causes(schema["items"], f"{path}.items")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from schema_causes(schema["additionalProperties"], f"{path}.additionalProperties")
