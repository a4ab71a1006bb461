"""The objects that a domain needs: its daemons' DaemonSet and claim template, and the template for the workload. Pure."""

from dataclasses import dataclass, field

from dra_api.objects import JsonObject
from dra_driver.computedomain.names import (
    API_VERSION,
    CHANNEL_CLASS,
    DAEMON_CLASS,
    DOMAIN_LABEL,
    DRIVER,
    TARGET_LABEL,
    daemon_name,
)
from dra_driver.computedomain.objects import ComputeDomain

CLAIM = "compute-domain-daemon"
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")
CHECK_S, STARTS_WITHIN = 1, 1200
"""A daemon that waits for others is checked each second and has 20 minutes to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonPods:
    """What the daemons' pods are made of.

    Attributes:
        namespace: of the driver, where they run.
        annotations: of the pods.
        max_nodes: nodes of one IMEX domain.
    """

    namespace: str
    image: str
    command: tuple[str, ...] = ("dra-driver", "compute-domain-daemon")
    service_account: str = "compute-domain-daemon-service-account"
    annotations: dict[str, str] = field(default_factory=dict)
    max_nodes: int = 18


def labels_of(domain: ComputeDomain, target: str) -> dict[str, str]:
    """Labels of an object that is made for DOMAIN."""
    return {DOMAIN_LABEL: domain["metadata"]["uid"], TARGET_LABEL: target}


def claim_template(
    name: str,
    namespace: str,
    labels: dict[str, str],
    *,
    request: str,
    device_class: str,
    parameters: JsonObject,
) -> JsonObject:
    """A ResourceClaimTemplate with one request and its opaque parameters."""
    config = {
        "requests": [request],
        "opaque": {"driver": DRIVER, "parameters": {"apiVersion": API_VERSION, **parameters}},
    }
    requests = [{"name": request, "exactly": {"deviceClassName": device_class}}]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "metadata": {"labels": labels},
            "spec": {"devices": {"requests": requests, "config": [config]}},
        },
    }


def workload_template(domain: ComputeDomain) -> JsonObject:
    """The template, in the domain's namespace, from which the workload's pods get their channel."""
    metadata, channel = domain["metadata"], domain["spec"]["channel"]
    parameters = {
        "kind": "ComputeDomainChannelConfig",
        "domainID": metadata["uid"],
        "allocationMode": channel.get("allocationMode", "Single"),
    }
    return claim_template(
        channel["resourceClaimTemplate"]["name"],
        metadata["namespace"],
        labels_of(domain, "Workload"),
        request="channel",
        device_class=CHANNEL_CLASS,
        parameters=parameters,
    )


def daemon_template(domain: ComputeDomain, pods: DaemonPods) -> JsonObject:
    """The template of the daemons' claims."""
    uid = domain["metadata"]["uid"]
    return claim_template(
        daemon_name(uid),
        pods.namespace,
        labels_of(domain, "Daemon"),
        request="daemon",
        device_class=DAEMON_CLASS,
        parameters={"kind": "ComputeDomainDaemonConfig", "domainID": uid},
    )


def daemon_set(domain: ComputeDomain, pods: DaemonPods) -> JsonObject:
    """The DaemonSet, whose pods run where a node has the domain's label: where a claim of the workload is."""
    uid = domain["metadata"]["uid"]
    labels = labels_of(domain, "Daemon")
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": daemon_name(uid), "namespace": pods.namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {DOMAIN_LABEL: uid}},
            # all at once: the nodes of a domain wait for each other
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {
                "metadata": {"labels": labels, "annotations": pods.annotations},
                "spec": {
                    "serviceAccountName": pods.service_account,
                    "nodeSelector": {DOMAIN_LABEL: uid},
                    "tolerations": [{"operator": "Exists", "effect": effect} for effect in EFFECTS],
                    "resourceClaims": [{"name": CLAIM, "resourceClaimTemplateName": daemon_name(uid)}],
                    "containers": [container(pods)],
                },
            },
        },
    }


def container(pods: DaemonPods) -> JsonObject:
    """The container of a daemon."""
    fields = {
        "NODE_NAME": "spec.nodeName",
        "POD_IP": "status.podIP",
        "POD_UID": "metadata.uid",
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
    }
    check = {"exec": {"command": [*pods.command, "check"]}, "timeoutSeconds": 10}
    return {
        "name": CLAIM,
        "image": pods.image,
        "command": [*pods.command, "run"],
        "env": [
            {"name": "MAX_NODES_PER_IMEX_DOMAIN", "value": str(pods.max_nodes)},
            {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"},
            *({"name": k, "valueFrom": {"fieldRef": {"fieldPath": v}}} for k, v in fields.items()),
        ],
        "resources": {"claims": [{"name": CLAIM}]},
        "startupProbe": {**check, "periodSeconds": CHECK_S, "failureThreshold": STARTS_WITHIN},
        "livenessProbe": {**check, "periodSeconds": 60, "failureThreshold": 20},
        "readinessProbe": {**check, "periodSeconds": 10, "failureThreshold": 1},
    }
