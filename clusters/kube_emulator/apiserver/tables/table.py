"""Pure: a list as a table. Custom kinds define their columns (``additionalPrinterColumns``)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables.cells import age
from kube_emulator.apiserver.tables.columns import AGE, COLUMNS, NAME, Column
from kube_emulator.apiserver.tables.pods import conditions_of


def table(
    key: str, items: Sequence[JsonObject], *, columns: Sequence[JsonObject] | None = None, now: float
) -> JsonObject:
    """ITEMS of a kind as columns and rows of a meta.k8s.io/v1 Table; COLUMNS are those of a custom kind."""
    chosen = (
        (NAME, *(custom_column(column) for column in columns))
        if columns is not None
        else COLUMNS.get(key, (NAME, AGE))
    )
    rows = [{"cells": [column.cell(item, now) for column in chosen]} for item in items]
    if key == "pods":
        rows = [row | ended(item) for row, item in zip(rows, items, strict=True)]
    return {"columnDefinitions": [column.definition for column in chosen], "rows": rows}


def ended(item: JsonObject) -> JsonObject:
    """What the row of a pod has beside its cells."""
    conditions = conditions_of(item)
    return {"conditions": conditions} if conditions else {}


def custom_column(column: JsonObject) -> Column:
    """A column of a custom kind; its path is a simple JSONPath, a date is shown as an age."""
    path, kind = column["jsonPath"], column.get("type", "string")

    def cell(item: JsonObject, now: float) -> Any:
        value = json_path(item, path)
        return age(value or None, now) if kind == "date" and isinstance(value, str) else value

    return Column(column["name"], cell, column.get("priority", 0), kind)


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
