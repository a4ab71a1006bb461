"""What CEL knows of the values that a schema describes: their types, and how large they can be (pure).

After apiserver ``pkg/cel/common/schemas.go`` (SchemaDeclType) and ``pkg/cel/escaping.go``, 1.37. Sizes are what a request of 3 MiB can
hold at most, where the schema has no narrower limit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kube_emulator.apiserver.cel.types import Type, type_of
from kube_emulator.apiserver.crds.structural import EMBEDDED, INT_OR_STRING
from kube_emulator.apiserver.schema.json_schema import JsonSchema

REQUEST_MAX = 3 << 20
RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
SPECIAL, STRANGE = re.compile(r"__|[-./]"), re.compile(r"[^a-zA-Z0-9_./-]|^[0-9]|^$")
FORMATS = {
    "byte": ("bytes", 2, REQUEST_MAX - 2),
    "duration": ("duration", 3, 32),
    "date": ("timestamp", 12, 12),
    "date-time": ("timestamp", 21, 32),
}
"""{format of a text: (type, smallest and largest size)}."""
SIMPLE = {"boolean": ("bool", 4), "number": ("double", 1), "integer": ("int", 1)}
"""{type in a schema: (type in CEL, bytes of the shortest value)}."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A kind of values.

    Attributes:
        elements: how many characters, items or entries they have at most.
        smallest: bytes of the shortest one as JSON.
        key, value: of the items of a list, or the entries of a map.
        fields: of an object, by the name that CEL sees.
    """

    kind: Type
    elements: int
    smallest: int
    key: "Declared | None" = None
    value: "Declared | None" = None
    fields: Mapping[str, "Declared"] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, path: str) -> "Declared | None":
        """What is at PATH, e.g. ``self.names.@items``; None if PATH leads elsewhere."""
        found: Declared | None = self
        for step in path.split(".")[1:]:
            if found is None:
                return None
            found = {"@items": found.value, "@values": found.value, "@keys": found.key}.get(
                step
            ) or found.fields.get(step)
        return found

    def objects(self) -> Iterator["Declared"]:
        """The kinds of objects in it, itself included."""
        if self.kind.name not in PLAIN:
            yield self
        for inner in (*self.fields.values(), self.value):
            if inner is not None:
                yield from inner.objects()

    def members(self) -> dict[str, dict[str, Type]]:
        """{type of an object in it: {field: type}}."""
        return {
            str(one.kind): {name: inner.kind for name, inner in one.fields.items()} for one in self.objects()
        }


SELF = "selfType."
PLAIN = frozenset(["dyn", "bool", "int", "double", "string", "bytes", "duration", "timestamp", "list", "map"])
"""The kinds that are no objects."""
TEXT = Declared(type_of("string"), REQUEST_MAX - 2, 2)


def declared(schema: JsonSchema, name: str = f"{SELF}0", *, root: bool = False) -> Declared | None:
    """What CEL knows of the values of SCHEMA; None if it knows nothing of them, and rules cannot see them.

    NAME is that of its type in messages. ROOT: it is a whole object, whose header is there in any case.
    """
    if schema.get(INT_OR_STRING):
        longest = 4 * schema["maxLength"] if "maxLength" in schema else REQUEST_MAX - 2
        return Declared(type_of("dyn"), longest, 1)
    match schema.get("type"):
        case "array":
            return _list(schema, name)
        case "object":
            extra = schema.get("additionalProperties")
            return _map(schema, extra, name) if isinstance(extra, dict) else _object(schema, name, root=root)
        case "string":
            return _text(schema)
    simple = SIMPLE.get(schema.get("type", ""))
    return Declared(type_of(simple[0]), 0, simple[1]) if simple else None


def _list(schema: JsonSchema, name: str) -> Declared | None:
    items = schema.get("items") or {}
    item = declared(items, f"{name}.@idx", root=bool(items.get(EMBEDDED)))
    if item is None:
        return None
    most = schema.get("maxItems", (REQUEST_MAX - 2) // (item.smallest + 1))
    return Declared(Type("list", (item.kind,)), max(most, 0), 2, value=item)


def _map(schema: JsonSchema, extra: JsonSchema, name: str) -> Declared | None:
    value = declared(extra, f"{name}.@elem", root=bool(extra.get(EMBEDDED)))
    if value is None:
        return None
    most = schema.get("maxProperties", (REQUEST_MAX - 2) // (value.smallest + 6))
    # upstream's keys have no size of their own, so they count as the empty text
    key = Declared(type_of("string"), 0, 2)
    return Declared(Type("map", (key.kind, value.kind)), max(most, 0), 2, key=key, value=value)


def _object(schema: JsonSchema, name: str, *, root: bool) -> Declared:
    fields: dict[str, Declared] = {}
    smallest = 2
    for member, inner in (schema.get("properties") or {}).items():
        escaped = escape(member)
        found = declared(inner, f"{name}.{member}", root=bool(inner.get(EMBEDDED)))
        if found is None:
            continue
        if escaped is not None:
            fields[escaped] = found
        if member in (schema.get("required") or []) and "default" not in inner:
            smallest += len(member) + found.smallest + 4
    if root:
        meta = Declared(Type(f"{name}.metadata"), 0, 2, fields={"name": TEXT, "generateName": TEXT})
        fields |= {"kind": TEXT, "apiVersion": TEXT, "metadata": meta}
    return Declared(Type(name), 0, smallest, fields=fields)


def _text(schema: JsonSchema) -> Declared:
    if found := FORMATS.get(schema.get("format", "")):
        kind, smallest, longest = found
        bounded = kind == "bytes" and "maxLength" in schema
        return Declared(type_of(kind), schema["maxLength"] if bounded else longest, smallest)
    if "maxLength" in schema:  # characters, of up to four bytes
        return Declared(TEXT.kind, 4 * max(schema["maxLength"], 0), 2)
    if schema.get("enum"):
        texts = [len(value.encode()) for value in schema["enum"] if isinstance(value, str)]
        return Declared(TEXT.kind, max(texts, default=0), 2)
    return TEXT


def escape(name: str) -> str | None:
    """The name by which CEL sees a member; None if it cannot."""
    if STRANGE.search(name):
        return None
    return f"__{name}__" if name in RESERVED else SPECIAL.sub(lambda found: ESCAPES[found[0]], name)
