"""What the nodes are offered, kept slice by slice: a change costs what it touches, not the size of the cluster."""

from collections.abc import Iterable
from typing import Any

from dra_api.identifiers import DriverName, PoolName
from dra_api.objects import DeviceTaintRule, Node, ResourceSlice, ResourceSliceSpec
from kube_emulator.scheduler.framework.devices import PoolId, Slice, slice_of
from kube_emulator.scheduler.framework.pools import Pool, pools_of


class Inventory:
    """All slices, and the pools of each node that was asked for."""

    def __init__(self, gates: frozenset[str]) -> None:
        self._gates = gates
        self._items: dict[str, ResourceSlice] = {}
        self._rules: dict[str, DeviceTaintRule] = {}
        self._slices: dict[PoolId, dict[str, Slice]] = {}
        self._pools_of_node: dict[str, set[PoolId]] = {}
        self._anywhere: set[PoolId] = set()
        self._known: dict[str, tuple[Any, list[Pool]]] = {}

    @classmethod
    def of(
        cls, slices: Iterable[ResourceSlice], rules: Iterable[DeviceTaintRule], gates: frozenset[str]
    ) -> "Inventory":
        """The inventory of SLICES under RULES."""
        inventory = cls(gates)
        inventory._rules = {rule["metadata"]["name"]: rule for rule in rules}
        for item in slices:
            inventory.put(item["metadata"]["name"], item)
        return inventory

    def put(self, name: str, item: ResourceSlice | None) -> None:
        """The slice NAME is ITEM now; None: it is gone."""
        old = self._items.pop(name, None)
        if old is not None:
            self._forget(name, old)
        if item is None:
            return
        self._items[name] = item
        rules = list(self._rules.values()) if "DRADeviceTaintRules" in self._gates else []
        read = slice_of(item, rules, self._gates)
        self._slices.setdefault(read.pool, {})[name] = read
        self._touch(read.pool, item["spec"])
        if node := bound_node(item["spec"]):
            self._pools_of_node.setdefault(node, set()).add(read.pool)
        else:
            self._anywhere.add(read.pool)

    def _forget(self, name: str, item: ResourceSlice) -> None:
        spec = item["spec"]
        pool = DriverName(spec["driver"]), PoolName(spec["pool"]["name"])
        self._touch(pool, spec)
        slices = self._slices[pool]
        del slices[name]
        if not slices:
            del self._slices[pool]
            self._anywhere.discard(pool)
            if node := bound_node(spec):
                self._pools_of_node.get(node, set()).discard(pool)

    def _touch(self, pool: PoolId, spec: ResourceSliceSpec) -> None:
        """Forget the pools of the nodes that a slice of POOL concerns."""
        if pool in self._anywhere or not bound_node(spec):
            self._known.clear()
            return
        for item in self._slices.get(pool, {}).values():
            self._known.pop(item.spec.get("nodeName", ""), None)
        self._known.pop(spec["nodeName"], None)

    def put_rule(self, name: str, rule: DeviceTaintRule | None) -> None:
        """The DeviceTaintRule NAME is RULE now; None: it is gone."""
        self._rules.pop(name, None)
        if rule is not None:
            self._rules[name] = rule
        for item in list(self._items.values()):
            self.put(item["metadata"]["name"], item)

    def pools(self, node: Node) -> list[Pool]:
        """What NODE is offered."""
        name, labels = node["metadata"]["name"], node["metadata"].get("labels")
        known = self._known.get(name)
        if known is None or known[0] != labels:
            pools = self._pools_of_node.get(name, set()) | self._anywhere
            by_pool = {pool: list(self._slices[pool].values()) for pool in pools if pool in self._slices}
            known = labels, pools_of(by_pool, node, self._gates)
            self._known[name] = known
        return known[1]


def bound_node(spec: ResourceSliceSpec) -> str:
    """The only node that a slice concerns, or nothing."""
    return "" if spec.get("sharedCounters") else spec.get("nodeName") or ""
