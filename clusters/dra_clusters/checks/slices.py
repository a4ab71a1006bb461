"""ResourceSlices: what is refused, dropped, defaulted and immutable (resource/v1; pkg/apis/resource/validation)."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import Object, holds, same
from dra_clusters.checks.refusals import DEVICE, GONE, POOL, VALIDATION, refused, sample, taken
from dra_clusters.checks.world import World

STRATEGY = UPSTREAM + "pkg/registry/resource/resourceslice/strategy.go"
SLICE = "resourceslices"
INVALID, REQUIRED, TOO_MANY = "FieldValueInvalid", "FieldValueRequired", "FieldValueTooMany"
TOO_LONG, DUPLICATE, FORBIDDEN = "FieldValueTooLong", "FieldValueDuplicate", "FieldValueForbidden"
UNSUPPORTED = "FieldValueNotSupported"
DEVICES = "spec.devices"
FIRST = "spec.devices.0"
AT = "spec.devices[0]"


def devices(count: int, **more: Any) -> list[Object]:
    """COUNT devices."""
    return [{"name": f"d{number}", **more} for number in range(count)]


def attributes(count: int) -> Object:
    """COUNT attributes."""
    return {f"a{number}": {"int": number} for number in range(count)}


TAINT: Object = {"key": "example.com/sick", "value": "x", "effect": "NoSchedule"}
SELECTOR: Object = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}
COUNTERS: Object = {"name": "set", "counters": {"memory": {"value": "8Gi"}}}
CONSUMES: Object = {"counterSet": "set", "counters": {"memory": {"value": "1Gi"}}}

refused("slices/driver-is-required", "A slice without driver is refused.", SLICE, {"spec.driver": ""}, (REQUIRED, "spec.driver"))
refused("slices/driver-format", "The driver's name is a DNS subdomain.", SLICE, {"spec.driver": "a_b"}, (INVALID, "spec.driver"))
refused("slices/driver-length", "The driver's name has at most 63 characters.", SLICE, {"spec.driver": "a" * 64}, (TOO_LONG, "spec.driver"))
taken("slices/driver-longest", "A driver's name of 63 characters is taken.", SLICE, {"spec.driver": "a" * 63})
refused("slices/pool-name-is-required", "A pool has a name.", SLICE, {"spec.pool.name": ""}, (REQUIRED, "spec.pool.name"))
refused("slices/pool-name-format", "A pool's name is made of DNS subdomains.", SLICE, {"spec.pool.name": "a//b"}, (INVALID, "spec.pool.name"))
taken("slices/pool-name-with-slashes", "A pool's name may have slashes.", SLICE, {"spec.pool.name": "a.b/c"})
refused("slices/pool-name-length", "A pool's name has at most 253 characters.", SLICE, {"spec.pool.name": "a" * 254}, (TOO_LONG, "spec.pool.name"), (INVALID, "spec.pool.name"))
refused("slices/count-is-positive", "resourceSliceCount is above zero.", SLICE, {"spec.pool.resourceSliceCount": 0}, (INVALID, "spec.pool.resourceSliceCount"))
refused("slices/generation-is-not-negative", "A generation is not negative.", SLICE, {"spec.pool.generation": -1}, (INVALID, "spec.pool.generation"))
refused("slices/a-node-is-required", "A slice says for which nodes it is.", SLICE, {"spec.nodeName": GONE}, (REQUIRED, "spec"))
refused("slices/one-node-selection", "A slice says it in one way.", SLICE, {"spec.allNodes": True}, (INVALID, "spec"))
refused("slices/empty-node-name", "An empty nodeName is refused.", SLICE, {"spec.nodeName": ""}, (INVALID, "spec.nodeName"), (REQUIRED, "spec"))
refused("slices/node-name-format", "A nodeName is a DNS subdomain.", SLICE, {"spec.nodeName": "A_b"}, (INVALID, "spec.nodeName"))
refused("slices/all-nodes-is-not-false", "allNodes false is refused.", SLICE, {"spec.nodeName": GONE, "spec.allNodes": False}, (INVALID, "spec.allNodes"), (REQUIRED, "spec"))
taken("slices/all-nodes", "A slice may be for all nodes.", SLICE, {"spec.nodeName": GONE, "spec.allNodes": True})
taken("slices/node-selector", "A slice may select nodes by one term.", SLICE, {"spec.nodeName": GONE, "spec.nodeSelector": SELECTOR})
refused(
    "slices/node-selector-one-term",
    "A node selector of a slice has exactly one term.",
    SLICE,
    {"spec.nodeName": GONE, "spec.nodeSelector": {"nodeSelectorTerms": SELECTOR["nodeSelectorTerms"] * 2}},
    (INVALID, "spec.nodeSelector.nodeSelectorTerms"),
)
taken("slices/128-devices", "A slice has up to 128 devices.", SLICE, {DEVICES: devices(128)})
refused("slices/129-devices", "A slice has at most 128 devices.", SLICE, {DEVICES: devices(129)}, (TOO_MANY, DEVICES))
taken("slices/64-tainted-devices", "A slice with taints has up to 64 devices.", SLICE, {DEVICES: devices(64, taints=[TAINT])}, since="1.36")
refused("slices/65-tainted-devices", "A slice with taints has at most 64 devices.", SLICE, {DEVICES: devices(65, taints=[TAINT])}, (TOO_MANY, DEVICES), since="1.36")
refused("slices/device-names-differ", "Device names in a slice differ.", SLICE, {DEVICES: devices(1) * 2}, (DUPLICATE, "spec.devices[1]"))
refused("slices/device-name-is-required", "A device has a name.", SLICE, {f"{FIRST}.name": ""}, (INVALID, f"{AT}.name"))
refused("slices/device-name-is-a-label", "A device's name is a DNS label.", SLICE, {f"{FIRST}.name": "a.b"}, (INVALID, f"{AT}.name"))
refused("slices/device-name-length", "A device's name has at most 63 characters.", SLICE, {f"{FIRST}.name": "a" * 64}, (INVALID, f"{AT}.name"))
taken("slices/32-attributes", "A device has up to 32 attributes and capacities.", SLICE, {f"{FIRST}.capacity": GONE, f"{FIRST}.attributes": attributes(32)})
refused("slices/33-attributes", "A device has at most 32 attributes and capacities together.", SLICE, {f"{FIRST}.attributes": attributes(32)}, (INVALID, AT))
refused("slices/attribute-has-a-value", "An attribute has a value.", SLICE, {f"{FIRST}.attributes.model": {}}, (INVALID, f"{AT}.attributes[model]"))
refused("slices/attribute-has-one-value", "An attribute has one value.", SLICE, {f"{FIRST}.attributes.model": {"int": 1, "bool": True}}, (INVALID, f"{AT}.attributes[model]"))
refused("slices/attribute-string-length", "A string attribute has at most 64 characters.", SLICE, {f"{FIRST}.attributes.model": {"string": "x" * 65}}, (TOO_LONG, f"{AT}.attributes[model].string"))
refused("slices/attribute-version-format", "A version attribute is a semantic version.", SLICE, {f"{FIRST}.attributes.model": {"version": "1.2"}}, (INVALID, f"{AT}.attributes[model].version"))
refused("slices/attribute-name-format", "An attribute's name is a C identifier.", SLICE, {f"{FIRST}.attributes": {"a-b": {"int": 1}}}, (INVALID, f"{AT}.attributes"))
refused("slices/attribute-name-length", "An attribute's name has at most 32 characters.", SLICE, {f"{FIRST}.attributes": {"a" * 33: {"int": 1}}}, (TOO_LONG, f"{AT}.attributes"))
refused("slices/attribute-domain", "The domain of an attribute is a DNS subdomain.", SLICE, {f"{FIRST}.attributes": {"a_b/c": {"int": 1}}}, (INVALID, f"{AT}.attributes"))
taken("slices/attribute-with-domain", "An attribute may have a domain.", SLICE, {f"{FIRST}.attributes": {"example.com/c": {"int": 1}}})
refused("slices/capacity-name-format", "A capacity's name is a C identifier.", SLICE, {f"{FIRST}.capacity": {"a-b": {"value": "1"}}}, (INVALID, f"{AT}.capacity"))
refused("slices/taint-key-is-required", "A taint has a key.", SLICE, {f"{FIRST}.taints": [{"effect": "NoSchedule"}]}, (INVALID, f"{AT}.taints[0].key"), since="1.36")
refused("slices/taint-effect-is-required", "A taint has an effect.", SLICE, {f"{FIRST}.taints": [{"key": "a"}]}, (REQUIRED, f"{AT}.taints[0].effect"), since="1.36")
refused("slices/taint-effect-is-known", "A taint's effect is one of None, NoSchedule, NoExecute.", SLICE, {f"{FIRST}.taints": [{"key": "a", "effect": "x"}]}, (UNSUPPORTED, f"{AT}.taints[0].effect"), since="1.36")
refused("slices/16-taints", "A device has at most 16 taints.", SLICE, {f"{FIRST}.taints": [{"key": f"k{n}", "effect": "NoSchedule"} for n in range(17)]}, (TOO_MANY, f"{AT}.taints"), since="1.36")
refused("slices/counters-or-devices", "A slice has shared counters or devices, not both.", SLICE, {"spec.sharedCounters": [COUNTERS]}, (INVALID, "spec"), since="1.36")
taken("slices/shared-counters", "A slice may have shared counters only.", SLICE, {DEVICES: GONE, "spec.sharedCounters": [COUNTERS]}, since="1.36")
refused("slices/8-counter-sets", "A slice has at most 8 counter sets.", SLICE, {DEVICES: GONE, "spec.sharedCounters": [{**COUNTERS, "name": f"s{n}"} for n in range(9)]}, (TOO_MANY, "spec.sharedCounters"), since="1.36")
refused("slices/counter-set-names-differ", "Counter sets have different names.", SLICE, {DEVICES: GONE, "spec.sharedCounters": [COUNTERS] * 2}, (DUPLICATE, "spec.sharedCounters[1]"), since="1.36")
refused("slices/counter-set-has-counters", "A counter set has counters.", SLICE, {DEVICES: GONE, "spec.sharedCounters": [{"name": "set"}]}, (REQUIRED, "spec.sharedCounters[0].counters"), since="1.36")
refused("slices/counter-name-is-a-label", "A counter's name is a DNS label.", SLICE, {DEVICES: GONE, "spec.sharedCounters": [{"name": "set", "counters": {"a_b": {"value": "1"}}}]}, (INVALID, "spec.sharedCounters[0].counters"), since="1.36")
refused("slices/consumption-names-a-set", "Consumption names a counter set.", SLICE, {f"{FIRST}.consumesCounters": [{**CONSUMES, "counterSet": ""}]}, (REQUIRED, f"{AT}.consumesCounters[0].counterSet"), since="1.36")
refused("slices/consumption-has-counters", "Consumption names counters.", SLICE, {f"{FIRST}.consumesCounters": [{"counterSet": "set"}]}, (REQUIRED, f"{AT}.consumesCounters[0].counters"), since="1.36")
refused("slices/consumption-sets-differ", "A device consumes from a set once.", SLICE, {f"{FIRST}.consumesCounters": [CONSUMES] * 2}, (DUPLICATE, f"{AT}.consumesCounters[1]"), since="1.36")
refused("slices/2-consumptions", "A device consumes from at most 2 sets.", SLICE, {f"{FIRST}.consumesCounters": [{**CONSUMES, "counterSet": f"s{n}"} for n in range(3)]}, (TOO_MANY, f"{AT}.consumesCounters"), since="1.36")
refused("slices/device-node-needs-per-device", "A device has node fields only with perDeviceNodeSelection.", SLICE, {f"{FIRST}.nodeName": "n"}, (INVALID, AT), since="1.36")
refused("slices/per-device-needs-device-nodes", "With perDeviceNodeSelection each device says for which nodes it is.", SLICE, {"spec.nodeName": GONE, "spec.perDeviceNodeSelection": True}, (REQUIRED, AT), since="1.36")
taken("slices/per-device-node-selection", "With perDeviceNodeSelection each device has its own node.", SLICE, {"spec.nodeName": GONE, "spec.perDeviceNodeSelection": True, f"{FIRST}.nodeName": "n"}, since="1.36")
refused("slices/policy-needs-sharing", "A request policy needs allowMultipleAllocations.", SLICE, {f"{FIRST}.capacity.memory.requestPolicy": {"default": "1Gi"}}, (FORBIDDEN, f"{AT}.capacity[memory].requestPolicy"), since="1.36")
refused("slices/policy-max-fits", "The maximum of a range is at most the capacity.", SLICE, {f"{FIRST}.allowMultipleAllocations": True, f"{FIRST}.capacity.memory.requestPolicy": {"default": "1Gi", "validRange": {"min": "1Gi", "max": "2Gi"}}}, (INVALID, f"{AT}.capacity[memory].requestPolicy.validRange.max"), since="1.36")
refused("slices/policy-values-hold-default", "The default of a policy is one of its valid values.", SLICE, {f"{FIRST}.allowMultipleAllocations": True, f"{FIRST}.capacity.memory.requestPolicy": {"default": "1Gi", "validValues": ["512Mi"]}}, (INVALID, f"{AT}.capacity[memory].requestPolicy.validValues"), since="1.36")
refused("slices/binding-needs-failure", "Binding conditions come with failure conditions.", SLICE, {f"{FIRST}.bindingConditions": ["a"]}, (INVALID, f"{AT}.bindingFailureConditions"), since="1.36")
refused("slices/4-binding-conditions", "A device has at most 4 binding conditions.", SLICE, {f"{FIRST}.bindingConditions": [f"a{n}" for n in range(5)], f"{FIRST}.bindingFailureConditions": ["f"]}, (TOO_MANY, f"{AT}.bindingConditions"), since="1.36")
refused("slices/conditions-do-not-overlap", "A condition is not both for binding and for failure.", SLICE, {f"{FIRST}.bindingConditions": ["a"], f"{FIRST}.bindingFailureConditions": ["a"]}, (INVALID, f"{AT}.bindingFailureConditions[0]"), since="1.36")


@behaviour("slices/driver-is-immutable", VALIDATION)
def driver_is_immutable(world: World) -> None:
    """driver, pool.name and nodeName cannot change."""
    stored = world.create(SLICE, sample(world, SLICE))
    spec = {**stored["spec"], "driver": "e.example.com", "nodeName": "other", "pool": {**POOL, "name": "other"}}
    world.put(SLICE, {**stored, "spec": spec}).invalid(
        (INVALID, "spec.driver"), (INVALID, "spec.nodeName"), (INVALID, "spec.pool.name")
    )


@behaviour("slices/immutable-message", VALIDATION)
def immutable_message(world: World) -> None:
    """The message of an immutable field ends with "field is immutable"."""
    stored = world.create(SLICE, sample(world, SLICE))
    status = world.put(SLICE, {**stored, "spec": {**stored["spec"], "driver": "e.example.com"}}).refuse(422, "Invalid")
    wanted = 'spec.driver: Invalid value: "e.example.com": field is immutable'
    holds(wanted in status["message"], wanted, status["message"])


@behaviour("slices/taint-gets-a-time", UPSTREAM + "pkg/apis/resource/v1/defaults.go", since="1.36")
def taint_gets_a_time(world: World) -> None:
    """A taint without timeAdded gets the time of the write."""
    stored = world.create(SLICE, sample(world, SLICE, {f"{FIRST}.taints": [TAINT]}))
    holds(stored["spec"]["devices"][0]["taints"][0].get("timeAdded"), "a timeAdded", stored["spec"]["devices"][0])


@behaviour("slices/list-attributes-are-dropped", STRATEGY + "; gate DRAListTypeAttributes is alpha", since="1.36")
def list_attributes_are_dropped(world: World) -> None:
    """With the gate off a list attribute is cleared, so that it has no value: 422."""
    world.post(SLICE, sample(world, SLICE, {f"{FIRST}.attributes.model": {"ints": [1]}})).invalid(
        (INVALID, f"{AT}.attributes[model]")
    )


@behaviour("slices/taints-are-dropped-before-1.36", STRATEGY + "; gate DRADeviceTaints is alpha", until="1.35")
def taints_are_dropped(world: World) -> None:
    """With the gate off taints are cleared without a word."""
    stored = world.create(SLICE, sample(world, SLICE, {f"{FIRST}.taints": [TAINT]}))
    same(stored["spec"]["devices"], [DEVICE], "devices")


@behaviour("slices/quantities-are-canonical", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go")
def quantities_are_canonical(world: World) -> None:
    """A capacity of 1024Mi is stored as 1Gi, one of 0.5 as 500m."""
    found = []
    for value in ("1024Mi", "0.5", "1e3", "1.5Gi"):
        stored = world.create(SLICE, sample(world, SLICE, {f"{FIRST}.capacity.memory.value": value}))
        found.append(stored["spec"]["devices"][0]["capacity"]["memory"]["value"])
    same(found, ["1Gi", "500m", "1e3", "1536Mi"], "values")


@behaviour("slices/garbage-quantity", UPSTREAM + "staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go")
def garbage_quantity(world: World) -> None:
    """A capacity that is no quantity is 400 BadRequest."""
    answer = world.post(SLICE, sample(world, SLICE, {f"{FIRST}.capacity.memory.value": "lots"}))
    answer.refuse(400, "BadRequest", "quantities must match the regular expression")


@behaviour("slices/spec-is-required", VALIDATION)
def spec_is_required(world: World) -> None:
    """A slice without spec is refused for each required field."""
    world.post(SLICE, {"metadata": {"name": world.name()}}).invalid(
        (REQUIRED, "spec"),
        (REQUIRED, "spec.driver"),
        (REQUIRED, "spec.pool.name"),
        (INVALID, "spec.pool.resourceSliceCount"),
    )
