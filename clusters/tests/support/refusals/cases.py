"""Malformed objects of resource.k8s.io; ResourceSlices are in ``slice_cases``."""

from refusals import bases, slice_cases
from refusals.case import GONE, Case, Change, rows

D = "/spec/devices/0"
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
    "long name": {"/metadata/name": "a" * 254},
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
    "long driver": {"/spec/driver": "a" * 254},
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
    Case("claim update: empty lists", bases.CLAIM, {f"{X}/selectors": [], f"{X}/tolerations": []}, "update"),
    Case("template update: label", bases.TEMPLATE, {"/metadata/labels": {"a b": ""}}, "update"),
    Case("slice update: no pool name", bases.SLICE, {"/spec/pool/name": GONE}, "update"),
    Case("slice update: finalizer", bases.SLICE, {"/metadata/finalizers": ["bad"]}, "update"),
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
    *slice_cases.CASES,
    *rows("claim", bases.CLAIM, CLAIMS),
    *rows("claim status", bases.ALLOCATED, STATUS, "status"),
    *rows("class", bases.CLASS, CLASSES),
    *rows("template", bases.TEMPLATE, TEMPLATES),
    *rows("taint rule", bases.TAINT_RULE, TAINT_RULES),
    *rows("pool request", bases.POOL_REQUEST, POOL_REQUESTS),
    *UPDATES,
)
"""Verbs: ``create``, ``update``, ``status`` (a claim without status gets one), ``restatus`` (a claim's status is changed)."""
