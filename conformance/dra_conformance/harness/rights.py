"""The least permissions that a driver needs, as objects: read its node and claims, and manage its slices (SEC-001).

The service account represents the driver's; its token is bound to the node, as that of a DaemonSet's pod.
"""

from typing import Any

NAMESPACE, ACCOUNT = "default", "driver-under-test"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
GROUP = "rbac.authorization.k8s.io"
SLICE_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"]
RULES = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["get"]},
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": SLICE_VERBS},
]


def reporting(driver: str) -> list[dict[str, Any]]:
    """What DRIVER needs to write its entries in ``status.devices`` (since 1.36 the second rule too, per driver)."""
    verbs = ["associated-node:update", "associated-node:patch"]
    return [
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims/status"],
            "verbs": ["update", "patch"],
        },
        {
            "apiGroups": ["resource.k8s.io"],
            "resources": ["resourceclaims/driver"],
            "resourceNames": [driver],
            "verbs": verbs,
        },
    ]


def objects(reporting_driver: str = "") -> list[tuple[str, dict[str, Any]]]:
    """(path, object) of the service account, its cluster role and the binding.

    REPORTING_DRIVER is the name of a driver that reports the status of devices.
    """
    rules = RULES + (reporting(reporting_driver) if reporting_driver else [])
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    role = {"apiGroup": GROUP, "kind": "ClusterRole", "name": ACCOUNT}
    named = {"metadata": {"name": ACCOUNT}}
    roles = f"/apis/{GROUP}/v1"
    return [
        (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", named),
        (f"{roles}/clusterroles", {**named, "rules": rules}),
        (f"{roles}/clusterrolebindings", {**named, "subjects": [account], "roleRef": role}),
    ]
