"""The shapes of the objects of resource.k8s.io/v1 and of what DRA uses of core/v1, as TypedDicts.

They describe objects that passed an API server (k8s.io/api 1.37 resource/v1/types.go and core/v1/types.go). What comes
from a driver unchecked stays ``dict[str, Any]`` until it is validated. A key that the API may leave out is not required.
"""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

JsonObject = dict[str, Any]
"""An object whose shape is not known here: any kind, or one that was not validated."""

ReadOnlyObject = Mapping[str, Any]
"""The same for code that only reads it."""


class OwnerReference(TypedDict):
    """``metadata.ownerReferences[]``."""

    apiVersion: str
    kind: str
    name: str
    uid: str
    controller: NotRequired[bool]
    blockOwnerDeletion: NotRequired[bool]


class ObjectMeta(TypedDict):
    """``metadata`` of an object that is stored."""

    name: str
    uid: str
    resourceVersion: str
    creationTimestamp: str
    namespace: NotRequired[str]
    generateName: NotRequired[str]
    generation: NotRequired[int]
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, str]]
    finalizers: NotRequired[list[str]]
    ownerReferences: NotRequired[list[OwnerReference]]
    deletionTimestamp: NotRequired[str]
    deletionGracePeriodSeconds: NotRequired[int]


class ObjectMetaInput(TypedDict):
    """``metadata`` of an object as a client writes it: the API server sets the rest.

    ``resourceVersion`` is there in a replacement and not in a creation.
    """

    name: str
    resourceVersion: NotRequired[str]
    labels: NotRequired[dict[str, str]]
    annotations: NotRequired[dict[str, str]]
    ownerReferences: NotRequired[list[OwnerReference]]


class Condition(TypedDict):
    """``metav1.Condition``."""

    type: str
    status: str
    reason: str
    message: str
    lastTransitionTime: str
    observedGeneration: NotRequired[int]


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


class OpaqueConfiguration(TypedDict):
    """Parameters for one driver, which only that driver reads."""

    driver: str
    parameters: JsonObject


class AllocationConfig(TypedDict):
    """``allocation.devices.config[]``; ``source`` is FromClass or FromClaim."""

    source: str
    requests: NotRequired[list[str]]
    opaque: NotRequired[OpaqueConfiguration]


class DeviceResult(TypedDict):
    """``allocation.devices.results[]``: one allocated device."""

    request: str
    driver: str
    pool: str
    device: str
    adminAccess: NotRequired[bool]
    tolerations: NotRequired[list[DeviceToleration]]
    bindingConditions: NotRequired[list[str]]
    bindingFailureConditions: NotRequired[list[str]]
    shareID: NotRequired[str]
    consumedCapacity: NotRequired[dict[str, str]]
    skipNodeOperations: NotRequired[list[str]]


class DeviceAllocation(TypedDict, total=False):
    """``allocation.devices``."""

    results: list[DeviceResult]
    config: list[AllocationConfig]


class AllocationResult(TypedDict):
    """``status.allocation`` of a claim."""

    devices: DeviceAllocation
    nodeSelector: NotRequired[NodeSelector]
    allocationTimestamp: NotRequired[str]


class ConsumerReference(TypedDict):
    """``status.reservedFor[]``: a consumer that is allowed to use the claim, in most cases a pod."""

    resource: str
    name: str
    uid: str
    apiGroup: NotRequired[str]


class DeviceStatus(TypedDict):
    """``status.devices[]``: what a driver reports about one allocated device."""

    driver: str
    pool: str
    device: str
    shareID: NotRequired[str]
    conditions: NotRequired[list[Condition]]
    data: NotRequired[JsonObject]
    networkData: NotRequired[JsonObject]


class ResourceClaimStatus(TypedDict, total=False):
    """``status`` of a claim."""

    allocation: AllocationResult
    reservedFor: list[ConsumerReference]
    devices: list[DeviceStatus]


class CelSelector(TypedDict):
    """A selector in CEL."""

    expression: str


class DeviceSelector(TypedDict, total=False):
    """``selectors[]``: a selector of another kind than ``cel`` is from a newer API server."""

    cel: CelSelector


class CapacityRequirements(TypedDict, total=False):
    """``capacity`` of a request; quantities as text."""

    requests: dict[str, str]


class DerivedAttribute(TypedDict):
    """``derivedAttributes[]``: a qualified name, and the CEL expression that gives its value."""

    name: str
    expression: str


class DeviceSubRequest(TypedDict):
    """``firstAvailable[]``: an alternative."""

    name: str
    deviceClassName: str
    selectors: NotRequired[list[DeviceSelector]]
    allocationMode: NotRequired[str]
    count: NotRequired[int]
    tolerations: NotRequired[list[DeviceToleration]]
    capacity: NotRequired[CapacityRequirements]
    derivedAttributes: NotRequired[list[DerivedAttribute]]


class ExactDeviceRequest(TypedDict):
    """``exactly``."""

    deviceClassName: str
    selectors: NotRequired[list[DeviceSelector]]
    allocationMode: NotRequired[str]
    count: NotRequired[int]
    adminAccess: NotRequired[bool]
    tolerations: NotRequired[list[DeviceToleration]]
    capacity: NotRequired[CapacityRequirements]
    derivedAttributes: NotRequired[list[DerivedAttribute]]


class DeviceRequest(TypedDict):
    """``spec.devices.requests[]``: ``exactly`` or ``firstAvailable``."""

    name: str
    exactly: NotRequired[ExactDeviceRequest]
    firstAvailable: NotRequired[list[DeviceSubRequest]]


class DeviceConstraint(TypedDict, total=False):
    """``constraints[]``: an attribute that is the same, or another one, in all devices of the requests; none: of all."""

    requests: list[str]
    matchAttribute: str
    distinctAttribute: str


class DeviceClassConfiguration(TypedDict, total=False):
    """``spec.config[]`` of a device class."""

    opaque: OpaqueConfiguration


class DeviceClaimConfiguration(TypedDict, total=False):
    """``spec.devices.config[]`` of a claim; no ``requests``: for all of them."""

    requests: list[str]
    opaque: OpaqueConfiguration


class DeviceClaim(TypedDict, total=False):
    """``spec.devices`` of a claim."""

    requests: list[DeviceRequest]
    constraints: list[DeviceConstraint]
    config: list[DeviceClaimConfiguration]


class DeviceClassSpec(TypedDict, total=False):
    """``spec`` of a device class."""

    selectors: list[DeviceSelector]
    config: list[DeviceClassConfiguration]
    extendedResourceName: str


class DeviceClass(TypedDict):
    """A DeviceClass."""

    metadata: ObjectMeta
    spec: DeviceClassSpec
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class DeviceTaintSelector(TypedDict, total=False):
    """``spec.deviceSelector`` of a DeviceTaintRule."""

    driver: str
    pool: str
    device: str


class DeviceTaintRuleSpec(TypedDict):
    """``spec`` of a DeviceTaintRule."""

    taint: DeviceTaint
    deviceSelector: NotRequired[DeviceTaintSelector]


class DeviceTaintRule(TypedDict):
    """A DeviceTaintRule."""

    metadata: ObjectMeta
    spec: DeviceTaintRuleSpec
    status: NotRequired[JsonObject]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class ResourceClaimSpec(TypedDict):
    """``spec`` of a claim."""

    devices: DeviceClaim


class ResourceClaim(TypedDict):
    """A ResourceClaim."""

    metadata: ObjectMeta
    spec: ResourceClaimSpec
    status: NotRequired[ResourceClaimStatus]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class ClaimTemplateMeta(TypedDict, total=False):
    """``spec.metadata`` of a template: what its claims get."""

    labels: dict[str, str]
    annotations: dict[str, str]


class ResourceClaimTemplateSpec(TypedDict):
    """``spec`` of a template."""

    metadata: NotRequired[ClaimTemplateMeta]
    spec: ResourceClaimSpec


class ResourceClaimTemplate(TypedDict):
    """A ResourceClaimTemplate."""

    metadata: ObjectMeta
    spec: ResourceClaimTemplateSpec
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class PodResourceClaim(TypedDict):
    """``spec.resourceClaims[]`` of a pod."""

    name: str
    resourceClaimName: NotRequired[str]
    resourceClaimTemplateName: NotRequired[str]


class PodResourceClaimStatus(TypedDict):
    """``status.resourceClaimStatuses[]`` of a pod; no ``resourceClaimName``: none was needed."""

    name: str
    resourceClaimName: NotRequired[str]


class HostAlias(TypedDict):
    """``spec.hostAliases[]`` of a pod: a line of ``/etc/hosts``."""

    ip: str
    hostnames: NotRequired[list[str]]


class PodDNSConfigOption(TypedDict):
    """``spec.dnsConfig.options[]`` of a pod."""

    name: str
    value: NotRequired[str]


class PodDNSConfig(TypedDict, total=False):
    """``spec.dnsConfig`` of a pod, added to what ``dnsPolicy`` gives."""

    nameservers: list[str]
    searches: list[str]
    options: list[PodDNSConfigOption]


class PodSpec(TypedDict):
    """``spec`` of a pod, as far as DRA reads it."""

    containers: list[JsonObject]
    initContainers: NotRequired[list[JsonObject]]
    ephemeralContainers: NotRequired[list[JsonObject]]
    nodeName: NotRequired[str]
    nodeSelector: NotRequired[dict[str, str]]
    affinity: NotRequired[JsonObject]
    tolerations: NotRequired[list[DeviceToleration]]
    schedulingGates: NotRequired[list[JsonObject]]
    volumes: NotRequired[list[JsonObject]]
    resourceClaims: NotRequired[list[PodResourceClaim]]
    restartPolicy: NotRequired[str]
    terminationGracePeriodSeconds: NotRequired[int]
    activeDeadlineSeconds: NotRequired[int]
    hostNetwork: NotRequired[bool]
    hostname: NotRequired[str]
    subdomain: NotRequired[str]
    hostAliases: NotRequired[list[HostAlias]]
    dnsPolicy: NotRequired[str]
    dnsConfig: NotRequired[PodDNSConfig]
    enableServiceLinks: NotRequired[bool]
    priority: NotRequired[int]
    schedulerName: NotRequired[str]
    serviceAccountName: NotRequired[str]
    imagePullSecrets: NotRequired[list[JsonObject]]
    overhead: NotRequired[dict[str, str]]


class ExtendedResourceMapping(TypedDict):
    """``status.extendedResourceClaimStatus.requestMappings[]`` of a pod."""

    containerName: str
    resourceName: str
    requestName: str


class ExtendedResourceClaimStatus(TypedDict):
    """``status.extendedResourceClaimStatus`` of a pod: the claim for its extended resources."""

    resourceClaimName: str
    requestMappings: NotRequired[list[ExtendedResourceMapping]]


class PodIP(TypedDict):
    """``status.podIPs[]`` and ``status.hostIPs[]`` of a pod."""

    ip: str


class ContainerStateWaiting(TypedDict):
    """``state.waiting`` of a container."""

    reason: str
    message: NotRequired[str]


class ContainerStateRunning(TypedDict):
    """``state.running`` of a container."""

    startedAt: str


class ContainerStateTerminated(TypedDict):
    """``state.terminated`` of a container."""

    exitCode: int
    reason: str
    startedAt: str
    finishedAt: str
    containerID: str
    message: NotRequired[str]


class ContainerState(TypedDict, total=False):
    """``state`` and ``lastState`` of a container: one of three, or nothing."""

    waiting: ContainerStateWaiting
    running: ContainerStateRunning
    terminated: ContainerStateTerminated


class ResourceHealth(TypedDict):
    """``allocatedResourcesStatus[].resources[]`` of a container: the health of one device."""

    resourceID: str
    health: str
    message: NotRequired[str]


class ResourceStatus(TypedDict):
    """``allocatedResourcesStatus[]`` of a container: the devices of one claim or request."""

    name: str
    resources: list[ResourceHealth]


class ContainerStatus(TypedDict):
    """``status.containerStatuses[]`` of a pod."""

    name: str
    state: ContainerState
    lastState: ContainerState
    ready: bool
    started: bool
    restartCount: int
    image: str
    imageID: str
    containerID: NotRequired[str]
    allocatedResourcesStatus: NotRequired[list[ResourceStatus]]


class PodStatus(TypedDict, total=False):
    """``status`` of a pod, as far as DRA reads it."""

    observedGeneration: int
    phase: str
    reason: str
    message: str
    conditions: list[JsonObject]
    containerStatuses: list[ContainerStatus]
    initContainerStatuses: list[ContainerStatus]
    resourceClaimStatuses: list[PodResourceClaimStatus]
    extendedResourceClaimStatus: ExtendedResourceClaimStatus
    nominatedNodeName: str
    qosClass: str
    hostIP: str
    hostIPs: list[PodIP]
    podIP: str
    podIPs: list[PodIP]
    startTime: str


class Pod(TypedDict):
    """A Pod."""

    metadata: ObjectMeta
    spec: PodSpec
    status: NotRequired[PodStatus]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class Node(TypedDict):
    """A Node."""

    metadata: ObjectMeta
    spec: JsonObject
    status: NotRequired[JsonObject]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]
