"""The kinds that are served. A new kind is a row here; what is special about it is in ``strategy``."""

from dataclasses import dataclass

GROUP = "resource.k8s.io"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind at one version.

    Attributes:
        status: whether it has a ``/status`` subresource.
        merge_keys: for strategic merge patches, {list field: key of its items}; other lists are replaced.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    status: bool = False

    @property
    def api_version(self) -> str:
        """``v1`` or ``resource.k8s.io/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def verbs(self) -> list[str]:
        """What can be done with it."""
        return ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


RESOURCES = {
    resource.plural: resource
    for resource in (
        Resource("", "v1", "namespaces", "Namespace", False, ("ns",), True),
        Resource("", "v1", "nodes", "Node", False, ("no",), True),
        Resource("", "v1", "pods", "Pod", True, ("po",), True),
        Resource("", "v1", "events", "Event", True, ("ev",)),
        Resource("", "v1", "configmaps", "ConfigMap", True, ("cm",)),
        Resource("", "v1", "secrets", "Secret"),
        Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",)),
        Resource("coordination.k8s.io", "v1", "leases", "Lease"),
        Resource(GROUP, "v1", "deviceclasses", "DeviceClass", False),
        Resource(GROUP, "v1", "devicetaintrules", "DeviceTaintRule", False, (), True),
        Resource(GROUP, "v1", "resourceclaims", "ResourceClaim", True, (), True),
        Resource(GROUP, "v1", "resourceclaimtemplates", "ResourceClaimTemplate"),
        Resource(GROUP, "v1", "resourceslices", "ResourceSlice", False),
    )
}

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "tolerations": None,
    "conditions": "type",
    "ownerReferences": "uid",
    "resourceClaims": "name",
    "resourceClaimStatuses": "name",
    "addresses": "type",
    "taints": "key",
    "imagePullSecrets": "name",
}
"""Lists that strategic merge patches merge, {field: key} (core/v1 patchMergeKey, 1.37)."""
