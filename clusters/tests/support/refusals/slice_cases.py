"""Malformed ResourceSlices."""

from refusals import bases
from refusals.case import GONE, Case, Change, rows

D = "/spec/devices/0"
SLICES: dict[str, Change] = {
    "no driver": {"/spec/driver": ""},
    "driver with an underscore": {"/spec/driver": "no_good"},
    "driver with upper case and underscore": {"/spec/driver": "GPU_x"},
    "long driver": {"/spec/driver": "a" * 64},
    "no pool name": {"/spec/pool/name": ""},
    "pool with two slashes in a row": {"/spec/pool/name": "a//b"},
    "pool with upper case": {"/spec/pool/name": "Node-0"},
    "long pool": {"/spec/pool/name": "a/" * 127},
    "no slices in the pool": {"/spec/pool/resourceSliceCount": 0},
    "negative generation": {"/spec/pool/generation": -1},
    "no place": {"/spec/nodeName": GONE},
    "empty node name": {"/spec/nodeName": ""},
    "bad node name": {"/spec/nodeName": "Node_0"},
    "two places": {"/spec/allNodes": True},
    "three places": {
        "/spec/allNodes": True,
        "/spec/nodeSelector": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
        },
    },
    "allNodes false": {"/spec/allNodes": False},
    "perDeviceNodeSelection false": {"/spec/perDeviceNodeSelection": False},
    "selector without terms": {"/spec/nodeName": GONE, "/spec/nodeSelector": {"nodeSelectorTerms": []}},
    "selector with two terms": {
        "/spec/nodeName": GONE,
        "/spec/nodeSelector": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}]}] * 2
        },
    },
    "selector with bad requirements": {
        "/spec/nodeName": GONE,
        "/spec/nodeSelector": {
            "nodeSelectorTerms": [
                {
                    "matchExpressions": [
                        {"key": "a", "operator": "In"},
                        {"key": "b", "operator": "Exists", "values": ["x"]},
                        {"key": "c", "operator": "Gt", "values": ["1", "2"]},
                        {"key": "d e", "operator": "Like", "values": ["bad value"]},
                    ],
                    "matchFields": [
                        {"key": "metadata.name", "operator": "In", "values": ["a", "b"]},
                        {"key": "spec.x", "operator": "Exists"},
                    ],
                }
            ]
        },
    },
    "counters beside devices": {"/spec/sharedCounters": [{"name": "a", "counters": {"m": {"value": "1"}}}]},
    "129 devices": {"/spec/devices": [{"name": f"gpu-{n}"} for n in range(129)]},
    "65 devices with a taint": {
        "/spec/devices": [
            {"name": f"gpu-{n}", "taints": [{"key": "a", "effect": "NoExecute"}]} for n in range(65)
        ]
    },
    "65 devices with a list": {
        "/spec/devices": [{"name": f"gpu-{n}", "attributes": {"a": {"ints": [1]}}} for n in range(65)]
    },
    "a name twice": {"/spec/devices": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
    "no device name": {f"{D}/name": ""},
    "device with a dot": {f"{D}/name": "gpu.0"},
    "device with upper case": {f"{D}/name": "GPU-0"},
    "long device name": {f"{D}/name": "a" * 64},
    "33 attributes": {f"{D}/attributes": {f"a{n:02}": {"int": n} for n in range(33)}},
    "49 values": {f"{D}/attributes": {"a": {"ints": list(range(49))}}},
    "attribute with a dash": {f"{D}/attributes": {"no-dash": {"int": 1}}},
    "attribute with an empty domain": {f"{D}/attributes": {"/name": {"int": 1}}},
    "attribute with an empty name": {f"{D}/attributes": {"example.com/": {"int": 1}}},
    "attribute with a bad domain": {f"{D}/attributes": {"Example_com/name": {"int": 1}}},
    "attribute with a long name": {f"{D}/attributes": {"a" * 33: {"int": 1}}},
    "attribute with a long domain": {f"{D}/attributes": {"d" * 64 + "/a": {"int": 1}}},
    "attribute with two slashes": {f"{D}/attributes": {"a/b/c": {"int": 1}}},
    "attribute with two values": {f"{D}/attributes": {"a": {"string": "x", "int": 1}}},
    "attribute without value": {f"{D}/attributes": {"a": {}}},
    "long string": {f"{D}/attributes": {"a": {"string": "x" * 65}}},
    "long version": {f"{D}/attributes": {"a": {"version": "1.2.3-" + "x" * 64}}},
    "version with a v": {f"{D}/attributes": {"a": {"version": "v1.2.3"}}},
    "version with leading zero": {f"{D}/attributes": {"a": {"version": "1.02.3"}}},
    "empty list": {f"{D}/attributes": {"a": {"strings": []}}},
    "long strings in a list": {f"{D}/attributes": {"a": {"strings": ["x", "y" * 65]}}},
    "bad versions in a list": {f"{D}/attributes": {"a": {"versions": ["1.0.0", "1.0"]}}},
    "list and value": {f"{D}/attributes": {"a": {"ints": [1], "bool": True}}},
    "capacity with a dash": {f"{D}/capacity": {"a-b": {"value": "1"}}},
    "policy without sharing": {f"{D}/capacity": {"a": {"value": "1", "requestPolicy": {"default": "1"}}}},
    "17 taints": {f"{D}/taints": [{"key": f"k{n}", "effect": "NoExecute"} for n in range(17)]},
    "taint without effect": {f"{D}/taints": [{"key": "a"}]},
    "taint with unknown effect": {f"{D}/taints": [{"key": "a", "effect": "Explode"}]},
    "taint without key": {f"{D}/taints": [{"key": "", "effect": "NoExecute"}]},
    "taint with a bad value": {f"{D}/taints": [{"key": "a", "value": "a b", "effect": "None"}]},
    "consumption without set": {
        f"{D}/consumesCounters": [{"counterSet": "", "counters": {"m": {"value": "1"}}}]
    },
    "consumption without counters": {f"{D}/consumesCounters": [{"counterSet": "a", "counters": {}}]},
    "consumption with bad names": {
        f"{D}/consumesCounters": [{"counterSet": "A", "counters": {"m_x": {"value": "1"}}}]
    },
    "consumption twice from a set": {
        f"{D}/consumesCounters": [{"counterSet": "a", "counters": {"m": {"value": "1"}}}] * 2
    },
    "three consumptions": {
        f"{D}/consumesCounters": [{"counterSet": x, "counters": {"m": {"value": "1"}}} for x in "abc"]
    },
    "33 counters consumed": {
        f"{D}/consumesCounters": [
            {"counterSet": "a", "counters": {f"m{n}": {"value": "1"} for n in range(33)}}
        ]
    },
    "device with a node": {f"{D}/nodeName": "node-0"},
    "device on all nodes": {f"{D}/allNodes": True},
    "five binding conditions": {
        f"{D}/bindingConditions": ["a", "b", "c", "d", "e"],
        f"{D}/bindingFailureConditions": ["f"],
    },
    "binding without failure": {f"{D}/bindingConditions": ["a"]},
    "failure without binding": {f"{D}/bindingFailureConditions": ["a"]},
    "binding overlaps": {
        f"{D}/bindingConditions": ["a", "a"],
        f"{D}/bindingFailureConditions": ["a", "b", "b"],
    },
    "binding with a bad name": {f"{D}/bindingConditions": ["a b"], f"{D}/bindingFailureConditions": ["c"]},
    "node resource without mapping": {
        f"{D}/nodeAllocatableResourceMappings": {"example.com/x": {"capacityKey": "none"}}
    },
    "node resource with bad multiplier": {
        f"{D}/nodeAllocatableResourceMappings": {"cpu": {"allocationMultiplier": "0", "capacityKey": ""}}
    },
    "bad name": {"/metadata/name": "No_Name"},
    "no name": {"/metadata/name": ""},
    "name with a slash": {"/metadata/name": "a/b"},
    "in a namespace": {"/metadata/namespace": "default"},
    "bad labels": {"/metadata/labels": {"a b": "ok", "fine": "-bad-"}},
    "label with a bad prefix": {"/metadata/labels": {"A/b": "", "a/b/c": "", "/x": "", "y/": ""}},
    "bad annotation": {"/metadata/annotations": {"a b": "anything goes here"}},
    "large annotations": {"/metadata/annotations": {"a": "x" * 256 * 1024}},
    "bad owners": {"/metadata/ownerReferences": [{"apiVersion": "", "kind": "", "name": "", "uid": ""}]},
    "two controllers": {
        "/metadata/ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": n, "uid": n, "controller": True} for n in "ab"
        ]
    },
    "event as owner": {
        "/metadata/ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "e", "uid": "u"}]
    },
    "bad finalizer": {"/metadata/finalizers": ["not good"]},
    "conflicting finalizers": {"/metadata/finalizers": ["orphan", "foregroundDeletion"]},
    "bad generateName": {"/metadata/name": GONE, "/metadata/generateName": "No_Name-"},
}
COUNTER_SLICES: dict[str, Change] = {
    "nine sets": {
        "/spec/sharedCounters": [{"name": f"s{n}", "counters": {"m": {"value": "1"}}} for n in range(9)]
    },
    "a set twice": {"/spec/sharedCounters": [{"name": "s", "counters": {"m": {"value": "1"}}}] * 2},
    "no set name": {"/spec/sharedCounters/0/name": ""},
    "bad set name": {"/spec/sharedCounters/0/name": "A_b"},
    "no counters": {"/spec/sharedCounters/0/counters": {}},
    "bad counter name": {"/spec/sharedCounters/0/counters": {"M": {"value": "1"}}},
    "33 counters": {"/spec/sharedCounters/0/counters": {f"m{n}": {"value": "1"} for n in range(33)}},
}
SPREAD_SLICES: dict[str, Change] = {
    "device without place": {f"{D}/nodeName": GONE},
    "device with empty node": {f"{D}/nodeName": ""},
    "device with two places": {f"{D}/allNodes": True},
    "device with allNodes false": {f"{D}/allNodes": False},
    "device with bad node": {f"{D}/nodeName": "A_b"},
    "device selector without terms": {f"{D}/nodeName": GONE, f"{D}/nodeSelector": {"nodeSelectorTerms": []}},
}
POLICY = f"{D}/capacity/bandwidth/requestPolicy"
VALUES = f"{D}/capacity/queues/requestPolicy"
SHARED_SLICES: dict[str, Change] = {
    "both policies": {f"{POLICY}/validValues": ["1Gi"]},
    "range without default": {f"{POLICY}/default": GONE},
    "values without default": {f"{VALUES}/default": GONE},
    "range without min": {f"{POLICY}/validRange/min": GONE},
    "min above max": {f"{POLICY}/validRange/min": "9.5Gi"},
    "max above capacity": {f"{POLICY}/validRange/max": "11Gi"},
    "default below min": {f"{POLICY}/default": "512Mi"},
    "default above max": {f"{POLICY}/default": "10Gi"},
    "step does not reach": {f"{POLICY}/validRange/step": "3Gi"},
    "step beyond capacity": {f"{POLICY}/validRange/step": "10Gi"},
    "min above capacity": {f"{POLICY}/validRange/min": "20Gi"},
    "values not sorted": {f"{VALUES}/validValues": ["2", "1", "8"]},
    "value above capacity": {f"{VALUES}/validValues": ["1", "9"]},
    "default not among values": {f"{VALUES}/default": "4"},
    "a value twice": {f"{VALUES}/validValues": ["1", "1"]},
    "eleven values": {f"{VALUES}/validValues": [str(n) for n in range(1, 12)]},
}
CASES: tuple[Case, ...] = (
    *rows("slice", bases.SLICE, SLICES),
    *rows("counter slice", bases.COUNTER_SLICE, COUNTER_SLICES),
    *rows("spread slice", bases.SPREAD_SLICE, SPREAD_SLICES),
    *rows("shared slice", bases.SHARED_SLICE, SHARED_SLICES),
)
