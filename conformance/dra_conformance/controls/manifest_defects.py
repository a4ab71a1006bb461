"""Defects of what is shipped with a driver: rights, pods, classes, policies."""

from dra_conformance.controls.defect import Defect

MANIFESTS = (
    Defect("wildcard-rights", ("SEC-002",), "has all verbs on slices", seen="wiz-sec/charts#93"),
    Defect("binds-cluster-admin", ("SEC-002",), "binds its account to cluster-admin"),
    Defect(
        "rights-to-secrets",
        ("SEC-003",),
        "may read all secrets",
        seen="hpe-storage/co-deployments#230, doitintl/kubeip#32",
    ),
    Defect("policy-for-one-version", ("SEC-004",), "its policy is asked about slices of v1 only"),
    Defect("no-driver-rights", ("SEC-005",), "may write claims' status without the right for its own part"),
    Defect(
        "one-status-verb", ("SEC-006",), "may update claims' status and has the node verb for patches only"
    ),
    Defect(
        "arbitrary-node",
        ("SEC-007",),
        "may write the status of claims on all nodes",
        seen="kubernetes/kubernetes#138149",
    ),
    Defect("mounts-the-host", ("SEC-010",), "mounts the whole host"),
    Defect("class-without-driver", ("SEC-013",), "its class selects devices of every driver"),
    Defect("class-needs-attribute", ("SEC-014",), "its class reads an attribute that its devices lack"),
    Defect("costly-class", ("SEC-014",), "its class costs more than the API server allows"),
    Defect("admin-namespace", ("SEC-015",), "allows admin access in its namespace"),
    Defect("no-priority", ("SEC-016",), "its pods have no priority class"),
    Defect("surges-on-old-kubelets", ("UPG-015",), "runs two instances side by side on every Kubernetes"),
)
