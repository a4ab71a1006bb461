"""What admission looks up in the cluster: namespaces, params, the versions of a kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dra_api.objects import JsonObject, ReadOnlyObject
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.resources import Registry, Resource, Served
from kube_emulator.apiserver.versions import as_version, to_storage


class Objects(Protocol):
    """The objects of the cluster."""

    def find(self, plural: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        """An object, or None."""

    def values(self, plural: str, namespace: str = "") -> list[JsonObject]:
        """The objects of a kind."""


class ClusterView:
    """Reads one cluster for admission."""

    def __init__(self, objects: Objects, registry: Registry) -> None:
        self.objects = objects
        self._registry = registry

    def kind(self, group: str, kind: str) -> Resource | None:
        """A kind by its name."""
        return self._registry.find(group, kind)

    def versions(self, write: Write) -> Sequence[str]:
        """The versions of the written kind that are served."""
        return [
            version
            for (group, version), kinds in self._registry.group_versions().items()
            if group == write.group and any(served.plural == write.plural for served in kinds)
        ]

    def in_version(self, write: Write, item: ReadOnlyObject | None, version: str) -> JsonObject | None:
        """A written object in that version."""
        resource = self._registry.find(write.group, write.kind)
        if item is None or resource is None:
            return None
        api_version = f"{write.group}/{version}" if write.group else version
        return {
            **as_version(resource, dict(item), api_version),
            "apiVersion": api_version,
            "kind": write.kind,
        }

    def stored_form(self, write: Write, item: JsonObject, version: str) -> JsonObject:
        """ITEM in that version, as it is stored."""
        resource = self._registry.find(write.group, write.kind)
        assert resource is not None
        return to_storage(Served(resource, write.group, version), item)

    def namespace_labels(self, write: Write) -> Mapping[str, str] | None:
        """The labels of the object's namespace; those of a Namespace that is written; None outside namespaces."""
        if (
            (write.group, write.plural) == ("", "namespaces")
            and write.new is not None
            and not write.subresource
        ):
            return write.new["metadata"].get("labels") or {}
        if not write.place:
            return None
        found = self.objects.find("namespaces", write.place)
        return ((found or {}).get("metadata") or {}).get("labels") or {}

    def namespace(self, write: Write) -> Mapping[str, Any] | None:
        """The namespace of the object, as ``namespaceObject`` shows it; None outside namespaces and for a Namespace."""
        found = self.objects.find("namespaces", write.namespace) if write.namespace else None
        if found is None:
            return None
        return {name: found[name] for name in ("metadata", "spec", "status") if name in found}
