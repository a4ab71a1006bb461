"""The field types of every served kind: one table that the codec, OpenAPI, strict decoding and merges share.

The facts are in ``tables/*.txt``, one file per group version, read at the first use of one of its types. A file has
``package`` (protobuf) and ``group`` (apiVersion) lines, named types (``type QualifiedName = string``; ``list`` is a named
list, which protobuf wraps in a message), and messages (``kind`` has apiVersion and kind beside its fields). A field's
line is ``number name type flags``, the type as Go writes it; a ``*`` marks a pointer, whose explicit zero counts,
while the zero of a plain value does not. Flags:

* ``always``: JSON shows it even when it is empty, and OpenAPI lists it as required unless ``optional`` is set too
  (``required`` alone: OpenAPI lists it though JSON hides it when it is empty);
* ``inline``: its members appear in the JSON of the message that holds it;
* ``map=a,b``, ``set``, ``atomic``, ``granular``: how server-side apply merges it (``atomic`` on a message: it is owned
  as a whole, unless the field says ``granular``);
* ``merge=key``, ``merge``, ``replace``, ``retainKeys``: how a strategic merge patch treats it;
* ``default=value``: the value of an absent one where it is part of a list item's key;
* ``since=1.36``: older releases do not have it (releases before 1.34 are not emulated).

Sources: k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver v0.36.3 (struct tags and markers), with the
field numbers of the 1.37 protobuf descriptors and the 1.37 fields of KEP-4815, 5004, 5517, 5677 and 5945.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kube_emulator.releases.release import RELEASES, Release

TABLES = Path(__file__).parent / "tables"
ZEROS = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, "[]byte": ""}
SCALARS = frozenset(ZEROS)
SPECIAL = frozenset(
    {"Quantity", "IntOrString", "Time", "MicroTime", "RawExtension", "FieldsV1"}
    | {f"apiextensions_v1.{name}" for name in ("JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool")}
    | {"apiextensions_v1.JSONSchemaPropsOrStringArray"}
)
"""Types whose JSON form is not that of their message."""

GROUP_FILES = {
    "meta.k8s.io/v1": "meta_v1",
    "v1": "core_v1",
    "apps/v1": "apps_v1",
    "batch/v1": "batch_v1",
    "autoscaling/v1": "autoscaling_v1",
    "policy/v1": "policy_v1",
    "scheduling.k8s.io/v1": "scheduling_v1",
    "discovery.k8s.io/v1": "discovery_v1",
    "node.k8s.io/v1": "node_v1",
    "storage.k8s.io/v1": "storage_v1",
    "coordination.k8s.io/v1": "coordination_v1",
    "events.k8s.io/v1": "events_v1",
    "rbac.authorization.k8s.io/v1": "rbac_v1",
    "authentication.k8s.io/v1": "authentication_v1",
    "authorization.k8s.io/v1": "authorization_v1",
    "admissionregistration.k8s.io/v1": "admissionregistration_v1",
    "apiextensions.k8s.io/v1": "apiextensions_v1",
    "resource.k8s.io/v1": "resource_v1",
    "resource.k8s.io/v1beta2": "resource_v1beta2",
    "resource.k8s.io/v1beta1": "resource_v1beta1",
    "resource.k8s.io/v1alpha3": "resource_v1alpha3",
}
"""{apiVersion: table}."""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field.

    Attributes:
        name: its name in JSON.
        number: protobuf's; 0 for apiVersion and kind, which protobuf keeps in the envelope.
        type: one of SCALARS or SPECIAL, or the full name of a message (``core_v1.Container``): of an item, for a list
            and a map.
        go: the field's type as Go's error messages write it (``[]v1.Container``).
        wrapped: the list (or each value of the map) is a list inside a message of its own.
        list_type: how server-side apply merges a list: ``map``, ``set`` or ``atomic``, which is also the default of a list
            that does not declare it (``declares_list_type``); empty for what is no list.
        keys: of a ``map`` list.
        atomic: server-side apply owns it as a whole because of the field's flag; ``whole`` considers its type too.
        merges: a strategic merge patch merges the list, by ``patch_key`` or, if that is empty, as a set of scalars.
        default: the value of an absent field in an item's key: the table's, or the zero of a scalar that JSON always
            shows; None for a field that can be absent from a key.
        since: the release that introduced it; the oldest emulated one for what all of them have.
    """

    name: str
    number: int
    type: str
    go: str = "string"
    repeated: bool = False
    map: bool = False
    wrapped: bool = False
    pointer: bool = False
    always: bool = False
    required: bool = False
    inline: bool = False
    list_type: str = ""
    declares_list_type: bool = False
    keys: tuple[str, ...] = ()
    atomic: bool = False
    granular: bool = False
    merges: bool = False
    patch_key: str = ""
    replaces: bool = False
    retains_keys: bool = False
    default: Any = None
    since: Release = RELEASES[0]

    @property
    def info(self) -> "TypeInfo | None":
        """The message that its value, item or map value is; None for a scalar and a special type."""
        return None if self.type in SCALARS or self.type in SPECIAL else info(self.type)

    @property
    def whole(self) -> bool:
        """Whether server-side apply owns its value as a whole; a value without members always is."""
        inner = None if self.repeated or self.map or self.granular else self.info
        return self.atomic or (inner is not None and inner.atomic)

    @property
    def zero(self) -> Any:
        """Go's zero of a scalar."""
        return ZEROS[self.type]

    @property
    def shown(self) -> bool:
        """Whether JSON shows it though it is not set: a struct, a quantity, a scalar that is not ``omitempty``.

        Go also writes ``null`` for a list, a map or a pointer that is not ``omitempty``; this is left out here, because
        every reader treats it as absent.
        """
        if self.pointer or self.repeated or self.map or self.inline or self.number == 0:
            return False
        if self.type in SCALARS:
            return self.always and self.type != "[]byte"
        return self.type not in SPECIAL or self.type in ("Quantity", "IntOrString")


@dataclass(frozen=True)
class TypeInfo:
    """One message.

    Attributes:
        name: table and name, ``resource_v1.Device``.
        kind: it has apiVersion and kind.
        atomic: server-side apply owns a value of it as a whole.
        wire: its fields in the order of their numbers, inline ones as the messages that they are in protobuf.
    """

    name: str
    kind: bool = False
    atomic: bool = False
    wire: tuple[FieldInfo, ...] = field(default=(), repr=False)

    @cached_property
    def fields(self) -> dict[str, FieldInfo]:
        """{JSON name: field}: the members that its JSON form can have."""
        header = (FieldInfo("apiVersion", 0, "string"), FieldInfo("kind", 0, "string")) if self.kind else ()
        return {each.name: each for each in (*header, *_members(self))}

    def known(self, release: Release) -> dict[str, FieldInfo]:
        """``fields`` without those that RELEASE does not have yet."""
        return {name: each for name, each in self.fields.items() if each.since <= release}

    @property
    def table(self) -> str:
        """Its table: ``resource_v1``."""
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        """Its name without the table: ``Device``."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Table:
    """One file of ``tables``.

    Attributes:
        package: protobuf's; empty for a file of named types only.
        aliases: {named type: the Go type that it names}.
        lists: the named types that protobuf wraps.
    """

    name: str
    package: str
    api_version: str
    aliases: dict[str, str]
    lists: frozenset[str]
    messages: dict[str, TypeInfo]


def type_of(api_version: str, kind: str) -> TypeInfo | None:
    """The type of KIND in API_VERSION, None for one that is not in the tables.

    Status, the options and WatchEvent are kinds of every API version.
    """
    name = GROUP_FILES.get(api_version)
    found = table(name).messages.get(kind) if name else None
    if found is None or not found.kind:
        found = table("meta_v1").messages.get(kind)
    return found if found and (found.kind or found.short == "WatchEvent") else None


def info(name: str) -> TypeInfo:
    """The message of a full NAME, ``core_v1.Pod``."""
    file, _, short = name.rpartition(".")
    return table(file).messages[short]


@cache
def table(name: str) -> Table:
    """The file NAME, read at its first use."""
    text = (TABLES / f"{name}.txt").read_text(encoding="utf-8")
    return parsed(name, text.splitlines())


def parsed(name: str, lines: Iterable[str]) -> Table:
    """The table in LINES."""
    heads: dict[str, str] = {}
    result = Table(name, "", "", {}, frozenset(), {})
    lists: set[str] = set()
    blocks: list[tuple[list[str], list[list[str]]]] = []
    for row in (line.split() for line in lines):
        match row:
            case ["package" | "group", value]:
                heads[row[0]] = value
            case ["type" | "list", alias, "=", target]:
                result.aliases[alias] = target
                lists |= {alias} if row[0] == "list" else set()
            case ["message" | "kind", *_]:
                blocks.append((row, []))
            case [_, _, _, *_]:
                blocks[-1][1].append(row)
    result = Table(
        name, heads.get("package", ""), heads.get("group", ""), result.aliases, frozenset(lists), {}
    )
    for (keyword, short, *flags), rows in blocks:
        wire = tuple(_field(result, row) for row in rows)
        result.messages[short] = TypeInfo(f"{name}.{short}", keyword == "kind", "atomic" in flags, wire)
    return result


def _members(message: TypeInfo) -> Iterator[FieldInfo]:
    for each in message.wire:
        if each.inline and each.info:
            yield from _members(each.info)
        else:
            yield each


def _field(inside: Table, row: list[str]) -> FieldInfo:
    number, name, written, *rest = row
    flags = dict(flag.partition("=")[::2] for flag in rest)
    pointer = written.startswith("*")
    declared = written.removeprefix("*")
    home, shape, wrapped = _shape(inside, declared)
    repeated, is_map, type_name = _item(home, shape)
    if is_map and (inner := _shape(home, shape.partition("]")[2]))[2]:
        type_name, wrapped, repeated = _item(*inner[:2])[2], True, True
    plain = type_name in SCALARS and type_name != "[]byte" and not (pointer or repeated or is_map)
    zero = ZEROS[type_name] if plain and "always" in flags else None
    list_type = ""
    if repeated and not is_map:
        list_type = next((each for each in ("map", "set") if each in flags), "atomic")
    return FieldInfo(
        name=name,
        number=int(number),
        type=type_name,
        go=_go(inside, declared),
        repeated=repeated,
        map=is_map,
        wrapped=wrapped,
        pointer=pointer,
        always="always" in flags,
        required="required" in flags or ("always" in flags and "optional" not in flags),
        inline="inline" in flags,
        list_type=list_type,
        declares_list_type=any(each in flags for each in ("map", "set", "atomic")),
        keys=tuple(flags["map"].split(",")) if "map" in flags else (),
        atomic=list_type == "atomic" or "atomic" in flags,
        granular="granular" in flags,
        merges="merge" in flags,
        patch_key=flags.get("merge", ""),
        replaces="replace" in flags,
        retains_keys="retainKeys" in flags,
        default=json.loads(flags["default"]) if "default" in flags else zero,
        since=Release.parse(flags["since"]) if "since" in flags else RELEASES[0],
    )


def _home(inside: Table, name: str) -> tuple[Table, str]:
    file, _, short = name.rpartition(".")
    return (table(file), short) if file and file != inside.name else (inside, short)


def _shape(inside: Table, declared: str) -> tuple[Table, str, bool]:
    """(table, Go type, wrapped) of what a named list or map is; others as they are."""
    if declared.startswith(("[]", "map[")) or declared in SCALARS or declared in SPECIAL:
        return inside, declared, False
    home, short = _home(inside, declared)
    target = home.aliases.get(short)
    return (inside, declared, False) if target is None else (home, target, short in home.lists)


def _item(inside: Table, shape: str) -> tuple[bool, bool, str]:
    """(is a list, is a map, type of the item) of a Go type."""
    if shape in SCALARS:
        return False, False, shape
    if shape.startswith("[]"):
        return True, False, _item(inside, shape.removeprefix("[]"))[2]
    if shape.startswith("map["):
        return False, True, _item(inside, shape.partition("]")[2])[2]
    if shape in SPECIAL:
        return False, False, shape
    home, short = _home(inside, shape)
    target = home.aliases.get(short)
    return False, False, _item(home, target)[2] if target in SCALARS else f"{home.name}.{short}"


PLAIN = {
    "Quantity": "resource.Quantity",
    "IntOrString": "intstr.IntOrString",
    "RawExtension": "runtime.RawExtension",
}


def _go(inside: Table, declared: str) -> str:
    """DECLARED as Go's reflect prints the type."""

    def printed(match: re.Match[str]) -> str:
        name = match[0]
        if name in SCALARS or name in ("map", "byte"):
            return name.replace("byte", "uint8")
        if name in PLAIN:
            return PLAIN[name]
        if name in SPECIAL:
            return f"v1.{name.rpartition('.')[2]}"
        home, short = _home(inside, name)
        return f"{(home.package or home.name).rpartition('.')[2]}.{short}"

    return re.sub(r"[\w.]+", printed, declared)
