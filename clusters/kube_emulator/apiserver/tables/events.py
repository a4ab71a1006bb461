"""Pure: the cells of events of both groups (``printEvent`` of ``pkg/printers/internalversion/printers.go``, 1.36)."""

from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables.cells import age, at


def first(item: JsonObject, *paths: str) -> Any:
    """The first member that is there: the two groups name the same fields differently."""
    return next((found for path in paths if (found := at(item, path))), "")


def first_seen(item: JsonObject, now: float) -> str:
    """When it happened first."""
    return age(first(item, "firstTimestamp", "deprecatedFirstTimestamp", "eventTime"), now)


def last_seen(item: JsonObject, now: float) -> str:
    """When it happened last."""
    last = first(item, "series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp")
    return age(last, now) if last else first_seen(item, now)


def count(item: JsonObject, _now: float) -> int:
    """How often it happened."""
    return int(first(item, "series.count", "count", "deprecatedCount") or 1)


def subject(item: JsonObject, _now: float) -> str:
    """``pod/a``."""
    about = first(item, "involvedObject", "regarding") or {}
    return "/".join(filter(None, (about.get("kind", "").lower(), about.get("name", ""))))


def part(item: JsonObject, _now: float) -> str:
    """Which part of the object it is about."""
    return str(first(item, "involvedObject.fieldPath", "regarding.fieldPath"))


def source(item: JsonObject, _now: float) -> str:
    """The component that reported it."""
    component = first(
        item, "source.component", "deprecatedSource.component", "reportingComponent", "reportingController"
    )
    host = first(item, "source.host", "deprecatedSource.host", "reportingInstance")
    return f"{component}, {host}" if host else str(component)


def message(item: JsonObject, _now: float) -> str:
    """What happened."""
    return str(first(item, "message", "note")).strip()
