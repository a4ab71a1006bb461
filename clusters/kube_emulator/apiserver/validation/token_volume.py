"""Pure: the volume with the token of its service account that every pod gets (plugin/pkg/admission/serviceaccount, 1.36)."""

import hashlib

from dra_api.objects import JsonObject, ReadOnlyObject

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
CERTIFICATES = "kube-root-ca.crt"
EXPIRES_S = 3607
"""An hour and a few seconds, by which the API server knows the token of a pod that refreshes it (WarnOnlyBoundTokenExpirationPeriod)."""
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def mount_token(spec: JsonObject, account: ReadOnlyObject | None, uid: str) -> None:
    """Add the volume to a new pod's SPEC, in place.

    A cluster without controllers has no accounts. Upstream refuses pods there; here they get no token.
    """
    if account is None or not wanted(spec, account):
        return
    name = "kube-api-access-" + "".join(
        LETTERS[byte % len(LETTERS)] for byte in hashlib.sha256(uid.encode()).digest()[:5]
    )
    without = [
        container
        for kind in ("initContainers", "containers")
        for container in spec.get(kind) or []
        if all(mount.get("mountPath") != PLACE for mount in container.get("volumeMounts") or [])
    ]
    for container in without:
        mount = {"name": name, "readOnly": True, "mountPath": PLACE}
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
    if without:
        spec["volumes"] = [*(spec.get("volumes") or []), volume(name)]


def wanted(spec: ReadOnlyObject, account: ReadOnlyObject) -> bool:
    """Whether the token is mounted: the pod decides, then its account."""
    for item in (spec, account):
        if item.get("automountServiceAccountToken") is not None:
            return bool(item["automountServiceAccountToken"])
    return True


def volume(name: str) -> JsonObject:
    """The volume: token, certificate of the API server, namespace."""
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": EXPIRES_S}},
        {"configMap": {"name": CERTIFICATES, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
