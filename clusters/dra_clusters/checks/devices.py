"""Devices in ResourceSlices: names, attributes, capacities (resource/v1; pkg/apis/resource/validation)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import DUPLICATE, GONE, INVALID, TOO_LONG, TOO_MANY, refused, sample, taken

SLICE = "resourceslices"
DEVICES = "spec.devices"
FIRST = "spec.devices.0"
AT = "spec.devices[0]"


def devices(count: int, **more: Any) -> list[JsonObject]:
    """COUNT devices."""
    return [{"name": f"d{number}", **more} for number in range(count)]


def attributes(count: int) -> JsonObject:
    """COUNT attributes."""
    return {f"a{number}": {"int": number} for number in range(count)}


taken("slices/128-devices", "A slice has up to 128 devices.", SLICE, {DEVICES: devices(128)})
refused(
    "slices/129-devices",
    "A slice has at most 128 devices.",
    SLICE,
    {DEVICES: devices(129)},
    (TOO_MANY, DEVICES),
)
refused(
    "slices/device-names-differ",
    "Device names in a slice differ.",
    SLICE,
    {DEVICES: devices(1) * 2},
    (DUPLICATE, "spec.devices[1]"),
    since="1.36",
)
refused(
    "slices/device-name-is-required",
    "A device has a name.",
    SLICE,
    {f"{FIRST}.name": ""},
    (INVALID, f"{AT}.name"),
)
refused(
    "slices/device-name-is-a-label",
    "A device's name is a DNS label.",
    SLICE,
    {f"{FIRST}.name": "a.b"},
    (INVALID, f"{AT}.name"),
)
refused(
    "slices/device-name-length",
    "A device's name has at most 63 characters.",
    SLICE,
    {f"{FIRST}.name": "a" * 64},
    (INVALID, f"{AT}.name"),
)
taken(
    "slices/32-attributes",
    "A device has up to 32 attributes and capacities.",
    SLICE,
    {f"{FIRST}.capacity": GONE, f"{FIRST}.attributes": attributes(32)},
)
refused(
    "slices/33-attributes",
    "A device has at most 32 attributes and capacities together.",
    SLICE,
    {f"{FIRST}.attributes": attributes(32)},
    (INVALID, AT),
)
refused(
    "slices/attribute-has-a-value",
    "An attribute has a value.",
    SLICE,
    {f"{FIRST}.attributes.model": {}},
    (INVALID, f"{AT}.attributes[model]"),
    since="1.36",
)
refused(
    "slices/attribute-has-one-value",
    "An attribute has one value.",
    SLICE,
    {f"{FIRST}.attributes.model": {"int": 1, "bool": True}},
    (INVALID, f"{AT}.attributes[model]"),
)
refused(
    "slices/attribute-string-length",
    "A string attribute has at most 64 characters.",
    SLICE,
    {f"{FIRST}.attributes.model": {"string": "x" * 65}},
    (TOO_LONG, f"{AT}.attributes[model].string"),
)
refused(
    "slices/attribute-version-format",
    "A version attribute is a semantic version.",
    SLICE,
    {f"{FIRST}.attributes.model": {"version": "1.2"}},
    (INVALID, f"{AT}.attributes[model].version"),
)
refused(
    "slices/attribute-name-format",
    "An attribute's name is a C identifier.",
    SLICE,
    {f"{FIRST}.attributes": {"a-b": {"int": 1}}},
    (INVALID, f"{AT}.attributes"),
    since="1.36",
)
refused(
    "slices/attribute-name-length",
    "An attribute's name has at most 32 characters.",
    SLICE,
    {f"{FIRST}.attributes": {"a" * 33: {"int": 1}}},
    (TOO_LONG, f"{AT}.attributes"),
    since="1.36",
)
refused(
    "slices/attribute-domain",
    "The domain of an attribute is a DNS subdomain.",
    SLICE,
    {f"{FIRST}.attributes": {"a_b/c": {"int": 1}}},
    (INVALID, f"{AT}.attributes"),
    since="1.36",
)
taken(
    "slices/attribute-with-domain",
    "An attribute may have a domain.",
    SLICE,
    {f"{FIRST}.attributes": {"example.com/c": {"int": 1}}},
)
refused(
    "slices/capacity-name-format",
    "A capacity's name is a C identifier.",
    SLICE,
    {f"{FIRST}.capacity": {"a-b": {"value": "1"}}},
    (INVALID, f"{AT}.capacity"),
    since="1.36",
)


@behaviour(
    "slices/quantities-are-canonical",
    UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go",
)
def quantities_are_canonical(context: CheckContext) -> None:
    """A capacity of 1024Mi is stored as 1Gi, one of 0.5 as 500m."""
    found = []
    for value in ("1024Mi", "0.5", "1e3", "1.5Gi"):
        stored = context.create(SLICE, sample(context, SLICE, {f"{FIRST}.capacity.memory.value": value}))
        found.append(stored["spec"]["devices"][0]["capacity"]["memory"]["value"])
    same(found, ["1Gi", "500m", "1e3", "1536Mi"], "values")


@behaviour(
    "slices/garbage-quantity", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go"
)
def garbage_quantity(context: CheckContext) -> None:
    """A capacity that is no quantity is 400 BadRequest."""
    answer = context.post(SLICE, sample(context, SLICE, {f"{FIRST}.capacity.memory.value": "lots"}))
    answer.refuse(400, "BadRequest", "quantities must match the regular expression")
