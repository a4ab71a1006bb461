"""The rows of the kinds outside resource.k8s.io (``pkg/registry/*/*/strategy.go``, 1.36).

Of kinds without a row (events, custom resources) only the metadata is validated.
"""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import (
    admission_rules,
    definitions,
    drops,
    names,
    objects,
    pod_defaults,
    pods,
    priority,
    quota,
    rbac,
    services,
    token_volume,
    workloads,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.kinds import Kind
from kube_emulator.apiserver.validation.qos import qos_class

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
DAEMON_COUNTS = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
BUDGET_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
"""The condition of a new pod that has scheduling gates (``applySchedulingGatedCondition``)."""
ADMISSION = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"


def _prepare_pod(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    if old is None:
        pod_defaults.admit(new["spec"], context.priority_classes())
        account = context.service_account(new["spec"]["serviceAccountName"])
        token_volume.mount_token(new["spec"], account, new["metadata"].get("uid", ""))
        new["status"] = {"phase": "Pending", "qosClass": qos_class(new["spec"])}
        if new["spec"].get("schedulingGates"):
            new["status"]["conditions"] = [{**GATED, "lastTransitionTime": context.stamp}]
        return
    pod_defaults.tolerate(new["spec"])
    for name in ("priority", "preemptionPolicy"):
        if new["spec"].get(name) is None and old["spec"].get(name) is not None:
            new["spec"][name] = old["spec"][name]


def _prepare_pod_status(new: JsonObject, old: JsonObject, context: Context) -> None:
    """Keep ``qosClass``, which old kubelets leave out, and owner references, which a status update cannot change."""
    quality = (old.get("status") or {}).get("qosClass")
    if quality:
        new.setdefault("status", {}).setdefault("qosClass", quality)
    drops.drop(drops.POD_STATUS, new.get("status") or {}, old.get("status"), context)
    new["metadata"].pop("ownerReferences", None)
    if "ownerReferences" in old["metadata"]:
        new["metadata"]["ownerReferences"] = old["metadata"]["ownerReferences"]


def _prepare_namespace(new: JsonObject, old: JsonObject | None, _context: Context) -> None:
    """The finalizer ``kubernetes`` keeps a namespace until its content is deleted; only ``/finalize`` changes it."""
    if old is None:
        finalizers = new["spec"].setdefault("finalizers", [])
        if "kubernetes" not in finalizers:
            finalizers.append("kubernetes")
    else:
        new["spec"] = {**new.get("spec", {}), "finalizers": (old.get("spec") or {}).get("finalizers", [])}


def _prepare_daemon_set(new: JsonObject, old: JsonObject | None, _context: Context) -> None:
    """An annotation counts the changes of the template (``templateGeneration``, which apps/v1 no longer has as a field)."""
    found = (old or {}).get("metadata", {}).get("annotations") or {}
    number = int(found.get(TEMPLATE_GENERATION, "0"))
    if old is None or old["spec"].get("template") != new["spec"].get("template"):
        number += 1
    new["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = str(number)


def _prepare_job(new: JsonObject, old: JsonObject | None, _context: Context) -> None:
    """A job selects its pods by its own uid, unless the client chose the selector (``manualSelector``)."""
    if old is not None or new["spec"].get("manualSelector"):
        return
    uid, name = new["metadata"].get("uid", ""), new["metadata"].get("name", "")
    own = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = new["spec"]["template"]["metadata"]
    template["labels"] = {**(template.get("labels") or {}), **own}
    new["metadata"]["labels"] = {**(new["metadata"].get("labels") or {}), **own}
    selector = new["spec"].get("selector") or {}
    chosen = {**(selector.get("matchLabels") or {}), "batch.kubernetes.io/controller-uid": uid}
    new["spec"]["selector"] = {**selector, "matchLabels": chosen}


KINDS: dict[str, Kind] = {
    "ClusterRole": Kind(RBAC, rules=rbac.role, name=names.path_segment, rechecks=True),
    "ClusterRoleBinding": Kind(RBAC, rules=rbac.binding, name=names.path_segment, rechecks=True),
    "ConfigMap": Kind("", rules=objects.config_map, rechecks=True),
    "CustomResourceDefinition": Kind(
        "apiextensions.k8s.io", rules=definitions.definition, generation=True, standard=False
    ),
    "DaemonSet": Kind(
        "apps",
        rules=workloads.daemon_set,
        generation=True,
        empty_status=dict.fromkeys(DAEMON_COUNTS, 0),
        prepares=_prepare_daemon_set,
    ),
    "Deployment": Kind("apps", rules=workloads.replicated, generation=True, empty_status={}),
    "Job": Kind("batch", rules=workloads.job, generation=True, empty_status={}, prepares=_prepare_job),
    "Lease": Kind("coordination.k8s.io", rules=objects.lease),
    "MutatingWebhookConfiguration": Kind(
        ADMISSION, rules=admission_rules.webhooks, generation=True, standard=False
    ),
    "ValidatingAdmissionPolicy": Kind(
        ADMISSION, rules=admission_rules.policy, generation=True, standard=False, empty_status={}
    ),
    "ValidatingAdmissionPolicyBinding": Kind(
        ADMISSION, rules=admission_rules.binding, generation=True, standard=False
    ),
    "ValidatingWebhookConfiguration": Kind(
        ADMISSION, rules=admission_rules.webhooks, generation=True, standard=False
    ),
    "Namespace": Kind(
        "",
        name=names.label,
        empty_status={"phase": "Active"},
        status_metadata=True,
        prepares=_prepare_namespace,
    ),
    "Node": Kind(
        "",
        rules=objects.node,
        status_rules=objects.node_change,
        keeps_status=True,
        rechecks=True,
        status_metadata=True,
    ),
    "Pod": Kind(
        "",
        rules=pods.pod,
        status_rules=pods.pod_status,
        generation=True,
        rechecks=True,
        status_metadata=True,
        prepares=_prepare_pod,
        prepares_status=_prepare_pod_status,
    ),
    "PodDisruptionBudget": Kind(
        "policy",
        own_metadata=False,
        standard=False,
        rules=objects.disruption_budget,
        generation=True,
        empty_status=dict.fromkeys(BUDGET_COUNTS, 0),
    ),
    "PriorityClass": Kind("scheduling.k8s.io", rules=priority.rules, prepares=priority.prepare),
    "ReplicaSet": Kind("apps", rules=workloads.replicated, generation=True, empty_status={"replicas": 0}),
    "ResourceQuota": Kind("", rules=quota.rules, empty_status={}),
    "Role": Kind(RBAC, rules=rbac.role, name=names.path_segment, rechecks=True),
    "RoleBinding": Kind(RBAC, rules=rbac.binding, name=names.path_segment, rechecks=True),
    "Secret": Kind("", rules=objects.secret, rechecks=True),
    "Service": Kind(
        "",
        rules=services.all_rules,
        status_rules=services.status_rules,
        name=names.label,
        rechecks=True,
        empty_status={"loadBalancer": {}},
        status_metadata=True,
        prepares=services.prepare,
    ),
    "ServiceAccount": Kind("", rechecks=True),
}
