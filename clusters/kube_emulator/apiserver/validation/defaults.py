"""Defaults of each kind: values that the API server sets where the client set none; functions change objects in place.

Sources (1.36): ``pkg/apis/{resource,core,apps,batch}/*/defaults.go``, ``pkg/registry/core/{namespace,service}``, and the
defaults of apiextensions. A new kind is a function and a row in ``DEFAULTS``. Pods are in ``pod_defaults``.
"""

import base64
from collections.abc import Callable

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema.quantity import canonical
from kube_emulator.apiserver.validation import pod_defaults
from kube_emulator.apiserver.validation.admission_rules import (
    default_binding,
    default_policy,
    default_webhooks,
)
from kube_emulator.apiserver.validation.context import Context

GROUPS = ("apps", "batch")
NODE_INFO = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)
LARGEST_INT = 2**31 - 1


def _device_request(item: JsonObject) -> None:
    item["allocationMode"] = item.get("allocationMode") or "ExactCount"
    if item["allocationMode"] == "ExactCount" and not item.get("count"):
        item["count"] = 1
    for toleration in item.get("tolerations") or []:
        toleration["operator"] = toleration.get("operator") or "Equal"
    amounts = (item.get("capacity") or {}).get("requests")
    if amounts:
        item["capacity"]["requests"] = _canonical(amounts)


def _canonical(amounts: JsonObject) -> JsonObject:
    return {name: canonical(value) for name, value in amounts.items()}


def claim_spec(spec: JsonObject) -> None:
    """Allocation mode and count of a claim's requests."""
    for request in (spec.get("devices") or {}).get("requests") or []:
        for item in [request.get("exactly"), *(request.get("firstAvailable") or [])]:
            if item is not None:
                _device_request(item)


def _claim(item: JsonObject, _context: Context) -> None:
    claim_spec(item.setdefault("spec", {}))
    status = item.get("status") or {}
    for result in ((status.get("allocation") or {}).get("devices") or {}).get("results") or []:
        if result.get("consumedCapacity"):
            result["consumedCapacity"] = _canonical(result["consumedCapacity"])


def _claim_template(item: JsonObject, _context: Context) -> None:
    inner = item.setdefault("spec", {})
    inner.setdefault("metadata", {})
    claim_spec(inner.setdefault("spec", {}))


def _slice(item: JsonObject, context: Context) -> None:
    spec = item.setdefault("spec", {})
    for device in spec.get("devices") or []:
        for taint in device.get("taints") or []:
            taint.setdefault("timeAdded", context.stamp)
        for mapping in (device.get("nodeAllocatableResourceMappings") or {}).values():
            mapping.setdefault("allocationMultiplier", "1")
        for capacity in (device.get("capacity") or {}).values():
            _capacity(capacity)
        for consumption in device.get("consumesCounters") or []:
            _counters(consumption)
    for counter_set in spec.get("sharedCounters") or []:
        _counters(counter_set)


def _capacity(item: JsonObject) -> None:
    item["value"] = canonical(item.get("value") or "0")
    policy = item.get("requestPolicy") or {}
    for place, names in ((policy, ("default",)), (policy.get("validRange") or {}, ("min", "max", "step"))):
        for name in names:
            if place.get(name) is not None:
                place[name] = canonical(place[name])
    if policy.get("validValues"):
        policy["validValues"] = [canonical(value) for value in policy["validValues"]]


def _counters(item: JsonObject) -> None:
    for counter in (item.get("counters") or {}).values():
        counter["value"] = canonical(counter.get("value") or "0")


def _taint_rule(item: JsonObject, context: Context) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("taint", {}).setdefault("timeAdded", context.stamp)


def _pool_request(item: JsonObject, _context: Context) -> None:
    item.setdefault("spec", {}).setdefault("limit", 100)


def _class(item: JsonObject, _context: Context) -> None:
    item.setdefault("spec", {})


def _priority_class(item: JsonObject, _context: Context) -> None:
    pod_defaults.fill(item, preemptionPolicy="PreemptLowerPriority")


def _quota(item: JsonObject, _context: Context) -> None:
    for part in (item.setdefault("spec", {}), item.get("status") or {}):
        for name in ("hard", "used"):
            if part.get(name):
                part[name] = _canonical(part[name])


def _pod(item: JsonObject, _context: Context) -> None:
    pod_defaults.pod(item.setdefault("spec", {}))


def _namespace(item: JsonObject, _context: Context) -> None:
    item.setdefault("spec", {})
    name = item["metadata"].get("name")
    if name:
        item["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _secret(item: JsonObject, _context: Context) -> None:
    item["type"] = item.get("type") or "Opaque"
    texts = item.pop("stringData", None) or {}
    if texts:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
        item["data"] = {**(item.get("data") or {}), **encoded}


def _node(item: JsonObject, _context: Context) -> None:
    status = item.setdefault("status", {})
    status.setdefault("daemonEndpoints", {"kubeletEndpoint": {"Port": 0}})
    status["nodeInfo"] = {**dict.fromkeys(NODE_INFO, ""), **(status.get("nodeInfo") or {})}
    for kind in ("capacity", "allocatable"):
        if status.get(kind):
            status[kind] = _canonical(status[kind])
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def _event(item: JsonObject, _context: Context) -> None:
    """Members that core/v1 always shows, because they have no ``omitempty``."""
    item.setdefault("source", {})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        item.setdefault(name, None)
    for name in ("reportingComponent", "reportingInstance"):
        item.setdefault(name, "")


def _service(item: JsonObject, _context: Context) -> None:
    spec = item.setdefault("spec", {})
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    spec["type"] = spec.get("type") or "ClusterIP"
    for port in spec.get("ports") or []:
        port["protocol"] = port.get("protocol") or "TCP"
        port["targetPort"] = port.get("targetPort") or port.get("port")
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        for ingress in ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []:
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def _workload(item: JsonObject) -> JsonObject:
    spec: JsonObject = item.setdefault("spec", {})
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_defaults.template(template.setdefault("spec", {}))
    return spec


def _daemon_set(item: JsonObject, _context: Context) -> None:
    spec = _workload(item)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    pod_defaults.fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _deployment(item: JsonObject, _context: Context) -> None:
    spec = _workload(item)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    pod_defaults.fill(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _replica_set(item: JsonObject, _context: Context) -> None:
    _workload(item).setdefault("replicas", 1)


def _job(item: JsonObject, _context: Context) -> None:
    spec = _workload(item)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", LARGEST_INT if spec.get("backoffLimitPerIndex") is not None else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    policy = "Failed" if spec.get("podFailurePolicy") is not None else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", policy)
    spec.setdefault("manualSelector", False)
    labels = spec["template"]["metadata"].get("labels")
    if labels and not item["metadata"].get("labels"):
        item["metadata"]["labels"] = dict(labels)


def _binding(item: JsonObject, _context: Context) -> None:
    reference = item.get("roleRef") or {}
    reference["apiGroup"] = reference.get("apiGroup") or "rbac.authorization.k8s.io"
    for subject in item.get("subjects") or []:
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = "rbac.authorization.k8s.io"


def _definition(item: JsonObject, _context: Context) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("conversion", {}).setdefault("strategy", "None")
    names = spec.setdefault("names", {})
    kind = names.get("kind") or ""
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"


DEFAULTS: dict[str, Callable[[JsonObject, Context], None]] = {
    "ClusterRoleBinding": _binding,
    "CustomResourceDefinition": _definition,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "DeviceClass": _class,
    "DeviceTaintRule": _taint_rule,
    "Event": _event,
    "Job": _job,
    "Namespace": _namespace,
    "Node": _node,
    "Pod": _pod,
    "PriorityClass": _priority_class,
    "ReplicaSet": _replica_set,
    "ResourceClaim": _claim,
    "ResourceQuota": _quota,
    "ResourceClaimTemplate": _claim_template,
    "ResourcePoolStatusRequest": _pool_request,
    "ResourceSlice": _slice,
    "RoleBinding": _binding,
    "Secret": _secret,
    "Service": _service,
    "MutatingWebhookConfiguration": default_webhooks,
    "ValidatingAdmissionPolicy": default_policy,
    "ValidatingAdmissionPolicyBinding": default_binding,
    "ValidatingWebhookConfiguration": default_webhooks,
}


def default(group: str, kind: str, item: JsonObject, context: Context) -> None:
    """Set the defaults of ITEM; the group keeps a custom kind of the same name out."""
    if kind in DEFAULTS and (not group or group in GROUPS or group.endswith(".k8s.io")):
        DEFAULTS[kind](item, context)
