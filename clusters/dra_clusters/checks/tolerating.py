"""Constraints, configuration, selectors and tolerations in ResourceClaims: what is refused (pkg/apis/resource/validation)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.refusals import (
    FORBIDDEN,
    INVALID,
    REQUIRED,
    TOO_LONG,
    TOO_MANY,
    UNSUPPORTED,
    refused,
    sample,
    taken,
)

CLAIM, CLASS = "resourceclaims", "deviceclasses"
ONE, AT = "spec.devices.requests.0", "spec.devices.requests[0]"
EXACTLY, HERE = f"{ONE}.exactly", f"{AT}.exactly"
COSTLY = 'device.attributes["d.example.com"].all(a, ' * 4 + "true" + ")" * 4
CONSTRAINTS, CONFIG = "spec.devices.constraints", "spec.devices.config"


def opaque(**change: Any) -> JsonObject:
    """A configuration of one driver."""
    return {"opaque": {"driver": "d.example.com", "parameters": {"x": 1}} | change}


def toleration(**change: Any) -> JsonObject:
    """A list of one toleration."""
    return {f"{EXACTLY}.tolerations": [{"key": "k", "operator": "Exists"} | change]}


refused(
    "claims/selector-has-cel",
    "A selector has CEL.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{}]},
    (REQUIRED, f"{HERE}.selectors[0].cel"),
)
refused(
    "claims/selector-compiles",
    "A selector's expression compiles.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{"cel": {"expression": "device.nope"}}]},
    (INVALID, f"{HERE}.selectors[0].cel.expression"),
)
refused(
    "claims/selector-is-bool",
    "A selector's expression gives a bool.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{"cel": {"expression": "device.driver"}}]},
    (INVALID, f"{HERE}.selectors[0].cel.expression"),
)
refused(
    "claims/selector-length",
    "A selector's expression has at most 10 KiB.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{"cel": {"expression": "true||" * 2000 + "true"}}]},
    (TOO_LONG, f"{HERE}.selectors[0].cel.expression"),
)
refused(
    "claims/selector-cost",
    "A selector whose estimated cost is above a million is refused.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{"cel": {"expression": COSTLY}}]},
    (FORBIDDEN, f"{HERE}.selectors[0].cel.expression"),
)
refused(
    "claims/32-selectors",
    "A request has at most 32 selectors.",
    CLAIM,
    {f"{EXACTLY}.selectors": [{"cel": {"expression": "true"}}] * 33},
    (TOO_MANY, f"{HERE}.selectors"),
)
refused(
    "claims/constraint-has-kind",
    "A constraint names an attribute.",
    CLAIM,
    {CONSTRAINTS: [{}]},
    (REQUIRED, "spec.devices.constraints[0]"),
    since="1.36",
)
refused(
    "claims/constraint-needs-a-domain",
    "A constraint's attribute has a domain.",
    CLAIM,
    {CONSTRAINTS: [{"matchAttribute": "model"}]},
    (INVALID, "spec.devices.constraints[0].matchAttribute"),
)
refused(
    "claims/constraint-knows-its-requests",
    "A constraint names requests of the claim.",
    CLAIM,
    {CONSTRAINTS: [{"requests": ["no"], "matchAttribute": "d.example.com/m"}]},
    (INVALID, "spec.devices.constraints[0].requests[0]"),
)
refused(
    "claims/config-has-kind",
    "A configuration says of which kind it is.",
    CLAIM,
    {CONFIG: [{}]},
    (REQUIRED, "spec.devices.config[0].opaque"),
)
refused(
    "claims/config-has-driver",
    "Opaque configuration names a driver.",
    CLAIM,
    {CONFIG: [opaque(driver="")]},
    (REQUIRED, "spec.devices.config[0].opaque.driver"),
    since="1.36",
)
refused(
    "claims/config-is-an-object",
    "Opaque parameters are an object.",
    CLAIM,
    {CONFIG: [opaque(parameters=[1])]},
    (INVALID, "spec.devices.config[0].opaque.parameters"),
)
refused(
    "claims/config-size",
    "Opaque parameters have at most 10 KiB.",
    CLAIM,
    {CONFIG: [opaque(parameters={"x": "y" * 10240})]},
    (TOO_LONG, "spec.devices.config[0].opaque.parameters"),
)
refused(
    "claims/config-knows-its-requests",
    "A configuration names requests of the claim.",
    CLAIM,
    {CONFIG: [{**opaque(), "requests": ["no"]}]},
    (INVALID, "spec.devices.config[0].requests[0]"),
)
taken(
    "claims/toleration-without-key",
    "A toleration without key is taken, whatever its operator.",
    CLAIM,
    toleration(key="", operator="Equal"),
    since="1.36",
)
refused(
    "claims/toleration-exists-has-no-value",
    "A toleration with Exists has no value.",
    CLAIM,
    toleration(value="x"),
    (INVALID, f"{HERE}.tolerations[0].value"),
    since="1.36",
)
refused(
    "claims/toleration-operator",
    "A toleration's operator is Equal or Exists.",
    CLAIM,
    toleration(operator="In"),
    (UNSUPPORTED, f"{HERE}.tolerations[0].operator"),
    since="1.36",
)
refused(
    "claims/toleration-effect",
    "A toleration's effect is known.",
    CLAIM,
    toleration(effect="x"),
    (UNSUPPORTED, f"{HERE}.tolerations[0].effect"),
    since="1.36",
)
taken(
    "claims/17-tolerations",
    "The 16 tolerations that the API documentation allows are not enforced.",
    CLAIM,
    {f"{EXACTLY}.tolerations": [{"key": f"k{n}", "operator": "Exists"} for n in range(17)]},
    since="1.36",
)
refused(
    "claims/class-selector-compiles",
    "A class's selector compiles.",
    CLASS,
    {"spec.selectors": [{"cel": {"expression": "nope"}}]},
    (INVALID, "spec.selectors[0].cel.expression"),
)
refused(
    "claims/class-selectors",
    "A class has at most 32 selectors.",
    CLASS,
    {"spec.selectors": [{"cel": {"expression": "true"}}] * 33},
    (TOO_MANY, "spec.selectors"),
)


@behaviour("claims/parameters-keep-their-form", "resource/v1 types.go: RawExtension")
def parameters_keep_their_form(context: CheckContext) -> None:
    """Opaque parameters come back as they were sent, unknown members included."""
    parameters = {"kind": "Any", "apiVersion": "x/v1", "deep": {"list": [1, None, "a"], "n": 1.5}}
    stored = context.create(CLAIM, sample(context, CLAIM, {CONFIG: [opaque(parameters=parameters)]}))
    same(stored["spec"]["devices"]["config"][0]["opaque"]["parameters"], parameters, "parameters")


@behaviour("claims/cel-message", UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/cel")
def cel_message(context: CheckContext) -> None:
    """An expression of another type is refused with the sentence of the compiler."""
    change = {f"{EXACTLY}.selectors": [{"cel": {"expression": "device.driver"}}]}
    status = context.post(CLAIM, sample(context, CLAIM, change)).refuse(422, "Invalid")
    holds("must evaluate to bool" in status["message"], "must evaluate to bool", status["message"])
