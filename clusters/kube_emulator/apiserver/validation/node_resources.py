"""Rules on what a device uses of its node's own resources, such as memory.

Sources: ``pkg/apis/resource/validation/validation.go``; ``nodeAllocatableResourceMappings`` is 1.36's name and shape,
``nodeAllocatableResources`` is 1.37's.
"""

from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema.quantity import canonical, value_of
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_found, required
from kube_emulator.apiserver.validation.items import Rule


def node_resources(item: JsonObject, path: str, named: Rule | None) -> Iterator[Cause]:
    """The node's resources in a device, in the shape of either release; NAMED is what a capacityKey has to be."""
    capacities = item.get("capacity") or {}
    where = f"{path}.nodeAllocatableResourceMappings"
    for name, mapping in sorted((item.get("nodeAllocatableResourceMappings") or {}).items()):
        yield from _native(name, f"{where}[{name}]")
        yield from _mapping_1_36(mapping, f"{where}[{name}]", capacities, named)
    where = f"{path}.nodeAllocatableResources"
    for name, resource in sorted((item.get("nodeAllocatableResources") or {}).items()):
        yield from _native(name, f"{where}[{name}]")
        yield from _resource(resource, f"{where}[{name}]", capacities, named)


def _native(name: str, path: str) -> Iterator[Cause]:
    if "/" in name and "kubernetes.io/" not in name:
        yield invalid(path, name, "must be a node allocatable resource name")


def _positive(amount: Any, path: str) -> Iterator[Cause]:
    if amount is not None and value_of(amount) <= 0:
        yield invalid(path, canonical(amount), "must be positive")


def _capacity_key(key: str | None, path: str, capacities: JsonObject, named: Rule | None) -> Iterator[Cause]:
    if key == "":
        yield invalid(path, "", "capacityKey must not be an empty string")
    elif key is not None:
        # A key that is no name is none of a capacity either: its form is reported, not that it is missing.
        wrong = list(named(key, path)) if named is not None else []
        yield from wrong
        if not wrong and key not in capacities:
            yield not_found(path, key)


def _mapping_1_36(
    mapping: JsonObject, path: str, capacities: JsonObject, named: Rule | None
) -> Iterator[Cause]:
    multiplier, key = mapping.get("allocationMultiplier"), mapping.get("capacityKey")
    if multiplier is None and key is None:
        yield invalid(path, "", "at least one of allocationMultiplier or capacityKey must be set")
    yield from _positive(multiplier, f"{path}.allocationMultiplier")
    yield from _capacity_key(key, f"{path}.capacityKey", capacities, named)


def _resource(item: JsonObject, path: str, capacities: JsonObject, named: Rule | None) -> Iterator[Cause]:
    mapping, overhead = item.get("mapping"), item.get("overhead")
    if mapping is None and overhead is None:
        yield required(path, "at least one of mapping or overhead must be set")
    if mapping is not None:
        yield from _mapping(mapping, f"{path}.mapping", capacities, named)
    if overhead is not None:
        yield from _overhead(overhead, f"{path}.overhead")


def _mapping(mapping: JsonObject, path: str, capacities: JsonObject, named: Rule | None) -> Iterator[Cause]:
    multiplier, key = mapping.get("capacityMultiplier"), mapping.get("capacityKey")
    yield from _capacity_key(key, f"{path}.capacityKey", capacities, named)
    if key is not None and multiplier is None:
        detail = "capacityMultiplier is required when capacityKey is set"
        yield required(f"{path}.capacityMultiplier", detail)
    elif key is not None:
        yield from _positive(multiplier, f"{path}.capacityMultiplier")
    yield from _positive(mapping.get("deviceMultiplier"), f"{path}.deviceMultiplier")
    if multiplier is not None and key is None:
        yield required(f"{path}.capacityKey", "capacityKey is required when capacityMultiplier is set")


def _overhead(item: JsonObject, path: str) -> Iterator[Cause]:
    found = {name: item[name] for name in ("perPod", "perContainer") if item.get(name) is not None}
    if not found:
        yield invalid(path, "", "at least one of perPod or perContainer must be set")
    for name, amount in found.items():
        if value_of(amount) < 0:
            yield invalid(f"{path}.{name}", canonical(amount), "must be non-negative")
