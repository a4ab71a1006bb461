"""Pure: ownership of fields: server-side apply and the tracking of other writes in ``metadata.managedFields``.

What a manager applied before and leaves out now is removed unless another one owns it too; what another one owns with
another value is a conflict unless forced; every other write takes what it changes. The rules are those of
structured-merge-diff ``merge/update.go`` (6.3) and apimachinery ``managedfields`` (1.36): updates are distinguished by
manager, version and subresource, applies by manager and subresource.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.paths import Path, Paths, fields_v1, paths_of, shown, with_parents
from kube_emulator.apiserver.apply.shapes import Shape
from kube_emulator.apiserver.apply.walk import Undeclared, difference, fields_of, merged, without
from kube_emulator.apiserver.status import ApiError, bad_request, internal

UPDATERS_MAX = 10
"""Updates that are kept apart; older ones become ``ancient-changes`` (managedfields ``fieldmanager.go``)."""

STRIPPED: frozenset[Path] = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            *("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation"),
            *("managedFields", "resourceVersion"),
        )
    }
)
"""Fields that nobody owns (managedfields ``stripmeta.go``)."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A field manager and its operation; VERSION is empty for an applier, who stays the same in every version."""

    name: str
    operation: str
    version: str = ""
    subresource: str = ""

    @property
    def shown(self) -> str:
        """As in the message of a conflict."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text + (f" using {self.version}" if self.operation == "Update" else "")


@dataclass(frozen=True, slots=True)
class Ownership:
    """What one manager owns, as seen in the API version in which it wrote."""

    paths: Paths
    version: str
    time: str


Owners = dict[Manager, Ownership]


@dataclass(frozen=True, slots=True)
class View:
    """An object's kind as one writer sees it.

    Attributes:
        version: the API version of the request.
        shapes: the shape of the kind by API version.
        convert: an object as it is in another API version.
        hidden: top-level members that this endpoint does not write (``status``, or all but it).
    """

    version: str
    shapes: Callable[[str], Shape]
    convert: Callable[[JsonObject, str], JsonObject]
    hidden: Callable[[str], bool]

    def shape(self) -> Shape:
        """The shape in the request's version."""
        return self.shapes(self.version)

    def kept(self, paths: Iterable[Path]) -> Paths:
        """PATHS without what nobody owns and what this endpoint does not write."""
        return frozenset(path for path in paths if path not in STRIPPED and not self.hidden(path[0][2:]))


def owners_of(item: Mapping[str, Any]) -> Owners:
    """The owners in ``managedFields`` of an object.

    Raises:
        ValueError: they cannot be read.
    """
    found: Owners = {}
    for entry in (item.get("metadata") or {}).get("managedFields") or []:
        operation, version = entry.get("operation", ""), entry.get("apiVersion", "")
        applies = operation == "Apply"
        if operation not in ("Apply", "Update") or not version:
            message = f"bad managedFields entry {entry!r}"
            raise ValueError(message)
        manager = Manager(
            entry.get("manager", ""), operation, "" if applies else version, entry.get("subresource", "")
        )
        found[manager] = Ownership(paths_of(entry.get("fieldsV1") or {}), version, entry.get("time", ""))
    return found


def entries_of(owners: Owners) -> list[JsonObject]:
    """``managedFields`` of OWNERS: appliers first, then by time and name."""
    order = sorted(
        owners.items(), key=lambda pair: (pair[0].operation, pair[1].time, pair[0].name, pair[1].version)
    )
    entries = []
    for manager, owned in order:
        entry: JsonObject = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": owned.version,
            "time": owned.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields_v1(owned.paths),
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append(entry)
    return entries


def with_owners(item: JsonObject, owners: Owners) -> JsonObject:
    """ITEM with OWNERS in its ``managedFields``."""
    metadata = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    if owners:
        metadata["managedFields"] = entries_of(owners)
    return {**item, "metadata": metadata}


def is_reset(item: Mapping[str, Any]) -> bool:
    """Whether a writer resets all owners: an empty list, or one with a single empty entry."""
    entries = (item.get("metadata") or {}).get("managedFields", ())
    return entries in ([], [{}])


def updated(
    live: JsonObject, new: JsonObject, owners: Owners, manager: Manager, view: View, now: str
) -> Owners:
    """OWNERS after MANAGER replaced LIVE by NEW."""
    changes = difference(live, new, view.shape())
    changed = view.kept(changes.modified | changes.added)
    # The writer too loses what it removed; what it changed it gets back below (merge/update.go, Update).
    after = without_lost(live, new, owners, view, manager=None)
    mine = owners.get(manager)
    previous = after[manager].paths if manager in after else frozenset()
    paths = previous | changed
    if changed:
        after[manager] = Ownership(paths, view.version, now)
    # A write that changes nothing of its own keeps its time: the entry is not touched.
    elif mine is not None and paths:
        after[manager] = replace(mine, paths=paths)
    return capped(after)


def without_lost(
    live: JsonObject, new: JsonObject, owners: Owners, view: View, manager: Manager | None
) -> Owners:
    """OWNERS but MANAGER without what the change from LIVE to NEW takes from them."""
    after: Owners = {}
    seen: dict[str, tuple[set[Path], set[Path]]] = {}
    for other, owned in owners.items():
        if other == manager:
            after[other] = owned
            continue
        if owned.version not in seen:
            found = change_in(live, new, owned.version, view)
            seen[owned.version] = (found.modified | found.added, found.removed)
        changed, removed = seen[owned.version]
        # A removed field is lost by all, hidden or not; a changed one only where this endpoint writes it.
        paths = owned.paths - frozenset(view.kept(changed)) - frozenset(removed)
        if paths:
            after[other] = replace(owned, paths=paths)
    return after


def change_in(live: JsonObject, new: JsonObject, version: str, view: View) -> Any:
    """The change from LIVE to NEW as it looks in another API version."""
    # Paths are of the version in which their owner wrote, so both objects are compared in that version.
    if version == view.version:
        return difference(live, new, view.shape())
    return difference(view.convert(live, version), view.convert(new, version), view.shapes(version))


def capped(owners: Owners) -> Owners:
    """OWNERS with the oldest updates made one of each version if there are too many."""
    updates = [pair for pair in owners.items() if pair[0].operation == "Update"]
    spare = len(updates) - UPDATERS_MAX
    if spare <= 0:
        return owners
    after = dict(owners)
    # One more than the excess goes, because the bucket is an entry too.
    for manager, owned in sorted(updates, key=lambda pair: (pair[1].time, pair[0].name))[: spare + 1]:
        bucket = Manager("ancient-changes", "Update", owned.version)
        del after[manager]
        known = after.get(bucket)
        after[bucket] = replace(owned, paths=owned.paths | (known.paths if known else frozenset()))
    return after


def applied(
    live: JsonObject,
    config: JsonObject,
    owners: Owners,
    manager: Manager,
    view: View,
    *,
    force: bool,
    now: str,
) -> tuple[JsonObject, Owners]:
    """LIVE and its owners after MANAGER applied CONFIG.

    Raises:
        ApiError: 409, another manager owns a field with another value; 500, a field is not declared.
    """
    shape = view.shape()
    try:
        wanted = view.kept(fields_of(config, shape))
        last = owners.get(manager)
        new = merged(live, config, shape)
        after = {**owners, manager: Ownership(wanted, view.version, now)}
        # What the manager applied last time and leaves out now is removed, if nobody else owns it.
        if last is not None:
            new = pruned(new, last.paths, after, shape)
        # Conflicts are of values, not of fields: two appliers of the same value share the field.
        disputed = conflicts(live, new, after, manager, view)
    except Undeclared as error:
        metadata = config.get("metadata") or {}
        where = f"({metadata.get('namespace', '')}/{metadata.get('name', '')}; {kind_text(config)})"
        raise internal(f"failed to create typed patch object {where}: {error}") from error
    if disputed and not force:
        raise conflict_of(disputed)
    after = without_lost(live, new, after, view, manager)
    # An apply that changes nothing keeps the old time, so that it makes no new version (structured-merge-diff Apply).
    if last is not None and new == live and last.paths == wanted:
        after[manager] = last
    elif new == live and last is not None:
        after[manager] = replace(after[manager], time=last.time)
    if not wanted:
        after.pop(manager, None)
    return new, after


def kind_text(config: JsonObject) -> str:
    """``/v1, Kind=ConfigMap``."""
    group, _, version = config.get("apiVersion", "").rpartition("/")
    return f"{group}/{version}, Kind={config.get('kind', '')}"


def pruned(new: JsonObject, last: Paths, owners: Owners, shape: Shape) -> JsonObject:
    """NEW without the fields of LAST that nobody owns any more."""
    still = with_parents(path for owned in owners.values() for path in owned.paths)
    gone = {path for path in with_parents(last) if path not in still and path not in STRIPPED}
    result: JsonObject = without(new, gone, shape) if gone else new
    return result


def conflicts(
    live: JsonObject, new: JsonObject, owners: Owners, manager: Manager, view: View
) -> dict[Manager, list[Path]]:
    """What the change takes from managers other than MANAGER."""
    found: dict[Manager, list[Path]] = {}
    for other, owned in owners.items():
        if other == manager:
            continue
        changes = change_in(live, new, owned.version, view)
        if paths := owned.paths & (changes.modified | changes.added):
            found[other] = sorted(paths)
    return found


def conflict_of(disputed: Mapping[Manager, list[Path]]) -> ApiError:
    """The refusal, with the message of managedfields ``NewConflictError``."""
    order = sorted(disputed.items(), key=lambda pair: pair[0].shown)
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager.shown}", "field": shown(path)}
        for manager, paths in order
        for path in paths
    ]
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        lines = []
        for manager, paths in order:
            lines += [f"conflicts with {manager.shown}:", *(f"- {shown(path)}" for path in paths)]
        message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return ApiError(409, message, details={"causes": causes})


def before_first_apply(live: JsonObject, view: View, stamp: str) -> Owners:
    """The owners of an object without any when it is first applied to: an unknown manager owns all that it has."""
    paths = view.kept(path for path in difference({}, live, view.shape()).added)
    manager = Manager("before-first-apply", "Update", view.version)
    return {manager: Ownership(paths, view.version, stamp)} if paths else {}


def check_config(config: JsonObject, api_version: str, kind: str) -> None:
    """Refuse what is no configuration of that kind.

    Raises:
        ApiError: 400.
    """
    if (config.get("apiVersion"), config.get("kind")) != (api_version, kind):
        raise bad_request(f"invalid object type: {kind_text(config)}")
    if (config.get("metadata") or {}).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
