"""Values that Kubernetes adds to CEL: quantities, versions, addresses, networks and URLs.

The C++ library cannot hold types of our own, so each value passes through it as a map with one member, ``{type: text}``.
The text is canonical, so that equal values are equal maps. Functions take and return Python values: ``decode`` and
``encode`` convert.
"""

import datetime
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

from dra_api.quantity import parse
from kube_emulator.apiserver.cel.formats import Format

STRICT = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
"""Semantic Versioning 2.0.0."""
TOLERANT = re.compile(r"\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:[-+].*)?)\s*")


@dataclass(frozen=True, order=True)
class Semver:
    """A semantic version; build metadata is neither kept nor compared (Semantic Versioning 2.0.0, 10)."""

    major: int
    minor: int
    patch: int
    release: bool
    """False for a pre-release, which comes before its release."""
    identifiers: tuple[tuple[int, int, str], ...]
    text: str = field(compare=False)

    @classmethod
    def of(cls, text: str, tolerant: bool = False) -> "Semver":
        """A version; TOLERANT forgives a leading v, missing numbers and leading zeros.

        Raises:
            ValueError: TEXT is something else.
        """
        if tolerant and (loose := TOLERANT.fullmatch(text)):
            numbers = ".".join(str(int(part or 0)) for part in loose.groups()[:3])
            text = numbers + loose.group(4)
        match = STRICT.fullmatch(text)
        if match is None:
            message = f"{text!r} is not a semantic version"
            raise ValueError(message)
        major, minor, patch, pre, _ = match.groups()
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in (pre.split(".") if pre else ()))
        return cls(int(major), int(minor), int(patch), pre is None, parts, text.partition("+")[0])


@dataclass(frozen=True)
class Url:
    """An absolute URL or an absolute path."""

    text: str

    @classmethod
    def of(cls, text: str) -> "Url":
        """A URL.

        Raises:
            ValueError: TEXT is something else.
        """
        parts = urlsplit(text)
        if not (parts.scheme or text.startswith("/")) or re.search(r"[\s\x00-\x1f]", text):
            message = f"URL parse error during conversion from string: {text!r}"
            raise ValueError(message)
        return cls(text)

    @cached_property
    def parts(self) -> SplitResult:
        """The URL's parts."""
        return urlsplit(self.text)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def address(text: str) -> Address:
    """An IP address; zones and IPv4-mapped IPv6 addresses are refused (apiserver pkg/cel/library/ip.go).

    Raises:
        ValueError: TEXT is something else.
    """
    if "%" in text or ("." in text and ":" in text):
        message = f"{text!r} is not an IP address without zone and without an IPv4 part"
        raise ValueError(message)
    return ipaddress.ip_address(text)


def network(text: str) -> Network:
    """An address with a prefix length.

    Raises:
        ValueError: TEXT is something else.
    """
    prefix = text.partition("/")[2]
    if not prefix.isdigit() or (len(prefix) > 1 and prefix[0] == "0"):
        message = f"network address parse error during conversion from string: {text!r}"
        raise ValueError(message)
    address(text.partition("/")[0])
    return ipaddress.ip_interface(text)


@dataclass(frozen=True)
class Check:
    """A value of apiserver ``pkg/cel/library/authz.go``: what is asked of the authorizer so far, or its decision.

    Attributes:
        kind: one of CHECKS.
        parts: e.g. ``{"group": "apps", "resource": "deployments"}``.
    """

    kind: str
    parts: Mapping[str, Any]


CHECKS = tuple(
    f"kubernetes.authorization.{name}"
    for name in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")
)


QUANTITY, SEMVER, IP, CIDR, URL, FORMAT = (
    "kubernetes.Quantity",
    "kubernetes.Semver",
    "net.IP",
    "net.CIDR",
    "kubernetes.URL",
    "kubernetes.NamedFormat",
)


def encode(value: Any) -> Any:
    """VALUE in the form in which the library carries it; a time only as text (``rewriting`` converts it back)."""
    match value:
        case Fraction():
            return {QUANTITY: f"{value.numerator}/{value.denominator}"}
        case Semver():
            return {SEMVER: value.text}
        case Url():
            return {URL: value.text}
        case datetime.timedelta():
            return f"{value.total_seconds()}s"
        case datetime.datetime():
            return value.isoformat()
        case Check():
            return {value.kind: json.dumps(value.parts)}
        case Format():
            return {FORMAT: value.name}
        case ipaddress.IPv4Interface() | ipaddress.IPv6Interface():
            return {CIDR: value.with_prefixlen}
        case ipaddress.IPv4Address() | ipaddress.IPv6Address():
            return {IP: str(value)}
        case list():
            return [encode(item) for item in value]
    return value


def _check(kind: str, text: str) -> Check:
    return Check(kind, json.loads(text))


DECODERS: dict[str, Any] = {
    QUANTITY: Fraction,
    SEMVER: Semver.of,
    IP: address,
    CIDR: network,
    URL: Url.of,
    FORMAT: Format,
    **{kind: partial(_check, kind) for kind in CHECKS},
}


def decode(value: Any) -> Any:
    """The Python value of what the library carries."""
    if isinstance(value, dict) and len(value) == 1:
        [(kind, text)] = value.items()
        return DECODERS[kind](text) if kind in DECODERS else value
    return [decode(item) for item in value] if isinstance(value, list) else value


def quantity(text: str) -> Fraction:
    """A quantity.

    Raises:
        ValueError: TEXT is something else.
    """
    return parse(text)
