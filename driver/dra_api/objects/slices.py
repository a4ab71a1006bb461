"""ResourceSlice, and the node selectors that it shares with allocations (k8s.io/api 1.37 resource/v1/types.go)."""

from typing import NotRequired, TypedDict

from dra_api.objects.meta import JsonObject, ObjectMeta, ObjectMetaInput

AttributeValue = TypedDict(  # noqa: UP013 # as a class its keys would hide the builtins
    "AttributeValue",
    {
        "bool": bool,
        "int": int,
        "string": str,
        "version": str,
        "bools": list[bool],
        "ints": list[int],
        "strings": list[str],
        "versions": list[str],
    },
    total=False,
)
"""The value of an attribute: exactly one key is set; the lists need the gate DRAListTypeAttributes."""


class CapacityRange(TypedDict):
    """``requestPolicy.validRange``; quantities as text."""

    min: str
    max: NotRequired[str]
    step: NotRequired[str]


class RequestPolicy(TypedDict, total=False):
    """Which amounts of a consumable capacity can be requested."""

    default: str
    validValues: list[str]
    validRange: CapacityRange


class Capacity(TypedDict):
    """The amount of a capacity of a device, a quantity as text."""

    value: str
    requestPolicy: NotRequired[RequestPolicy]


class Counter(TypedDict):
    """The amount of a shared counter, a quantity as text."""

    value: str


class CounterSet(TypedDict):
    """``spec.sharedCounters[]``: counters that devices of the pool consume."""

    name: str
    counters: dict[str, Counter]


class CounterConsumption(TypedDict):
    """``devices[].consumesCounters[]``."""

    counterSet: str
    counters: dict[str, Counter]
    compatibilityGroups: NotRequired[list[str]]


class DeviceTaint(TypedDict):
    """A taint of a device; ``effect`` is None, NoSchedule or NoExecute. A taint of a node has the same fields."""

    key: str
    effect: str
    value: NotRequired[str]
    timeAdded: NotRequired[str]


class DeviceToleration(TypedDict, total=False):
    """A toleration in a request. A toleration in a pod's spec has the same fields."""

    key: str
    operator: str
    value: str
    effect: str
    tolerationSeconds: int


class NodeSelectorRequirement(TypedDict):
    """``matchExpressions[]`` and ``matchFields[]``; the operator is In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: NotRequired[list[str]]


class NodeSelectorTerm(TypedDict, total=False):
    """Requirements on labels and on the name, which all have to hold; without any it means no node."""

    matchExpressions: list[NodeSelectorRequirement]
    matchFields: list[NodeSelectorRequirement]


class NodeSelector(TypedDict):
    """Terms of which one has to hold."""

    nodeSelectorTerms: list[NodeSelectorTerm]


class Device(TypedDict):
    """``spec.devices[]`` of a ResourceSlice."""

    name: str
    attributes: NotRequired[dict[str, AttributeValue]]
    capacity: NotRequired[dict[str, Capacity]]
    consumesCounters: NotRequired[list[CounterConsumption]]
    taints: NotRequired[list[DeviceTaint]]
    nodeName: NotRequired[str]
    nodeSelector: NotRequired[NodeSelector]
    allNodes: NotRequired[bool]
    bindsToNode: NotRequired[bool]
    bindingConditions: NotRequired[list[str]]
    bindingFailureConditions: NotRequired[list[str]]
    allowMultipleAllocations: NotRequired[bool]
    nodeAllocatableResourceMappings: NotRequired[JsonObject]


class ResourcePool(TypedDict):
    """``spec.pool``: all slices of the highest generation make the pool."""

    name: str
    generation: int
    resourceSliceCount: int


class ResourceSliceSpec(TypedDict):
    """``spec`` of a ResourceSlice; devices or shared counters, and one way to say which nodes."""

    driver: str
    pool: ResourcePool
    nodeName: NotRequired[str]
    nodeSelector: NotRequired[NodeSelector]
    allNodes: NotRequired[bool]
    perDeviceNodeSelection: NotRequired[bool]
    devices: NotRequired[list[Device]]
    sharedCounters: NotRequired[list[CounterSet]]
    skipNodeOperations: NotRequired[list[str]]


class ResourceSlice(TypedDict):
    """A ResourceSlice."""

    metadata: ObjectMeta
    spec: ResourceSliceSpec
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class ResourceSliceInput(TypedDict):
    """A ResourceSlice as a driver writes it."""

    apiVersion: str
    kind: str
    metadata: ObjectMetaInput
    spec: ResourceSliceSpec
