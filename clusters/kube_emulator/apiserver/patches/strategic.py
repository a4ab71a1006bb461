"""Pure: strategic merge patch, by the merge keys of the kind's field table.

Directives: ``$patch`` (replace, delete, merge), ``$retainKeys``, ``$deleteFromPrimitiveList/<list>`` and
``$setElementOrder/<list>`` (apimachinery ``pkg/util/strategicpatch/patch.go``, 1.36).
"""

from collections.abc import Mapping
from typing import Any

from kube_emulator.apiserver.schema.kinds import FieldInfo, TypeInfo
from kube_emulator.apiserver.status import ApiError, bad_request, internal

ORDER = "$setElementOrder/"
DELETE = "$deleteFromPrimitiveList/"
DIRECTIVE, RETAIN = "$patch", "$retainKeys"


def strategic(target: Any, patch: Any, kind: TypeInfo | None) -> Any:
    """TARGET after PATCH, both of the message KIND (None: an unknown one, whose lists are replaced).

    Raises:
        ApiError: 400, a directive is malformed; 500, an item of a merged list has no key.
    """
    if not isinstance(patch, dict):
        raise bad_request(f"error decoding patch: wanted an object, found {type(patch).__name__}")
    result = merged_object(target if isinstance(target, dict) else {}, patch, kind)
    return {} if result is None else result


def merged_object(
    target: Mapping[str, Any], patch: Mapping[str, Any], kind: TypeInfo | None
) -> dict[str, Any] | None:
    """One object; None if the patch deletes it."""
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != DIRECTIVE}
    if directive == "delete":
        return None
    if directive not in (None, "merge"):
        raise bad_request(f"Unknown patch type found: {directive}")
    result = retained(target, patch)
    fields = kind.fields if kind else {}
    for name, value in patch.items():
        if name.startswith("$"):
            apply_directive(result, name, value)
        elif value is None:
            result.pop(name, None)
        else:
            set_member(result, name, value, patch.get(ORDER + name), fields.get(name))
    # An order alone, without its list, rearranges what is there: kubectl apply sends that when only the order changed.
    for name, order in patch.items():
        field = name.removeprefix(ORDER)
        if name.startswith(ORDER) and field not in patch and isinstance(result.get(field), list):
            result[field] = ordered(result[field], order, fields.get(field))
    return result


def retained(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of TARGET with the members that ``$retainKeys`` leaves."""
    if RETAIN not in patch:
        return dict(target)
    keys = patch[RETAIN]
    if not isinstance(keys, list):
        raise bad_request(f"invalid patch format of {RETAIN}")
    unknown = {name for name in patch if not name.startswith("$")} - set(keys)
    if unknown:
        raise bad_request(f"invalid patch format of {RETAIN}: {', '.join(sorted(unknown))} not in it")
    return {name: value for name, value in target.items() if name in keys}


def apply_directive(result: dict[str, Any], name: str, value: Any) -> None:
    """Carry out ``$deleteFromPrimitiveList``; the other directives are handled where they apply."""
    if name.startswith(DELETE):
        field = name.removeprefix(DELETE)
        if not isinstance(value, list):
            raise bad_request(f"invalid patch format of {name}")
        result[field] = [item for item in result.get(field) or [] if item not in value]
    elif not name.startswith((ORDER, DIRECTIVE, RETAIN)):
        raise bad_request(f"unknown directive {name}")


def set_member(result: dict[str, Any], name: str, value: Any, order: Any, field: FieldInfo | None) -> None:
    """Merge VALUE into a member of RESULT."""
    old = result.get(name)
    inner = field.info if field else None
    if isinstance(value, list) and field is not None and field.merges and isinstance(old or [], list):
        result[name] = merged_list(old or [], value, order, field)
    elif isinstance(value, dict) and not (field and field.replaces):
        # Members of a map have no field table: their values are merged without merge keys.
        below = merged_object(
            old if isinstance(old, dict) else {}, value, None if field and field.map else inner
        )
        if below is None:
            result.pop(name, None)
        else:
            result[name] = below
    else:
        result[name] = value


def merged_list(old: list[Any], patch: list[Any], order: Any, field: FieldInfo) -> list[Any]:
    """Items of PATCH merged into OLD."""
    if not field.patch_key:  # a list of scalars is a set
        return ordered([*old, *(item for item in patch if item not in old)], order, field)
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" and len(item) == 1 for item in patch):
        return [item for item in patch if item.get(DIRECTIVE) != "replace"]
    key, result = field.patch_key, list(old)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise missing_key(item, key, field)
        place = next((i for i, known in enumerate(result) if known.get(key) == item[key]), None)
        if item.get(DIRECTIVE) == "delete":
            result = [known for known in result if known.get(key) != item[key]]
            continue
        merged = merged_object({} if place is None else result[place], item, field.info)
        if place is None:
            result.append(merged)
        else:
            result[place] = merged
    return ordered(result, order, field)


def missing_key(item: Any, key: str, field: FieldInfo) -> ApiError:
    """The refusal of an item that cannot be found."""
    return internal(f"map: {item} does not contain declared merge key: {key} (list {field.name})")


def ordered(items: list[Any], order: Any, field: FieldInfo | None) -> list[Any]:
    """ITEMS in the ORDER that the patch wants; others stay behind the item that they followed."""
    if not isinstance(order, list):
        return items
    key = field.patch_key if field else ""

    def name_of(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [name_of(item) for item in order]
    rank: dict[int, tuple[int, int]] = {}
    last = -1
    for place, item in enumerate(items):
        name = name_of(item)
        if name in wanted:
            last = wanted.index(name)
            rank[place] = (last, -1)
        else:
            rank[place] = (last, place)
    return [items[place] for place in sorted(rank, key=lambda place: rank[place])]
