"""Valid objects of the kinds outside resource.k8s.io."""

from dra_api.objects import JsonObject

POD_SPEC: JsonObject = {
    "containers": [
        {
            "name": "main",
            "image": "example.com/app:1",
            "resources": {"claims": [{"name": "gpu"}]},
            "volumeMounts": [{"name": "work", "mountPath": "/work"}],
        }
    ],
    "initContainers": [{"name": "first", "image": "example.com/app:1"}],
    "volumes": [{"name": "work", "emptyDir": {}}],
    "resourceClaims": [
        {"name": "gpu", "resourceClaimTemplateName": "gpu"},
        {"name": "shared", "resourceClaimName": "shared"},
    ],
}
POD: JsonObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": POD_SPEC,
}
NODE: JsonObject = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "case"},
    "spec": {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}], "providerID": "x://1"},
}
NAMESPACE: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "case"}}
CONFIG_MAP: JsonObject = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "case", "namespace": "default"},
    "data": {"a": "b"},
}
SECRET: JsonObject = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "case", "namespace": "default"},
    "data": {"a": "Yg=="},
}
ACCOUNT: JsonObject = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "case", "namespace": "default"},
}
SERVICE: JsonObject = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "case"}},
}
TEMPLATE: JsonObject = {
    "metadata": {"labels": {"app": "case"}},
    "spec": {"containers": [{"name": "main", "image": "example.com/app:1"}]},
}
DAEMON_SET: JsonObject = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {"selector": {"matchLabels": {"app": "case"}}, "template": TEMPLATE},
}
DEPLOYMENT: JsonObject = {**DAEMON_SET, "kind": "Deployment"}
JOB: JsonObject = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "main", "image": "example.com/app:1"}],
                "restartPolicy": "Never",
            }
        }
    },
}
ROLE: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "case", "namespace": "default"},
    "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
}
CLUSTER_ROLE: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "case"},
    "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
}
BINDING: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "case"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "default"}],
}
LEASE: JsonObject = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {"leaseDurationSeconds": 40},
}
BUDGET: JsonObject = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "case", "namespace": "default"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "case"}}},
}
DEFINITION: JsonObject = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "foos.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "foos", "kind": "Foo"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
            }
        ],
    },
}
