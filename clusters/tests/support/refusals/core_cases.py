"""Malformed objects of the kinds outside resource.k8s.io."""

from refusals import core_bases as bases
from refusals.case import GONE, Case, Change, rows

C = "/spec/containers/0"
PODS: dict[str, Change] = {
    "no containers": {"/spec/containers": []},
    "no container name": {f"{C}/name": ""},
    "bad container name": {f"{C}/name": "Main"},
    "no image": {f"{C}/image": ""},
    "a name twice": {"/spec/initContainers/0/name": "main"},
    "two containers of a name": {"/spec/containers": [{"name": "a", "image": "b"}] * 2},
    "unknown pull policy": {f"{C}/imagePullPolicy": "Sometimes"},
    "unknown message policy": {f"{C}/terminationMessagePolicy": "Shout"},
    "unknown claim": {f"{C}/resources/claims": [{"name": "other"}]},
    "unknown claim of none": {"/spec/resourceClaims": []},
    "claim without name": {f"{C}/resources/claims": [{"name": ""}]},
    "claim used twice": {f"{C}/resources/claims": [{"name": "gpu"}, {"name": "gpu"}]},
    "request used twice": {f"{C}/resources/claims": [{"name": "gpu", "request": "a"}] * 2},
    "claim after its request": {f"{C}/resources/claims": [{"name": "gpu", "request": "a"}, {"name": "gpu"}]},
    "request after its claim": {f"{C}/resources/claims": [{"name": "gpu"}, {"name": "gpu", "request": "a"}]},
    "bad request of a claim": {f"{C}/resources/claims": [{"name": "gpu", "request": "a/b"}]},
    "pod claim without name": {"/spec/resourceClaims/0/name": "", f"{C}/resources/claims": []},
    "pod claim twice": {"/spec/resourceClaims/1/name": "gpu"},
    "pod claim with bad name": {"/spec/resourceClaims/1/name": "Gpu_1"},
    "pod claim with two sources": {"/spec/resourceClaims/0/resourceClaimName": "x"},
    "pod claim without source": {"/spec/resourceClaims/0/resourceClaimTemplateName": GONE},
    "pod claim with bad template": {"/spec/resourceClaims/0/resourceClaimTemplateName": "A_b"},
    "pod claim with bad claim": {"/spec/resourceClaims/1/resourceClaimName": ""},
    "unknown volume": {f"{C}/volumeMounts": [{"name": "other", "mountPath": "/a"}]},
    "mount without path": {f"{C}/volumeMounts": [{"name": "work", "mountPath": ""}]},
    "mount twice": {f"{C}/volumeMounts": [{"name": "work", "mountPath": "/a"}] * 2},
    "volume without name": {"/spec/volumes": [{"name": "", "emptyDir": {}}], f"{C}/volumeMounts": []},
    "volume twice": {"/spec/volumes": [{"name": "work", "emptyDir": {}}] * 2},
    "volume of two kinds": {"/spec/volumes/0/hostPath": {"path": "/a"}, f"{C}/volumeMounts": []},
    "env without name": {f"{C}/env": [{"name": ""}]},
    "env with an equals sign": {f"{C}/env": [{"name": "a=b"}]},
    "env with two sources": {
        f"{C}/env": [
            {
                "name": "a",
                "valueFrom": {
                    "configMapKeyRef": {"name": "a", "key": "b"},
                    "secretKeyRef": {"name": "a", "key": "b"},
                },
            }
        ]
    },
    "env with value and source": {
        f"{C}/env": [{"name": "a", "value": "x", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}]
    },
    "port zero": {f"{C}/ports": [{"containerPort": 0}]},
    "port too high": {f"{C}/ports": [{"containerPort": 70000}]},
    "bad port name": {f"{C}/ports": [{"containerPort": 1, "name": "A--b-"}]},
    "unknown protocol": {f"{C}/ports": [{"containerPort": 1, "protocol": "ICMP"}]},
    "request above limit": {f"{C}/resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
    "extended request differs": {
        f"{C}/resources": {"limits": {"example.com/gpu": "2"}, "requests": {"example.com/gpu": "1"}}
    },
    "extended request without limit": {f"{C}/resources": {"requests": {"example.com/gpu": "1"}}},
    "negative limit": {f"{C}/resources": {"limits": {"cpu": "-1"}}},
    "unknown resource": {f"{C}/resources": {"limits": {"gpu": "1"}}},
    "unknown restart policy": {"/spec/restartPolicy": "Sometimes"},
    "unknown DNS policy": {"/spec/dnsPolicy": "Mine"},
    "bad node selector": {"/spec/nodeSelector": {"a b": "c"}},
    "bad node name": {"/spec/nodeName": "A_b"},
    "bad hostname": {"/spec/hostname": "a.b"},
    "bad gate": {"/spec/schedulingGates": [{"name": "a b"}]},
    "toleration without key": {"/spec/tolerations": [{"operator": "Equal", "value": "x"}]},
    "toleration Exists with value": {"/spec/tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]},
    "toleration with bad words": {
        "/spec/tolerations": [{"key": "a", "operator": "Like", "effect": "Explode", "tolerationSeconds": 1}]
    },
    "ephemeral containers": {
        "/spec/ephemeralContainers": [
            {"name": "e", "image": "i", "imagePullPolicy": "Always", "terminationMessagePolicy": "File"}
        ]
    },
    "init container with probe": {"/spec/initContainers/0/livenessProbe": {"exec": {"command": ["a"]}}},
    "probe without handler": {f"{C}/livenessProbe": {}},
    "probe without command": {f"{C}/readinessProbe": {"exec": {}}},
    "probe at port zero": {f"{C}/startupProbe": {"httpGet": {"port": 0}}},
    "port of the node twice": {f"{C}/ports": [{"containerPort": 1, "hostPort": 1}] * 2},
    "field without path": {f"{C}/env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": ""}}}]},
    "source of nothing": {f"{C}/env": [{"name": "a", "valueFrom": {}}]},
    "resource with dots": {f"{C}/resources": {"limits": {"..": "1"}}},
    "long label": {"/metadata/labels": {"a" * 64: "b" * 64, f"{'c' * 254}/d": ""}},
    "init containers without names": {"/spec/initContainers": [{"name": "", "image": "a"}] * 3},
    "bad name": {"/metadata/name": "A_b"},
    "no namespace name": {"/metadata/name": "a", "/spec/serviceAccountName": "A_b"},
}
NODES: dict[str, Change] = {
    "taint without effect": {"/spec/taints/0/effect": ""},
    "taint with unknown effect": {"/spec/taints/0/effect": "Explode"},
    "taint without key": {"/spec/taints/0/key": ""},
    "taint with bad value": {"/spec/taints/0/value": "a b"},
    "taint twice": {"/spec/taints": [{"key": "a", "effect": "NoSchedule"}] * 2},
    "bad name": {"/metadata/name": "A_b"},
}
OTHERS: tuple[Case, ...] = (
    *rows(
        "namespace",
        bases.NAMESPACE,
        {"bad name": {"/metadata/name": "a.b"}, "upper": {"/metadata/name": "A"}},
    ),
    *rows(
        "config map",
        bases.CONFIG_MAP,
        {
            "bad key": {"/data": {"a b": "c"}},
            "dotted key": {"/data": {"..a": "c"}},
            "large": {"/data": {"a": "x" * (1024 * 1024 + 1)}},
            "key twice": {"/binaryData": {"a": "Yg=="}},
        },
    ),
    *rows(
        "secret",
        bases.SECRET,
        {
            "bad key": {"/data": {"a b": ""}},
            "TLS without key": {"/type": "kubernetes.io/tls", "/data": {"tls.crt": ""}},
            "account token without account": {"/type": "kubernetes.io/service-account-token"},
            "docker config missing": {"/type": "kubernetes.io/dockerconfigjson"},
            "basic auth without anything": {"/type": "kubernetes.io/basic-auth"},
        },
    ),
    *rows("account", bases.ACCOUNT, {"bad name": {"/metadata/name": "A_b"}}),
    *rows(
        "service",
        bases.SERVICE,
        {
            "no ports": {"/spec/ports": []},
            "port zero": {"/spec/ports/0/port": 0},
            "unknown protocol": {"/spec/ports/0/protocol": "ICMP"},
            "a port twice": {"/spec/ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]},
            "two ports without names": {"/spec/ports": [{"port": 1}, {"port": 2}]},
            "port name twice": {"/spec/ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]},
            "unknown type": {"/spec/type": "Tunnel"},
            "bad selector": {"/spec/selector": {"a b": "c"}},
            "bad name": {"/metadata/name": "1a"},
        },
    ),
    *rows(
        "daemon set",
        bases.DAEMON_SET,
        {
            "other labels": {"/spec/template/metadata/labels": {"app": "other"}},
            "no labels": {"/spec/template/metadata/labels": GONE},
            "restarts never": {"/spec/template/spec/restartPolicy": "Never"},
            "empty selector": {"/spec/selector": {}},
            "no containers": {"/spec/template/spec/containers": []},
            "bad selector": {"/spec/selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}},
            "unknown strategy": {"/spec/updateStrategy": {"type": "Slowly"}},
            "surge and absence": {"/spec/updateStrategy": {"rollingUpdate": {"maxSurge": 1}}},
        },
    ),
    *rows(
        "deployment",
        bases.DEPLOYMENT,
        {
            "bad selector": {"/spec/selector/matchLabels": {"app": ".."}},
            "bad percentage": {"/spec/strategy": {"rollingUpdate": {"maxSurge": "x"}}},
            "unknown strategy": {"/spec/strategy": {"type": "Slowly"}},
            "recreate and roll": {"/spec/strategy": {"type": "Recreate", "rollingUpdate": {}}},
            "other labels": {"/spec/template/metadata/labels": {"app": "other"}},
            "negative replicas": {"/spec/replicas": -1},
            "no selector": {"/spec/selector": GONE},
            "empty selector": {"/spec/selector": {}},
            "deadline too short": {"/spec/progressDeadlineSeconds": 5, "/spec/minReadySeconds": 5},
            "restarts never": {"/spec/template/spec/restartPolicy": "Never"},
        },
    ),
    *rows(
        "job",
        bases.JOB,
        {
            "restarts always": {"/spec/template/spec/restartPolicy": "Always"},
            "negative parallelism": {"/spec/parallelism": -1},
            "indexed without completions": {"/spec/completionMode": "Indexed", "/spec/parallelism": 1},
            "no containers": {"/spec/template/spec/containers": []},
        },
    ),
    *rows(
        "role",
        bases.ROLE,
        {
            "no verbs": {"/rules/0/verbs": []},
            "no groups": {"/rules/0/apiGroups": []},
            "no resources": {"/rules/0/resources": []},
            "urls": {"/rules/0": {"verbs": ["get"], "nonResourceURLs": ["/x"]}},
            "bad name": {"/metadata/name": "a%b"},
        },
    ),
    *rows(
        "cluster role",
        bases.CLUSTER_ROLE,
        {
            "urls and resources": {"/rules/0/nonResourceURLs": ["/x"]},
            "aggregation without selectors": {"/aggregationRule": {}},
        },
    ),
    *rows(
        "binding",
        bases.BINDING,
        {
            "role": {"/roleRef/kind": "Role"},
            "no role name": {"/roleRef/name": ""},
            "other group": {"/roleRef/apiGroup": "example.com"},
            "no subject name": {"/subjects/0/name": ""},
            "no subject namespace": {"/subjects/0/namespace": ""},
            "unknown subject": {"/subjects/0/kind": "Robot"},
            "user in another group": {"/subjects/0": {"kind": "User", "name": "a", "apiGroup": "x"}},
            "account in a group": {"/subjects/0/apiGroup": "x"},
        },
    ),
    *rows(
        "lease",
        bases.LEASE,
        {"zero": {"/spec/leaseDurationSeconds": 0}, "negative": {"/spec/leaseTransitions": -1}},
    ),
    *rows(
        "budget",
        bases.BUDGET,
        {
            "negative": {"/spec/minAvailable": -1},
            "not a percentage": {"/spec/minAvailable": "x"},
            "above a hundred": {"/spec/minAvailable": "101%"},
            "bad selector": {"/spec/selector": {"matchLabels": {"a b": "c"}}},
        },
    ),
    *rows(
        "definition",
        bases.DEFINITION,
        {
            "other name": {"/metadata/name": "bars.example.com"},
            "no group": {"/spec/group": "", "/metadata/name": "foos."},
            "short group": {"/spec/group": "example", "/metadata/name": "foos.example"},
            "no scope": {"/spec/scope": ""},
            "unknown scope": {"/spec/scope": "World"},
            "unknown type": {"/spec/versions/0/schema/openAPIV3Schema/properties/spec/type": "text"},
            "no storage": {"/spec/versions/0/storage": False},
            "no versions": {"/spec/versions": GONE},
            "no schema": {"/spec/versions/0/schema": GONE},
            "no type": {"/spec/versions/0/schema/openAPIV3Schema": {"properties": {}}},
            "property without type": {
                "/spec/versions/0/schema/openAPIV3Schema/properties/spec": {"description": "x"}
            },
            "bad version": {"/spec/versions/0/name": "V_1"},
            "no kind": {"/spec/names/kind": ""},
            "bad short name": {"/spec/names/shortNames": ["F"]},
            "same list kind": {"/spec/names/listKind": "Foo"},
        },
    ),
)
UPDATES = (
    Case(
        "pod update: node",
        bases.POD,
        {
            "/spec/containers": [],
        },
        "update",
    ),
    Case("pod update: no image", bases.POD, {f"{C}/image": ""}, "update"),
    Case("config map update: bad label", bases.CONFIG_MAP, {"/metadata/labels": {"a b": ""}}, "update"),
    Case("pod status: bad label", bases.POD, {"/metadata/labels": {"a b": ""}}, "status"),
    Case("pod update: image", bases.POD, {f"{C}/image": "example.com/app:2"}, "update"),
    Case(
        "pod update: toleration changed",
        bases.POD,
        {"/spec/tolerations": []},
        "update",
        {"/spec/tolerations": [{"key": "a", "operator": "Exists"}]},
    ),
    Case("pod update: gate added", bases.POD, {"/spec/schedulingGates": [{"name": "a/b"}]}, "update"),
    Case(
        "pod update: deadline later",
        bases.POD,
        {"/spec/activeDeadlineSeconds": 9},
        "update",
        {"/spec/activeDeadlineSeconds": 5},
    ),
    Case(
        "pod status: unknown claim",
        bases.POD,
        {"/status/resourceClaimStatuses": [{"name": "other"}]},
        "status",
    ),
    Case(
        "pod status: claim twice",
        bases.POD,
        {"/status/resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "a"}] * 2},
        "status",
    ),
    Case(
        "pod status: bad claim",
        bases.POD,
        {"/status/resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "A_b"}]},
        "status",
    ),
    Case("pod status: quality", bases.POD, {"/status/qosClass": "Guaranteed"}, "status"),
    Case(
        "pod status: bad condition",
        bases.POD,
        {"/status/conditions": [{"type": "a b", "status": "True"}]},
        "status",
    ),
    Case("node update: provider", bases.NODE, {"/spec/providerID": "x://2"}, "update"),
    Case("node update: taint", bases.NODE, {"/spec/taints/0/effect": "Explode"}, "update"),
    Case("config map update: immutable", bases.CONFIG_MAP, {"/data/a": "c"}, "update", {"/immutable": True}),
    Case(
        "config map update: mutable again",
        bases.CONFIG_MAP,
        {"/immutable": False},
        "update",
        {"/immutable": True},
    ),
    Case("secret update: type", bases.SECRET, {"/type": "example.com/x"}, "update"),
    Case(
        "daemon set update: selector",
        bases.DAEMON_SET,
        {"/spec/selector/matchLabels": {"app": "b"}, "/spec/template/metadata/labels": {"app": "b"}},
        "update",
    ),
    Case(
        "deployment update: selector",
        bases.DEPLOYMENT,
        {"/spec/selector/matchLabels": {"app": "b"}, "/spec/template/metadata/labels": {"app": "b"}},
        "update",
    ),
    Case("binding update: role", bases.BINDING, {"/roleRef/name": "edit"}, "update"),
)
CASES: tuple[Case, ...] = (*rows("pod", bases.POD, PODS), *rows("node", bases.NODE, NODES), *OTHERS, *UPDATES)
