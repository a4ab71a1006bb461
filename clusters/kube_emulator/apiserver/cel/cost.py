"""What an expression costs at worst: the estimate by which the API server refuses selectors.

After cel-go 0.26 checker/cost.go (the walk over the checked tree, unit costs in common/cost.go), apiserver
pkg/cel/library/cost.go (Kubernetes' functions) and dynamic-resource-allocation cel/compile.go (the sizes of a device).
Only the upper bound of costs is kept, since only that is compared with the limit; sizes are ranges.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from kube_emulator.apiserver.cel.checker import Checked
from kube_emulator.apiserver.cel.prices import (
    CONSTANT,
    FORMAT_MAX,
    FORMAT_REGEX,
    INCLUDES,
    LIST,
    LISTS,
    MAP,
    ORDERED,
    PARSERS,
    REGEX,
    STRUCT,
    TEXTS,
    TRAVERSAL,
    is_scalar,
    literal,
)
from kube_emulator.apiserver.cel.sizes import (
    DEVICE,
    UNKNOWN,
    UNKNOWN_MAX,
    Entries,
    Size,
    capped,
    device_size,
    times,
    union_of,
)
from kube_emulator.apiserver.cel.values import CIDR, FORMAT, IP, QUANTITY, SEMVER, URL


@dataclass(frozen=True, slots=True)
class Local:
    """A variable of a macro."""

    path: str
    size: Size | None
    entries: Entries | None = None


@dataclass(slots=True)
class Walk:
    """One estimate."""

    types: dict[int, str]
    overloads: dict[int, list[str]]
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
        """How NODE is reached from a variable."""
        if node.WhichOneof("kind") == "ident_expr" and (local := self.local(node.ident_expr.name)):
            return local.path
        return self.paths.get(node.id, "")

    def select(self, node: Any) -> int:
        """``operand.field``; presence costs nothing beyond its operand."""
        operand = node.select_expr.operand
        cost = self.cost(operand)
        if node.select_expr.test_only:
            return cost
        self.paths[node.id] = f"{self.path(operand)}.{node.select_expr.field}"
        kind = self.types.get(operand.id, "")
        return cost + (1 if kind.startswith("map(") or kind == DEVICE else 0)

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
        if (limit := device_size(self.path(node))) is not None:
            return Size(0, limit)
        if is_scalar(self.types.get(node.id, "dyn")):
            return Size(1, 1)
        if node.WhichOneof("kind") == "ident_expr" and (local := self.local(node.ident_expr.name)):
            return local.size
        return None

    def entries_of(self, node: Any) -> Entries | None:
        """The sizes of what NODE holds."""
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
        """``cel.bind``: the value once, then the expression that uses it."""
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
        """TARGET is as large as SOURCE."""
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
        kind = loop.accu_init.WhichOneof("kind")
        if kind == "const_expr":
            self.sizes[node.id] = self.size(loop.accu_init)
        elif kind in ("list_expr", "struct_expr"):
            self.sizes[node.id] = count
            if (step := self.entries_of(loop.loop_step)) is not None:
                self.entries[node.id] = step
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
        """A function or operator: its arguments and the most expensive of its overloads."""
        call = node.call_expr
        arguments = list(call.args)
        costs = [self.cost(argument) for argument in arguments]
        if call.function == "dyn":
            self.copy(node, arguments[0])
            return capped(1 + sum(costs))
        overloads = self.overloads.get(node.id) or [""]
        target = call.target if call.HasField("target") else None
        target_cost = self.cost(target) if target is not None else 0
        if call.function == "_[_]":
            self.index(node, arguments[0], overloads)
        highest = max(self.overload(node, overload, target, arguments, costs) for overload in overloads)
        return capped(target_cost + highest)

    def index(self, node: Any, container: Any, overloads: list[str]) -> None:
        """Where an item of CONTAINER is, and how large."""
        entries = self.entries_of(container)
        if entries is not None:
            self.sizes[node.id] = entries.value
        step = "@items" if overloads[0] == "index_list" else "@values"
        self.paths[node.id] = f"{self.path(container)}.{step}"

    def overload(self, node: Any, overload: str, target: Any, arguments: list[Any], costs: list[int]) -> int:
        """The cost of one overload with its arguments, and the size of its result."""
        if overload == "conditional":
            self.sizes[node.id] = self.size(arguments[1]).union(self.size(arguments[2]))
            return capped(costs[0] + max(costs[1], costs[2]))
        if overload in ("logical_and", "logical_or"):
            return capped(costs[0] + costs[1])
        own = self.extended(node, overload, target, arguments)
        if own is None:
            own = self.kubernetes(node, overload, target, arguments)
        if own is None:
            own = self.standard(node, overload, target, arguments)
        return capped(own + sum(costs))

    def extended(self, node: Any, overload: str, target: Any, arguments: list[Any]) -> int | None:
        """The functions that make lists (cel-go ext/lists.go); None for others."""
        factor, size = 1.0, UNKNOWN
        if overload == "list_slice":
            length = capped(literal(arguments[1], self.size(target).high) - literal(arguments[0], 0))
            size = Size(length, length)
        elif overload == "lists_range":
            size = Size(*(literal(arguments[0], UNKNOWN_MAX),) * 2)
        elif overload == "list_reverse":
            size = self.size(target)
        elif overload in ("list_flatten", "list_flatten_int"):
            factor, size = literal(arguments[0], UNKNOWN_MAX) if arguments else 1, self.size(target)
        elif overload == "list_distinct" or overload.endswith(("_sort", "_sortByAssociatedKeys")):
            of = arguments[0] if arguments else target
            factor = 2.1 if overload.startswith(("list_string_sort", "list_bytes_sort")) else 2
            size = self.size(of).by(self.size(of))
        else:
            return None
        self.sizes[node.id] = size
        return capped(times(size.high, factor) + 1 + LIST)

    def kubernetes(self, node: Any, overload: str, target: Any, arguments: list[Any]) -> int | None:
        """The functions that Kubernetes counts itself; None for others."""
        name = node.call_expr.function
        if name == "includes":
            return INCLUDES
        if name in CONSTANT or overload == "cidr_ip":
            return 1
        if name == "url":
            self.sizes[node.id] = self.size(arguments[0])
        if name in PARSERS:
            return times(self.size(arguments[0]).high, TRAVERSAL)
        if name in ("containsIP", "containsCIDR"):
            other = times(self.size(arguments[0]).high, TRAVERSAL) if overload.endswith("_string") else 0
            return (4 if name == "containsIP" else 7) + other
        if name == "validate":
            return times(times(self.size(arguments[0]).high, TRAVERSAL), FORMAT_REGEX)
        if name == "ip.isCanonical":
            return times(self.size(arguments[0]).high, 2 * TRAVERSAL)
        if name.startswith("sets."):
            pairs = self.size(arguments[0]).by(self.size(arguments[1])).high
            return capped(pairs * (2 if name == "sets.equivalent" else 1) + 1)
        if name == "_==_":
            return self.equal(arguments)
        return None if target is None else self.member(node, name, self.size(target), target, arguments)

    def equal(self, arguments: list[Any]) -> int | None:
        """``==`` of two values of one type of Kubernetes'."""
        kinds = {self.types.get(argument.id) for argument in arguments}
        if len(kinds) > 1:
            return None
        if kinds & {QUANTITY, SEMVER, IP, CIDR}:
            return 1
        if kinds == {FORMAT}:
            return times(FORMAT_MAX, TRAVERSAL)
        known = self.known_size(arguments[1])
        return times(known.high if known else 1, TRAVERSAL) if kinds == {URL} else None

    def member(self, node: Any, name: str, size: Size, target: Any, arguments: list[Any]) -> int | None:
        """Functions of texts and lists."""
        if name in LISTS:
            kind = self.types.get(target.id, "dyn")
            if not kind.startswith("list("):
                return times(size.high, TRAVERSAL)
            each = device_size(f"{self.path(target)}.@items")
            longest = times(UNKNOWN_MAX if each is None else each, TRAVERSAL)
            return times(size.high, 1 + (longest if kind in ("list(string)", "list(bytes)") else 0))
        if name in TEXTS:
            self.sizes[node.id] = size
            return times(size.high, TRAVERSAL)
        if name == "replace":
            before, after = self.size(arguments[0]), self.size(arguments[1])
            count = size.high + 1 if before.low == 0 else math.ceil(size.high / before.low)
            grows = before.low == 0 or after.high > before.low
            self.sizes[node.id] = Size(
                0, capped(count * after.high + (size.high if before.low == 0 else 0)) if grows else size.high
            )
            return times(size.high, 2 * TRAVERSAL)
        if name == "split":
            limit = arguments[1].const_expr.int64_value if len(arguments) > 1 else size.high
            self.sizes[node.id] = Size(0, limit if limit >= 0 else UNKNOWN_MAX)
            return times(size.high, 2 * TRAVERSAL)
        if name == "join":
            self.sizes[node.id] = UNKNOWN
            return UNKNOWN_MAX
        if name in ("find", "findAll"):
            pattern = times(self.size(arguments[0]).high, REGEX)
            self.sizes[node.id] = Size(0, size.high)
            return capped(times(capped(size.high + 1), TRAVERSAL) * pattern)
        return None

    def standard(self, node: Any, overload: str, target: Any, arguments: list[Any]) -> int:
        """The functions of CEL itself."""
        sizes = [self.size(argument) for argument in arguments]
        if overload in ("starts_with_string", "ends_with_string", "string_to_bytes", "bytes_to_string"):
            return times(sizes[0].high, TRAVERSAL)
        if overload == "in_list":
            return sizes[1].high
        if overload in ("matches_string", "matches") and sizes:
            text, pattern = (self.size(target), sizes[0]) if target is not None else (sizes[0], sizes[-1])
            return capped(times(capped(text.high + 1), TRAVERSAL) * times(pattern.high, REGEX))
        if overload == "contains_string" and target is not None:
            return capped(times(self.size(target).high, TRAVERSAL) * times(sizes[0].high, TRAVERSAL))
        if overload in ("add_string", "add_bytes", "add_list"):
            self.sizes[node.id] = sizes[0].plus(sizes[1])
            return 1 if overload == "add_list" else times(self.sizes[node.id].high, TRAVERSAL)
        if overload in ("equals", "not_equals") or overload in ORDERED:
            return times(min(size.high for size in sizes), TRAVERSAL)
        return 1


def estimate(tree: Any, checked: Checked) -> int:
    """The most units that a CHECKED expression costs."""
    types = {key: str(kind) for key, kind in checked.types.items()}
    return Walk(types, checked.overloads).cost(tree.expr)
