"""Pure: a list as a table. Custom kinds bring their columns (``additionalPrinterColumns``)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dra_clusters.embedded.tables.cells import age, age_cell
from dra_clusters.embedded.tables.columns import AGE, COLUMNS, NAME, Column

Object = dict[str, Any]


def table(
    key: str, items: Sequence[Object], *, columns: Sequence[Object] | None = None, now: float
) -> Object:
    """ITEMS of a kind as columns and rows of a meta.k8s.io/v1 Table; COLUMNS are those of a custom kind."""
    chosen = (
        (NAME, *(custom_column(told) for told in columns))
        if columns is not None
        else (NAME, *COLUMNS.get(key, (AGE,)))
    )
    if key == "events":
        chosen = (Column("Last Seen", lambda item: age(last_seen(item), now)), *chosen[1:])
    rows = [{"cells": [cell_of(column, item, now) for column in chosen]} for item in items]
    return {"columnDefinitions": [column.definition for column in chosen], "rows": rows}


def cell_of(column: Column, item: Object, now: float) -> Any:
    """A cell."""
    value = column.cell(item)
    if column.cell is age_cell or (column.type == "date" and isinstance(value, str)):
        return age(value or None, now)
    return value


def last_seen(item: Object) -> str | None:
    """When an event happened last."""
    names = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp")
    return next((item[name] for name in names if item.get(name)), item["metadata"].get("creationTimestamp"))


def custom_column(told: Object) -> Column:
    """A column of a custom kind; its path is a simple JSONPath."""
    path = told["jsonPath"]
    return Column(
        told["name"], lambda item: json_path(item, path), told.get("priority", 0), told.get("type", "string")
    )


def json_path(item: Any, path: str) -> Any:
    """The value at a simple JSONPath: members, indexes, and ``[?(@.type=="Ready")]``; None if there is none."""
    for name, index, member, wanted in re.findall(
        r"\.([\w-]+)|\[(\d+|\*)\]|\[\?\(@\.(\w+)==[\"']([^\"']*)[\"']\)\]", path
    ):
        if name:
            item = item.get(name) if isinstance(item, Mapping) else None
        elif index and isinstance(item, list):
            place = 0 if index == "*" else int(index)
            item = item[place] if place < len(item) else None
        elif member and isinstance(item, list):
            item = next(
                (entry for entry in item if isinstance(entry, Mapping) and entry.get(member) == wanted), None
            )
        else:
            item = None
    return item
