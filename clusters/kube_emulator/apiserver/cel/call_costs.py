"""Pure: what one call costs at worst and how large its result is, from the sizes of its operands.

``cost`` walks the tree and asks here for each overload of a call, in cel-go's order: an estimator of the overload itself
(cel-go ext/lists.go), then Kubernetes' estimator (apiserver pkg/cel/library/cost.go), then the built-in rules (cel-go
checker/cost.go, functionCost). The first that knows the call decides.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.cel.prices import (
    CONSTANT,
    FORMAT_MAX,
    FORMAT_REGEX,
    INCLUDES,
    LIST,
    LISTS,
    ORDERED,
    PARSERS,
    REGEX,
    TEXTS,
    TRAVERSAL,
    literal,
)
from kube_emulator.apiserver.cel.sizes import UNKNOWN, UNKNOWN_MAX, Size, capped, device_size, times
from kube_emulator.apiserver.cel.values import CIDR, FORMAT, IP, QUANTITY, SEMVER, URL


@dataclass(frozen=True, slots=True)
class Operand:
    """The target or an argument of a call (cel-go's AstNode).

    Attributes:
        node: the expression.
        kind: its type, as CEL writes it.
        path: how it is reached from a variable, e.g. ``device.attributes``; empty if it is computed.
        known: the size of its value; None if nothing is known.
    """

    node: Any
    kind: str
    path: str
    known: Size | None

    @property
    def size(self) -> Size:
        """The size of its value; nothing known counts as the largest."""
        return self.known or UNKNOWN


@dataclass(frozen=True, slots=True)
class Call:
    """One overload of a call with its operands; TARGET is None for a function that is no member.

    ``limit`` is the largest size of what is at a path.
    """

    function: str
    overload: str
    target: Operand | None
    arguments: Sequence[Operand]
    limit: Callable[[str], int | None] = device_size


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What a call costs (cel-go's CallEstimate).

    Attributes:
        units: the upper bound, without its operands.
        size: of its result; None if the call decides nothing about it.
    """

    units: int
    size: Size | None = None


def call_estimate(call: Call) -> CallEstimate:
    """The cost of CALL without its operands, and the size of its result."""
    return _list_function(call) or _kubernetes(call) or _standard(call)


def _list_function(call: Call) -> CallEstimate | None:
    """The functions that make lists (cel-go ext/lists.go); None for others."""
    overload, arguments, factor, size = call.overload, call.arguments, 1.0, UNKNOWN
    own = call.target.size if call.target else UNKNOWN
    if overload == "list_slice":
        # bounds that are no literals count as the whole list
        length = capped(literal(arguments[1].node, own.high) - literal(arguments[0].node, 0))
        size = Size(length, length)
    elif overload == "lists_range":
        size = Size(*(literal(arguments[0].node, UNKNOWN_MAX),) * 2)
    elif overload == "list_reverse":
        size = own
    elif overload in ("list_flatten", "list_flatten_int"):
        factor, size = literal(arguments[0].node, UNKNOWN_MAX) if arguments else 1, own
    elif overload == "list_distinct" or overload.endswith(("_sort", "_sortByAssociatedKeys")):
        # each item is compared with each other one; texts cost a tenth more for their characters
        of = arguments[0].size if arguments else own
        factor = 2.1 if overload.startswith(("list_string_sort", "list_bytes_sort")) else 2
        size = of.by(of)
    else:
        return None
    return CallEstimate(capped(times(size.high, factor) + 1 + LIST), size)


def _kubernetes(call: Call) -> CallEstimate | None:
    """The functions whose cost Kubernetes estimates itself; None for others."""
    name, arguments = call.function, call.arguments
    if name == "includes":
        return CallEstimate(INCLUDES)
    if name in CONSTANT or call.overload == "cidr_ip":
        return CallEstimate(1)
    if name in PARSERS:
        size = arguments[0].size
        return CallEstimate(times(size.high, TRAVERSAL), size if name == "url" else None)
    if name in ("containsIP", "containsCIDR"):
        # an address given as text is parsed first
        parsing = times(arguments[0].size.high, TRAVERSAL) if call.overload.endswith("_string") else 0
        return CallEstimate((4 if name == "containsIP" else 7) + parsing)
    if name == "validate":
        # which format it is, is known at run time only: every text is matched with the longest pattern
        return CallEstimate(times(times(arguments[0].size.high, TRAVERSAL), FORMAT_REGEX))
    if name == "ip.isCanonical":
        # the text is parsed, and the address is printed and compared with it
        return CallEstimate(times(arguments[0].size.high, 2 * TRAVERSAL))
    if name.startswith("sets."):
        # equivalent is contains in both directions (cel-go ext/sets.go)
        pairs = arguments[0].size.by(arguments[1].size).high
        return CallEstimate(capped(pairs * (2 if name == "sets.equivalent" else 1) + 1))
    if name == "_==_":
        return _equality(arguments)
    return _member(call, call.target) if call.target else None


def _equality(arguments: Sequence[Operand]) -> CallEstimate | None:
    """``==`` of two values of one of Kubernetes' own types; None for others."""
    kinds = {argument.kind for argument in arguments}
    if len(kinds) > 1:
        return None
    if kinds & {QUANTITY, SEMVER, IP, CIDR}:
        return CallEstimate(1)
    if kinds == {FORMAT}:
        return CallEstimate(times(FORMAT_MAX, TRAVERSAL))
    if kinds == {URL}:
        known = arguments[1].known
        return CallEstimate(times(known.high if known else 1, TRAVERSAL))
    return None


def _member(call: Call, target: Operand) -> CallEstimate | None:
    """Member functions of texts and lists; None for others."""
    name, size, arguments = call.function, target.size, call.arguments
    if name in LISTS:
        return CallEstimate(_list_scan(target, call.limit))
    if name in TEXTS:
        return CallEstimate(times(size.high, TRAVERSAL), size)
    if name == "replace":
        # the text is read once and the result is written once
        return CallEstimate(
            times(size.high, 2 * TRAVERSAL), _replaced(size, arguments[0].size, arguments[1].size)
        )
    if name == "split":
        # the separator may be empty: then every character is an item
        limit = arguments[1].node.const_expr.int64_value if len(arguments) > 1 else size.high
        return CallEstimate(times(size.high, 2 * TRAVERSAL), Size(0, limit if limit >= 0 else UNKNOWN_MAX))
    if name == "join":
        # nothing is known of the texts in the list
        return CallEstimate(UNKNOWN_MAX, UNKNOWN)
    if name in ("find", "findAll"):
        pattern = times(arguments[0].size.high, REGEX)
        text = times(capped(size.high + 1), TRAVERSAL)  # one more, as for ``matches``
        return CallEstimate(capped(text * pattern), Size(0, size.high))
    return None


def _list_scan(target: Operand, limit: Callable[[str], int | None]) -> int:
    """A pass over a list; comparing texts reads their characters too, and ``indexOf`` of a text is one pass over it."""
    if not target.kind.startswith("list("):
        return times(target.size.high, TRAVERSAL)
    longest = limit(f"{target.path}.@items")
    reading = times(UNKNOWN_MAX if longest is None else longest, TRAVERSAL)
    texts = target.kind in ("list(string)", "list(bytes)")
    return times(target.size.high, 1 + (reading if texts else 0))


def _replaced(size: Size, before: Size, after: Size) -> Size:
    """The size of a text of SIZE where every BEFORE became an AFTER.

    The smallest BEFORE is found most often; an empty one is found before and behind every character, which stays.
    """
    if before.low and after.high <= before.low:
        return Size(0, size.high)
    count = math.ceil(size.high / before.low) if before.low else size.high + 1
    return Size(0, capped(count * after.high + (0 if before.low else size.high)))


def _standard(call: Call) -> CallEstimate:
    """The functions of CEL itself (cel-go checker/cost.go, functionCost)."""
    overload, sizes = call.overload, [argument.size for argument in call.arguments]
    if overload in ("starts_with_string", "ends_with_string", "string_to_bytes", "bytes_to_string"):
        return CallEstimate(times(sizes[0].high, TRAVERSAL))
    if overload == "in_list":
        # constant lists are looked up at once, but cel-go counts a pass over the list for them too
        return CallEstimate(sizes[1].high)
    if overload in ("matches_string", "matches") and sizes:
        # one more than the text, so that an expensive pattern costs something on an empty text too
        text, pattern = (call.target.size, sizes[0]) if call.target else (sizes[0], sizes[-1])
        return CallEstimate(capped(times(capped(text.high + 1), TRAVERSAL) * times(pattern.high, REGEX)))
    if overload == "contains_string" and call.target:
        return CallEstimate(capped(times(call.target.size.high, TRAVERSAL) * times(sizes[0].high, TRAVERSAL)))
    if overload in ("add_string", "add_bytes", "add_list"):
        size = sizes[0].plus(sizes[1])
        # cel-go assumes that joining lists takes constant time
        return CallEstimate(1 if overload == "add_list" else times(size.high, TRAVERSAL), size)
    if overload in ("equals", "not_equals") or overload in ORDERED:
        # a comparison ends where the shorter operand does
        return CallEstimate(times(min(size.high for size in sizes), TRAVERSAL))
    return CallEstimate(1)
