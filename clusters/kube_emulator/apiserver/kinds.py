"""The built-in kinds as data: one row each, with the versions by which each release serves them.

Facts: the discovery documents of kubernetes/kubernetes 1.36 (``api/discovery``), the strategies in ``pkg/registry`` and
the KEPs of DRA. What is special about a kind beyond these columns is in ``registry.strategy`` and ``validation``.
"""

from kube_emulator.apiserver.resources import Resource, Version
from kube_emulator.releases.release import V1_35, V1_36, V1_37

DRA = "resource.k8s.io"
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
BETA = (Version("v1"), Version("v1beta2", deprecated=V1_36), Version("v1beta1", deprecated=V1_35))
"""resource.k8s.io kinds since 1.34; the old versions warn (lifecycle tags in staging ``k8s.io/api/resource``)."""

RULES = (
    Version("v1", since=V1_37),
    Version("v1beta2", since=V1_36),
    Version("v1alpha3", deprecated=V1_36),
)
"""DeviceTaintRule's versions (KEP-5055)."""

CORE = (
    Resource(
        "",
        "v1",
        "namespaces",
        "Namespace",
        namespaced=False,
        short=("ns",),
        status=True,
        others=("finalize",),
    ),
    Resource("", "v1", "nodes", "Node", namespaced=False, short=("no",), status=True),
    Resource(
        *("", "v1", "pods", "Pod"),
        short=("po",),
        categories=("all",),
        status=True,
        counted=True,
        others=("attach", "binding", "eviction", "exec", "log", "portforward"),
    ),
    Resource(
        *("", "v1", "events", "Event"),
        short=("ev",),
        create_on_update=True,
        also_served=("events.k8s.io", "v1"),
    ),
    Resource("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", short=("sa",), others=("token",)),
    Resource(
        *("", "v1", "services", "Service"),
        short=("svc",),
        categories=("all",),
        status=True,
        create_on_update=True,
    ),
    Resource("", "v1", "resourcequotas", "ResourceQuota", short=("quota",), status=True),
    Resource("", "v1", "endpoints", "Endpoints", short=("ep",), create_on_update=True),
    Resource(
        "coordination.k8s.io", "v1", "leases", "Lease", create_on_update=True, unconditional_update=False
    ),
)

SLICES = (Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", create_on_update=True),)

NODE_CLASSES = (
    Resource("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", namespaced=False, counted=True),
    Resource("storage.k8s.io", "v1", "csidrivers", "CSIDriver", namespaced=False, counted=True),
    Resource("storage.k8s.io", "v1", "csinodes", "CSINode", namespaced=False, counted=True),
)
"""What a kubelet reads and writes before its node is Ready."""

PRIORITIES = (
    Resource(
        "scheduling.k8s.io",
        "v1",
        "priorityclasses",
        "PriorityClass",
        namespaced=False,
        short=("pc",),
        counted=True,
    ),
)

WORKLOADS = tuple(
    Resource(
        *(group, "v1", plural, kind),
        short=short,
        categories=("all",),
        status=True,
        counted=True,
        others=("scale",) if scaled else (),
    )
    for group, plural, kind, short, scaled in (
        ("apps", "daemonsets", "DaemonSet", ("ds",), False),
        ("apps", "deployments", "Deployment", ("deploy",), True),
        ("apps", "replicasets", "ReplicaSet", ("rs",), True),
        ("apps", "statefulsets", "StatefulSet", ("sts",), True),
        ("batch", "jobs", "Job", (), False),
    )
)

REVISIONS = (Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),)

POLICIES = (
    Resource(
        "policy",
        "v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        short=("pdb",),
        status=True,
        counted=True,
        unconditional_update=False,
    ),
    Resource(RBAC, "v1", "roles", "Role", create_on_update=True),
    Resource(RBAC, "v1", "rolebindings", "RoleBinding", create_on_update=True),
    Resource(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False, create_on_update=True),
    Resource(
        RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False, create_on_update=True
    ),
)

EXTENSIONS = (
    Resource(
        *("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition"),
        namespaced=False,
        short=("crd", "crds"),
        categories=("api-extensions",),
        status=True,
        counted=True,
        unconditional_update=False,
    ),
    *(
        Resource(
            *(ADMISSION, "v1", plural, kind),
            namespaced=False,
            categories=("api-extensions",),
            status=plural == "validatingadmissionpolicies",
            counted=True,
            unconditional_update=False,
        )
        for plural, kind in (
            ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
            ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
            ("validatingadmissionpolicies", "ValidatingAdmissionPolicy"),
            ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
        )
    ),
)

DEVICES = (
    Resource(DRA, "v1", "deviceclasses", "DeviceClass", namespaced=False, counted=True, versions=BETA),
    Resource(DRA, "v1", "resourceclaims", "ResourceClaim", status=True, versions=BETA),
    Resource(DRA, "v1", "resourceclaimtemplates", "ResourceClaimTemplate", versions=BETA),
    Resource(DRA, "v1", "resourceslices", "ResourceSlice", namespaced=False, counted=True, versions=BETA),
    Resource(
        *(DRA, "v1", "devicetaintrules", "DeviceTaintRule"),
        namespaced=False,
        status=True,
        counted=True,
        versions=RULES,
    ),
    Resource(
        *(DRA, "v1alpha3", "resourcepoolstatusrequests", "ResourcePoolStatusRequest"),
        namespaced=False,
        status=True,
        unconditional_update=False,
        versions=(Version("v1alpha3", since=V1_36),),
    ),
)

KINDS: tuple[Resource, ...] = (
    *CORE,
    *SLICES,
    *NODE_CLASSES,
    *PRIORITIES,
    *WORKLOADS,
    *REVISIONS,
    *POLICIES,
    *EXTENSIONS,
    *DEVICES,
)
