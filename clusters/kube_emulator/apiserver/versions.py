"""An object as another API version has it: the one place where versions meet.

Built-in kinds are converted by ``validation.conversion``; kinds of CRDs only change their ``apiVersion`` (conversion strategy
None, the only one that is served).
"""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.resources import Resource, Served
from kube_emulator.apiserver.validation import conversion


def to_storage(served: Served, item: JsonObject) -> JsonObject:
    """ITEM of a request in the stored version."""
    if served.is_storage:
        return item
    if served.resource.custom:
        return {**item, "apiVersion": served.resource.api_version}
    converted = conversion.to_storage(served.group, served.version, served.resource.kind, item)
    return {**converted, "apiVersion": served.resource.api_version}


def from_storage(served: Served, item: JsonObject) -> JsonObject:
    """The stored ITEM as a client of that version sees it."""
    if served.is_storage:
        return item
    if served.resource.custom:
        return {**item, "apiVersion": served.api_version}
    converted = conversion.from_storage(served.group, served.version, served.resource.kind, item)
    return {**converted, "apiVersion": served.api_version}


def as_version(resource: Resource, item: JsonObject, api_version: str) -> JsonObject:
    """The stored ITEM in that version."""
    group, _, version = api_version.rpartition("/")
    return from_storage(Served(resource, group, version), item)
