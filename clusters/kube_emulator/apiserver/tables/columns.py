"""The columns of each kind; one of priority 1 shows with ``-o wide`` (``AddHandlers`` of printers.go, 1.36)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables import cells, events, pods
from kube_emulator.apiserver.tables.cells import Cell, counts, number, reads, text_or


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    cell: Cell
    priority: int = 0
    type: str = "string"

    @property
    def definition(self) -> JsonObject:
        """Its ``columnDefinitions`` entry."""
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": self.name,
            "priority": self.priority,
        }


def integer(name: str, cell: Cell, priority: int = 0) -> Column:
    """A column of numbers."""
    return Column(name, cell, priority, "integer")


NAME = Column("Name", lambda item, _now: item["metadata"]["name"])
AGE = Column("Age", cells.age_cell)
CREATED_AT = Column("Created At", reads("metadata.creationTimestamp"), type="date")
CONTAINERS = (
    Column("Containers", cells.containers_of("name"), 1),
    Column("Images", cells.containers_of("image"), 1),
)
SELECTOR = Column("Selector", cells.selector_text, 1)
WEBHOOKS = (NAME, integer("Webhooks", counts("webhooks")), AGE)
BINDING = (
    NAME,
    Column("Role", cells.role_ref),
    AGE,
    Column("Users", cells.subjects_of("User"), 1),
    Column("Groups", cells.subjects_of("Group"), 1),
    Column("ServiceAccounts", cells.subjects_of("ServiceAccount"), 1),
)
DAEMONS = (
    ("Desired", "desiredNumberScheduled"),
    ("Current", "currentNumberScheduled"),
    ("Ready", "numberReady"),
    ("Up-to-date", "updatedNumberScheduled"),
    ("Available", "numberAvailable"),
)
COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "pods": (
            NAME,
            Column("Ready", pods.ready_of),
            Column("Status", pods.status_of),
            Column("Restarts", pods.restarts_of),
            AGE,
            Column("IP", pods.pod_ip, 1),
            Column("Node", reads("spec.nodeName", "<none>"), 1),
            Column("Nominated Node", reads("status.nominatedNodeName", "<none>"), 1),
            Column("Readiness Gates", pods.gates_of, 1),
        ),
        "nodes": (
            NAME,
            Column("Status", cells.node_status),
            Column("Roles", cells.node_roles),
            AGE,
            Column("Version", reads("status.nodeInfo.kubeletVersion")),
            Column("Internal-IP", cells.address("InternalIP"), 1),
            Column("External-IP", cells.address("ExternalIP"), 1),
            Column("OS-Image", reads("status.nodeInfo.osImage", "<unknown>"), 1),
            Column("Kernel-Version", cells.kernel, 1),
            Column("Container-Runtime", reads("status.nodeInfo.containerRuntimeVersion", "<unknown>"), 1),
        ),
        "namespaces": (NAME, Column("Status", reads("status.phase")), AGE),
        "configmaps": (NAME, Column("Data", counts("data", "binaryData")), AGE),
        "secrets": (NAME, Column("Type", reads("type", "Opaque")), Column("Data", counts("data")), AGE),
        "services": (
            NAME,
            Column("Type", reads("spec.type", "ClusterIP")),
            Column("Cluster-IP", reads("spec.clusterIP", "<none>")),
            Column("External-IP", cells.service_address),
            Column("Port(s)", cells.service_ports),
            AGE,
            Column("Selector", cells.labels_at("spec.selector"), 1),
        ),
        "endpoints": (NAME, Column("Endpoints", cells.endpoints_text), AGE),
        "leases": (NAME, Column("Holder", reads("spec.holderIdentity")), AGE),
        "resourceslices": (
            NAME,
            Column("Node", reads("spec.nodeName")),
            Column("Driver", reads("spec.driver")),
            Column("Pool", reads("spec.pool.name")),
            AGE,
        ),
        "resourceclaims": (NAME, Column("State", cells.claim_state), AGE),
        "devicetaintrules": (
            NAME,
            *(Column(name, reads(f"spec.taint.{name.lower()}")) for name in ("Key", "Value", "Effect")),
            Column("TimeAdded", cells.since("spec.taint.timeAdded")),
            AGE,
        ),
        "controllerrevisions": (
            NAME,
            Column("Controller", cells.controller),
            integer("Revision", number("revision")),
            AGE,
        ),
        "daemonsets": (
            NAME,
            *(integer(name, number(f"status.{path}")) for name, path in DAEMONS),
            Column("Node Selector", cells.labels_at("spec.template.spec.nodeSelector")),
            AGE,
            *CONTAINERS,
            SELECTOR,
        ),
        "deployments": (
            NAME,
            Column("Ready", cells.ready_replicas),
            Column("Up-to-date", number("status.updatedReplicas")),
            Column("Available", number("status.availableReplicas")),
            AGE,
            *CONTAINERS,
            SELECTOR,
        ),
        "replicasets": (
            NAME,
            integer("Desired", number("spec.replicas")),
            integer("Current", number("status.replicas")),
            integer("Ready", number("status.readyReplicas")),
            AGE,
            *CONTAINERS,
            SELECTOR,
        ),
        "statefulsets": (NAME, Column("Ready", cells.ready_replicas), AGE, *CONTAINERS),
        "jobs": (
            NAME,
            Column("Status", cells.job_status),
            Column("Completions", cells.job_completions),
            Column("Duration", cells.job_duration),
            AGE,
            *CONTAINERS,
            SELECTOR,
        ),
        "poddisruptionbudgets": (
            NAME,
            Column("Min Available", text_or("spec.minAvailable", "N/A")),
            Column("Max Unavailable", text_or("spec.maxUnavailable", "N/A")),
            integer("Allowed Disruptions", number("status.disruptionsAllowed")),
            AGE,
        ),
        "priorityclasses": (
            NAME,
            integer("Value", number("value")),
            Column("Global-Default", reads("globalDefault", False), type="boolean"),
            AGE,
            Column("PreemptionPolicy", reads("preemptionPolicy")),
        ),
        "runtimeclasses": (NAME, Column("Handler", reads("handler")), AGE),
        "csinodes": (NAME, integer("Drivers", counts("spec.drivers")), AGE),
        "resourcequotas": (
            NAME,
            Column("Request", cells.quota_text(limits=False)),
            Column("Limit", cells.quota_text(limits=True)),
            AGE,
        ),
        "endpointslices": (
            NAME,
            Column("AddressType", reads("addressType")),
            Column("Ports", cells.slice_ports),
            Column("Endpoints", cells.slice_addresses),
            AGE,
        ),
        "rolebindings": BINDING,
        "clusterrolebindings": BINDING,
        "roles": (NAME, CREATED_AT),
        "clusterroles": (NAME, CREATED_AT),
        "customresourcedefinitions": (NAME, CREATED_AT),
        "mutatingwebhookconfigurations": WEBHOOKS,
        "validatingwebhookconfigurations": WEBHOOKS,
        "validatingadmissionpolicies": (
            NAME,
            integer("Validations", counts("spec.validations")),
            Column("ParamKind", cells.param_kind),
            AGE,
        ),
        "validatingadmissionpolicybindings": (
            NAME,
            Column("PolicyName", reads("spec.policyName")),
            Column("ParamRef", cells.param_ref),
            AGE,
        ),
        "events": (
            Column("Last Seen", events.last_seen),
            Column("Type", reads("type")),
            Column("Reason", reads("reason")),
            Column("Object", events.subject),
            Column("Subobject", events.part, 1),
            Column("Source", events.source, 1),
            Column("Message", events.message),
            Column("First Seen", events.first_seen, 1),
            Column("Count", events.count, 1),
            Column("Name", NAME.cell, 1),
        ),
    }
)
