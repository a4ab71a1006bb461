"""Features of devices in ResourceSlices: taints, counters, shared capacity, binding conditions, nodes of a device."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.devices import AT, DEVICES, FIRST, SLICE, devices
from dra_clusters.checks.refusals import (
    DEVICE,
    DUPLICATE,
    FORBIDDEN,
    GONE,
    INVALID,
    REQUIRED,
    TOO_MANY,
    UNSUPPORTED,
    refused,
    sample,
    taken,
)

STRATEGY = UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go"

TAINT: JsonObject = {"key": "example.com/sick", "value": "x", "effect": "NoSchedule"}
COUNTERS: JsonObject = {"name": "set", "counters": {"memory": {"value": "8Gi"}}}
CONSUMES: JsonObject = {"counterSet": "set", "counters": {"memory": {"value": "1Gi"}}}


taken(
    "slices/64-tainted-devices",
    "A slice with taints has up to 64 devices.",
    SLICE,
    {DEVICES: devices(64, taints=[TAINT])},
    since="1.36",
)
refused(
    "slices/65-tainted-devices",
    "A slice with taints has at most 64 devices.",
    SLICE,
    {DEVICES: devices(65, taints=[TAINT])},
    (TOO_MANY, DEVICES),
    since="1.36",
)
refused(
    "slices/taint-key-is-required",
    "A taint has a key.",
    SLICE,
    {f"{FIRST}.taints": [{"effect": "NoSchedule"}]},
    (INVALID, f"{AT}.taints[0].key"),
    since="1.36",
)
refused(
    "slices/taint-effect-is-required",
    "A taint has an effect.",
    SLICE,
    {f"{FIRST}.taints": [{"key": "a"}]},
    (REQUIRED, f"{AT}.taints[0].effect"),
    since="1.36",
)
refused(
    "slices/taint-effect-is-known",
    "A taint's effect is one of None, NoSchedule, NoExecute.",
    SLICE,
    {f"{FIRST}.taints": [{"key": "a", "effect": "x"}]},
    (UNSUPPORTED, f"{AT}.taints[0].effect"),
    since="1.36",
)
refused(
    "slices/16-taints",
    "A device has at most 16 taints.",
    SLICE,
    {f"{FIRST}.taints": [{"key": f"k{n}", "effect": "NoSchedule"} for n in range(17)]},
    (TOO_MANY, f"{AT}.taints"),
    since="1.36",
)
refused(
    "slices/counters-or-devices",
    "A slice has shared counters or devices, not both.",
    SLICE,
    {"spec.sharedCounters": [COUNTERS]},
    (INVALID, "spec"),
    since="1.36",
)
taken(
    "slices/shared-counters",
    "A slice may have shared counters only.",
    SLICE,
    {DEVICES: GONE, "spec.sharedCounters": [COUNTERS]},
    since="1.36",
)
refused(
    "slices/8-counter-sets",
    "A slice has at most 8 counter sets.",
    SLICE,
    {DEVICES: GONE, "spec.sharedCounters": [{**COUNTERS, "name": f"s{n}"} for n in range(9)]},
    (TOO_MANY, "spec.sharedCounters"),
    since="1.36",
)
refused(
    "slices/counter-set-names-differ",
    "Counter sets have different names.",
    SLICE,
    {DEVICES: GONE, "spec.sharedCounters": [COUNTERS] * 2},
    (DUPLICATE, "spec.sharedCounters[1]"),
    since="1.36",
)
refused(
    "slices/counter-set-has-counters",
    "A counter set has counters.",
    SLICE,
    {DEVICES: GONE, "spec.sharedCounters": [{"name": "set"}]},
    (REQUIRED, "spec.sharedCounters[0].counters"),
    since="1.36",
)
refused(
    "slices/counter-name-is-a-label",
    "A counter's name is a DNS label.",
    SLICE,
    {DEVICES: GONE, "spec.sharedCounters": [{"name": "set", "counters": {"a_b": {"value": "1"}}}]},
    (INVALID, "spec.sharedCounters[0].counters"),
    since="1.36",
)
refused(
    "slices/consumption-names-a-set",
    "Consumption names a counter set.",
    SLICE,
    {f"{FIRST}.consumesCounters": [{**CONSUMES, "counterSet": ""}]},
    (REQUIRED, f"{AT}.consumesCounters[0].counterSet"),
    since="1.36",
)
refused(
    "slices/consumption-has-counters",
    "Consumption names counters.",
    SLICE,
    {f"{FIRST}.consumesCounters": [{"counterSet": "set"}]},
    (REQUIRED, f"{AT}.consumesCounters[0].counters"),
    since="1.36",
)
refused(
    "slices/consumption-sets-differ",
    "A device consumes from a set once.",
    SLICE,
    {f"{FIRST}.consumesCounters": [CONSUMES] * 2},
    (DUPLICATE, f"{AT}.consumesCounters[1]"),
    since="1.36",
)
refused(
    "slices/2-consumptions",
    "A device consumes from at most 2 sets.",
    SLICE,
    {f"{FIRST}.consumesCounters": [{**CONSUMES, "counterSet": f"s{n}"} for n in range(3)]},
    (TOO_MANY, f"{AT}.consumesCounters"),
    since="1.36",
)
refused(
    "slices/device-node-needs-per-device",
    "A device has node fields only with perDeviceNodeSelection.",
    SLICE,
    {f"{FIRST}.nodeName": "n"},
    (INVALID, AT),
    since="1.36",
)
refused(
    "slices/per-device-needs-device-nodes",
    "With perDeviceNodeSelection each device says for which nodes it is.",
    SLICE,
    {"spec.nodeName": GONE, "spec.perDeviceNodeSelection": True},
    (REQUIRED, AT),
    since="1.36",
)
taken(
    "slices/per-device-node-selection",
    "With perDeviceNodeSelection each device has its own node.",
    SLICE,
    {"spec.nodeName": GONE, "spec.perDeviceNodeSelection": True, f"{FIRST}.nodeName": "n"},
    since="1.36",
)
refused(
    "slices/policy-needs-sharing",
    "A request policy needs allowMultipleAllocations.",
    SLICE,
    {f"{FIRST}.capacity.memory.requestPolicy": {"default": "1Gi"}},
    (FORBIDDEN, f"{AT}.capacity[memory].requestPolicy"),
    since="1.36",
)
refused(
    "slices/policy-max-fits",
    "The maximum of a range is at most the capacity.",
    SLICE,
    {
        f"{FIRST}.allowMultipleAllocations": True,
        f"{FIRST}.capacity.memory.requestPolicy": {
            "default": "1Gi",
            "validRange": {"min": "1Gi", "max": "2Gi"},
        },
    },
    (INVALID, f"{AT}.capacity[memory].requestPolicy.validRange.max"),
    since="1.36",
)
refused(
    "slices/policy-values-hold-default",
    "The default of a policy is one of its valid values.",
    SLICE,
    {
        f"{FIRST}.allowMultipleAllocations": True,
        f"{FIRST}.capacity.memory.requestPolicy": {"default": "1Gi", "validValues": ["512Mi"]},
    },
    (INVALID, f"{AT}.capacity[memory].requestPolicy.validValues"),
    since="1.36",
)
refused(
    "slices/binding-needs-failure",
    "Binding conditions come with failure conditions.",
    SLICE,
    {f"{FIRST}.bindingConditions": ["a"]},
    (INVALID, f"{AT}.bindingFailureConditions"),
    since="1.36",
)
refused(
    "slices/4-binding-conditions",
    "A device has at most 4 binding conditions.",
    SLICE,
    {f"{FIRST}.bindingConditions": [f"a{n}" for n in range(5)], f"{FIRST}.bindingFailureConditions": ["f"]},
    (TOO_MANY, f"{AT}.bindingConditions"),
    since="1.36",
)
refused(
    "slices/conditions-do-not-overlap",
    "A condition is not both for binding and for failure.",
    SLICE,
    {f"{FIRST}.bindingConditions": ["a"], f"{FIRST}.bindingFailureConditions": ["a"]},
    (INVALID, f"{AT}.bindingFailureConditions[0]"),
    since="1.36",
)


@behaviour("slices/taint-gets-a-time", UPSTREAM + "pkg/apis/resource/v1/defaults.go", since="1.36")
def taint_gets_a_time(context: CheckContext) -> None:
    """A taint without timeAdded gets the time of the write."""
    stored = context.create(SLICE, sample(context, SLICE, {f"{FIRST}.taints": [TAINT]}))
    holds(
        stored["spec"]["devices"][0]["taints"][0].get("timeAdded"),
        "a timeAdded",
        stored["spec"]["devices"][0],
    )


@behaviour(
    "slices/list-attributes-are-dropped", STRATEGY + "; gate DRAListTypeAttributes is alpha", since="1.36"
)
def list_attributes_are_dropped(context: CheckContext) -> None:
    """With the gate off a list attribute is cleared, so that it has no value: 422."""
    context.post(SLICE, sample(context, SLICE, {f"{FIRST}.attributes.model": {"ints": [1]}})).invalid(
        (INVALID, f"{AT}.attributes[model]")
    )


@behaviour(
    "slices/taints-are-dropped-before-1.36", STRATEGY + "; gate DRADeviceTaints is alpha", until="1.35"
)
def taints_are_dropped(context: CheckContext) -> None:
    """With the gate off taints are cleared without a warning."""
    stored = context.create(SLICE, sample(context, SLICE, {f"{FIRST}.taints": [TAINT]}))
    same(stored["spec"]["devices"], [DEVICE], "devices")
