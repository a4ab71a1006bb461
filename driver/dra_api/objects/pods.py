"""Pod and Node, as far as DRA and the kubelet read them (k8s.io/api 1.37 core/v1/types.go)."""

from typing import NotRequired, TypedDict

from dra_api.objects.containers import ContainerSpec, ContainerStatus, ObjectFieldSelector
from dra_api.objects.meta import JsonObject, ObjectMeta
from dra_api.objects.slices import DeviceToleration


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


class KeyToPath(TypedDict):
    """``items[]`` of a volume: one key of an object and its file; of ``downwardAPI``, a field of the pod."""

    path: str
    key: NotRequired[str]
    mode: NotRequired[int]
    fieldRef: NotRequired[ObjectFieldSelector]


class VolumeContent(TypedDict, total=False):
    """``configMap``, ``secret``, ``downwardAPI`` or ``projected`` of a volume, or a source of the last.

    ``defaultMode`` and ``mode`` are permissions; ``audience``, ``expirationSeconds`` and ``path`` are of ``serviceAccountToken``.
    """

    name: str
    secretName: str
    items: list[KeyToPath]
    optional: bool
    defaultMode: int
    sources: list[dict[str, "VolumeContent"]]
    audience: str
    expirationSeconds: int
    path: str


class HostPath(TypedDict):
    """``hostPath`` of a volume."""

    path: str
    type: NotRequired[str]


class Volume(TypedDict):
    """``spec.volumes[]`` of a pod."""

    name: str
    hostPath: NotRequired[HostPath]
    emptyDir: NotRequired[JsonObject]
    configMap: NotRequired[VolumeContent]
    secret: NotRequired[VolumeContent]
    downwardAPI: NotRequired[VolumeContent]
    projected: NotRequired[VolumeContent]
    persistentVolumeClaim: NotRequired[JsonObject]


class PodCondition(TypedDict):
    """``status.conditions[]`` of a pod."""

    type: str
    status: str
    reason: NotRequired[str]
    message: NotRequired[str]
    lastTransitionTime: NotRequired[str]
    lastProbeTime: NotRequired[str | None]
    observedGeneration: NotRequired[int]


class PodSpec(TypedDict):
    """``spec`` of a pod, as far as DRA reads it."""

    containers: list[ContainerSpec]
    initContainers: NotRequired[list[ContainerSpec]]
    ephemeralContainers: NotRequired[list[ContainerSpec]]
    nodeName: NotRequired[str]
    nodeSelector: NotRequired[dict[str, str]]
    affinity: NotRequired[JsonObject]
    tolerations: NotRequired[list[DeviceToleration]]
    schedulingGates: NotRequired[list[JsonObject]]
    volumes: NotRequired[list[Volume]]
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


class PodStatus(TypedDict, total=False):
    """``status`` of a pod, as far as DRA reads it."""

    observedGeneration: int
    phase: str
    reason: str
    message: str
    conditions: list[PodCondition]
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
