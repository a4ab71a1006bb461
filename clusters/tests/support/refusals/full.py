"""Objects that use the fields of every feature gate, and objects without anything that has a default."""

from typing import Any

from dra_api.objects import JsonObject
from refusals import bases, core_bases
from refusals.bases import RESOURCE
from refusals.case import GONE, changed

POOL: JsonObject = {"name": "p", "generation": 1, "resourceSliceCount": 1}
DEVICE: JsonObject = {
    "name": "gpu-0",
    "attributes": {"model": {"string": "x"}},
    "capacity": {"memory": {"value": "1024Mi"}, "fraction": {"value": "0.5"}},
}


def sliced(name: str, spec: dict[str, Any], device: dict[str, Any]) -> JsonObject:
    """A slice with one device."""
    return {
        "apiVersion": RESOURCE,
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {"driver": "gpu.example.com", "pool": POOL, **spec, "devices": [{**DEVICE, **device}]},
    }


ON_NODE: JsonObject = {"nodeName": "n"}
GATED: dict[str, JsonObject] = {
    "taints": sliced(
        "taints",
        ON_NODE,
        {"taints": [{"key": "a", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}]},
    ),
    "counters": sliced(
        "counters",
        ON_NODE,
        {"consumesCounters": [{"counterSet": "a", "counters": {"m": {"value": "2048Ki"}}}]},
    ),
    "shared counters": {
        **sliced("shared", ON_NODE, {}),
        "spec": {
            "driver": "gpu.example.com",
            "pool": POOL,
            "nodeName": "n",
            "sharedCounters": [{"name": "a", "counters": {"m": {"value": "1000m"}}}],
        },
    },
    "per-device nodes": sliced("nodes", {"perDeviceNodeSelection": True}, {"nodeName": "n"}),
    "binding": sliced(
        "binding",
        ON_NODE,
        {"bindsToNode": True, "bindingConditions": ["a"], "bindingFailureConditions": ["b"]},
    ),
    "shares": sliced(
        "shares",
        ON_NODE,
        {
            "allowMultipleAllocations": True,
            "capacity": {
                "memory": {
                    "value": "10Gi",
                    "requestPolicy": {"default": "1024Mi", "validRange": {"min": "1Gi"}},
                }
            },
        },
    ),
    "lists": sliced("lists", ON_NODE, {"attributes": {"a": {"ints": [1, 2]}}}),
    "node resources": sliced(
        "resources", ON_NODE, {"nodeAllocatableResourceMappings": {"memory": {"capacityKey": "memory"}}}
    ),
    "tolerations": changed(
        bases.TEMPLATE,
        {
            "/spec/spec/devices/requests/0/exactly/tolerations": [{"key": "a", "value": "b"}],
            "/metadata/name": "tolerations",
        },
    ),
    "alternatives": changed(bases.CLAIM, {"/metadata/name": "alternatives"}),
    "amounts": changed(
        bases.CLAIM,
        {
            "/spec/devices/requests/0/exactly/capacity": {"requests": {"memory": "1024Mi"}},
            "/spec/devices/constraints": [
                {"distinctAttribute": "a.b/c"},
                {"matchAttribute": "a.b/c"},
            ],
            "/metadata/name": "amounts",
        },
    ),
    "extended resource": changed(bases.CLASS, {"/metadata/name": "extended"}),
}
STATUSES: dict[str, JsonObject] = {
    "shares": changed(
        bases.ALLOCATED,
        {
            "/status/allocation/devices/results/0/shareID": bases.UID,
            "/status/allocation/devices/results/0/consumedCapacity": {"memory": "1024Mi"},
            "/status/devices/0/shareID": bases.UID,
        },
    ),
    "binding": changed(
        bases.ALLOCATED,
        {
            "/status/allocation/devices/results/0/bindingConditions": ["a"],
            "/status/allocation/devices/results/0/bindingFailureConditions": ["b"],
        },
    ),
    "devices": bases.ALLOCATED,
}
MINIMAL: dict[str, JsonObject] = {
    "pod": core_bases.POD,
    "pod with everything asked for": changed(
        core_bases.POD,
        {
            "/spec/containers/0/image": "app:latest",
            "/spec/containers/0/resources": {"limits": {"cpu": "1000m", "memory": "1024Mi", "a.b/c": "1"}},
            "/spec/containers/0/ports": [{"containerPort": 80}],
            "/spec/containers/0/env": [
                {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
            ],
            "/spec/containers/0/livenessProbe": {"httpGet": {"port": 80}},
            "/spec/containers/0/readinessProbe": {"exec": {"command": ["a"]}},
            "/spec/initContainers/0/resources": {"requests": {"cpu": "0.1", "memory": "1.5Gi"}},
            "/spec/volumes/0": {"name": "bare"},
            "/spec/containers/0/volumeMounts": GONE,
            "/spec/tolerations": [{"operator": "Exists"}],
            "/spec/hostNetwork": True,
        },
    ),
    "guaranteed pod": changed(
        core_bases.POD,
        {
            "/spec/initContainers": GONE,
            "/spec/containers/0/resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
            "/spec/volumes": [
                {"name": "work", "configMap": {"name": "a"}},
                {"name": "b", "secret": {"secretName": "a"}},
                {"name": "c", "hostPath": {"path": "/a"}},
                {"name": "d", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            ],
            "/spec/serviceAccountName": "other",
        },
    ),
    "namespace": core_bases.NAMESPACE,
    "node": changed(core_bases.NODE, {"/status": {"capacity": {"cpu": "4000m", "memory": "1024Ki"}}}),
    "config map": core_bases.CONFIG_MAP,
    "secret": changed(core_bases.SECRET, {"/stringData": {"b": "text"}}),
    "daemon set": core_bases.DAEMON_SET,
    "deployment": core_bases.DEPLOYMENT,
    "job": core_bases.JOB,
    "lease": core_bases.LEASE,
    "role binding": {
        **core_bases.BINDING,
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "a"}],
    },
    "definition": core_bases.DEFINITION,
    "budget": core_bases.BUDGET,
    "taint rule": changed(bases.TAINT_RULE, {"/spec/taint/timeAdded": "2026-01-01T00:00:00Z"}),
    "pool request": bases.POOL_REQUEST,
    "claim": bases.CLAIM,
    "template": bases.TEMPLATE,
    "class": {**bases.CLASS, "spec": {}},
    "shared slice": bases.SHARED_SLICE,
}
