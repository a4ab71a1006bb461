"""The functions that Kubernetes adds to CEL (apiserver pkg/cel/library and cel-go ext, 1.36), by signature.

Every function is declared twice: with its exact types for the checker, and with the kinds of values that the C++ library
distinguishes at run time. There several overloads may become one; then the Python types of the arguments decide.
"""

import functools
import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import re2

from kube_emulator.apiserver.cel.formats import FORMATS, Format, named, validate
from kube_emulator.apiserver.cel.values import (
    CIDR,
    FORMAT,
    IP,
    QUANTITY,
    SEMVER,
    URL,
    Semver,
    Url,
    address,
    network,
    quantity,
)

INCLUDES_MAX = 48
"""The longest list that ``includes`` accepts (resource/v1 ResourceSliceMaxAttributeValuesPerDevice)."""


LINK_LOCAL_MULTICAST = {
    4: ipaddress.ip_network("224.0.0.0/24"),
    6: ipaddress.ip_network("ff02::/16"),
}


@dataclass(frozen=True, slots=True)
class Function:
    """One overload: ``target.name(parameters)`` if it is a member, else ``name(parameters)``; types as CEL writes them."""

    name: str
    overload: str
    parameters: tuple[str, ...]
    result: str
    run: Callable[..., Any]
    member: bool = True


def parses(read: Callable[..., Any]) -> Callable[..., bool]:
    """A function that says whether READ accepts its arguments."""

    def check(*arguments: Any) -> bool:
        try:
            read(*arguments)
        except ValueError:
            return False
        return True

    return check


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1."""
    return (left > right) - (left < right)


def integer(value: Fraction) -> int:
    """A quantity as an integer."""
    if value.denominator != 1 or not -(2**63) <= value.numerator < 2**63:
        message = "cannot convert value to integer"
        raise ValueError(message)
    return value.numerator


def includes(target: Any, wanted: Any) -> bool:
    """Whether a list has WANTED, or a single value is WANTED; unlike in Python, true and 1 differ."""
    values = target if isinstance(target, list) else [target]
    if len(values) > INCLUDES_MAX:
        message = f"'includes' function cannot be applied to lists longer than {INCLUDES_MAX} values"
        raise ValueError(message)
    return any(value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for value in values)


@lru_cache(1024)
def expression(pattern: str) -> Any:
    """PATTERN compiled by RE2, which has Go's syntax and linear time."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """The first LIMIT matches, all if it is negative; as in Go, an empty match right after another match does not count."""
    found: list[str] = []
    end = -1
    for match in expression(pattern).finditer(text):
        if limit >= 0 and len(found) >= limit:
            break
        if match.end() > match.start() or match.start() != end:
            found.append(match.group(0))
        end = match.end()
    return found


def find(text: str, pattern: str) -> str:
    """The first match; empty if there is none."""
    return next(iter(find_all(text, pattern, 1)), "")


def extreme(name: str, choose: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    """``min`` or ``max`` of a list that is not empty."""

    def run(values: list[Any]) -> Any:
        if not values:
            message = f"{name} called on empty list"
            raise ValueError(message)
        return choose(values)

    return run


def quantities() -> list[Function]:
    """quantity.go."""
    q = QUANTITY
    return [
        Function("quantity", "string_to_quantity", ("string",), q, quantity, member=False),
        Function("isQuantity", "is_quantity_string", ("string",), "bool", parses(quantity), member=False),
        Function("sign", "quantity_sign", (q,), "int", lambda value: compare(value, 0), member=False),
        Function("isGreaterThan", "quantity_is_greater_than", (q, q), "bool", operator.gt),
        Function("isLessThan", "quantity_is_less_than", (q, q), "bool", operator.lt),
        Function("compareTo", "quantity_compare_to", (q, q), "int", compare),
        Function("asApproximateFloat", "quantity_get_float", (q,), "double", float),
        Function("asInteger", "quantity_get_int", (q,), "int", integer),
        Function("isInteger", "quantity_is_integer", (q,), "bool", parses(integer)),
        Function("add", "quantity_add", (q, q), q, operator.add),
        Function("add", "quantity_add_int", (q, "int"), q, operator.add),
        Function("sub", "quantity_sub", (q, q), q, operator.sub),
        Function("sub", "quantity_sub_int", (q, "int"), q, operator.sub),
    ]


def versions() -> list[Function]:
    """semverlib.go."""
    v, two = SEMVER, ("string", "bool")
    return [
        Function("semver", "string_to_semver", ("string",), v, Semver.of, member=False),
        Function("semver", "string_bool_to_semver", two, v, Semver.of, member=False),
        Function("isSemver", "is_semver_string", ("string",), "bool", parses(Semver.of), member=False),
        Function("isSemver", "is_semver_string_bool", two, "bool", parses(Semver.of), member=False),
        Function("isGreaterThan", "semver_is_greater_than", (v, v), "bool", operator.gt),
        Function("isLessThan", "semver_is_less_than", (v, v), "bool", operator.lt),
        Function("compareTo", "semver_compare_to", (v, v), "int", compare),
        Function("major", "semver_major", (v,), "int", operator.attrgetter("major")),
        Function("minor", "semver_minor", (v,), "int", operator.attrgetter("minor")),
        Function("patch", "semver_patch", (v,), "int", operator.attrgetter("patch")),
    ]


def addresses() -> list[Function]:
    """ip.go and cidr.go."""
    text, one = ("string",), (IP,)
    return [
        Function("ip", "string_to_ip", text, IP, address, member=False),
        Function("isIP", "is_ip", text, "bool", parses(address), member=False),
        Function(
            "ip.isCanonical", "ip_is_canonical", text, "bool", lambda t: str(address(t)) == t, member=False
        ),
        Function("family", "ip_family", one, "int", operator.attrgetter("version")),
        Function("isUnspecified", "ip_is_unspecified", one, "bool", operator.attrgetter("is_unspecified")),
        Function("isLoopback", "ip_is_loopback", one, "bool", operator.attrgetter("is_loopback")),
        Function(
            "isLinkLocalUnicast",
            "ip_is_link_local_unicast",
            one,
            "bool",
            operator.attrgetter("is_link_local"),
        ),
        Function("isLinkLocalMulticast", "ip_is_link_local_multicast", one, "bool", link_local_multicast),
        Function("isGlobalUnicast", "ip_is_global_unicast", one, "bool", global_unicast),
        Function("string", "ip_to_string", one, "string", str, member=False),
        Function("string", "cidr_to_string", (CIDR,), "string", str, member=False),
        Function("cidr", "string_to_cidr", text, CIDR, network, member=False),
        Function("isCIDR", "is_cidr", text, "bool", parses(network), member=False),
        Function(
            "containsIP",
            "cidr_contains_ip_string",
            (CIDR, "string"),
            "bool",
            lambda c, t: address(t) in c.network,
        ),
        Function("containsIP", "cidr_contains_ip_ip", (CIDR, IP), "bool", lambda c, a: a in c.network),
        Function(
            "containsCIDR",
            "cidr_contains_cidr_string",
            (CIDR, "string"),
            "bool",
            lambda c, t: within(network(t), c),
        ),
        Function(
            "containsCIDR", "cidr_contains_cidr", (CIDR, CIDR), "bool", lambda c, other: within(other, c)
        ),
        Function("ip", "cidr_ip", (CIDR,), IP, operator.attrgetter("ip")),
        Function("prefixLength", "cidr_prefix_length", (CIDR,), "int", lambda c: c.network.prefixlen),
        Function("masked", "cidr_masked", (CIDR,), CIDR, lambda c: network(str(c.network))),
    ]


def link_local_multicast(value: Any) -> bool:
    """224.0.0.0/24 or ff02::/16."""
    return bool(value in LINK_LOCAL_MULTICAST[value.version])


def global_unicast(value: Any) -> bool:
    """As Go's ``IsGlobalUnicast``: everything without a special use; private addresses count."""
    special = value.is_unspecified or value.is_loopback or value.is_multicast or value.is_link_local
    return not special and str(value) != "255.255.255.255"


def within(inner: Any, outer: Any) -> bool:
    """Whether a network is part of another."""
    return inner.version == outer.version and inner.network.subnet_of(outer.network)


def urls() -> list[Function]:
    """urls.go."""
    query = "map(string, list(string))"
    return [
        Function("url", "string_to_url", ("string",), URL, Url.of, member=False),
        Function("isURL", "is_url_string", ("string",), "bool", parses(Url.of), member=False),
        Function("getScheme", "url_get_scheme", (URL,), "string", lambda u: u.parts.scheme),
        Function("getHost", "url_get_host", (URL,), "string", lambda u: u.parts.netloc.rpartition("@")[2]),
        Function("getHostname", "url_get_hostname", (URL,), "string", lambda u: u.parts.hostname or ""),
        Function("getPort", "url_get_port", (URL,), "string", lambda u: str(u.parts.port or "")),
        Function("getEscapedPath", "url_get_escaped_path", (URL,), "string", lambda u: u.parts.path),
        Function("getQuery", "url_get_query", (URL,), query, lambda u: parse_qs(u.parts.query, True)),
    ]


def texts_and_lists() -> list[Function]:
    """regex.go, lists.go and cel-go's sets."""
    functions = [
        Function("find", "string_find_string", ("string", "string"), "string", find),
        Function("findAll", "string_find_all_string", ("string", "string"), "list(string)", find_all),
        Function(
            "findAll", "string_find_all_string_int", ("string", "string", "int"), "list(string)", find_all
        ),
    ]
    for kind in ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"):
        many = (f"list({kind})",)
        sort = f"list_{kind}_is_sorted_bool"
        functions += [
            Function("isSorted", sort, many, "bool", lambda values: values == sorted(values)),
            Function("max", f"list_{kind}_max_{kind}", many, kind, extreme("max", max)),
            Function("min", f"list_{kind}_min_{kind}", many, kind, extreme("min", min)),
        ]
        if kind in ("int", "uint", "double", "duration"):
            functions.append(Function("sum", f"list_{kind}_sum_{kind}", many, kind, total))
    two, one = ("list(T)", "list(T)"), ("list(A)", "A")
    functions += [
        Function("indexOf", "list_a_index_of_int", one, "int", index_of),
        Function("lastIndexOf", "list_a_last_index_of_int", one, "int", last_index_of),
    ]
    return [
        *functions,
        Function(
            "sets.contains",
            "list_sets_contains_list",
            two,
            "bool",
            lambda a, b: all(x in a for x in b),
            member=False,
        ),
        Function(
            "sets.intersects",
            "list_sets_intersects_list",
            two,
            "bool",
            lambda a, b: any(x in a for x in b),
            member=False,
        ),
        Function("sets.equivalent", "list_sets_equivalent_list", two, "bool", same_set, member=False),
    ]


def total(values: list[Any]) -> Any:
    """The sum, also of durations."""
    return sum(values[1:], values[0]) if values else 0


def index_of(values: list[Any], wanted: Any) -> int:
    """The first index of WANTED; -1 if it is absent."""
    return next((index for index, value in enumerate(values) if value == wanted), -1)


def last_index_of(values: list[Any], wanted: Any) -> int:
    """The last index of WANTED; -1 if it is absent."""
    return max((index for index, value in enumerate(values) if value == wanted), default=-1)


def formats() -> list[Function]:
    """format.go; a function whose result is optional returns an empty value for none (``rewriting.MADE``)."""
    found = [
        Function(
            f"format.{name}", f"format.{name}", (), FORMAT, functools.partial(Format, name), member=False
        )
        for name in FORMATS
    ]
    texts = "optional_type(list(string))"
    maybe = f"optional_type({FORMAT})"
    return [
        *found,
        Function("format.named", "format-named", ("string",), maybe, named, member=False),
        Function("validate", "format-validate", (FORMAT, "string"), texts, validate),
    ]


def same_set(left: list[Any], right: list[Any]) -> bool:
    """Whether two lists have the same values."""
    return all(x in left for x in right) and all(x in right for x in left)


def functions_of(*, lists: bool) -> list[Function]:
    """All functions; LISTS adds those of the gate DRAListTypeAttributes."""
    own = [Function("includes", "dra_includes_dyn_dyn", ("dyn", "dyn"), "bool", includes)] if lists else []
    return [*quantities(), *versions(), *addresses(), *urls(), *texts_and_lists(), *formats(), *own]
