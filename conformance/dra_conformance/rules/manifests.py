"""Pure: rules on the Kubernetes objects that a vendor ships, which can be seen in the objects alone.

Roles are judged whether or not they are bound: what is shipped is what somebody will bind.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dra_api.objects import JsonObject

READS = frozenset({"get", "list", "watch"})
WRITES = frozenset({"update", "patch"})
DRA = "resource.k8s.io"
ADMIN_ACCESS = "resource.kubernetes.io/admin-access"
NODE_CLAIM = "authentication.kubernetes.io/node-name"
ROLLING_SINCE = (1, 33)
"""The first release whose kubelets keep two instances of a driver apart (kubeletplugin RollingUpdate)."""
DANGEROUS = {
    ("", "secrets"): READS,
    ("", "pods/exec"): {"get", "create"},
    ("", "pods/attach"): {"get", "create"},
    ("", "nodes/proxy"): {"get", "create"},
    ("", "pods"): {"create"},
    ("", "serviceaccounts/token"): {"create"},
    ("rbac.authorization.k8s.io", "clusterroles"): {"escalate", "bind"},
    ("rbac.authorization.k8s.io", "clusterrolebindings"): {"create", *WRITES},
}
"""{(group, resource): verbs} with which a service account can become more than a DRA driver."""
TOO_WIDE = {
    *("/", "/etc", "/home", "/proc", "/root", "/run", "/usr", "/var", "/var/lib", "/var/run"),
    *("/var/lib/kubelet", "/var/lib/kubelet/pods", "/var/lib/kubelet/pki"),
}
RUNTIME_SOCKETS = re.compile(r"/(docker|containerd|crio)\.sock$")


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a vendor ships.

    Attributes:
        driver: the DRA driver name.
        oldest: the oldest Kubernetes that the vendor supports, e.g. ``1.34``; empty if it does not say.
    """

    objects: tuple[JsonObject, ...]
    driver: str
    oldest: str = ""

    def of(self, *kinds: str) -> Iterator[JsonObject]:
        """The objects of KINDS."""
        return (item for item in self.objects if item.get("kind") in kinds)


Rule = Callable[[Shipped], Iterator[str]]


def named(item: JsonObject) -> str:
    """Kind and name of an object."""
    return f"{item.get('kind')} {(item.get('metadata') or {}).get('name')}"


def role_rules(shipped: Shipped) -> Iterator[tuple[str, JsonObject]]:
    """(role, rule) of all roles."""
    for role in shipped.of("Role", "ClusterRole"):
        for rule in role.get("rules") or []:
            yield named(role), rule


def granted(rule: JsonObject, group: str, resource: str) -> set[str]:
    """The verbs of a rule on a resource; a wildcard counts as what it stands for."""
    groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
    if not {group, "*"} & set(groups) or not {resource, "*"} & set(resources):
        return set()
    return set(rule.get("verbs") or [])


def wildcards(shipped: Shipped) -> Iterator[str]:
    """No wildcard in verbs, resources or groups, and no binding of cluster-admin."""
    for role, rule in role_rules(shipped):
        for member in ("verbs", "resources", "apiGroups"):
            if any("*" in str(value) for value in rule.get(member) or []):
                yield f"{role}: {member} {rule[member]}"
    for binding in shipped.of("RoleBinding", "ClusterRoleBinding"):
        if (binding.get("roleRef") or {}).get("name") == "cluster-admin":
            yield f"{named(binding)} binds cluster-admin"


def dangerous_rights(shipped: Shipped) -> Iterator[str]:
    """No role reads secrets, enters pods, or makes what would give further rights."""
    for role, rule in role_rules(shipped):
        for (group, resource), verbs in DANGEROUS.items():
            found = granted(rule, group, resource) & {*verbs, "*"}
            if found and not rule.get("resourceNames"):
                yield f"{role}: {sorted(found)} of {resource}"


def writes_slices(shipped: Shipped) -> bool:
    """Whether a role can write slices."""
    verbs = {"create", "delete", "deletecollection", "*", *WRITES}
    return any(granted(rule, DRA, "resourceslices") & verbs for _, rule in role_rules(shipped))


def slice_policy(shipped: Shipped) -> Iterator[str]:
    """A policy that is bound denies writes of slices of other nodes, in every version, by the node in the token."""
    if not writes_slices(shipped):
        return
    bound = {
        (binding.get("spec") or {}).get("policyName")
        for binding in shipped.of("ValidatingAdmissionPolicyBinding")
        if "Deny" in ((binding.get("spec") or {}).get("validationActions") or [])
    }
    policies = [
        policy
        for policy in shipped.of("ValidatingAdmissionPolicy")
        if policy["metadata"]["name"] in bound and NODE_CLAIM in str(policy) and covers_slices(policy)
    ]
    if not policies:
        yield f"no bound ValidatingAdmissionPolicy compares slices of all versions with {NODE_CLAIM}"


def covers_slices(policy: JsonObject) -> bool:
    """Whether a policy is asked about every write of a slice in every version."""
    rules = ((policy.get("spec") or {}).get("matchConstraints") or {}).get("resourceRules") or []
    return any(
        {DRA, "*"} & set(rule.get("apiGroups") or [])
        and "*" in (rule.get("apiVersions") or [])
        and {"resourceslices", "*"} & set(rule.get("resources") or [])
        and ({"CREATE", "UPDATE", "DELETE"} <= set(rule.get("operations") or []) or "*" in rule["operations"])
        for rule in rules
    )


def status_verbs(shipped: Shipped) -> tuple[set[str], set[str]]:
    """The verbs that all roles together have on status.devices: those on claims, and those for the driver's part."""
    on_status: set[str] = set()
    on_driver: set[str] = set()
    for _, rule in role_rules(shipped):
        on_status |= granted(rule, DRA, "resourceclaims/status") & WRITES
        if shipped.driver in (rule.get("resourceNames") or []):
            on_driver |= granted(rule, DRA, "resourceclaims/driver")
    return on_status, on_driver


def driver_status(shipped: Shipped) -> Iterator[str]:
    """Whoever may write claims' status has a node verb on resourceclaims/driver, for this driver's name only."""
    on_status, on_driver = status_verbs(shipped)
    if on_status and not on_driver:
        yield f"{sorted(on_status)} of resourceclaims/status without a verb on resourceclaims/driver for {shipped.driver}"
    for role, rule in role_rules(shipped):
        if granted(rule, DRA, "resourceclaims/driver") and not rule.get("resourceNames"):
            yield f"{role}: resourceclaims/driver without resourceNames"


def both_status_verbs(shipped: Shipped) -> Iterator[str]:
    """Each verb on resourceclaims/status has its counterpart on resourceclaims/driver, since both are checked."""
    on_status, on_driver = status_verbs(shipped)
    for verb in sorted(on_status):
        if on_driver and not {f"associated-node:{verb}", f"arbitrary-node:{verb}", "*"} & on_driver:
            yield f"{verb} of resourceclaims/status without associated-node:{verb} of resourceclaims/driver"


def node_rights(shipped: Shipped) -> Iterator[str]:
    """The account of a DaemonSet has neither arbitrary-node verbs nor a write of resourceclaims/binding."""
    if not any(shipped.of("DaemonSet")):
        return
    for role, rule in role_rules(shipped):
        wide = {
            verb for verb in granted(rule, DRA, "resourceclaims/driver") if verb.startswith("arbitrary-node")
        }
        if wide:
            yield f"{role}: {sorted(wide)} of resourceclaims/driver"
        if binding := granted(rule, DRA, "resourceclaims/binding") & WRITES:
            yield f"{role}: {sorted(binding)} of resourceclaims/binding"


def pod_spec(item: JsonObject) -> JsonObject:
    """The spec of the pods of a DaemonSet."""
    found: JsonObject = ((item.get("spec") or {}).get("template") or {}).get("spec") or {}
    return found


def host_access(shipped: Shipped) -> Iterator[str]:
    """A DaemonSet mounts no folder of the host that holds much more than the driver needs, and is not privileged."""
    for item in shipped.of("DaemonSet"):
        spec = pod_spec(item)
        for volume in spec.get("volumes") or []:
            path = (volume.get("hostPath") or {}).get("path")
            if path and ((path.rstrip("/") or "/") in TOO_WIDE or RUNTIME_SOCKETS.search(path)):
                yield f"{named(item)} mounts {path} of the host"
        for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
            if (container.get("securityContext") or {}).get("privileged"):
                yield f"{named(item)}: container {container.get('name')} is privileged"


def admin_namespaces(shipped: Shipped) -> Iterator[str]:
    """No shipped namespace allows admin access."""
    for item in shipped.of("Namespace"):
        if (item["metadata"].get("labels") or {}).get(ADMIN_ACCESS) == "true":
            yield f"{named(item)} has the label {ADMIN_ACCESS}=true"


def early_pods(shipped: Shipped) -> Iterator[str]:
    """A DaemonSet has a priority class and tolerations, so that it runs before its consumers and on tainted nodes."""
    for item in shipped.of("DaemonSet"):
        missing = [name for name in ("priorityClassName", "tolerations") if not pod_spec(item).get(name)]
        if missing:
            yield f"{named(item)} has no {' and no '.join(missing)}"


def rolling_update(shipped: Shipped) -> Iterator[str]:
    """A DaemonSet lets two instances run side by side only if Kubernetes is 1.33 or newer."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", shipped.oldest)[:2])
    for item in shipped.of("DaemonSet"):
        update = ((item.get("spec") or {}).get("updateStrategy") or {}).get("rollingUpdate") or {}
        if update.get("maxSurge") in (None, 0, "0", "0%") or numbers >= ROLLING_SINCE:
            continue
        oldest = shipped.oldest or "not said"
        yield f"{named(item)}: maxSurge {update['maxSurge']}, and the oldest supported Kubernetes is {oldest}"


RULES: dict[str, tuple[Rule, str]] = {
    "SEC-002": (wildcards, "who takes over the driver takes over the cluster"),
    "SEC-003": (dangerous_rights, "who takes over the driver reads every secret, or becomes somebody else"),
    "SEC-004": (slice_policy, "who takes over one node can offer and withdraw the devices of all others"),
    "SEC-005": (driver_status, "the API server refuses what the driver reports in claims"),
    "SEC-006": (both_status_verbs, "the API server refuses what the driver reports in claims"),
    "SEC-007": (node_rights, "who takes over one node can write what other nodes report, or allocate"),
    "SEC-010": (host_access, "who takes over the driver has the files of the host"),
    "SEC-015": (admin_namespaces, "every user of the namespace gets access to devices that others use"),
    "SEC-016": (early_pods, "pods wait for a driver that was evicted, or that does not run on their node"),
    "UPG-015": (rolling_update, "older kubelets take the new instance's end for that of the driver"),
}
"""{requirement: (rule, why it matters)}."""
