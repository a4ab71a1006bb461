"""A custom kind from its CustomResourceDefinition: what is served, how objects are prepared and validated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.shapes import Shape, custom_shape
from kube_emulator.apiserver.crds.expressions import Evaluator
from kube_emulator.apiserver.crds.structural import HEADER, causes_of, default, pruned
from kube_emulator.apiserver.resources import Resource, Version
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.validation.causes import ABSENT, Cause
from kube_emulator.jsonvalue import copied

SYSTEM_METADATA = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One custom kind.

    Attributes:
        resource: the kind.
        versions: {version name: its entry in ``spec.versions``}.
        preserves: ``spec.preserveUnknownFields``: nothing is pruned.
        shapes, evaluators: caches, by version.
    """

    resource: Resource
    versions: Mapping[str, JsonObject]
    preserves: bool = False
    shapes: dict[str, Shape] = field(default_factory=dict, compare=False)
    evaluators: dict[str, Evaluator] = field(default_factory=dict, compare=False)

    def schema(self, version: str) -> JsonSchema:
        """The OpenAPI schema of a version."""
        return cast("JsonSchema", (self.versions[version].get("schema") or {}).get("openAPIV3Schema") or {})

    def shape(self, api_version: str) -> Shape:
        """How objects of that version are merged."""
        version = api_version.rpartition("/")[2]
        if version not in self.shapes:
            self.shapes[version] = custom_shape(self.schema(version))
        return self.shapes[version]

    def unknown(self, item: JsonObject, version: str) -> list[str]:
        """Paths in ITEM that the version's schema does not have, in order."""
        found: list[str] = []
        if not self.preserves:
            pruned(item, self.schema(version), "", found, root=True)
        return sorted(found)

    def prepare(self, item: JsonObject, old: JsonObject | None, subresource: str) -> None:
        """Prepare ITEM to be stored, in place: restore what a client cannot write, prune, set defaults, count generations."""
        schema = self.schema(self.resource.version)
        if old is not None:
            restore(item, old, subresource, has_status=self.resource.status)
        elif self.resource.status:
            item.pop("status", None)
        if not self.preserves:
            kept = pruned(item, schema, "", [], root=True)
            item.clear()
            item.update(kept)
        default(item, schema)
        if old is None:
            item["metadata"]["generation"] = 1
        elif (
            counted(item, self.resource.status) != counted(old, self.resource.status)
            and subresource != "status"
        ):
            item["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def as_read(self, item: JsonObject) -> JsonObject:
        """ITEM, that may have been stored under an older schema, as it is read: pruned, and with defaults."""
        schema = self.schema(self.resource.version)
        kept: JsonObject = copied(item if self.preserves else pruned(item, schema, "", [], root=True))
        default(kept, schema)
        return kept

    def default(self, item: JsonObject) -> None:
        """Set the defaults of the schema, in place."""
        default(item, self.schema(self.resource.version))

    def causes(self, item: JsonObject, old: JsonObject | None) -> list[Cause]:
        """Why ITEM is refused: its schema, and only if it fits that, the CEL rules, which may compare it with OLD."""
        schema = self.schema(self.resource.version)
        bare, before = without_header(item), ABSENT if old is None else without_header(old)
        inner = {name: value for name, value in (schema.get("properties") or {}).items() if name in bare}
        names = [name for name in schema.get("required") or [] if name not in HEADER]
        found = list(causes_of(bare, {**schema, "properties": inner, "required": names}, "", before))
        return found or list(self._evaluator().causes(item, ABSENT if old is None else old))

    def _evaluator(self) -> Evaluator:
        version = self.resource.version
        if version not in self.evaluators:
            self.evaluators[version] = Evaluator(self.schema(version))
        return self.evaluators[version]

    def columns(self, version: str) -> list[JsonObject]:
        """``additionalPrinterColumns``; the age if there are none."""
        found = self.versions[version].get("additionalPrinterColumns")
        return found or [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]

    def selectable(self, version: str) -> dict[str, str]:
        """{field: JSON path} of ``selectableFields``."""
        paths = [entry["jsonPath"] for entry in self.versions[version].get("selectableFields") or []]
        return {path.removeprefix("."): path for path in paths}

    def scale(self, version: str) -> JsonObject | None:
        """The paths of the scale subresource; None if there is none."""
        found: JsonObject | None = (self.versions[version].get("subresources") or {}).get("scale")
        return found


def without_header(item: JsonObject) -> JsonObject:
    """What the schema of a definition is about."""
    return {name: value for name, value in item.items() if name not in HEADER}


def restore(item: JsonObject, old: JsonObject, subresource: str, *, has_status: bool) -> None:
    """Restore from OLD what a write to SUBRESOURCE cannot change, in place."""
    if subresource == "status":
        kept = {name: item["metadata"][name] for name in ("managedFields",) if name in item["metadata"]}
        status = {"status": item["status"]} if "status" in item else {}
        item.clear()
        item.update({name: value for name, value in old.items() if name != "status"} | status)
        metadata = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
        item["metadata"] = metadata | kept
        return
    if has_status:
        item.pop("status", None)
        if "status" in old:
            item["status"] = old["status"]
    for name in SYSTEM_METADATA:
        item["metadata"].pop(name, None)
        if name in old["metadata"]:
            item["metadata"][name] = old["metadata"][name]


def counted(item: JsonObject, has_status: bool) -> JsonObject:
    """The part of an object whose change makes a new generation: without a status subresource, the status too."""
    left = ("metadata", "status") if has_status else ("metadata",)
    return {name: value for name, value in item.items() if name not in left}


def definition_of(crd: Mapping[str, Any]) -> Definition:
    """The kind of a CustomResourceDefinition."""
    spec = crd["spec"]
    names = spec["names"]
    versions = {entry["name"]: entry for entry in spec["versions"]}
    storage = next(entry for entry in spec["versions"] if entry.get("storage"))
    subresources = storage.get("subresources") or {}
    resource = Resource(
        group=spec["group"],
        version=storage["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec.get("scope") == "Namespaced",
        short=tuple(names.get("shortNames") or ()),
        status="status" in subresources,
        categories=tuple(names.get("categories") or ()),
        counted=True,
        unconditional_update=False,
        others=("scale",) if "scale" in subresources else (),
        versions=tuple(Version(entry["name"]) for entry in spec["versions"] if entry.get("served")),
        custom=True,
        singular_name=names.get("singular") or names["kind"].lower(),
        list_name=names.get("listKind") or f"{names['kind']}List",
    )
    return Definition(resource, versions, bool(spec.get("preserveUnknownFields")))
