"""Pure: JSON schemas of the types, as OpenAPI publishes them (kube-openapi's form, compared with the 1.36 documents).

Version 3 wraps a reference in ``allOf``, because what is written beside a ``$ref`` does not count; version 2 writes it beside
the reference. Descriptions are our own, from ``tables/descriptions.txt``; a type of a beta version has that of its name in v1.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from kube_emulator.apiserver.schema import kinds
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.schema.kinds import FieldInfo, TypeInfo
from kube_emulator.releases.release import LATEST, Release

V3_PREFIX, V2_PREFIX = "#/components/schemas/", "#/definitions/"

BUILTIN: Mapping[str, tuple[str, JsonSchema]] = {
    "Quantity": ("io.k8s.apimachinery.pkg.api.resource", {"oneOf": [{"type": "string"}, {"type": "number"}]}),
    "IntOrString": (
        "io.k8s.apimachinery.pkg.util.intstr",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "Time": ("io.k8s.apimachinery.pkg.apis.meta.v1", {"type": "string", "format": "date-time"}),
    "MicroTime": ("io.k8s.apimachinery.pkg.apis.meta.v1", {"type": "string", "format": "date-time"}),
    "FieldsV1": ("io.k8s.apimachinery.pkg.apis.meta.v1", {"type": "object"}),
    "RawExtension": ("io.k8s.apimachinery.pkg.runtime", {"type": "object"}),
    "Patch": ("io.k8s.apimachinery.pkg.apis.meta.v1", {"type": "object"}),
}
"""{builtin type: (package, schema)}."""

SCALARS: Mapping[str, JsonSchema] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "[]byte": {"type": "string", "format": "byte"},
}


def schema_name(type_name: str) -> str:
    """``resource_v1.Device`` as ``io.k8s.api.resource.v1.Device``."""
    if type_name in BUILTIN:
        return f"{BUILTIN[type_name][0]}.{type_name}"
    file, _, short = type_name.rpartition(".")
    domain, top, rest = kinds.table(file).package.split(".", 2)
    return f"{top}.{domain}.{rest.replace('_', '-')}.{short}"


def schemas(roots: Iterable[str], version: int, release: Release = LATEST) -> dict[str, JsonSchema]:
    """{name: schema} of ROOTS and all that they refer to, for OpenAPI VERSION 2 or 3, as RELEASE has them."""
    found: dict[str, JsonSchema] = {}
    todo = list(roots)
    while todo:
        type_name = todo.pop()
        name = schema_name(type_name)
        if name not in found:
            found[name] = _schema(type_name, version, release)
            todo += _referred(type_name, release)
    return dict(sorted(found.items()))


def _referred(type_name: str, release: Release) -> list[str]:
    if type_name in BUILTIN or type_name in kinds.SPECIAL:
        return []
    return [
        each.type for each in kinds.info(type_name).known(release).values() if each.type not in kinds.SCALARS
    ]


def _schema(type_name: str, version: int, release: Release) -> JsonSchema:
    if type_name in BUILTIN:
        builtin = BUILTIN[type_name][1]
        if version == 2 and "oneOf" in builtin:  # OpenAPI 2 has no unions: kube-openapi calls them strings
            text: JsonSchema = {"type": "string"}
            return text | _format(builtin)
        return builtin.copy()
    if type_name in kinds.SPECIAL:
        return {}
    info = kinds.info(type_name)
    schema: JsonSchema = {"type": "object"}
    schema |= _described(info.name)
    known = info.known(release)
    if known:
        schema["properties"] = {name: _property(info, each, version) for name, each in sorted(known.items())}
    required = [name for name, each in known.items() if each.required]
    if required:
        schema["required"] = required
    if info.atomic:
        schema["x-kubernetes-map-type"] = "atomic"
    if info.kind:
        schema["x-kubernetes-group-version-kind"] = [group_version_kind(info)]
    return schema


def _format(schema: JsonSchema) -> JsonSchema:
    return {"format": schema["format"]} if "format" in schema else {}


def group_version_kind(info: TypeInfo) -> dict[str, str]:
    """The value of ``x-kubernetes-group-version-kind``."""
    api_version = kinds.table(info.table).api_version
    group, _, version = api_version.rpartition("/")
    return {"group": "" if group == "meta.k8s.io" else group, "kind": info.short, "version": version}


def _property(holder: TypeInfo, each: FieldInfo, version: int) -> JsonSchema:
    item = _reference(each.type, version)
    default = _default(each)
    if each.repeated and each.map:
        result: JsonSchema = {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _with(item, default, version)},
        }
    elif each.repeated:
        result = {"type": "array", "items": _with(item, default, version)}
    elif each.map:
        result = {"type": "object", "additionalProperties": _with(item, default, version)}
    else:
        hidden = each.pointer or each.number == 0 or (each.type in kinds.SCALARS and not each.always)
        result = _with(item, None if hidden and each.default is None else default, version)
        result = {"allOf": [result]} if "$ref" in result and version == 3 else result
    return _described(_field_name(holder, each)) | result | _merging(each)


def _field_name(holder: TypeInfo, each: FieldInfo) -> str:
    return f"meta_v1.TypeMeta.{each.name}" if each.number == 0 else f"{holder.name}.{each.name}"


def _default(each: FieldInfo) -> Any:
    """The default in OpenAPI: the zero of a struct or scalar; None for other types."""
    if each.default is not None:
        return each.default
    if each.type in kinds.SCALARS:
        return None if each.type == "[]byte" else each.zero
    return None if each.type in kinds.SPECIAL else {}


def _reference(type_name: str, version: int) -> JsonSchema:
    if type_name in kinds.SCALARS:
        return SCALARS[type_name].copy()
    return {"$ref": (V2_PREFIX if version == 2 else V3_PREFIX) + schema_name(type_name)}


def _with(item: JsonSchema, default: Any, version: int) -> JsonSchema:
    """ITEM with its default: version 3 wraps a reference for it, version 2 has no defaults."""
    if version == 2:
        return item
    if default is None:
        return item
    wrapped: JsonSchema = {"allOf": [item]} if "$ref" in item else item
    return wrapped | {"default": default}


def _merging(each: FieldInfo) -> JsonSchema:
    """The extensions that ``kubectl apply`` and server-side apply read."""
    result: JsonSchema = {}
    if each.list_type and each.declares_list_type:
        result["x-kubernetes-list-type"] = each.list_type
    if each.keys:
        result["x-kubernetes-list-map-keys"] = list(each.keys)
    if each.atomic and not each.list_type:
        result["x-kubernetes-map-type"] = "atomic"
    if each.granular:
        result["x-kubernetes-map-type"] = "granular"
    if each.patch_key:
        result["x-kubernetes-patch-merge-key"] = each.patch_key
    strategies = ["merge"] * each.merges + ["replace"] * each.replaces + ["retainKeys"] * each.retains_keys
    if strategies:
        result["x-kubernetes-patch-strategy"] = ",".join(strategies)
    return result


@cache
def descriptions() -> dict[str, str]:
    """{type or member: its description}."""
    text = (kinds.TABLES / "descriptions.txt").read_text(encoding="utf-8")
    return dict(line.split(": ", 1) for line in text.splitlines() if line and not line.startswith("#"))


def _described(name: str) -> JsonSchema:
    """The description of a type (``resource_v1.Device``) or of its member (``resource_v1.Device.name``)."""
    file, _, rest = name.partition(".")
    known = descriptions()
    stable = f"{file.partition('_')[0]}_v1.{rest}"
    found = known.get(name) or known.get(stable) or known.get(RENAMED.get(rest, ""))
    return {"description": found} if found else {}


RENAMED = {
    f"{old}.{member}" if member else old: f"resource_v1.{new}" + (f".{member}" if member else "")
    for old, new, members in (
        (
            "BasicDevice",
            "Device",
            ("attributes", "capacity", "consumesCounters", "nodeName", "nodeSelector", "taints"),
        ),
        (
            "DeviceRequest",
            "ExactDeviceRequest",
            ("deviceClassName", "selectors", "allocationMode", "count", "capacity"),
        ),
    )
    for member in ("", *members)
}
"""{name in a beta version: the name in v1 whose description it has}."""
