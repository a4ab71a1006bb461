"""Malformed objects: a good object, a verb, and one change that makes it bad.

A change is {path: value}; path is a JSON pointer, ``GONE`` removes what is there. ``before`` changes the stored object of an
update or status update.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from refusals import bases
from refusals.bases import Object

GONE = "<gone>"
Change = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One object and what is done with it."""

    name: str
    base: Object
    change: Change
    verb: str = "create"
    before: Change = field(default_factory=dict)

    @property
    def stored(self) -> Object:
        """The good object, as it is before an update."""
        return changed(self.base, self.before)

    @property
    def sent(self) -> Object:
        """The object that is refused."""
        return changed(self.stored, self.change)


def changed(base: Object, change: Change) -> Object:
    """BASE with every CHANGE."""
    item = copy.deepcopy(base)
    for path, value in change.items():
        *steps, last = [step.replace("~1", "/") for step in path.lstrip("/").split("/")]
        place: Any = item
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value == GONE:
            del place[int(last) if isinstance(place, list) else last]
        elif isinstance(place, list):
            place[int(last) :] = [copy.deepcopy(value)]
        else:
            place[last] = copy.deepcopy(value)
    return item


def rows(prefix: str, base: Object, table: dict[str, Change], verb: str = "create") -> Iterator[Case]:
    """A case for each row of TABLE, {name: change}."""
    for name, change in table.items():
        yield Case(f"{prefix}: {name}", base, change, verb)


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
R, A, C = "/spec/devices/requests/0", "/spec/devices/requests/1/firstAvailable", "/spec/devices"
X = f"{R}/exactly"
CLAIMS: dict[str, Change] = {
    "33 requests": {
        f"{C}/requests": [{**bases.REQUEST, "name": f"r{n}"} for n in range(33)],
        f"{C}/config": [],
        f"{C}/constraints": [],
    },
    "a request twice": {f"{C}/requests": [bases.REQUEST] * 2, f"{C}/config": []},
    "no request name": {f"{R}/name": "", f"{C}/constraints": []},
    "bad request name": {f"{R}/name": "Gpu", f"{C}/constraints": []},
    "neither form": {f"{R}/exactly": GONE},
    "both forms": {f"{R}/firstAvailable": [{"name": "a", "deviceClassName": "a"}]},
    "nine alternatives": {
        A: [{"name": f"a{n}", "deviceClassName": "a"} for n in range(9)],
        f"{C}/config": [],
    },
    "an alternative twice": {A: [{"name": "small", "deviceClassName": "a"}] * 2},
    "alternative without class": {f"{A}/0/deviceClassName": ""},
    "alternative without name": {f"{A}/0/name": ""},
    "no class": {f"{X}/deviceClassName": ""},
    "bad class": {f"{X}/deviceClassName": "Bad_Class"},
    "negative count": {f"{X}/count": -1},
    "count with All": {f"{X}/allocationMode": "All", f"{X}/count": 2},
    "unknown mode": {f"{X}/allocationMode": "Some"},
    "33 selectors": {f"{X}/selectors": [{"cel": {"expression": "true"}}] * 33},
    "selector without CEL": {f"{X}/selectors": [{}]},
    "long expression": {f"{X}/selectors": [{"cel": {"expression": "true" + " " * 10237}}]},
    "admin access": {f"{X}/adminAccess": True},
    "toleration without operator": {
        f"{X}/tolerations": [{"key": "a", "operator": ""}],
    },
    "toleration Exists with value": {f"{X}/tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]},
    "toleration with bad words": {
        f"{X}/tolerations": [{"key": "a b", "operator": "Like", "effect": "Explode"}]
    },
    "toleration with bad value": {f"{X}/tolerations": [{"key": "a", "operator": "Equal", "value": "a b"}]},
    "constraint without attribute": {f"{C}/constraints": [{"requests": ["gpu"]}]},
    "constraint without domain": {f"{C}/constraints": [{"matchAttribute": "numa"}]},
    "constraint with bad attribute": {f"{C}/constraints": [{"distinctAttribute": "A_b/no-dash"}]},
    "constraint for nobody": {f"{C}/constraints": [{"requests": ["nobody"], "matchAttribute": "a.b/c"}]},
    "constraint twice for one": {
        f"{C}/constraints": [{"requests": ["gpu", "gpu"], "matchAttribute": "a.b/c"}]
    },
    "33 constraints": {f"{C}/constraints": [{"matchAttribute": "a.b/c"}] * 33},
    "config for nobody": {f"{C}/config/0/requests": ["any/huge"]},
    "config with too deep a name": {f"{C}/config/0/requests": ["any/small/x"]},
    "config with a bad name": {f"{C}/config/0/requests": ["A_b"]},
    "config without kind": {f"{C}/config/0/opaque": GONE},
    "config without driver": {f"{C}/config/0/opaque/driver": ""},
    "config without parameters": {f"{C}/config/0/opaque/parameters": GONE},
    "config with null parameters": {f"{C}/config/0/opaque/parameters": None},
    "config with a list": {f"{C}/config/0/opaque/parameters": [1]},
    "config with a text": {f"{C}/config/0/opaque/parameters": "text"},
    "large config": {f"{C}/config/0/opaque/parameters": {"a": "x" * 10240}},
    "33 configs": {f"{C}/config": [bases.CLASS["spec"]["config"][0]] * 33},
    "bad namespace name": {"/metadata/name": "a..b"},
}
S, V = "/status", "/status/allocation/devices/results/0"
STATUS: dict[str, Change] = {
    "no allocation": {f"{S}/allocation": GONE, f"{S}/devices": GONE},
    "request unknown": {f"{V}/request": "nobody"},
    "request empty": {f"{V}/request": ""},
    "request of an alternative": {f"{V}/request": "any/huge"},
    "no driver": {f"{V}/driver": "", f"{S}/devices": GONE},
    "no pool": {f"{V}/pool": "", f"{S}/devices": GONE},
    "no device": {f"{V}/device": "", f"{S}/devices": GONE},
    "33 results": {"/status/allocation/devices/results": [bases.RESULT] * 33},
    "admin access": {f"{V}/adminAccess": True},
    "bad share": {f"{V}/shareID": "x", f"{S}/devices": GONE},
    "share in upper case": {f"{V}/shareID": bases.UID.replace("1", "A"), f"{S}/devices": GONE},
    "share with bad letters": {f"{V}/shareID": bases.UID.replace("1", "x"), f"{S}/devices": GONE},
    "binding without failure": {f"{V}/bindingConditions": ["a"]},
    "config without source": {"/status/allocation/devices/config/0/source": ""},
    "config with unknown source": {"/status/allocation/devices/config/0/source": "FromHell"},
    "config for nobody": {"/status/allocation/devices/config/0/requests": ["nobody"]},
    "selector without terms": {"/status/allocation/nodeSelector": {"nodeSelectorTerms": []}},
    "reserved without words": {f"{S}/reservedFor": [{"resource": "", "name": "", "uid": ""}]},
    "reserved twice": {f"{S}/reservedFor": [{"resource": "pods", "name": n, "uid": bases.UID} for n in "pq"]},
    "reserved 257 times": {
        f"{S}/reservedFor": [{"resource": "pods", "name": "p", "uid": f"u{n}"} for n in range(257)]
    },
    "device not allocated": {f"{S}/devices/0/device": "gpu-9"},
    "device twice": {f"{S}/devices": [{k: bases.RESULT[k] for k in ("driver", "pool", "device")}] * 2},
    "device with bad share": {f"{S}/devices/0/shareID": "x"},
    "bad condition": {
        f"{S}/devices/0/conditions": [
            {"type": "a b", "status": "Maybe", "reason": "", "message": "", "lastTransitionTime": None}
        ]
    },
    "bad reason": {f"{S}/devices/0/conditions/0/reason": "not good"},
    "nine conditions": {
        f"{S}/devices/0/conditions": [
            {**bases.ALLOCATED["status"]["devices"][0]["conditions"][0], "type": f"T{n}"} for n in range(9)
        ]
    },
    "data is a list": {f"{S}/devices/0/data": [1]},
    "large data": {f"{S}/devices/0/data": {"a": "x" * 10240}},
    "long interface": {f"{S}/devices/0/networkData/interfaceName": "e" * 257},
    "long hardware address": {f"{S}/devices/0/networkData/hardwareAddress": "e" * 129},
    "ip without prefix": {f"{S}/devices/0/networkData/ips": ["10.9.8.7"]},
    "ip not canonical": {f"{S}/devices/0/networkData/ips": ["2001:DB8::1/64", "10.9.8.7/24", "10.9.8.7/24"]},
    "17 ips": {f"{S}/devices/0/networkData/ips": [f"10.0.0.{n}/24" for n in range(17)]},
}
CLASSES: dict[str, Change] = {
    "bad name": {"/metadata/name": "Bad_Name"},
    "selector without CEL": {"/spec/selectors": [{}]},
    "33 selectors": {"/spec/selectors": [{"cel": {"expression": "true"}}] * 33},
    "config without kind": {"/spec/config": [{}]},
    "config with a bad driver": {"/spec/config/0/opaque/driver": "A_b"},
    "resource without domain": {"/spec/extendedResourceName": "gpu"},
    "resource of Kubernetes": {"/spec/extendedResourceName": "kubernetes.io/gpu"},
    "resource with requests": {"/spec/extendedResourceName": "requests.example.com/gpu"},
    "generated from a bad prefix": {"/metadata/name": GONE, "/metadata/generateName": "Bad_"},
}
TEMPLATES: dict[str, Change] = {
    "no class": {"/spec/spec/devices/requests/0/exactly/deviceClassName": ""},
    "inner name": {"/spec/metadata": {"name": "x", "labels": {"a b": "c"}, "finalizers": ["a/b"]}},
    "inner annotation": {"/spec/metadata": {"annotations": {"a b": "c"}}},
    "admin access": {"/spec/spec/devices/requests/0/exactly/adminAccess": True},
    "bad name": {"/metadata/name": "A"},
}
TAINT_RULES: dict[str, Change] = {
    "no key": {"/spec/taint/key": ""},
    "no effect": {"/spec/taint/effect": ""},
    "unknown effect": {"/spec/taint/effect": "Explode"},
    "bad value": {"/spec/taint/value": "a b"},
    "bad driver": {"/spec/deviceSelector/driver": "A_b"},
    "empty driver": {"/spec/deviceSelector/driver": ""},
    "bad pool": {"/spec/deviceSelector/pool": "A//b"},
    "bad device": {"/spec/deviceSelector/device": "A"},
}
POOL_REQUESTS: dict[str, Change] = {
    "no driver": {"/spec/driver": ""},
    "bad driver": {"/spec/driver": "A_b"},
    "limit zero": {"/spec/limit": 0},
    "large limit": {"/spec/limit": 1001},
    "empty pool": {"/spec/poolName": ""},
    "bad pool": {"/spec/poolName": "A//b"},
}
UPDATES = (
    Case("slice update: driver", bases.SLICE, {"/spec/driver": "other.example.com"}, "update"),
    Case("slice update: pool", bases.SLICE, {"/spec/pool/name": "other"}, "update"),
    Case("slice update: node", bases.SLICE, {"/spec/nodeName": "other"}, "update"),
    Case("slice update: no node", bases.SLICE, {"/spec/nodeName": GONE, "/spec/allNodes": True}, "update"),
    Case("slice update: bad label", bases.SLICE, {"/metadata/labels": {"a b": ""}}, "update"),
    Case("slice update: bad device", bases.SLICE, {f"{D}/name": "A"}, "update"),
    Case("claim update: spec", bases.CLAIM, {f"{R}/name": "other"}, "update"),
    Case("claim update: annotation", bases.CLAIM, {"/metadata/annotations": {"a b": ""}}, "update"),
    Case("template update: spec", bases.TEMPLATE, {"/spec/metadata": {"labels": {"a": "b"}}}, "update"),
    Case("class update: config", bases.CLASS, {"/spec/config/0/opaque/driver": "A_b"}, "update"),
    Case("taint rule update: effect", bases.TAINT_RULE, {"/spec/taint/effect": "Explode"}, "update"),
    Case("pool request update: spec", bases.POOL_REQUEST, {"/spec/driver": "other.example.com"}, "update"),
    Case("claim status: allocation again", bases.ALLOCATED, {f"{V}/device": "gpu-1"}, "restatus"),
    Case("claim status: allocation grows", bases.ALLOCATED, {f"{V}/adminAccess": False}, "restatus"),
)
CASES: tuple[Case, ...] = (
    *rows("slice", bases.SLICE, SLICES),
    *rows("counter slice", bases.COUNTER_SLICE, COUNTER_SLICES),
    *rows("spread slice", bases.SPREAD_SLICE, SPREAD_SLICES),
    *rows("shared slice", bases.SHARED_SLICE, SHARED_SLICES),
    *rows("claim", bases.CLAIM, CLAIMS),
    *rows("claim status", bases.ALLOCATED, STATUS, "status"),
    *rows("class", bases.CLASS, CLASSES),
    *rows("template", bases.TEMPLATE, TEMPLATES),
    *rows("taint rule", bases.TAINT_RULE, TAINT_RULES),
    *rows("pool request", bases.POOL_REQUEST, POOL_REQUESTS),
    *UPDATES,
)
"""Verbs: ``create``; ``update`` of the stored object; ``status`` of a claim without one; ``restatus`` of one that has it."""
