"""Pure: what readers of slices could see while a driver wrote them, state after state.

A pool is complete if as many slices as its newest generation says have that generation; readers ignore older ones
(dynamic-resource-allocation structured, pools). Only complete pools are allocated from.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject

State = Mapping[str, JsonObject]
"""{slice name: slice}."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From one start of a driver to its complete pools.

    Attributes:
        before: the state that it found.
        states: what could be seen after each event, oldest first; the last one is final.
        write_times: when its successful writes came in, in seconds.
    """

    before: State
    states: Sequence[State]
    write_times: Sequence[float] = ()

    @property
    def final(self) -> State:
        """The last state."""
        return self.states[-1] if self.states else self.before


def states_of(before: State, events: Iterable[JsonObject]) -> Iterator[State]:
    """The state after each event of a watch."""
    current = dict(before)
    for event in events:
        item = event["object"]
        name = item["metadata"]["name"]
        if event["type"] == "DELETED":
            current.pop(name, None)
        elif event["type"] in ("ADDED", "MODIFIED"):
            current[name] = item
        else:
            continue
        yield dict(current)


def pools_of(state: State) -> dict[str, list[JsonObject]]:
    """{pool: its slices of the newest generation}."""
    found: dict[str, list[JsonObject]] = {}
    for item in state.values():
        found.setdefault(item["spec"]["pool"]["name"], []).append(item)
    return {name: newest(items) for name, items in found.items()}


def newest(items: Sequence[JsonObject]) -> list[JsonObject]:
    """Those of the newest generation."""
    generation = max(item["spec"]["pool"]["generation"] for item in items)
    return [item for item in items if item["spec"]["pool"]["generation"] == generation]


def is_complete(items: Sequence[JsonObject]) -> bool:
    """Whether the slices of a pool's newest generation are as many as each of them says."""
    return {item["spec"]["pool"]["resourceSliceCount"] for item in items} == {len(items)}


def device_names(items: Iterable[JsonObject]) -> list[str]:
    """The devices of slices, with repetitions."""
    return [device["name"] for item in items for device in item["spec"].get("devices") or []]


def torn_pools(phase: Phase) -> Iterator[str]:
    """Each pool that readers take for complete has all devices of before, or all of after."""
    ends = [
        {name: sorted(device_names(items)) for name, items in pools_of(state).items()}
        for state in (phase.before, phase.final)
    ]
    for number, state in enumerate(phase.states, 1):
        for name, items in pools_of(state).items():
            found = sorted(device_names(items))
            if is_complete(items) and all(found != end.get(name) for end in ends):
                yield f"after write {number} pool {name} looks complete with {len(found)} devices"


def repeated_devices(phase: Phase) -> Iterator[str]:
    """No device is twice in the newest generation of a pool, in any state."""
    for number, state in enumerate(phase.states, 1):
        for name, items in pools_of(state).items():
            twice = [device for device, count in Counter(device_names(items)).items() if count > 1]
            if twice:
                yield f"after write {number} pool {name} has {twice[:3]} more than once"


def kept_generations(phase: Phase) -> Iterator[str]:
    """Where devices changed in several slices, or the number of slices did, all slices of the pool have a newer generation."""
    before, after = pools_of(phase.before), pools_of(phase.final)
    for name in before.keys() & after.keys():
        old = {item["metadata"]["name"]: sorted(device_names([item])) for item in before[name]}
        new = {item["metadata"]["name"]: sorted(device_names([item])) for item in after[name]}
        changed = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
        if len(changed) < 2 and len(old) == len(new):
            continue
        was = before[name][0]["spec"]["pool"]["generation"]
        stored = [item for item in phase.final.values() if item["spec"]["pool"]["name"] == name]
        found = sorted({item["spec"]["pool"]["generation"] for item in stored})
        if len(found) != 1 or found[0] <= was:
            yield f"pool {name}: generations {found} after {was}, with {len(old)} slices before and {len(new)} after"


def dependent_pools(phase: Phase) -> Iterator[str]:
    """A pool whose devices stayed keeps its generation, and counts its own slices only."""
    before, after = pools_of(phase.before), pools_of(phase.final)
    for name in before.keys() & after.keys():
        if sorted(device_names(before[name])) != sorted(device_names(after[name])):
            continue
        if len(before[name]) != len(after[name]):
            continue
        numbers = [
            {(i["spec"]["pool"]["generation"], i["spec"]["pool"]["resourceSliceCount"]) for i in items}
            for items in (before[name], after[name])
        ]
        if numbers[0] != numbers[1]:
            yield f"pool {name} did not change, and has (generation, count) {numbers[1]} after {numbers[0]}"
