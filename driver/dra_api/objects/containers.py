"""The containers of a pod: what is asked for and what became of them (k8s.io/api 1.37 core/v1/types.go)."""

from typing import NotRequired, TypedDict

from dra_api.objects.meta import JsonObject


class KeySelector(TypedDict):
    """``ConfigMapKeySelector`` and ``SecretKeySelector``."""

    name: str
    key: str
    optional: NotRequired[bool]


class ObjectFieldSelector(TypedDict):
    """``fieldRef``: a field of the pod."""

    fieldPath: str
    apiVersion: NotRequired[str]


class EnvVarSource(TypedDict, total=False):
    """``env[].valueFrom``: one of them."""

    fieldRef: ObjectFieldSelector
    configMapKeyRef: KeySelector
    secretKeyRef: KeySelector
    resourceFieldRef: JsonObject


class EnvVar(TypedDict):
    """``env[]`` of a container."""

    name: str
    value: NotRequired[str]
    valueFrom: NotRequired[EnvVarSource]


class EnvSource(TypedDict):
    """``ConfigMapEnvSource`` and ``SecretEnvSource``."""

    name: str
    optional: NotRequired[bool]


class EnvFromSource(TypedDict, total=False):
    """``envFrom[]`` of a container: every key of one object."""

    prefix: str
    configMapRef: EnvSource
    secretRef: EnvSource


class ContainerClaim(TypedDict):
    """``resources.claims[]`` of a container: a claim of the pod, or one request of it."""

    name: str
    request: NotRequired[str]


class ResourceRequirements(TypedDict, total=False):
    """``resources`` of a container; amounts are {resource: quantity}."""

    limits: dict[str, str]
    requests: dict[str, str]
    claims: list[ContainerClaim]


class VolumeMount(TypedDict):
    """``volumeMounts[]`` of a container."""

    name: str
    mountPath: str
    readOnly: NotRequired[bool]
    subPath: NotRequired[str]


class ExecAction(TypedDict, total=False):
    """A command that runs in the container."""

    command: list[str]


class Probe(TypedDict, total=False):
    """``livenessProbe``, ``readinessProbe`` and ``startupProbe`` of a container; seconds, and numbers of answers in a row."""

    exec: ExecAction
    httpGet: JsonObject
    tcpSocket: JsonObject
    grpc: JsonObject
    initialDelaySeconds: int
    timeoutSeconds: int
    periodSeconds: int
    successThreshold: int
    failureThreshold: int
    terminationGracePeriodSeconds: int


class LifecycleHandler(TypedDict, total=False):
    """What a hook of a container does: one of them."""

    exec: ExecAction
    sleep: JsonObject
    httpGet: JsonObject


class Lifecycle(TypedDict, total=False):
    """``lifecycle`` of a container."""

    postStart: LifecycleHandler
    preStop: LifecycleHandler


class ContainerSpec(TypedDict):
    """``Container`` of core/v1: what a pod's spec says of a container, in any of its three lists."""

    name: str
    image: NotRequired[str]
    command: NotRequired[list[str]]
    args: NotRequired[list[str]]
    workingDir: NotRequired[str]
    env: NotRequired[list[EnvVar]]
    envFrom: NotRequired[list[EnvFromSource]]
    ports: NotRequired[list[JsonObject]]
    resources: NotRequired[ResourceRequirements]
    volumeMounts: NotRequired[list[VolumeMount]]
    livenessProbe: NotRequired[Probe]
    readinessProbe: NotRequired[Probe]
    startupProbe: NotRequired[Probe]
    lifecycle: NotRequired[Lifecycle]
    restartPolicy: NotRequired[str]
    securityContext: NotRequired[JsonObject]
    terminationMessagePath: NotRequired[str]
    terminationMessagePolicy: NotRequired[str]
    imagePullPolicy: NotRequired[str]


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
