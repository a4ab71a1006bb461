"""The writes that turn the stored ResourceSlices into the wanted ones, as a pure function.

The rules follow from how the scheduler reads a pool (dynamic-resource-allocation/structured/internal/*/pools*.go, 1.37):
it takes the slices of the highest generation, and uses the pool only if their number equals ``resourceSliceCount``. So:

* a change of several slices raises the generation of all: the scheduler never mixes old and new devices;
* a change of one slice, as of a taint, is one write in the current generation: nobody sees half of it (upstream's
  resourceslice controller does the same);
* a slice that is merely missing is created in the current generation: the others need no write;
* slices that are not wanted are deleted last: until the new generation is complete the pool is incomplete, not wrong;
* a generation never falls, or the old slices would win.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from dra_api.objects import ResourceSlice, ResourceSliceInput
from dra_api.quantity import parse


@dataclass(frozen=True, slots=True)
class Plan:
    """First ``put`` in this order (a ``resourceVersion`` in it means replace, none means create), then ``delete`` by name."""

    put: tuple[ResourceSliceInput, ...] = ()
    delete: tuple[str, ...] = ()


Content = bytes
"""The digest of what is compared of a slice. The slices of eight GPUs with all placements take some MB as objects."""


def content(item: ResourceSlice | ResourceSliceInput) -> Content:
    """What is compared of a slice: its owners and its spec without the generation, in a normal form."""
    spec = cast("dict[str, Any]", dict(item.get("spec", {})))
    spec["pool"] = {name: value for name, value in spec.get("pool", {}).items() if name != "generation"}
    owners = [owner.get("uid") for owner in item.get("metadata", {}).get("ownerReferences") or []]
    normal = normalized({**spec, "owners": owners})
    return hashlib.sha256(msgspec.json.encode(normal, order="deterministic", enc_hook=str)).digest()


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of a slice on the API server."""

    name: str
    version: str
    pool: str
    generation: int
    content: Content


def stored(item: ResourceSlice) -> Stored:
    """What is kept of ITEM."""
    metadata, pool = item["metadata"], item["spec"]["pool"]
    version = metadata.get("resourceVersion", "")
    return Stored(metadata["name"], version, pool["name"], pool["generation"], content(item))


def normalized(value: Any, key: str = "") -> Any:
    """VALUE with quantities as numbers and without empty and false members, which the API server leaves out."""
    if key == "taints" and value:  # their values are no quantities, and the API server adds the time
        return [{name: taint.get(name, "") for name in ("key", "value", "effect")} for taint in value]
    if isinstance(value, Mapping):
        members = {name: normalized(member, name) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, False, [], {})}
    if isinstance(value, list | tuple):
        return [normalized(member) for member in value]
    if key == "value" and isinstance(value, str):  # capacities: {"value": "183359Mi"}
        return parse(value)
    return value


def make_plan(
    found: Sequence[Stored],
    wanted: Sequence[ResourceSliceInput],
    accepted: Mapping[str, tuple[Content, Content]],
) -> Plan:
    """The writes that make FOUND (this driver's slices of this node) equal to WANTED (one pool).

    ACCEPTED is {slice name: (content that was sent, content that came back)}: a server with a feature switched off
    drops fields silently. Without this the driver would send them again forever (upstream's resourceslice controller
    compares with what came back for the same reason: DroppedFieldsError in resourceslicecontroller.go).
    """
    by_name = {each.name: each for each in found}
    pool = wanted[0]["spec"]["pool"]["name"]
    highest = max((each.generation for each in found if each.pool == pool), default=0)
    strays = tuple(sorted(by_name.keys() - {item["metadata"]["name"] for item in wanted}))

    def is_current(item: ResourceSliceInput) -> bool:
        name = item["metadata"]["name"]
        there, sent = by_name[name].content, content(item)
        return there == sent or accepted.get(name) == (sent, there)

    present = [item for item in wanted if item["metadata"]["name"] in by_name]
    current = all(by_name[item["metadata"]["name"]].generation == highest for item in present)
    changed = [item for item in present if not is_current(item)]
    if current and len(changed) == 1 and len(present) == len(wanted) and not strays:
        [item] = changed
        return Plan((at_generation(item, highest, by_name[item["metadata"]["name"]]),))
    if current and not changed:
        missing = [item for item in wanted if item["metadata"]["name"] not in by_name]
        return Plan(tuple(at_generation(item, max(highest, 1), None) for item in missing), strays)
    return Plan(
        tuple(at_generation(item, highest + 1, by_name.get(item["metadata"]["name"])) for item in wanted),
        strays,
    )


def at_generation(wanted: ResourceSliceInput, generation: int, replaced: Stored | None) -> ResourceSliceInput:
    """WANTED as it is sent: with its generation and, to replace a stored one, with the resourceVersion of that."""
    metadata = wanted["metadata"].copy()
    if replaced is not None:
        metadata["resourceVersion"] = replaced.version
    spec = wanted["spec"].copy()
    spec["pool"] = {**spec["pool"], "generation": generation}
    return {**wanted, "metadata": metadata, "spec": spec}
