"""Slices and their devices as values: read once from the object, then asked many times.

A device remembers which expressions select it. That is no state: what it is made of never changes; a changed slice is a
new object with new devices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from dra_api.identifiers import DeviceName, DriverName, PoolName
from dra_api.objects import (
    AttributeValue,
    DeviceTaint,
    DeviceTaintRule,
    ReadOnlyObject,
    ResourceSlice,
    ResourceSliceSpec,
)
from dra_api.objects import Device as DeviceSpec
from dra_api.quantity import parse
from kube_emulator.apiserver.cel.device_selector import SelectorError, derive, selects, view
from kube_emulator.scheduler.framework.capacity import Capacity, capacity_of
from kube_emulator.scheduler.framework.tolerations import meant

PoolId = tuple[DriverName, PoolName]
"""(driver, pool)."""
DeviceId = tuple[DriverName, PoolName, DeviceName]
"""(driver, pool, device)."""
Counters = Mapping[str, Mapping[str, Fraction]]
"""{counter set: {counter: value}}."""
Values = frozenset[tuple[str, Any]]
"""The values of an attribute, each with its type; none if the type is not known."""


def counters_of(items: Sequence[ReadOnlyObject], name: str) -> dict[str, dict[str, Fraction]]:
    """The counters in ``sharedCounters`` or ``consumesCounters``; NAME is what the set is called there."""
    return {
        item[name]: {
            counter: parse(value["value"]) for counter, value in (item.get("counters") or {}).items()
        }
        for item in items
    }


@dataclass(frozen=True, eq=False)
class Device:
    """One device of a slice."""

    id: DeviceId
    spec: DeviceSpec
    slice: ResourceSliceSpec
    """The ``spec`` of its slice."""
    taints: tuple[DeviceTaint, ...]
    lists: bool
    """Whether list attributes are known (gate DRAListTypeAttributes)."""
    answers: dict[str, bool | SelectorError] = field(default_factory=dict, repr=False)
    results: dict[str, Values] = field(default_factory=dict, repr=False)

    @cached_property
    def view(self) -> Any:
        """The device as expressions see it: list attributes too, whatever is switched on (cel getAttributeValue)."""
        return view(self.id[0], self.spec)

    @cached_property
    def capacities(self) -> Mapping[str, Capacity]:
        """Its capacities by name."""
        return {name: capacity_of(item) for name, item in (self.spec.get("capacity") or {}).items()}

    def as_named(self, asked: Mapping[str, Fraction]) -> dict[str, Fraction]:
        """ASKED by the names of its capacities: one of the driver's has the same name with and without its domain."""
        own = f"{self.id[0]}/"
        found = {}
        for name, amount in asked.items():
            other = name.removeprefix(own) if name.startswith(own) else own + name
            found[other if name not in self.capacities and other in self.capacities else name] = amount
        return found

    @cached_property
    def consumes(self) -> Counters:
        """The counters that it takes."""
        return counters_of(self.spec.get("consumesCounters") or [], "counterSet")

    @cached_property
    def groups(self) -> Mapping[str, frozenset[str]]:
        """{counter set: the compatibility groups in which it takes from it}."""
        return {
            item["counterSet"]: frozenset(item.get("compatibilityGroups") or ())
            for item in self.spec.get("consumesCounters") or []
        }

    @property
    def shared(self) -> bool:
        """Whether several claims may have it."""
        return bool(self.spec.get("allowMultipleAllocations"))

    @property
    def placed(self) -> ResourceSliceSpec | DeviceSpec:
        """What has its node fields: itself or its slice."""
        return self.spec if self.slice.get("perDeviceNodeSelection") else self.slice

    def selected(self, expression: str) -> bool:
        """Whether EXPRESSION selects it. Raises SelectorError."""
        if expression not in self.answers:
            try:
                self.answers[expression] = selects(expression, self.view, lists=self.lists)
            except SelectorError as error:
                self.answers[expression] = error
        answer = self.answers[expression]
        if isinstance(answer, SelectorError):
            raise answer
        return answer

    def derived(self, expression: str) -> Values:
        """The values that EXPRESSION gives for it. Raises CompileError, SelectorError."""
        if expression not in self.results:
            self.results[expression] = self.values(derive(expression, self.view, lists=self.lists))
        return self.results[expression]

    def values(self, value: AttributeValue) -> Values:
        """VALUE, each of its values with its type."""
        for kind, content in value.items():
            if kind in ("string", "int", "bool", "version"):
                return frozenset({(kind, content)})
            if self.lists and kind in ("strings", "ints", "bools", "versions"):
                return frozenset((kind[:-1], item) for item in cast("list[Any]", content))
        return frozenset()

    def attribute(self, name: str) -> Values | None:
        """The values of a qualified attribute; None if it has none."""
        attributes = self.spec.get("attributes") or {}
        domain, _, short = name.rpartition("/")
        value = attributes.get(name) or (attributes.get(short) if domain == self.id[0] else None)
        return None if value is None else self.values(value)


@dataclass(frozen=True, eq=False)
class Slice:
    """One ResourceSlice."""

    name: str
    spec: ResourceSliceSpec
    devices: tuple[Device, ...]

    @cached_property
    def grouped(self) -> bool:
        """Whether a device of it takes counters in compatibility groups."""
        return any(any(device.groups.values()) for device in self.devices)

    @property
    def pool(self) -> PoolId:
        """The pool that it is a part of."""
        return DriverName(self.spec["driver"]), PoolName(self.spec["pool"]["name"])

    @property
    def generation(self) -> int:
        """Its pool's generation."""
        return int(self.spec["pool"]["generation"])

    @property
    def count(self) -> int:
        """How many slices its pool has."""
        return int(self.spec["pool"]["resourceSliceCount"])

    @cached_property
    def counters(self) -> Counters:
        """The counter sets that it declares."""
        return counters_of(self.spec.get("sharedCounters") or [], "name")

    @cached_property
    def repeated(self) -> str:
        """A counter set that it declares twice, or nothing."""
        names = [item["name"] for item in self.spec.get("sharedCounters") or []]
        return next((name for name in names if names.count(name) > 1), "")


def slice_of(item: ResourceSlice, rules: Sequence[DeviceTaintRule], gates: frozenset[str]) -> Slice:
    """ITEM, a ResourceSlice, with the taints that RULES add."""
    spec = item["spec"]
    driver, pool = DriverName(spec["driver"]), PoolName(spec["pool"]["name"])
    lists, tainted = "DRAListTypeAttributes" in gates, "DRADeviceTaints" in gates
    devices = []
    for device in spec.get("devices") or []:
        added = [rule["spec"]["taint"] for rule in rules if meant(rule, driver, pool, device["name"])]
        taints = (*(device.get("taints") or ()), *added) if tainted else ()
        devices.append(Device((driver, pool, DeviceName(device["name"])), device, spec, taints, lists))
    return Slice(item["metadata"]["name"], spec, tuple(devices))
