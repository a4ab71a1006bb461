"""ResourceClaims, templates and classes: what is refused, defaulted and immutable (pkg/apis/resource/validation)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import (
    DUPLICATE,
    FORBIDDEN,
    GONE,
    INVALID,
    REQUEST,
    REQUIRED,
    TOO_MANY,
    UNSUPPORTED,
    VALIDATION,
    refused,
    sample,
    taken,
)

CLAIM, CLASS, TEMPLATE = "resourceclaims", "deviceclasses", "resourceclaimtemplates"
REQUESTS, ONE, AT = "spec.devices.requests", "spec.devices.requests.0", "spec.devices.requests[0]"
EXACTLY, HERE = f"{ONE}.exactly", f"{AT}.exactly"
SUB: JsonObject = {"name": "s", "deviceClassName": "class"}


def requests(count: int) -> list[JsonObject]:
    """COUNT requests."""
    return [{**REQUEST, "name": f"r{number}"} for number in range(count)]


def opaque(**change: Any) -> JsonObject:
    """A configuration of one driver."""
    return {"opaque": {"driver": "d.example.com", "parameters": {"x": 1}} | change}


def toleration(**change: Any) -> JsonObject:
    """A list of one toleration."""
    return {f"{EXACTLY}.tolerations": [{"key": "k", "operator": "Exists"} | change]}


refused(
    "claims/request-name-is-required",
    "A request has a name.",
    CLAIM,
    {f"{ONE}.name": ""},
    (INVALID, f"{AT}.name"),
)
refused(
    "claims/request-name-is-a-label",
    "A request's name is a DNS label.",
    CLAIM,
    {f"{ONE}.name": "a/b"},
    (INVALID, f"{AT}.name"),
)
refused(
    "claims/request-names-differ",
    "Requests have different names.",
    CLAIM,
    {REQUESTS: [REQUEST, REQUEST]},
    (DUPLICATE, "spec.devices.requests[1]"),
    since="1.36",
)
refused(
    "claims/request-says-what",
    "A request has exactly or firstAvailable.",
    CLAIM,
    {EXACTLY: GONE},
    (REQUIRED, AT),
)
refused(
    "claims/request-not-both",
    "A request does not have both exactly and firstAvailable.",
    CLAIM,
    {f"{ONE}.firstAvailable": [SUB]},
    (INVALID, AT),
)
refused(
    "claims/class-is-required",
    "A request names a class.",
    CLAIM,
    {f"{EXACTLY}.deviceClassName": ""},
    (REQUIRED, f"{HERE}.deviceClassName"),
)
refused(
    "claims/class-format",
    "A class name is a DNS subdomain.",
    CLAIM,
    {f"{EXACTLY}.deviceClassName": "A_b"},
    (INVALID, f"{HERE}.deviceClassName"),
)
refused(
    "claims/count-is-positive",
    "An exact count is above zero.",
    CLAIM,
    {f"{EXACTLY}.count": -1},
    (INVALID, f"{HERE}.count"),
)
refused(
    "claims/all-has-no-count",
    "Mode All has no count.",
    CLAIM,
    {f"{EXACTLY}.allocationMode": "All", f"{EXACTLY}.count": 2},
    (INVALID, f"{HERE}.count"),
)
refused(
    "claims/mode-is-known",
    "An allocation mode is ExactCount or All.",
    CLAIM,
    {f"{EXACTLY}.allocationMode": "Some"},
    (UNSUPPORTED, f"{HERE}.allocationMode"),
)
refused(
    "claims/no-admin-without-label",
    "Admin access needs the namespace's label.",
    CLAIM,
    {f"{EXACTLY}.adminAccess": True},
    (FORBIDDEN, f"{AT}.adminAccess"),
)
taken("claims/32-requests", "A claim has up to 32 requests.", CLAIM, {REQUESTS: requests(32)})
refused(
    "claims/33-requests",
    "A claim has at most 32 requests.",
    CLAIM,
    {REQUESTS: requests(33)},
    (TOO_MANY, REQUESTS),
)
refused(
    "claims/8-alternatives",
    "A request has at most 8 alternatives.",
    CLAIM,
    {REQUESTS: [{"name": "r", "firstAvailable": [{**SUB, "name": f"s{n}"} for n in range(9)]}]},
    (TOO_MANY, f"{AT}.firstAvailable"),
)
refused(
    "claims/alternative-names-differ",
    "Alternatives have different names.",
    CLAIM,
    {REQUESTS: [{"name": "r", "firstAvailable": [SUB, SUB]}]},
    (DUPLICATE, f"{AT}.firstAvailable[1]"),
    since="1.36",
)
refused(
    "claims/template-is-checked",
    "The spec in a template follows the same rules.",
    TEMPLATE,
    {"spec.spec.devices.requests.0.name": ""},
    (INVALID, "spec.spec.devices.requests[0].name"),
)
refused(
    "claims/class-extended-resource-name",
    "extendedResourceName is a valid name of an extended resource.",
    CLASS,
    {"spec.extendedResourceName": "cpu"},
    (INVALID, "spec.extendedResourceName"),
    since="1.36",
)


@behaviour("claims/defaults", UPSTREAM + "pkg/apis/resource/v1/defaults.go")
def defaults(context: CheckContext) -> None:
    """A request gets allocationMode ExactCount and count 1; a toleration the operator Equal."""
    stored = context.create(CLAIM, sample(context, CLAIM))
    exactly = stored["spec"]["devices"]["requests"][0]["exactly"]
    same(exactly, {"deviceClassName": "class", "allocationMode": "ExactCount", "count": 1}, "exactly")


@behaviour("claims/alternatives-default-too", UPSTREAM + "pkg/apis/resource/v1/defaults.go")
def alternatives_default(context: CheckContext) -> None:
    """Alternatives get the same defaults."""
    stored = context.create(
        CLAIM, sample(context, CLAIM, {REQUESTS: [{"name": "r", "firstAvailable": [SUB]}]})
    )
    found = stored["spec"]["devices"]["requests"][0]["firstAvailable"][0]
    same((found["allocationMode"], found["count"]), ("ExactCount", 1), "defaults")


@behaviour("claims/spec-is-immutable", VALIDATION)
def spec_is_immutable(context: CheckContext) -> None:
    """The spec of a claim cannot change."""
    stored = context.create(CLAIM, sample(context, CLAIM))
    stored["spec"]["devices"]["requests"][0]["exactly"]["count"] = 2
    context.put(CLAIM, stored).invalid((INVALID, "spec"))


@behaviour("claims/template-is-immutable", VALIDATION)
def template_is_immutable(context: CheckContext) -> None:
    """The spec of a template cannot change."""
    stored = context.create(TEMPLATE, sample(context, TEMPLATE))
    stored["spec"]["spec"]["devices"]["requests"][0]["exactly"]["count"] = 2
    context.put(TEMPLATE, stored).invalid((INVALID, "spec"))


@behaviour("claims/class-can-change", VALIDATION)
def class_can_change(context: CheckContext) -> None:
    """The spec of a class can change, and its generation grows."""
    stored = context.create(CLASS, sample(context, CLASS))
    stored["spec"]["selectors"][0]["cel"]["expression"] = "false"
    same(context.put(CLASS, stored).expect(200)["metadata"]["generation"], 2, "generation")


@behaviour("claims/admin-access-with-label", UPSTREAM + "pkg/registry/resource")
def admin_access(context: CheckContext) -> None:
    """In a namespace with the label resource.kubernetes.io/admin-access=true admin access is taken."""
    labels = {"resource.kubernetes.io/admin-access": "true"}
    context.patch("merge", "namespaces", context.namespace, {"metadata": {"labels": labels}}).expect(200)
    stored = context.create(CLAIM, sample(context, CLAIM, {f"{EXACTLY}.adminAccess": True}))
    same(stored["spec"]["devices"]["requests"][0]["exactly"]["adminAccess"], True, "adminAccess")
