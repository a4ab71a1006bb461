"""ResourceSlices: what is refused, dropped, defaulted and immutable (resource/v1; pkg/apis/resource/validation)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import holds
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import (
    GONE,
    INVALID,
    POOL,
    REQUIRED,
    TOO_LONG,
    VALIDATION,
    refused,
    sample,
    taken,
)

SLICE = "resourceslices"


SELECTOR: JsonObject = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}


refused(
    "slices/driver-is-required",
    "A slice without driver is refused.",
    SLICE,
    {"spec.driver": ""},
    (REQUIRED, "spec.driver"),
    since="1.36",
)
refused(
    "slices/driver-format",
    "The driver's name is a DNS subdomain.",
    SLICE,
    {"spec.driver": "a_b"},
    (INVALID, "spec.driver"),
)
refused(
    "slices/driver-length",
    "The driver's name has at most 63 characters.",
    SLICE,
    {"spec.driver": "a" * 64},
    (TOO_LONG, "spec.driver"),
)
taken("slices/driver-longest", "A driver's name of 63 characters is taken.", SLICE, {"spec.driver": "a" * 63})
refused(
    "slices/pool-name-is-required",
    "A pool has a name.",
    SLICE,
    {"spec.pool.name": ""},
    (REQUIRED, "spec.pool.name"),
)
refused(
    "slices/pool-name-format",
    "A pool's name is made of DNS subdomains.",
    SLICE,
    {"spec.pool.name": "a//b"},
    (INVALID, "spec.pool.name"),
)
taken("slices/pool-name-with-slashes", "A pool's name may have slashes.", SLICE, {"spec.pool.name": "a.b/c"})
refused(
    "slices/pool-name-length",
    "A pool's name has at most 253 characters.",
    SLICE,
    {"spec.pool.name": "a" * 254},
    (TOO_LONG, "spec.pool.name"),
    (INVALID, "spec.pool.name"),
)
refused(
    "slices/count-is-positive",
    "resourceSliceCount is above zero.",
    SLICE,
    {"spec.pool.resourceSliceCount": 0},
    (INVALID, "spec.pool.resourceSliceCount"),
)
refused(
    "slices/generation-is-not-negative",
    "A generation is not negative.",
    SLICE,
    {"spec.pool.generation": -1},
    (INVALID, "spec.pool.generation"),
)
refused(
    "slices/a-node-is-required",
    "A slice says for which nodes it is.",
    SLICE,
    {"spec.nodeName": GONE},
    (REQUIRED, "spec"),
)
refused(
    "slices/one-node-selection",
    "A slice selects its nodes in one way only.",
    SLICE,
    {"spec.allNodes": True},
    (INVALID, "spec"),
)
refused(
    "slices/empty-node-name",
    "An empty nodeName is refused.",
    SLICE,
    {"spec.nodeName": ""},
    (INVALID, "spec.nodeName"),
    (REQUIRED, "spec"),
)
refused(
    "slices/node-name-format",
    "A nodeName is a DNS subdomain.",
    SLICE,
    {"spec.nodeName": "A_b"},
    (INVALID, "spec.nodeName"),
)
refused(
    "slices/all-nodes-is-not-false",
    "allNodes false is refused.",
    SLICE,
    {"spec.nodeName": GONE, "spec.allNodes": False},
    (INVALID, "spec.allNodes"),
    (REQUIRED, "spec"),
)
taken(
    "slices/all-nodes", "A slice may be for all nodes.", SLICE, {"spec.nodeName": GONE, "spec.allNodes": True}
)
taken(
    "slices/node-selector",
    "A slice may select nodes by one term.",
    SLICE,
    {"spec.nodeName": GONE, "spec.nodeSelector": SELECTOR},
)
refused(
    "slices/node-selector-one-term",
    "A node selector of a slice has exactly one term.",
    SLICE,
    {"spec.nodeName": GONE, "spec.nodeSelector": {"nodeSelectorTerms": SELECTOR["nodeSelectorTerms"] * 2}},
    (INVALID, "spec.nodeSelector.nodeSelectorTerms"),
)


@behaviour("slices/driver-is-immutable", VALIDATION)
def driver_is_immutable(context: CheckContext) -> None:
    """driver, pool.name and nodeName cannot change."""
    stored = context.create(SLICE, sample(context, SLICE))
    spec = {
        **stored["spec"],
        "driver": "e.example.com",
        "nodeName": "other",
        "pool": {**POOL, "name": "other"},
    }
    context.put(SLICE, {**stored, "spec": spec}).invalid(
        (INVALID, "spec.driver"), (INVALID, "spec.nodeName"), (INVALID, "spec.pool.name")
    )


@behaviour("slices/immutable-message", VALIDATION)
def immutable_message(context: CheckContext) -> None:
    """The message of an immutable field ends with "field is immutable"."""
    stored = context.create(SLICE, sample(context, SLICE))
    status = context.put(SLICE, {**stored, "spec": {**stored["spec"], "driver": "e.example.com"}}).refuse(
        422, "Invalid"
    )
    wanted = 'spec.driver: Invalid value: "e.example.com": field is immutable'
    holds(wanted in status["message"], wanted, status["message"])


@behaviour("slices/spec-is-required", VALIDATION, since="1.36")
def spec_is_required(context: CheckContext) -> None:
    """A slice without spec is refused for each required field."""
    context.post(SLICE, {"metadata": {"name": context.name()}}).invalid(
        (REQUIRED, "spec"),
        (REQUIRED, "spec.driver"),
        (REQUIRED, "spec.pool.name"),
        (INVALID, "spec.pool.resourceSliceCount"),
    )
