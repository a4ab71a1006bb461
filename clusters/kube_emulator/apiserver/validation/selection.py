"""Rules of selectors: of labels, and of nodes by their labels and name.

Sources (1.36): apimachinery ``pkg/apis/meta/v1/validation/validation.go``, ``pkg/apis/core/validation/validation.go``
(ValidateNodeSelector). ``query`` and the scheduler evaluate selectors.
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, forbidden, invalid, required
from kube_emulator.apiserver.validation.metadata import label_key, labels

UNKNOWN = "not a valid selector operator"


def label_selector(selector: JsonObject | None, path: str) -> Iterator[Cause]:
    """A ``metav1.LabelSelector``."""
    selector = selector or {}
    yield from labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, item in enumerate(selector.get("matchExpressions") or []):
        yield from _requirement(item, f"{path}.matchExpressions[{index}]", numbers=False)


def _requirement(item: JsonObject, path: str, *, numbers: bool) -> Iterator[Cause]:
    operator, values = item.get("operator") or "", item.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield forbidden(
                f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            )
    elif numbers and operator in ("Gt", "Lt"):
        if len(values) != 1:
            yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield invalid(f"{path}.operator", operator, UNKNOWN)
    yield from label_key(item.get("key") or "", f"{path}.key")
    for index, value in enumerate(values):
        yield from names.each(f"{path}.values[{index}]", value, names.label_value(value))


def node_selector(selector: JsonObject, path: str) -> Iterator[Cause]:
    """A ``NodeSelector`` with at least one term."""
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate(terms):
        yield from node_selector_term(term, f"{path}.nodeSelectorTerms[{index}]")


def one_term(selector: JsonObject, path: str) -> Iterator[Cause]:
    """A selector of slices and devices has one term: the allocator puts those of several devices together."""
    terms = selector.get("nodeSelectorTerms")
    if len(terms or []) != 1:
        shown = [_shown_term(term) for term in terms] if terms is not None else None
        yield invalid(f"{path}.nodeSelectorTerms", shown, "must have exactly one node selector term")


def _shown_term(term: JsonObject) -> JsonObject:
    def shown(items: list[JsonObject] | None) -> list[JsonObject] | None:
        if items is None:
            return None
        return [
            {
                "Key": item.get("key") or "",
                "Operator": item.get("operator") or "",
                "Values": item.get("values"),
            }
            for item in items
        ]

    return {
        "MatchExpressions": shown(term.get("matchExpressions")),
        "MatchFields": shown(term.get("matchFields")),
    }


def node_selector_term(term: JsonObject, path: str) -> Iterator[Cause]:
    """One term: requirements on labels and on the name."""
    for index, item in enumerate(term.get("matchExpressions") or []):
        yield from _requirement(item, f"{path}.matchExpressions[{index}]", numbers=True)
    for index, item in enumerate(term.get("matchFields") or []):
        yield from _field_requirement(item, f"{path}.matchFields[{index}]")


def _field_requirement(item: JsonObject, path: str) -> Iterator[Cause]:
    values, key = item.get("values") or [], item.get("key") or ""
    if item.get("operator") in ("In", "NotIn"):
        if len(values) != 1:
            detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            yield required(f"{path}.values", detail)
    else:
        yield invalid(f"{path}.operator", item.get("operator") or "", UNKNOWN)
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(values):
        yield from names.each(f"{path}.values[{index}]", value, names.subdomain(value))
