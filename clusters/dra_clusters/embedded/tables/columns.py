"""The columns of each kind; one of priority 1 shows with ``-o wide``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dra_clusters.embedded.tables.cells import (
    address,
    age_cell,
    at,
    claim_state,
    containers_ready,
    event_object,
    gates_told,
    job_completions,
    job_status,
    names_of,
    node_roles,
    node_status,
    number,
    pod_status,
    reads,
    restarts,
    selector_text,
    service_ports,
)

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    cell: Callable[[Object], Any]
    priority: int = 0
    type: str = "string"

    @property
    def definition(self) -> Object:
        """As the table tells it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": self.name,
            "priority": self.priority,
        }


def workload(*columns: Column) -> tuple[Column, ...]:
    """Columns of a workload with those of its containers."""
    return (
        *columns,
        Column("Age", age_cell),
        Column("Containers", lambda item: names_of(item, "name"), 1),
        Column("Images", lambda item: names_of(item, "image"), 1),
        Column("Selector", selector_text, 1),
    )


NAME = Column("Name", lambda item: item["metadata"]["name"])
AGE = Column("Age", age_cell)
COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "pods": (
            Column("Ready", containers_ready),
            Column("Status", pod_status),
            Column("Restarts", restarts),
            AGE,
            Column("IP", reads("status.podIP", "<none>"), 1),
            Column("Node", reads("spec.nodeName", "<none>"), 1),
            Column("Nominated Node", reads("status.nominatedNodeName", "<none>"), 1),
            Column("Readiness Gates", gates_told, 1),
        ),
        "nodes": (
            Column("Status", node_status),
            Column("Roles", node_roles),
            AGE,
            Column("Version", reads("status.nodeInfo.kubeletVersion")),
            Column("Internal-IP", address("InternalIP"), 1),
            Column("External-IP", address("ExternalIP"), 1),
            Column("OS-Image", reads("status.nodeInfo.osImage", "<unknown>"), 1),
            Column("Kernel-Version", reads("status.nodeInfo.kernelVersion", "<unknown>"), 1),
            Column("Container-Runtime", reads("status.nodeInfo.containerRuntimeVersion", "<unknown>"), 1),
        ),
        "namespaces": (Column("Status", reads("status.phase")), AGE),
        "configmaps": (
            Column("Data", lambda item: len(item.get("data") or {}) + len(item.get("binaryData") or {})),
            AGE,
        ),
        "secrets": (
            Column("Type", reads("type", "Opaque")),
            Column("Data", lambda item: len(item.get("data") or {})),
            AGE,
        ),
        "serviceaccounts": (Column("Secrets", lambda item: len(item.get("secrets") or [])), AGE),
        "services": (
            Column("Type", reads("spec.type", "ClusterIP")),
            Column("Cluster-IP", reads("spec.clusterIP", "<none>")),
            Column("External-IP", lambda item: ",".join(at(item, "spec.externalIPs", [])) or "<none>"),
            Column("Port(s)", service_ports),
            AGE,
            Column(
                "Selector",
                lambda item: (
                    ",".join(f"{k}={v}" for k, v in sorted(at(item, "spec.selector", {}).items())) or "<none>"
                ),
                1,
            ),
        ),
        "leases": (Column("Holder", reads("spec.holderIdentity")), AGE),
        "resourceslices": (
            Column("Node", reads("spec.nodeName", "<none>")),
            Column("Driver", reads("spec.driver")),
            Column("Pool", reads("spec.pool.name")),
            AGE,
        ),
        "resourceclaims": (Column("State", claim_state), AGE),
        "daemonsets": workload(
            *(
                Column(name, number(f"status.{path}"))
                for name, path in (
                    ("Desired", "desiredNumberScheduled"),
                    ("Current", "currentNumberScheduled"),
                    ("Ready", "numberReady"),
                    ("Up-to-date", "updatedNumberScheduled"),
                    ("Available", "numberAvailable"),
                )
            )
        ),
        "deployments": workload(
            Column(
                "Ready", lambda item: f"{at(item, 'status.readyReplicas', 0)}/{at(item, 'spec.replicas', 1)}"
            ),
            Column("Up-to-date", number("status.updatedReplicas")),
            Column("Available", number("status.availableReplicas")),
        ),
        "replicasets": workload(
            Column("Desired", number("spec.replicas")),
            Column("Current", number("status.replicas")),
            Column("Ready", number("status.readyReplicas")),
        ),
        "statefulsets": (
            Column(
                "Ready", lambda item: f"{at(item, 'status.readyReplicas', 0)}/{at(item, 'spec.replicas', 1)}"
            ),
            AGE,
        ),
        "jobs": (Column("Status", job_status), Column("Completions", job_completions), AGE),
        "poddisruptionbudgets": (
            Column("Min Available", reads("spec.minAvailable", "N/A")),
            Column("Max Unavailable", reads("spec.maxUnavailable", "N/A")),
            Column("Allowed Disruptions", number("status.disruptionsAllowed")),
            AGE,
        ),
        "rolebindings": (
            Column("Role", lambda item: f"{item['roleRef']['kind']}/{item['roleRef']['name']}"),
            AGE,
        ),
        "clusterrolebindings": (
            Column("Role", lambda item: f"{item['roleRef']['kind']}/{item['roleRef']['name']}"),
            AGE,
        ),
        "roles": (Column("Created At", reads("metadata.creationTimestamp")),),
        "clusterroles": (Column("Created At", reads("metadata.creationTimestamp")),),
        "customresourcedefinitions": (Column("Created At", reads("metadata.creationTimestamp")),),
        "events": (
            Column("Type", reads("type")),
            Column("Reason", reads("reason")),
            Column("Object", event_object),
            Column("Message", lambda item: (item.get("message") or item.get("note") or "").strip()),
        ),
    }
)
