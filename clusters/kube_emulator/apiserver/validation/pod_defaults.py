"""Defaults of pods and pod templates (``pkg/apis/core/v1/defaults.go`` and admission plugins that are always on, 1.36).

All functions change the spec in place. Some defaults are for pods only, so that templates stay as they were written.
"""

from collections.abc import Iterable
from typing import Any

from dra_api.objects import JsonObject, ReadOnlyObject
from kube_emulator.apiserver.schema.quantity import canonical
from kube_emulator.apiserver.validation.priority import prioritize

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
TOLERATION_S = 300
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
FILE_MODE = 0o644
PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def fill(item: JsonObject, **values: Any) -> None:
    """Set members that are absent or empty; Go cannot distinguish the two."""
    for name, value in values.items():
        if not item.get(name):
            item[name] = value


def pod(spec: JsonObject) -> None:
    """Defaults of a pod's spec."""
    template(spec)
    spec.setdefault("enableServiceLinks", True)
    for container in [item for kind in CONTAINERS[:2] for item in spec.get(kind) or []]:
        resources = container["resources"]
        if resources.get("limits"):
            resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}
        for port in container.get("ports") or []:
            if spec.get("hostNetwork"):
                port.setdefault("hostPort", port.get("containerPort"))


def admit(spec: JsonObject, classes: Iterable[ReadOnlyObject]) -> None:
    """What admission plugins add to a new pod: ServiceAccount, Priority (CLASSES are the cluster's) and DefaultTolerationSeconds."""
    fill(spec, serviceAccountName="default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    prioritize(spec, classes)
    tolerate(spec)


def tolerate(spec: JsonObject) -> None:
    """Tolerate a node that is not ready or unreachable for 300 s, unless the pod has a toleration for it."""
    tolerations = spec.get("tolerations") or []
    for key in (NOT_READY, UNREACHABLE):
        if not any(_tolerates(item, key) for item in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATION_S}
            )
    spec["tolerations"] = tolerations


def _tolerates(item: JsonObject, key: str) -> bool:
    return item.get("key") in (None, "", key) and item.get("effect") in (None, "", "NoExecute")


def template(spec: JsonObject) -> None:
    """Defaults of every pod spec, also in templates."""
    fill(spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in [item for kind in CONTAINERS for item in spec.get(kind) or []]:
        _container(container)
    for volume in spec.get("volumes") or []:
        _volume(volume)


def _container(item: JsonObject) -> None:
    fill(
        item,
        imagePullPolicy="Always" if _is_latest(item.get("image") or "") else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    resources = item.setdefault("resources", {})
    for kind in ("limits", "requests"):
        if resources.get(kind):
            resources[kind] = {name: canonical(value) for name, value in resources[kind].items()}
    for port in item.get("ports") or []:
        fill(port, protocol="TCP")
    for variable in item.get("env") or []:
        field = (variable.get("valueFrom") or {}).get("fieldRef")
        if field is not None:
            fill(field, apiVersion="v1")
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if item.get(kind) is not None:
            _probe(item[kind])


def _is_latest(image: str) -> bool:
    name = image.rpartition("/")[2]
    return bool(name) and "@" not in name and (":" not in name or name.endswith(":latest"))


def _probe(item: JsonObject) -> None:
    fill(item, **PROBE)
    if item.get("httpGet") is not None:
        fill(item["httpGet"], path="/", scheme="HTTP")
    if item.get("grpc") is not None:
        item["grpc"].setdefault("service", "")


def _volume(item: JsonObject) -> None:
    if not set(item) - {"name"}:
        item["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if item.get(kind) is not None:
            item[kind].setdefault("defaultMode", FILE_MODE)
    if item.get("hostPath") is not None:
        item["hostPath"].setdefault("type", "")
    for source in (item.get("projected") or {}).get("sources") or []:
        if source.get("serviceAccountToken") is not None:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
