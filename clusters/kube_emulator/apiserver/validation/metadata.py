"""Rules of ``metadata`` and of the parts that many kinds share: conditions, managed fields.

Sources (1.36 and 1.37): apimachinery ``pkg/api/validation/objectmeta.go`` and ``pkg/apis/meta/v1/validation/validation.go``. The
caller says which form the names of the kind have.
"""

from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.releases.release import V1_37

ANNOTATIONS_MAX = 256 * 1024
MANAGER_MAX = 128
IMMUTABLE = "field is immutable"
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
STANDARD_FINALIZERS = (ORPHAN, FOREGROUND, "kubernetes")
SAME = object()


def new_metadata(
    metadata: JsonObject,
    context: Context,
    *,
    namespaced: bool,
    check: names.Problems,
    path: str = "metadata",
    check_generated: bool = True,
) -> Iterator[Cause]:
    """Rules of a new object's metadata; without CHECK_GENERATED ``generateName`` is not validated, as for newer kinds."""
    prefix = metadata.get("generateName")
    if prefix and check_generated:
        yield from names.each(f"{path}.generateName", prefix, names.generated(check)(prefix))
    name = metadata.get("name") or ""
    if name:
        yield from names.each(f"{path}.name", name, check(name))
    else:
        yield required(f"{path}.name", "name or generateName is required")
    namespace = metadata.get("namespace") or ""
    if namespaced and not namespace:
        yield required(f"{path}.namespace")
    elif namespaced:
        yield from names.each(f"{path}.namespace", namespace, names.label(namespace))
    elif namespace:
        yield forbidden(f"{path}.namespace", "not allowed on this type")
    yield from labels(metadata.get("labels"), f"{path}.labels")
    yield from annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from owners(metadata.get("ownerReferences") or [], f"{path}.ownerReferences", context)
    yield from finalizers(metadata.get("finalizers") or [], f"{path}.finalizers")
    yield from managed_fields(metadata.get("managedFields") or [], f"{path}.managedFields")


def changed_metadata(
    old: JsonObject, new: JsonObject, context: Context, path: str = "metadata"
) -> Iterator[Cause]:
    """Rules of a change of metadata (ValidateObjectMetaUpdate)."""
    if old.get("deletionTimestamp"):
        extra = sorted(set(new.get("finalizers") or []) - set(old.get("finalizers") or []))
        if extra:
            shown = "[]string{" + ", ".join(f'"{name}"' for name in extra) + "}"
            detail = (
                f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            )
            yield forbidden(f"{path}.finalizers", detail)
    for name in ("name", "namespace", "uid"):
        yield from immutable(old.get(name) or "", new.get(name) or "", f"{path}.{name}")
    yield from labels(new.get("labels"), f"{path}.labels")
    yield from annotations(new.get("annotations"), f"{path}.annotations")
    yield from owners(new.get("ownerReferences") or [], f"{path}.ownerReferences", context)
    yield from managed_fields(new.get("managedFields") or [], f"{path}.managedFields")


def filled(value: Any) -> Any:
    """VALUE without empty parts: in apiequality.Semantic, nil and empty lists and maps are equal."""
    if isinstance(value, dict):
        kept = {name: filled(part) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [filled(part) for part in value]
    return value


def immutable(old: Any, new: Any, path: str, shown: Any = SAME) -> Iterator[Cause]:
    """NEW must equal OLD; SHOWN is what the cause prints, if that is not NEW itself."""
    if filled(old) != filled(new):
        yield invalid(path, new if shown is SAME else shown, IMMUTABLE)


def labels(items: dict[str, str] | None, path: str) -> Iterator[Cause]:
    """Keys and values of labels."""
    for key, value in (items or {}).items():
        yield from label_key(key, path)
        yield from names.each(path, value, names.label_value(value))


def label_key(key: str, path: str) -> Iterator[Cause]:
    """A label key, also used for taints, conditions and finalizers."""
    yield from names.each(path, key, names.qualified(key))


def annotations(items: dict[str, str] | None, path: str) -> Iterator[Cause]:
    """Keys of annotations, and their total size.

    Keys are compared in lower case: upstream lets mixed case pass for old clients (ValidateAnnotations).
    """
    found = items or {}
    for key in found:
        yield from names.each(path, key, names.qualified(key.lower()))
    if sum(names.size(key) + names.size(value) for key, value in found.items()) > ANNOTATIONS_MAX:
        yield too_long(path, ANNOTATIONS_MAX)


def owners(items: list[JsonObject], path: str, context: Context) -> Iterator[Cause]:
    """Owner references."""
    controller = ""
    for index, owner in enumerate(items):
        indexed = context.at_least(V1_37)
        where = f"{path}[{index}]" if indexed else path
        yield from _members(owner, where) if indexed else _members_before(owner, where)
        if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
            yield invalid(where, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            current = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                detail = (
                    'Only one reference can have Controller set to true. Found "true" in references '
                    f"for {controller} and {current}"
                )
                yield invalid(path, items, detail)
            controller = controller or current


def _members(owner: JsonObject, path: str) -> Iterator[Cause]:
    """Required members of an owner reference, since 1.37."""
    version = owner.get("apiVersion") or ""
    if version and (version.count("/") > 1 or version.endswith("/")):
        yield invalid(f"{path}.apiVersion", version, "must be <group>/<version> or <version>")
    for name in ("apiVersion", "kind", "name", "uid"):
        if not owner.get(name):
            yield required(f"{path}.{name}", "must not be empty")


def _members_before(owner: JsonObject, path: str) -> Iterator[Cause]:
    """Required members of an owner reference, up to 1.36."""
    version = owner.get("apiVersion") or ""
    if not version.rpartition("/")[2]:
        yield invalid(f"{path}.apiVersion", version, "version must not be empty")
    for name in ("kind", "name", "uid"):
        if not owner.get(name):
            yield invalid(f"{path}.{name}", "", "must not be empty")


def finalizers(items: list[str], path: str) -> Iterator[Cause]:
    """Names of finalizers."""
    for name in items:
        yield from names.each(path, name, names.qualified(name))
    if ORPHAN in items and FOREGROUND in items:
        yield invalid(path, items, f"finalizer {ORPHAN} and {FOREGROUND} cannot be both set")


def known_finalizers(metadata: JsonObject) -> Iterator[Cause]:
    """Finalizers without a domain must be Kubernetes' own (``pkg/apis/core/validation``); not checked for custom kinds."""
    for index, name in enumerate(metadata.get("finalizers") or []):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"metadata.finalizers[{index}]", name, detail)


def managed_fields(items: list[JsonObject], path: str) -> Iterator[Cause]:
    """Entries of managed fields."""
    for index, entry in enumerate(items):
        where = f"{path}[{index}]"
        if entry.get("operation") not in ("Apply", "Update"):
            yield invalid(f"{where}.operation", entry.get("operation") or "", "must be `Apply` or `Update`")
        if entry.get("fieldsType") not in (None, "", "FieldsV1"):
            yield invalid(f"{where}.fieldsType", entry["fieldsType"], "must be `FieldsV1`")
        if names.size(entry.get("manager") or "") > MANAGER_MAX:
            yield too_long(f"{where}.manager", MANAGER_MAX)


def conditions(items: list[JsonObject], path: str) -> Iterator[Cause]:
    """``metav1.Condition`` entries, at most one per type."""
    seen = set()
    for index, item in enumerate(items):
        where, kind = f"{path}[{index}]", item.get("type") or ""
        if kind in seen:
            yield duplicate(f"{where}.type", kind)
        seen.add(kind)
        yield from _condition(item, kind, where)


def _condition(item: JsonObject, kind: str, path: str) -> Iterator[Cause]:
    yield from label_key(kind, f"{path}.type")
    if item.get("status") not in ("True", "False", "Unknown"):
        yield not_supported(f"{path}.status", item.get("status") or "", ("False", "True", "Unknown"))
    if (item.get("observedGeneration") or 0) < 0:
        yield invalid(
            f"{path}.observedGeneration", item["observedGeneration"], "must be greater than or equal to zero"
        )
    if not item.get("lastTransitionTime"):
        yield required(f"{path}.lastTransitionTime")
    reason = item.get("reason") or ""
    if not reason:
        yield required(f"{path}.reason")
    else:
        yield from names.each(f"{path}.reason", reason, names.condition_reason(reason))
        if names.size(reason) > 1024:
            yield too_long(f"{path}.reason", 1024)
    if names.size(item.get("message") or "") > 32 * 1024:
        yield too_long(f"{path}.message", 32 * 1024)
