"""The invented devices of the control driver: what there is, what a folder says of their state, and the slices of them.

A file in the folder has the name of a device and one word: ``sick``, ``warm`` (a harmless condition), ``gone``,
``changed``, ``swapped`` (other hardware is in its place), ``broken`` (it cannot be divided) or ``detached`` (it cannot be attached). No file, or an empty one, means that all is well.

Which features are used, by the names of their gates: taints of sick devices, a bench that is offered whole and in
halves, a crate whose space is shared, and a label that needs no node operations and has a list attribute.
"""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

COUNT = 4
COLORS = ("red", "green", "blue", "grey")
PART = 60
"""Devices in a slice; less than the API's limit for devices with taints."""
PARTS = {"bench": {"bench-half-0", "bench-half-1"}, "bench-half-0": {"bench"}, "bench-half-1": {"bench"}}
"""{device: the devices that are made of the same wood}."""
FLIP = 1
CRATE, SPACE = "crate-0", 8
"""The shared device, and its capacity in Gi."""


class Widgets:
    """All devices of one node."""

    def __init__(
        self,
        folder: Path | None,
        *,
        driver: str,
        node: str,
        features: Collection[str],
        restarted: bool,
        defect: str,
        count: int = COUNT,
        old: bool = False,
    ) -> None:
        self._prefix = "old-" if old and defect == "renames-on-update" else ""
        self._seen_gone: set[str] = set()
        self._first: dict[str, dict[str, Any]] = {}
        self.uncounted = False  # whether the server drops counters
        self._count = count
        self._folder = folder
        self._driver = driver
        self._node = node
        self._features = features
        self._defect = defect
        self._salt = f"{time.time_ns() % 100000}-" if defect == "renames-devices" else ""
        self._reversed = restarted and defect == "shuffles-devices"
        self._restarted = restarted
        self._once_sick: set[str] = set()
        self._stamps = 0
        self._lists = 0
        self.lists = "DRAListTypeAttributes" in features  # until a server refuses them
        self.pool = "widgets" if defect == "one-pool" else node

    def has(self, feature: str) -> bool:
        """Whether a feature is used."""
        return feature in self._features

    def state(self, name: str) -> str:
        """The word in a device's file."""
        path = self._folder / name if self._folder else None
        found = path.read_text().strip() if path and path.is_file() else ""
        if found == "sick":
            self._once_sick.add(name)
        if self._defect == "keeps-taints" and name in self._once_sick:
            return "sick"
        return found

    def devices(self) -> list[dict[str, Any]]:
        """The devices of the first pool."""
        names = [f"{self._prefix}widget-{self._salt}{index}" for index in range(self._count)]
        found = [self.widget(name, index) for index, name in enumerate(names) if not self.is_gone(name)]
        if self._defect == "caches-attributes":
            found = [self._first.setdefault(device["name"], device) for device in found]
        if self.has("DRAConsumableCapacity"):
            found.append(self.crate())
        return found[::-1] if self._reversed else found

    def is_gone(self, name: str) -> bool:
        """Whether a device is not offered, because it is not there."""
        if self.state(name) == "gone":
            self._seen_gone.add(name)
        if self._defect == "scans-once":
            return name in self._seen_gone
        return self.state(name) == "gone" and self._defect != "keeps-vanished"

    def widget(self, name: str, index: int) -> dict[str, Any]:
        """A plain device."""
        attributes: dict[str, Any] = {
            "type": {"string": "widget"},
            "color": {"string": COLORS[index % COUNT]},
        }
        attributes["firmware"] = {"version": "1.2.4" if self.state(name) == "changed" else "1.2.3"}
        if self._defect == "reserved-name":
            attributes["resource.kubernetes.io/widgetness"] = {"string": "high"}
        if self._defect == "long-attribute":
            attributes["color"] = {"string": "x" * 65}
        if self._defect == "many-attributes":
            attributes |= {f"a{number}": {"int": number} for number in range(33)}
        swapped = self.state(name) == "swapped" and self._defect != "reuses-names"
        attributes["serial"] = {"int": index + (100 if self.state(name) == "swapped" else 0)}
        device = {
            "name": f"{name}-b" if swapped else name,
            "attributes": attributes,
            "capacity": {"size": {"value": f"{index + 1}Gi"}},
            "bindsToNode": True,  # behind a gate that older releases have off
        }
        taints = self.taints(name) if self.has("DRADeviceTaints") else []
        return device | ({"taints": taints} if taints else {})

    def taints(self, name: str) -> list[dict[str, Any]]:
        """The taints of a device."""
        state = self.state(name)
        if state not in ("sick", "warm") or (state == "sick" and self._defect == "hides-sickness"):
            return []
        domain = "" if self._defect == "bare-taint-keys" else f"{self._driver}/"
        effect = "NoExecute" if state == "sick" or self._defect == "evicts-on-warning" else "None"
        taint = {"key": f"{domain}{state}", "effect": "NoRun" if self._defect == "odd-taints" else effect}
        if self._defect == "stamps-taints":
            self._stamps += 1
            taint["timeAdded"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._stamps))
        return [taint]

    def crate(self) -> dict[str, Any]:
        """The device that several claims can have a part of."""
        whole = f"{SPACE}Gi"
        policy: dict[str, Any] = {
            "default": "1Gi",
            "validRange": {"min": "1Gi", "max": whole, "step": "1Gi"},
        }
        if self._defect == "two-policies":
            policy["validValues"] = ["1Gi"]
        if self._defect == "odd-values":
            policy = {"default": "1Gi", "validValues": ["4Gi", "1Gi"]}
        if self._defect == "odd-range":
            policy["default"] = "1536Mi"
        shares = list((self._folder / "shares").glob("*")) if self._folder else []
        if self._defect == "live-capacity" and shares:
            whole = "1Gi"
            policy = {"default": "1Gi", "validRange": {"min": "1Gi"}}
        return {
            "name": CRATE,
            "attributes": {"type": {"string": "crate"}},
            "capacity": {"space": {"value": whole, "requestPolicy": policy}},
            "allowMultipleAllocations": True,
        }

    def note_share(self, uid: str) -> None:
        """Remember that a claim has a share, for the defect that publishes what is left."""
        path = self._folder / "shares" / uid if self._folder else None
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def known(self) -> set[tuple[str, str]]:
        """(pool, device) of everything."""
        return {
            (spec["pool"]["name"], device["name"])
            for spec in self.specs()
            for device in spec.get("devices") or []
        }

    def sick(self) -> dict[tuple[str, str], bool]:
        """{(pool, device): whether it is sick} of everything."""
        return {(pool, name): self.state(name) == "sick" for pool, name in sorted(self.known())}

    def specs(self) -> list[dict[str, Any]]:
        """The specs of all slices, without generation; the first is that of the plain devices."""
        first, *more = self.parts()
        found = [first]
        if self.has("DRAPartitionableDevices"):
            bench = f"{self._node}/bench"
            shared = self.spec(bench, sharedCounters=[self.wood()], count=2)
            if self.uncounted and self._defect != "offers-uncounted":
                shared = self.spec(
                    bench, devices=[], count=2
                )  # without counters the bench and its halves would be given
                found += [shared, self.spec(bench, devices=[], count=2)]
            else:
                found += [shared, self.spec(bench, devices=self.bench(), count=2)]
            if self._defect == "counters-beside-devices":
                found[1:] = [self.spec(bench, devices=self.bench(), sharedCounters=[self.wood()])]
        if self.has("DRAOptionalNodeOperations"):
            skipped = ["NodePrepareResources", "NodeUnprepareResources"]
            if self._defect == "skips-half":
                skipped.pop()
            found.append(
                self.spec(f"{self._node}/labels", devices=[self.label()], skipNodeOperations=skipped)
            )
        if self.has("DRADeviceBindingConditions"):
            found.append(self.spec(f"{self._node}/fabric", devices=[self.remote()]))
        return [*found, *more]

    def parts(self) -> list[dict[str, Any]]:
        """The slices of the first pool: as few as hold its devices, and one if there are none."""
        devices = self.devices()
        if self._defect == "repacks-in-place" and self._restarted:
            devices = devices[10:] + devices[:10]
        groups = [devices[start : start + PART] for start in range(0, len(devices), PART)] or [[]]
        return [self.spec(self.pool, devices=group, count=len(groups)) for group in groups]

    def spec(self, pool: str, *, count: int = 1, **content: Any) -> dict[str, Any]:
        """A slice of a pool with COUNT slices."""
        place = {"name": pool, "resourceSliceCount": count}
        return {"driver": self._driver, "nodeName": self._node, "pool": place, **content}

    def wood(self) -> dict[str, Any]:
        """The counters of the bench."""
        name = "Bench Wood" if self._defect == "odd-counter-names" else "bench-wood"
        made = list((self._folder / "partitions").glob("bench-half-*")) if self._folder else []
        planks = 4 - 2 * len(made) if self._defect == "live-counters" else 4
        return {"name": name, "counters": {"planks": {"value": str(planks)}}}

    def bench(self) -> list[dict[str, Any]]:
        """The bench and its halves."""
        planks = {"bench": 4, "bench-half-0": 2, "bench-half-1": 2}
        if self._defect == "loose-counters":
            planks["bench"] = 2
        if self._defect == "halves-for-free":
            planks |= {"bench-half-0": 1, "bench-half-1": 1}
        if self._defect == "greedy-half":
            planks["bench-half-1"] = 5
        wood = "Bench Wood" if self._defect == "odd-counter-names" else "bench-wood"
        consumed = {"dangling-counters": "iron"}.get(self._defect, wood)
        return [
            {
                "name": name,
                "attributes": {"type": {"string": "bench" if name == "bench" else "half"}},
                "consumesCounters": [{"counterSet": consumed, "counters": {"planks": {"value": str(count)}}}]
                * (2 if self._defect == "repeats-counters" else 1),
            }
            for name, count in planks.items()
        ]

    def remote(self) -> dict[str, Any]:
        """A device that the controller attaches before it can be used."""
        device: dict[str, Any] = {"name": "remote-0", "attributes": {"type": {"string": "remote"}}}
        device["bindingConditions"] = [f"{self._driver}/attached"]
        if self._defect != "lone-conditions":
            device["bindingFailureConditions"] = [f"{self._driver}/detached"]
        return device

    def label(self) -> dict[str, Any]:
        """A device that needs no work on the node."""
        attributes: dict[str, Any] = {"type": {"string": "label"}}
        if self.lists:
            longest = 65 if self._defect == "long-list-items" else 8
            many = 49 if self._defect == "many-list-items" else 1
            attributes["marks"] = {"strings": ["north"] * many + ["s" * longest]}
            self._lists += 1
            if self._defect == "flips-list" and self._lists > FLIP:
                attributes["marks"] = {"string": "north"}
        return {"name": "label-0", "attributes": attributes}
