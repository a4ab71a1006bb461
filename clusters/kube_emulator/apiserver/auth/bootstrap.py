"""Roles and bindings that every cluster has, as far as DRA drivers, their users and the control plane need them.

From ``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` (1.36). Left out are the roles of volume, certificate, proxy and
workload controllers that the embedded cluster does not run. A row reads: verbs, API groups, resources.
"""

from collections.abc import Iterable

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth.attributes import ACCOUNTS, AUTHENTICATED, MASTERS, UNAUTHENTICATED
from kube_emulator.apiserver.auth.policy import Rule
from kube_emulator.apiserver.auth.rbac import GROUP

Row = tuple[str, str, str]

READ = "get list watch"
WRITE = "create delete deletecollection patch update"
READ_WRITE = f"{READ} {WRITE}"
CORE = "-"
"""The core group, whose name is empty."""

DRA = "resource.k8s.io"
GRANULAR = "DRAResourceClaimGranularStatusAuthorization"
EVENTS: Row = ("create patch update", f"{CORE} events.k8s.io", "events")
REVIEW: tuple[Row, ...] = (
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "subjectaccessreviews"),
)
HEALTH = "/healthz /livez /readyz /version /version/"

VIEW: tuple[Row, ...] = (
    (
        READ,
        CORE,
        (
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers"
            " replicationcontrollers/scale serviceaccounts services services/status"
        ),
    ),
    (
        READ,
        CORE,
        (
            "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas"
            " resourcequotas/status"
        ),
    ),
    (READ, CORE, "namespaces"),
    (READ, f"{CORE} events.k8s.io", "events"),
    (READ, "discovery.k8s.io", "endpointslices"),
    (
        READ,
        "apps",
        (
            "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets"
            " replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"
        ),
    ),
    (READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    (READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    (
        READ,
        "extensions",
        (
            "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status"
            " networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"
        ),
    ),
    (READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    (READ, DRA, "resourceclaims resourceclaims/status resourceclaimtemplates"),
)

EDIT: tuple[Row, ...] = (
    (READ, CORE, "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
    ("impersonate", CORE, "serviceaccounts"),
    (WRITE, CORE, "pods pods/attach pods/exec pods/portforward pods/proxy"),
    ("create", CORE, "pods/eviction"),
    (
        WRITE,
        CORE,
        (
            "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts"
            " services services/proxy"
        ),
    ),
    ("create", CORE, "serviceaccounts/token"),
    (WRITE, f"{CORE} events.k8s.io", "events"),
    (
        WRITE,
        "apps",
        (
            "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets"
            " statefulsets/scale"
        ),
    ),
    (WRITE, "autoscaling", "horizontalpodautoscalers"),
    (WRITE, "batch", "cronjobs jobs"),
    (
        WRITE,
        "extensions",
        (
            "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets"
            " replicasets/scale replicationcontrollers/scale"
        ),
    ),
    (WRITE, "policy", "poddisruptionbudgets"),
    (WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    (READ_WRITE, "coordination.k8s.io", "leases"),
    (WRITE, DRA, "resourceclaims resourceclaimtemplates"),
)

NODE: tuple[Row, ...] = (
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
    (READ, CORE, "services"),
    ("create get list watch", CORE, "nodes"),
    ("patch update", CORE, "nodes/status"),
    ("patch update", CORE, "nodes"),
    EVENTS,
    (READ, CORE, "pods"),
    ("create delete", CORE, "pods"),
    ("patch update", CORE, "pods/status"),
    ("create", CORE, "pods/eviction"),
    (READ, CORE, "configmaps secrets"),
    ("get", CORE, "persistentvolumeclaims persistentvolumes"),
    ("get", CORE, "endpoints"),
    ("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ("create delete get patch update", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", CORE, "serviceaccounts/token"),
    ("get patch update", CORE, "persistentvolumeclaims/status"),
    (READ, "storage.k8s.io", "csidrivers"),
    ("create delete get patch update", "storage.k8s.io", "csinodes"),
    (READ, "node.k8s.io", "runtimeclasses"),
    ("get", DRA, "resourceclaims"),
    ("deletecollection", DRA, "resourceslices"),
    ("get", CORE, "serviceaccounts"),
)

SCHEDULER: tuple[Row, ...] = (
    EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get list update watch", "coordination.k8s.io", "leases=kube-scheduler"),
    (READ_WRITE, "coordination.k8s.io", "leasecandidates"),
    (READ, CORE, "nodes"),
    (f"delete {READ}", CORE, "pods"),
    ("create", CORE, "bindings pods/binding"),
    ("patch update", CORE, "pods/status"),
    (READ, CORE, "replicationcontrollers services"),
    (READ, "apps extensions", "replicasets"),
    (READ, "apps", "statefulsets"),
    (READ, "policy", "poddisruptionbudgets"),
    (READ, CORE, "persistentvolumeclaims persistentvolumes"),
    *REVIEW,
    (READ, "storage.k8s.io", "csinodes"),
    (READ, "storage.k8s.io", "volumeattachments"),
    (READ, CORE, "namespaces"),
    (READ, "storage.k8s.io", "csidrivers"),
    (READ, "storage.k8s.io", "csistoragecapacities"),
    (READ, DRA, "deviceclasses"),
    (f"{READ} patch update", DRA, "resourceclaims"),
    (f"{READ} patch update", DRA, "resourceclaims/status"),
    ("update", CORE, "pods/finalizers"),
    (READ, DRA, "resourceslices"),
)

CLAIM_CONTROLLER: tuple[Row, ...] = (
    (READ, CORE, "pods"),
    ("update", CORE, "pods/finalizers"),
    (f"create delete {READ}", DRA, "resourceclaims"),
    ("patch update", DRA, "resourceclaims resourceclaims/status"),
    ("patch update", CORE, "pods/status"),
    EVENTS,
)

TAINT_CONTROLLER: tuple[Row, ...] = (
    (f"delete {READ}", CORE, "pods"),
    ("patch update", CORE, "pods/status"),
    (READ, DRA, "resourceclaims"),
    (READ, DRA, "resourceslices"),
    (READ, DRA, "deviceclasses"),
    EVENTS,
)

CONTROLLER_MANAGER: tuple[Row, ...] = (
    EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get update", "coordination.k8s.io", "leases=kube-controller-manager"),
    ("create", CORE, "secrets serviceaccounts"),
    ("delete", CORE, "secrets"),
    ("get", CORE, "configmaps namespaces secrets serviceaccounts"),
    ("update", CORE, "secrets serviceaccounts"),
    *REVIEW,
    ("list watch", "*", "*"),
    ("create", CORE, "serviceaccounts/token"),
)


def rule(row: Row) -> Rule:
    """A row as a rule; ``leases=NAME`` names the one object."""
    verbs, groups, resources = (tuple(sorted(part.split())) for part in row)
    return Rule(
        verbs,
        tuple("" if group == CORE else group for group in groups),
        tuple(resource.partition("=")[0] for resource in resources),
        tuple(name for resource in resources if (name := resource.partition("=")[2])),
    )


def urls(verb: str, paths: str) -> Rule:
    """A rule for URL paths."""
    return Rule(verbs=(verb,), urls=tuple(sorted(paths.split())))


def cluster_roles(gates: frozenset[str]) -> list[JsonObject]:
    """The ClusterRoles of a cluster whose gates GATES are on."""
    binding: tuple[Row, ...] = (("patch update", DRA, "resourceclaims/binding"),) if GRANULAR in gates else ()
    taint_rules: tuple[Row, ...] = (
        ((READ, DRA, "devicetaintrules"),) if "DRADeviceTaintRules" in gates else ()
    )
    taint_status: tuple[Row, ...] = tuple(
        ("patch update", DRA, "devicetaintrules/status") for _ in taint_rules
    )
    extended: tuple[Row, ...] = (
        (("create delete", DRA, "resourceclaims"),) if "DRAExtendedResource" in gates else ()
    )
    monitoring = (
        "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz"
    )
    discovery = f"{HEALTH} /api /api/* /apis /apis/* /openapi /openapi/*"
    plain: dict[str, list[Rule]] = {
        "cluster-admin": [rule(("*", "*", "*")), urls("*", "*")],
        "system:discovery": [urls("get", discovery)],
        "system:monitoring": [urls("get", monitoring), rule(("get", CORE, "nodes/metrics"))],
        "system:basic-user": [
            rule(("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews")),
            rule(("create", "authentication.k8s.io", "selfsubjectreviews")),
        ],
        "system:public-info-viewer": [urls("get", HEALTH)],
        "system:node": [rule(row) for row in NODE],
        "system:auth-delegator": [rule(row) for row in REVIEW],
        "system:kube-controller-manager": [rule(row) for row in CONTROLLER_MANAGER],
        "system:kube-scheduler": [rule(row) for row in (*SCHEDULER, *extended, *taint_rules, *binding)],
        "system:controller:resource-claim-controller": [rule(row) for row in (*CLAIM_CONTROLLER, *binding)],
        "system:controller:device-taint-eviction-controller": [
            rule(row) for row in (*TAINT_CONTROLLER, *taint_status, *taint_rules)
        ],
        "system:service-account-issuer-discovery": [
            urls(
                "get",
                "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
            )
        ],
    }
    return [role(name, rules) for name, rules in plain.items()] + aggregated_roles()


def aggregated_roles() -> list[JsonObject]:
    """``admin`` aggregates ``edit``, which aggregates ``view``; other roles join them by label."""
    label = f"{GROUP}/aggregate-to-"
    own: dict[str, Iterable[Row]] = {
        "admin": (
            ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            (READ_WRITE, GROUP, "rolebindings roles"),
        ),
        "edit": EDIT,
        "view": VIEW,
    }
    above = {"view": "edit", "edit": "admin"}
    roles = []
    for name, rows in own.items():
        aggregate = role(name, [], {f"{label}{above[name]}": "true"} if name in above else {})
        aggregate["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {f"{label}{name}": "true"}}]}
        part = role(f"system:aggregate-to-{name}", [rule(row) for row in rows], {f"{label}{name}": "true"})
        roles += [aggregate, part]
    return roles


def role(name: str, rules: Iterable[Rule], labels: dict[str, str] | None = None) -> JsonObject:
    """A ClusterRole that every cluster has."""
    return {"metadata": metadata(name, labels or {}), "rules": [one.document() for one in rules]}


def metadata(name: str, labels: dict[str, str]) -> JsonObject:
    """Metadata that marks an object as one of the bootstrap policy."""
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **labels},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def cluster_bindings() -> list[JsonObject]:
    """The ClusterRoleBindings of each cluster; that of system:node has no subject since the node authorizer exists."""
    user, group, account = "User", "Group", "ServiceAccount"
    bound: dict[str, list[tuple[str, str]]] = {
        "cluster-admin": [(group, MASTERS)],
        "system:monitoring": [(group, "system:monitoring")],
        "system:discovery": [(group, AUTHENTICATED)],
        "system:basic-user": [(group, AUTHENTICATED)],
        "system:public-info-viewer": [(group, AUTHENTICATED), (group, UNAUTHENTICATED)],
        "system:kube-controller-manager": [(user, "system:kube-controller-manager")],
        "system:kube-scheduler": [(user, "system:kube-scheduler")],
        "system:node": [],
        "system:service-account-issuer-discovery": [(group, ACCOUNTS)],
        "system:controller:resource-claim-controller": [(account, "resource-claim-controller")],
        "system:controller:device-taint-eviction-controller": [(account, "device-taint-eviction-controller")],
    }
    return [binding(name, subjects) for name, subjects in bound.items()]


def binding(name: str, subjects: Iterable[tuple[str, str]]) -> JsonObject:
    """A ClusterRoleBinding to the ClusterRole of the same name; service accounts are those of kube-system."""
    whom = [
        {"kind": kind, "name": subject, "namespace": "kube-system"}
        if kind == "ServiceAccount"
        else {"kind": kind, "apiGroup": GROUP, "name": subject}
        for kind, subject in subjects
    ]
    return {
        "metadata": metadata(name, {}),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
        "subjects": whom,
    }
