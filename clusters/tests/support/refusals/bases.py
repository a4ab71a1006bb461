"""Valid objects, from which each case is made by one change."""

from dra_api.objects import JsonObject

RESOURCE = "resource.k8s.io/v1"
UID = "11111111-2222-3333-4444-555555555555"

SLICE: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceSlice",
    "metadata": {"name": "case"},
    "spec": {
        "driver": "gpu.example.com",
        "nodeName": "node-0",
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {
                "name": "gpu-0",
                "attributes": {"model": {"string": "x"}, "example.com/v": {"version": "1.2.3"}},
                "capacity": {"memory": {"value": "80Gi"}},
            }
        ],
    },
}
COUNTER_SLICE: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceSlice",
    "metadata": {"name": "case"},
    "spec": {
        "driver": "gpu.example.com",
        "nodeName": "node-0",
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 2},
        "sharedCounters": [{"name": "gpu-0", "counters": {"memory": {"value": "80Gi"}}}],
    },
}
SPREAD_SLICE: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceSlice",
    "metadata": {"name": "case"},
    "spec": {
        "driver": "gpu.example.com",
        "perDeviceNodeSelection": True,
        "pool": {"name": "shared/pool", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "gpu-0", "nodeName": "node-0"}],
    },
}
SHARED_SLICE: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceSlice",
    "metadata": {"name": "case"},
    "spec": {
        "driver": "gpu.example.com",
        "allNodes": True,
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {
                "name": "nic-0",
                "allowMultipleAllocations": True,
                "capacity": {
                    "bandwidth": {
                        "value": "10Gi",
                        "requestPolicy": {
                            "default": "1Gi",
                            "validRange": {"min": "1Gi", "max": "9Gi", "step": "1Gi"},
                        },
                    },
                    "queues": {
                        "value": "8",
                        "requestPolicy": {"default": "1", "validValues": ["1", "2", "8"]},
                    },
                },
            }
        ],
    },
}
REQUEST: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}
CLAIM: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceClaim",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {
        "devices": {
            "requests": [
                REQUEST,
                {
                    "name": "any",
                    "firstAvailable": [
                        {"name": "big", "deviceClassName": "big.example.com"},
                        {"name": "small", "deviceClassName": "small.example.com", "count": 2},
                    ],
                },
            ],
            "constraints": [{"requests": ["gpu"], "matchAttribute": "gpu.example.com/numa"}],
            "config": [
                {
                    "requests": ["any/small"],
                    "opaque": {"driver": "gpu.example.com", "parameters": {"kind": "Config"}},
                }
            ],
        }
    },
}
RESULT: JsonObject = {"request": "gpu", "driver": "gpu.example.com", "pool": "node-0", "device": "gpu-0"}
ALLOCATED: JsonObject = {
    **CLAIM,
    "status": {
        "allocation": {
            "devices": {
                "results": [RESULT],
                "config": [
                    {
                        "source": "FromClaim",
                        "opaque": {"driver": "gpu.example.com", "parameters": {"kind": "Config"}},
                    }
                ],
            },
            "nodeSelector": {
                "nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-0"]}]}
                ]
            },
        },
        "reservedFor": [{"resource": "pods", "name": "p", "uid": UID}],
        "devices": [
            {
                "driver": "gpu.example.com",
                "pool": "node-0",
                "device": "gpu-0",
                "data": {"kind": "Data"},
                "networkData": {"interfaceName": "eth1", "ips": ["10.9.8.7/24"]},
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "Fine",
                        "message": "",
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                    }
                ],
            }
        ],
    },
}
TEMPLATE: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {"spec": {"devices": {"requests": [REQUEST]}}},
}
CLASS: JsonObject = {
    "apiVersion": RESOURCE,
    "kind": "DeviceClass",
    "metadata": {"name": "case"},
    "spec": {
        "selectors": [{"cel": {"expression": "device.driver == 'gpu.example.com'"}}],
        "config": [{"opaque": {"driver": "gpu.example.com", "parameters": {"kind": "Config"}}}],
        "extendedResourceName": "example.com/gpu",
    },
}
TAINT_RULE: JsonObject = {
    "apiVersion": "resource.k8s.io/v1beta2",
    "kind": "DeviceTaintRule",
    "metadata": {"name": "case"},
    "spec": {
        "deviceSelector": {"driver": "gpu.example.com", "pool": "node-0", "device": "gpu-0"},
        "taint": {"key": "example.com/broken", "value": "yes", "effect": "NoExecute"},
    },
}
POOL_REQUEST: JsonObject = {
    "apiVersion": "resource.k8s.io/v1alpha3",
    "kind": "ResourcePoolStatusRequest",
    "metadata": {"name": "case"},
    "spec": {"driver": "gpu.example.com"},
}
