"""Rules of device taints and tolerations (``pkg/apis/resource/validation/validation.go``, 1.36)."""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_supported, required
from kube_emulator.apiserver.validation.metadata import label_key

EFFECTS = ("NoExecute", "NoSchedule", "None")
OPERATORS = ("Equal", "Exists")


def taint(item: JsonObject, path: str, *, old: JsonObject | None = None) -> Iterator[Cause]:
    """One taint; an effect that OLD had already is not validated again, so that unknown ones of newer servers stay."""
    yield from label_key(item.get("key") or "", f"{path}.key")
    value, effect = item.get("value") or "", item.get("effect") or ""
    yield from names.each(f"{path}.value", value, names.label_value(value))
    if old is not None and (old.get("effect") or "") == effect:
        return
    if not effect:
        yield required(f"{path}.effect")
    elif effect not in EFFECTS:
        yield not_supported(f"{path}.effect", effect, EFFECTS)


def toleration(item: JsonObject, path: str) -> Iterator[Cause]:
    """One toleration of a request."""
    if item.get("key"):
        yield from label_key(item["key"], f"{path}.key")
    operator, value, effect = item.get("operator") or "", item.get("value") or "", item.get("effect") or ""
    if operator == "Exists":
        if value:
            yield invalid(f"{path}.value", value, "must be empty for operator `Exists`")
    elif operator == "Equal":
        yield from names.each(f"{path}.value", value, names.label_value(value))
    elif not operator:
        yield required(f"{path}.operator")
    else:
        yield not_supported(f"{path}.operator", operator, OPERATORS)
    if effect and effect not in EFFECTS:
        yield not_supported(f"{path}.effect", effect, EFFECTS)
