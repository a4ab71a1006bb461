"""Pure: what is stored and what is wanted, to the writes that lead from one to the other.

The rules, from how the scheduler reads pools (dynamic-resource-allocation structured allocator, 1.37): it takes the
slices of the highest generation, and the pool only when their number equals ``resourceSliceCount``. So a change of
content raises the generation of all slices, a slice that is merely missing is put back in the current one, old ones are
deleted last, and a generation never falls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dra_api.quantity import parse


@dataclass(frozen=True, slots=True)
class Plan:
    """First ``put`` in this order (a ``resourceVersion`` in it means replace, none means create), then ``delete`` by name."""

    put: tuple[dict[str, Any], ...] = ()
    delete: tuple[str, ...] = ()


def content(stored: Mapping[str, Any]) -> Any:
    """A slice's meaning: its spec without the generation, quantities as numbers, empty and false members left out."""
    spec = dict(stored.get("spec", {}))
    spec["pool"] = {name: value for name, value in spec.get("pool", {}).items() if name != "generation"}
    owners = [owner.get("uid") for owner in stored.get("metadata", {}).get("ownerReferences") or []]
    return meaning({**spec, "owners": owners})


def meaning(value: Any, key: str = "") -> Any:
    """VALUE without what makes no difference to the API server."""
    if isinstance(value, Mapping):
        members = {name: meaning(member, name) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, False, [], {})}
    if isinstance(value, list | tuple):
        return [meaning(member) for member in value]
    if key == "value" and isinstance(value, str):  # capacities: {"value": "183359Mi"}
        return parse(value)
    return value


def make_plan(
    stored: Sequence[dict[str, Any]],
    wanted: Sequence[dict[str, Any]],
    accepted: Mapping[str, tuple[Any, Any]],
) -> Plan:
    """The writes that make STORED (this driver's slices of this node) equal to WANTED (one pool).

    ACCEPTED is {slice name: (content that was sent, content that came back)}: a server with a feature switched off
    drops fields silently, and sending them again for ever would not bring them back.
    """
    by_name = {item["metadata"]["name"]: item for item in stored}
    pool = wanted[0]["spec"]["pool"]["name"]
    generations = [
        item["spec"]["pool"]["generation"] for item in stored if item["spec"]["pool"]["name"] == pool
    ]
    highest = max(generations, default=0)
    strays = tuple(sorted(by_name.keys() - {item["metadata"]["name"] for item in wanted}))

    def in_place(item: dict[str, Any]) -> bool:
        found, sent = content(by_name[item["metadata"]["name"]]), content(item)
        return found in (sent, accepted.get(item["metadata"]["name"]) == (sent, found) and found)

    present = [item for item in wanted if item["metadata"]["name"] in by_name]
    current = all(
        by_name[item["metadata"]["name"]]["spec"]["pool"]["generation"] == highest for item in present
    )
    if current and all(map(in_place, present)):
        missing = [item for item in wanted if item["metadata"]["name"] not in by_name]
        return Plan(tuple(at_generation(item, max(highest, 1), None) for item in missing), strays)
    return Plan(
        tuple(at_generation(item, highest + 1, by_name.get(item["metadata"]["name"])) for item in wanted),
        strays,
    )


def at_generation(wanted: dict[str, Any], generation: int, stored: dict[str, Any] | None) -> dict[str, Any]:
    """WANTED as it is sent: with its generation and, to replace STORED, that one's version."""
    metadata = dict(wanted["metadata"])
    if stored is not None:
        metadata["resourceVersion"] = stored["metadata"]["resourceVersion"]
    spec = {**wanted["spec"], "pool": {**wanted["spec"]["pool"], "generation": generation}}
    return {**wanted, "metadata": metadata, "spec": spec}
