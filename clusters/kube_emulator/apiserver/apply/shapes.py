"""How a value is merged, node by node: as a whole, member by member, or item by item.

Three sources give shapes: the field tables of built-in kinds (``schema.kinds``), the structural schema of a CRD, and,
where nothing is known, the value itself (objects by member, lists as a whole), as structured-merge-diff deduces.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from kube_emulator.apiserver.schema.kinds import FieldInfo, TypeInfo, type_of

MergeType = Literal["leaf", "members", "items", "set", "guess"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One node.

    Attributes:
        merge_type: ``leaf`` (owned as a whole), ``members``, ``items`` (a list keyed by ``keys``), ``set`` (a list of
            different scalars), or ``guess`` by the value.
        declared: names of its members with their shapes, looked up late because types are recursive.
        rest: shape of members that are not declared; None if there may be none.
        item: shape of a list's items.
        defaults: what an absent key of an item counts as.
    """

    merge_type: MergeType
    declared: Callable[[], Mapping[str, "Shape"]] = lambda: MappingProxyType({})
    rest: "Shape | None" = None
    item: Callable[[], "Shape"] = lambda: LEAF
    keys: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def member(self, name: str) -> "Shape | None":
        """The shape of a member; None if it is not declared."""
        if self.merge_type == "guess":
            return GUESS
        return self.declared().get(name) or self.rest

    def for_value(self, value: Any) -> "Shape":
        """This shape, or the one that VALUE suggests."""
        if self.merge_type != "guess":
            return self
        return OPEN if isinstance(value, dict) else LEAF

    def is_declared(self, name: str) -> bool:
        """Whether the schema declares a member by name."""
        return name in self.declared()


GUESS: Shape = Shape("guess")
LEAF: Shape = Shape("leaf")
OPEN: Shape = Shape("members", rest=GUESS)


@cache
def shape_of(api_version: str, kind: str) -> Shape:
    """The shape of a built-in kind."""
    found = type_of(api_version, kind)
    return GUESS if found is None else message_shape(found)


@cache
def message_shape(message: TypeInfo) -> Shape:
    """The shape of a message."""

    @cache
    def declared() -> Mapping[str, Shape]:
        return {name: field_shape(info) for name, info in message.fields.items()}

    return Shape("members", declared=declared)


def field_shape(member: FieldInfo) -> Shape:
    """The shape of a field of a built-in kind."""
    if member.whole:
        return LEAF
    inner = member.info
    if member.map:
        return Shape("members", rest=LEAF if inner is None or member.wrapped else message_shape(inner))
    if member.list_type == "set":
        return Shape("set")
    if member.list_type == "map" and inner is not None:
        fields = inner.fields
        defaults = {key: fields[key].default for key in member.keys if fields[key].default is not None}
        return Shape("items", item=lambda: message_shape(inner), keys=member.keys, defaults=defaults)
    if member.repeated or inner is None:
        return LEAF
    return message_shape(inner)


def structural_shape(schema: Mapping[str, Any]) -> Shape:
    """The shape of a node of a CRD's schema (``x-kubernetes-list-type`` and so on, apiextensions v1)."""
    if schema.get("x-kubernetes-embedded-resource") and not schema.get("properties"):
        return OPEN
    kind = schema.get("type")
    if kind == "object":
        return object_shape(schema)
    if kind == "array":
        items = schema.get("items") or {}
        list_type = schema.get("x-kubernetes-list-type", "atomic")
        if list_type == "map":
            keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
            defaults = {
                key: value["default"]
                for key, value in (items.get("properties") or {}).items()
                if key in keys and "default" in value
            }
            return Shape("items", item=lambda: structural_shape(items), keys=keys, defaults=defaults)
        return Shape("set") if list_type == "set" else LEAF
    if schema.get("x-kubernetes-preserve-unknown-fields") and kind is None:
        return GUESS
    return LEAF


def object_shape(schema: Mapping[str, Any]) -> Shape:
    """The shape of an object of a CRD's schema."""
    if schema.get("x-kubernetes-map-type") == "atomic":
        return LEAF

    @cache
    def declared() -> Mapping[str, Shape]:
        return {name: structural_shape(inner) for name, inner in (schema.get("properties") or {}).items()}

    extra = schema.get("additionalProperties")
    # Without additionalProperties an unknown member is an error in a typed patch, not something to guess.
    rest = structural_shape(extra) if isinstance(extra, dict) else GUESS if extra else None
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        rest = GUESS
    return Shape("members", declared=declared, rest=rest)


@cache
def custom_metadata_shape() -> Shape:
    """The shape of ``metadata``, which a CRD's schema does not have."""
    found = shape_of("v1", "ConfigMap").member("metadata")
    assert found is not None
    return found


def custom_shape(schema: Mapping[str, Any]) -> Shape:
    """The shape of a custom resource with that schema."""
    inner = structural_shape({"type": "object", **schema})
    if inner.merge_type != "members":
        return inner
    header = {"apiVersion": LEAF, "kind": LEAF, "metadata": custom_metadata_shape()}
    return Shape("members", declared=lambda: {**inner.declared(), **header}, rest=inner.rest)
