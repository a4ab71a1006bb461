"""What an expression costs at worst: the estimate by which the API server refuses selectors.

After cel-go 0.26 checker/cost.go: a walk over the checked tree that tracks where each value comes from (its path) and how
large it is. Single calls are in ``call_costs``, unit costs in ``prices``, the limits of a device in ``sizes``. cel-go
estimates a range of costs; here only the upper bound is kept, because only that is compared with the limit
(dynamic-resource-allocation cel/compile.go). Sizes are ranges, because a smaller text can make a larger result
(``replace``).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kube_emulator.apiserver.cel.call_costs import Call, Operand, call_estimate
from kube_emulator.apiserver.cel.checker import Checked
from kube_emulator.apiserver.cel.prices import LIST, MAP, STRUCT, is_scalar
from kube_emulator.apiserver.cel.sizes import (
    DEVICE,
    UNKNOWN,
    Entries,
    Size,
    capped,
    device_size,
    union_of,
)


@dataclass(frozen=True, slots=True)
class Values:
    """What is known of the values of an expression's variables.

    Attributes:
        size: the largest size of what is at a path; None if nothing is known.
        structs: the types with fields: reading one costs a unit.
    """

    size: Callable[[str], int | None] = device_size
    structs: frozenset[str] = frozenset({DEVICE})


DEVICES = Values()


@dataclass(frozen=True, slots=True)
class Local:
    """A variable of a macro."""

    path: str
    size: Size | None
    entries: Entries | None = None


@dataclass(slots=True)
class Walk:
    """One estimate: what is known of each node so far, by the node's id, and of macro variables, by name."""

    types: dict[int, str]
    overloads: dict[int, list[str]]
    values: Values = DEVICES
    paths: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, Size] = field(default_factory=dict)
    entries: dict[int, Entries] = field(default_factory=dict)
    locals: dict[str, list[Local]] = field(default_factory=dict)

    def cost(self, node: Any) -> int:
        """The upper bound for NODE and all below it."""
        match node.WhichOneof("kind"):
            case "ident_expr":
                name = node.ident_expr.name
                local = self.local(name)
                self.paths[node.id] = local.path if local else name
                return 1 + name.count(".") if not local else 1
            case "select_expr":
                return self.select(node)
            case "call_expr":
                return self.call(node)
            case "list_expr":
                return self.list_of(node)
            case "struct_expr":
                return self.map_of(node)
            case "comprehension_expr":
                loop = node.comprehension_expr
                bind = loop.iter_var == "#unused"
                return self.bind(node) if bind else self.loop(node)
        return 0

    def local(self, name: str) -> Local | None:
        """The macro variable NAME."""
        stack = self.locals.get(name)
        return stack[-1] if stack else None

    def path(self, node: Any) -> str:
        """How NODE is reached from a variable, e.g. ``device.attributes.@values``; empty if it is computed."""
        if node.WhichOneof("kind") == "ident_expr" and (local := self.local(node.ident_expr.name)):
            return local.path
        return self.paths.get(node.id, "")

    def select(self, node: Any) -> int:
        """``operand.field``; presence costs nothing beyond its operand."""
        operand = node.select_expr.operand
        cost = self.cost(operand)
        if node.select_expr.test_only:
            # as at run time, the qualifier of a presence test is free (costSelect)
            return cost
        self.paths[node.id] = f"{self.path(operand)}.{node.select_expr.field}"
        kind = self.types.get(operand.id, "")
        # a field of ``dyn`` is free: cel-go counts one unit for maps and structs only
        return cost + (1 if kind.startswith("map(") or kind in self.values.structs else 0)

    def size(self, node: Any) -> Size:
        """The size of NODE's value."""
        return self.known_size(node) or UNKNOWN

    def known_size(self, node: Any) -> Size | None:
        """The size of NODE's value if anything is known about it."""
        if node.id in self.sizes:
            return self.sizes[node.id]
        match node.WhichOneof("kind"):
            case "const_expr":
                kind = node.const_expr.WhichOneof("kind")
                value = getattr(node.const_expr, kind)
                length = len(value) if kind in ("string_value", "bytes_value") else 1
                return Size(length, length)
            case "list_expr":
                return Size(len(node.list_expr.elements), len(node.list_expr.elements))
            case "struct_expr":
                return Size(len(node.struct_expr.entries), len(node.struct_expr.entries))
        # the limits of the API come first: they are narrower than what the type says
        if (limit := self.values.size(self.path(node))) is not None:
            return Size(0, limit)
        if is_scalar(self.types.get(node.id, "dyn")):
            return Size(1, 1)
        if node.WhichOneof("kind") == "ident_expr" and (local := self.local(node.ident_expr.name)):
            return local.size
        return None

    def entries_of(self, node: Any) -> Entries | None:
        """The sizes of the items of a list, or of the keys and values of a map; None if nothing is known."""
        if node.id in self.entries:
            return self.entries[node.id]
        local = self.local(node.ident_expr.name) if node.WhichOneof("kind") == "ident_expr" else None
        return local.entries if local else None

    def list_of(self, node: Any) -> int:
        """A list literal."""
        elements = node.list_expr.elements
        cost = sum(self.cost(element) for element in elements)
        self.entries[node.id] = Entries(
            True, Size(1, 1), union_of([self.size(element) for element in elements])
        )
        return capped(cost + LIST)

    def map_of(self, node: Any) -> int:
        """A map literal, or a message."""
        entries = node.struct_expr.entries
        cost = sum(self.cost(entry.map_key) + self.cost(entry.value) for entry in entries)
        if node.struct_expr.message_name:
            return capped(cost + STRUCT)
        keys, values = [self.size(e.map_key) for e in entries], [self.size(e.value) for e in entries]
        self.entries[node.id] = Entries(False, union_of(keys), union_of(values))
        return capped(cost + MAP)

    def bind(self, node: Any) -> int:
        """``cel.bind``: the value once, then the expression that uses it.

        The macro makes a loop over an empty list; that list is counted as any other list literal is.
        """
        loop = node.comprehension_expr
        cost = self.cost(loop.iter_range) + self.cost(loop.accu_init)
        local = Local(
            self.path(loop.accu_init), self.known_size(loop.accu_init), self.entries_of(loop.accu_init)
        )
        self.locals.setdefault(loop.accu_var, []).append(local)
        cost += self.cost(loop.result)
        self.locals[loop.accu_var].pop()
        self.copy(node, loop.result)
        return capped(cost)

    def copy(self, target: Any, source: Any) -> None:
        """Give TARGET the size of SOURCE."""
        if (size := self.known_size(source)) is not None:
            self.sizes[target.id] = size
        if (entries := self.entries_of(source)) is not None:
            self.entries[target.id] = entries

    def loop(self, node: Any) -> int:
        """A macro over a list or the keys of a map."""
        loop = node.comprehension_expr
        cost = self.cost(loop.iter_range) + self.cost(loop.accu_init)
        accumulator = Local("", self.known_size(loop.accu_init), self.entries_of(loop.accu_init))
        self.locals.setdefault(loop.accu_var, []).append(accumulator)
        entries, path = self.entries_of(loop.iter_range), self.path(loop.iter_range)
        is_list = entries.is_list if entries else self.types.get(loop.iter_range.id, "").startswith("list(")
        items = self.items(path, entries, is_list, pair=bool(loop.iter_var2))
        names = [loop.iter_var, loop.iter_var2][: len(items)]
        for name, item in zip(names, items, strict=True):
            self.locals.setdefault(name, []).append(item)
        each = self.cost(loop.loop_condition) + self.cost(loop.loop_step)
        for name in names:
            self.locals[name].pop()
        cost += self.cost(loop.result)
        self.locals[loop.accu_var].pop()
        count = self.size(loop.iter_range)
        # which macro it was can be seen from the accumulator: all, exists and exists_one start with a constant,
        # map and filter with an empty list, transformMap with an empty map
        kind = loop.accu_init.WhichOneof("kind")
        if kind == "const_expr":
            self.sizes[node.id] = self.size(loop.accu_init)
        elif kind in ("list_expr", "struct_expr"):
            self.sizes[node.id] = count
            if (step := self.entries_of(loop.loop_step)) is not None:
                self.entries[node.id] = step
        # every item is counted: that exists or all may end early lowers only the lower bound
        return capped(cost + count.high * each)

    def items(self, path: str, entries: Entries | None, is_list: bool, *, pair: bool) -> list[Local]:
        """The variables of a loop over what is at PATH: one, or a PAIR of index or key and value."""
        key, value = (entries.key, entries.value) if entries else (None, None)
        if not pair:
            return [Local(f"{path}.@items", value) if is_list else Local(f"{path}.@keys", key)]
        return [
            Local(f"{path}.{'@indices' if is_list else '@keys'}", key),
            Local(f"{path}.{'@items' if is_list else '@values'}", value),
        ]

    def call(self, node: Any) -> int:
        """A function or operator: its operands, and the most expensive of the overloads that its operands fit.

        Which overload runs is known only at run time where an operand is ``dyn``, as attributes are.
        """
        call = node.call_expr
        arguments = list(call.args)
        costs = [self.cost(argument) for argument in arguments]
        if call.function == "dyn":
            # it only turns type checks off: the value, and thus its size, is the argument's
            self.copy(node, arguments[0])
            return capped(1 + sum(costs))
        overloads = self.overloads.get(node.id) or [""]
        target = call.target if call.HasField("target") else None
        target_cost = self.cost(target) if target is not None else 0
        if call.function == "_[_]":
            self.index(node, arguments[0], overloads)
        operand = self.operand(target) if target is not None else None
        operands = [self.operand(argument) for argument in arguments]
        highest = max(
            self.overload(node, Call(call.function, overload, operand, operands, self.values.size), costs)
            for overload in overloads
        )
        return capped(target_cost + highest)

    def operand(self, node: Any) -> Operand:
        """What the cost of a call depends on in one of its operands."""
        return Operand(node, self.types.get(node.id, "dyn"), self.path(node), self.known_size(node))

    def index(self, node: Any, container: Any, overloads: list[str]) -> None:
        """Record the path and size of an item of CONTAINER."""
        entries = self.entries_of(container)
        if entries is not None:
            self.sizes[node.id] = entries.value
        step = "@items" if overloads[0] == "index_list" else "@values"
        self.paths[node.id] = f"{self.path(container)}.{step}"

    def overload(self, node: Any, call: Call, costs: list[int]) -> int:
        """The cost of one overload with its arguments, whose COSTS are known; the size of its result is kept."""
        if call.overload == "conditional":
            self.sizes[node.id] = call.arguments[1].size.union(call.arguments[2].size)
            return capped(costs[0] + max(costs[1], costs[2]))
        if call.overload in ("logical_and", "logical_or"):
            # the operators themselves are free; at worst the left side does not decide and both sides run
            return capped(costs[0] + costs[1])
        found = call_estimate(call)
        if found.size is not None:
            self.sizes[node.id] = found.size
        return capped(found.units + sum(costs))


def estimate(tree: Any, checked: Checked, values: Values = DEVICES) -> int:
    """The upper bound of the cost of a CHECKED expression about VALUES, in units."""
    types = {key: str(kind) for key, kind in checked.types.items()}
    return Walk(types, checked.overloads, values).cost(tree.expr)
