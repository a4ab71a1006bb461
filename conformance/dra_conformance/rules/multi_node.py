"""Pure: rules on devices that more than one node reaches, written from the API documentation (resource/v1, 1.37)."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject


@dataclass(frozen=True, slots=True)
class Offered:
    """A device that is published by node selector.

    Attributes:
        nodes: those that its selector matches.
        kind: its attribute type; empty if it has none.
        count: its attribute nodes; None if it has none.
    """

    name: str
    nodes: tuple[str, ...]
    kind: str
    count: int | None


def offered(slices: Iterable[JsonObject], nodes: Mapping[str, Mapping[str, str]]) -> list[Offered]:
    """The devices of SLICES that have a node selector; NODES are labels by node."""
    found = []
    for item in slices:
        spec = item["spec"]
        for device in spec.get("devices") or []:
            selector = device.get("nodeSelector") or spec.get("nodeSelector")
            everywhere = device.get("allNodes") or spec.get("allNodes")
            if selector is None and not everywhere:
                continue
            reached = [
                name for name, labels in nodes.items() if everywhere or selects(selector, name, labels)
            ]
            found.append(
                Offered(
                    f"{spec['pool']['name']}/{device['name']}",
                    tuple(sorted(reached)),
                    str(value_of(device, "type") or ""),
                    count_of(device),
                )
            )
    return found


def value_of(device: JsonObject, name: str) -> object:
    """The value of an attribute, under its name with or without a domain."""
    for key, value in (device.get("attributes") or {}).items():
        if key.rpartition("/")[2] == name:
            return next(iter(value.values()))
    return None


def count_of(device: JsonObject) -> int | None:
    """The attribute nodes, if it is a number."""
    found = value_of(device, "nodes")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def selects(selector: JsonObject, name: str, labels: Mapping[str, str]) -> bool:
    """Whether a node selector matches a node: one of its terms does (core/v1 NodeSelector)."""
    return any(
        all(holds(one, labels) for one in term.get("matchExpressions") or [])
        and all(holds(one, {"metadata.name": name}) for one in term.get("matchFields") or [])
        for term in selector.get("nodeSelectorTerms") or []
        if term.get("matchExpressions") or term.get("matchFields")
    )


def holds(requirement: JsonObject, labels: Mapping[str, str]) -> bool:
    """Whether one requirement of a term holds (core/v1 NodeSelectorOperator)."""
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or []
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "DoesNotExist":
        return key not in labels
    if key not in labels:
        return False
    if operator in ("Gt", "Lt"):
        try:
            found, bound = int(labels[key]), int(values[0])
        except (ValueError, IndexError):
            return False
        return found > bound if operator == "Gt" else found < bound
    return operator == "Exists" or labels[key] in values


def wrongly_covered(devices: Iterable[Offered], racks: Collection[Collection[str]]) -> Iterator[str]:
    """Devices whose nodes are not those of one of RACKS, and racks without a device."""
    wanted = {frozenset(rack) for rack in racks}
    devices = list(devices)
    for device in devices:
        if frozenset(device.nodes) not in wanted:
            yield f"{device.name} selects {', '.join(device.nodes) or 'no node'}"
    for rack in sorted(map(sorted, wanted - {frozenset(device.nodes) for device in devices})):
        yield f"no device selects {', '.join(rack)}"


def repeated(devices: Sequence[Offered]) -> Iterator[str]:
    """Pairs of devices of one type for the same nodes."""
    for one, other in itertools.combinations(devices, 2):
        if (one.kind, one.nodes) == (other.kind, other.nodes):
            yield f"{one.name} and {other.name} are both for {', '.join(one.nodes)}"


def miscounted(devices: Iterable[Offered]) -> Iterator[str]:
    """Devices with another number of nodes than their selector matches."""
    for device in devices:
        if device.count is not None and device.count != len(device.nodes):
            yield f"{device.name} says {device.count} nodes and selects {len(device.nodes)}"
