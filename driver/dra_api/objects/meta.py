"""``metadata`` and conditions, which objects of every kind have (k8s.io/apimachinery 1.37 meta/v1/types.go)."""

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
