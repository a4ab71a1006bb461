"""Objects as tables or as their metadata only, for clients that ask for that (``as=Table``, ``as=PartialObjectMetadata``)."""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from kube_emulator.apiserver.crds.definition import Definition
from kube_emulator.apiserver.endpoints.forms import value_of
from kube_emulator.apiserver.endpoints.negotiation import Form
from kube_emulator.apiserver.resources import Served
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.tables.table import table
from kube_emulator.store.store import Stored


class Transformer:
    """Turns objects of one kind into what a client asks for."""

    def __init__(
        self, served: Served, definition: Definition | None, form: Form, include: str, now: float
    ) -> None:
        if include not in ("", "None", "Metadata", "Object"):
            why = (
                f"includeObject: Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
            )
            raise ApiError(400, f"Unable to convert to Table as requested: {why}")
        self._served = served
        self._definition = definition
        self._form = form
        self._include = include or "Metadata"
        self._now = now

    def items(self, items: Sequence[Stored], metadata: JsonObject, *, header: bool = True) -> JsonObject:
        """Several objects; a table without HEADER has no column definitions."""
        values = [value_of(item, self._served) for item in items]
        version = f"meta.k8s.io/{self._form.version}"
        if self._form.transform == "Table":
            columns = self._definition.columns(self._served.version) if self._definition else None
            shown = table(self._served.resource.key, values, columns=columns, now=self._now)
            for row, value in zip(shown["rows"], values, strict=True):
                row["object"] = self.row_object(value, version)
            if not header:
                shown["columnDefinitions"] = None
            return {"kind": "Table", "apiVersion": version, "metadata": metadata, **shown}
        if self._form.transform == "PartialObjectMetadata":
            raise ApiError(406, "you requested PartialObjectMetadata, but the requested object is a list")
        partials = [partial(value, version) for value in values]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": version,
            "metadata": metadata,
            "items": partials,
        }

    def item(self, item: Stored, *, header: bool = True) -> JsonObject:
        """One object."""
        if self._form.transform == "PartialObjectMetadata":
            return partial(value_of(item, self._served), f"meta.k8s.io/{self._form.version}")
        if self._form.transform == "PartialObjectMetadataList":
            raise ApiError(
                406, "you requested PartialObjectMetadataList, but the requested object is not a list"
            )
        return self.items([item], {"resourceVersion": str(item.revision)}, header=header)

    def bookmark(self, metadata: JsonObject) -> JsonObject:
        """A bookmark as a table: clients find the end of the initial events in the object of its one row."""
        served, version = self._served, f"meta.k8s.io/{self._form.version}"
        value = {"kind": served.resource.kind, "apiVersion": served.api_version, "metadata": metadata}
        columns = self._definition.columns(served.version) if self._definition else None
        count = len(table(served.resource.key, [], columns=columns, now=self._now)["columnDefinitions"])
        shown = value if self._include == "Object" else partial(value, version)
        return {
            "kind": "Table",
            "apiVersion": version,
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "columnDefinitions": None,
            "rows": [{"cells": [""] * count, "object": shown}],
        }

    def row_object(self, value: JsonObject, version: str) -> JsonObject | None:
        """The object of a row, or as much of it as was asked for."""
        if self._include == "Object":
            return value
        return partial(value, version) if self._include == "Metadata" else None


def partial(value: JsonObject, version: str) -> JsonObject:
    """The metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": value["metadata"]}
