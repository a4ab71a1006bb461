"""Rules of CustomResourceDefinitions (apiextensions-apiserver ``pkg/apis/apiextensions/validation``, 1.36).

Names, versions, scope, conversion, and that there is a structural schema: a type at its root and at every property. What needs
a compiler (patterns, CEL rules) is in ``crds.checks``.
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names, selectable
from kube_emulator.apiserver.validation.causes import Cause, forbidden, invalid, not_supported, required
from kube_emulator.apiserver.validation.context import Context

TYPES = ("array", "boolean", "integer", "number", "object", "string")
SCOPES = ("Cluster", "Namespaced")
STRATEGIES = ("None", "Webhook")
NO_PRUNING = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"


def definition(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A CustomResourceDefinition."""
    spec = new.get("spec") or {}
    group, spec_names = spec.get("group") or "", spec.get("names") or {}
    required_name = f"{spec_names.get('plural') or ''}.{group}"
    if new["metadata"].get("name") not in (None, "", required_name):
        detail = 'must be spec.names.plural+"."+spec.group'
        yield invalid("metadata.name", new["metadata"].get("name"), detail)
    if not group:
        yield required("spec.group")
    elif names.subdomain(group):
        yield invalid("spec.group", group, ",".join(names.subdomain(group)))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    scope = spec.get("scope") or ""
    if not scope:
        yield required("spec.scope")
    elif scope not in SCOPES:
        yield not_supported("spec.scope", scope, SCOPES)
    yield from _versions(spec.get("versions") or [], given="versions" in spec)
    for member in ("plural", "singular", "kind", "listKind"):
        if not spec_names.get(member):
            yield required(f"spec.names.{member}")
    yield from _names(spec_names)
    for path, schema in schemas_of(spec.get("versions") or []):
        yield from _structural(schema, path)
    yield from selectable.causes(spec.get("versions") or [])
    strategy = (spec.get("conversion") or {}).get("strategy", "None")
    if strategy not in STRATEGIES:
        yield not_supported("spec.conversion.strategy", strategy, STRATEGIES)
    if not any(item.get("storage") for item in spec.get("versions") or []):
        yield invalid("status.storedVersions", None, "must have at least one stored version")


def _versions(items: list[JsonObject], *, given: bool) -> Iterator[Cause]:
    for index, item in enumerate(items):
        if not (item.get("schema") or {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema")
    for index, item in enumerate(items):
        name = item.get("name") or ""
        problems = names.label_1035(name)
        if problems:
            yield invalid(f"spec.versions[{index}].name", name, ",".join(problems))
    hoisted = _same([(item.get("schema") or {}).get("openAPIV3Schema") for item in items])
    shown = [_shown_version(item, hoisted=hoisted) for item in items] if given else None
    found = [item.get("name") for item in items]
    if len(set(found)) != len(found):
        yield invalid("spec.versions", shown, "must contain unique version names")
    if sum(bool(item.get("storage")) for item in items) != 1:
        yield invalid("spec.versions", shown, "must have exactly one version marked as storage version")

    problems = names.label_1035(found[0]) if found and found[0] else []
    if problems:
        yield invalid("spec.version", found[0], ",".join(problems))


def schemas_of(versions: list[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """The schemas of VERSIONS with their paths; one that all versions share comes once, at ``spec.validation``.

    The conversion to the internal type moves a shared schema there, where v1beta1 had it.
    """
    schemas = [(version.get("schema") or {}).get("openAPIV3Schema") for version in versions]
    if _same(schemas):
        yield "spec.validation.openAPIV3Schema", schemas[0] or {}
        return
    for index, schema in enumerate(schemas):
        if schema:
            yield f"spec.versions[{index}].schema.openAPIV3Schema", schema


def _same(schemas: list[JsonObject | None]) -> bool:
    return bool(schemas) and schemas[0] is not None and all(schema == schemas[0] for schema in schemas)


def _shown_version(item: JsonObject, *, hoisted: bool) -> JsonObject:
    return {
        "Name": item.get("name") or "",
        "Served": bool(item.get("served")),
        "Storage": bool(item.get("storage")),
        "Deprecated": bool(item.get("deprecated")),
        "DeprecationWarning": item.get("deprecationWarning"),
        "Schema": None if hoisted else item.get("schema"),
        "Subresources": item.get("subresources"),
        "AdditionalPrinterColumns": item.get("additionalPrinterColumns"),
        "SelectableFields": item.get("selectableFields"),
    }


def _structural(schema: JsonObject, path: str, *, root: bool = True) -> Iterator[Cause]:
    """A structural schema: every node has a type (``pkg/apiserver/schema/validation.go``)."""
    kind = schema.get("type") or ""
    if kind and kind not in TYPES:
        yield not_supported(f"{path}.type", kind, TYPES)
    free = schema.get(NO_PRUNING) or schema.get(INT_OR_STRING)
    if root and kind != "object":
        if kind:
            yield invalid(f"{path}.type", kind, "must be object at the root")
        else:
            yield required(f"{path}.type", "must not be empty at the root")
    elif not kind and not free:
        yield required(f"{path}.type", "must not be empty for specified object fields")
    if kind == "array" and not schema.get("items"):
        yield required(f"{path}.items", "must be specified")
    for name, part in sorted((schema.get("properties") or {}).items()):
        yield from _structural(part, f"{path}.properties[{name}]", root=False)
    if isinstance(schema.get("items"), dict):
        yield from _structural(schema["items"], f"{path}.items", root=False)
    if isinstance(schema.get("additionalProperties"), dict):
        if schema.get("properties"):
            detail = "additionalProperties and properties are mutual exclusive"
            yield forbidden(f"{path}.additionalProperties", detail)
        yield from _structural(schema["additionalProperties"], f"{path}.additionalProperties", root=False)


def _names(spec_names: JsonObject) -> Iterator[Cause]:
    for member in ("plural", "singular"):
        problems = names.label_1035(spec_names.get(member) or "")
        if spec_names.get(member) and problems:
            yield invalid(f"spec.names.{member}", spec_names[member], ",".join(problems))
    for member in ("kind", "listKind"):
        problems = names.label_1035((spec_names.get(member) or "").lower())
        if spec_names.get(member) and problems:
            detail = f"may have mixed case, but should otherwise match: {','.join(problems)}"
            yield invalid(f"spec.names.{member}", spec_names[member], detail)
    yield from _each_name(spec_names.get("shortNames") or [], "spec.names.shortNames")
    if spec_names.get("kind") and spec_names.get("kind") == spec_names.get("listKind"):
        yield invalid("spec.names.listKind", spec_names["listKind"], "kind and listKind may not be the same")
    yield from _each_name(spec_names.get("categories") or [], "spec.names.categories")


def _each_name(items: list[str], path: str) -> Iterator[Cause]:
    for index, name in enumerate(items):
        problems = names.label_1035(name)
        if problems:
            yield invalid(f"{path}[{index}]", name, ",".join(problems))
