"""Unit costs, and which functions share a rule: the tables behind ``cost`` and ``call_costs``.

After cel-go 0.26 common/cost.go and apiserver pkg/cel/library/cost.go (1.36).
"""

from typing import Any

LIST, MAP, STRUCT = 10, 30, 40
"""Costs of making one (ListCreateBaseCost, MapCreateBaseCost, StructCreateBaseCost)."""
TRAVERSAL, REGEX = 0.1, 0.25
"""Costs of one character of a text, and of a pattern (StringTraversalCostFactor, RegexStringLengthCostFactor).

A pattern's states are unknown; cel-go guesses one expression for four characters."""
INCLUDES = 48
FORMAT_REGEX = 128 * REGEX
FORMAT_MAX = 64
"""The longest pattern and name of a format (apiserver pkg/cel/limits.go MaxNameFormatRegexSize, MaxFormatSize)."""
SCALARS = ("bool", "int", "uint", "double", "timestamp", "duration")
CONSTANT = frozenset(
    {
        *("sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo"),
        *("add", "sub", "major", "minor", "patch", "masked", "prefixLength", "family"),
        *("getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"),
        *(
            "isUnspecified",
            "isLoopback",
            "isLinkLocalMulticast",
            "isLinkLocalUnicast",
            "isGlobalUnicast",
            "format.named",
        ),
    }
)
"""Functions that cost one unit."""
PARSERS = frozenset(["quantity", "isQuantity", "semver", "isSemver", "cidr", "isIP", "isCIDR", "url", "ip"])
TEXTS = frozenset(["lowerAscii", "upperAscii", "substring", "trim"])
LISTS = frozenset(["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"])
ORDERED = frozenset(
    f"{name}_{kind}"
    for name in ("less", "less_equals", "greater", "greater_equals")
    for kind in ("string", "bytes")
)


def literal(node: Any, default: int) -> int:
    """The value of an integer literal, not below zero; DEFAULT if NODE is something else."""
    known = node.const_expr.WhichOneof("kind") == "int64_value"
    return max(0, node.const_expr.int64_value) if known else default


def is_scalar(kind: str) -> bool:
    """Whether all values of a type have size 1."""
    inner = kind.removeprefix("optional_type(").removesuffix(")")
    return inner in SCALARS
