"""Pure: lists as tables, which is how ``kubectl get`` asks for them; the columns are those people know.

Columns and cells follow ``pkg/printers/internalversion/printers.go`` (1.36); a column of priority 1 shows with ``-o wide``.
Custom kinds bring their columns (``additionalPrinterColumns``).
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

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


def at(item: Any, path: str, absent: Any = "") -> Any:
    """The value at a dotted path."""
    for name in path.split("."):
        item = item.get(name) if isinstance(item, Mapping) else None
    return absent if item is None else item


def reads(path: str, absent: Any = "") -> Callable[[Object], Any]:
    """A cell that is a member."""
    return lambda item: at(item, path, absent)


def duration(seconds: float) -> str:
    """How long something is, as kubectl says it (apimachinery ``util/duration.HumanDuration``)."""
    total = int(seconds)
    if total < 0:
        return "<invalid>" if total < -1 else "0s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, rest = divmod(days, 365)
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"


def age(stamp: str | None, now: float) -> str:
    """How long ago a time was."""
    if not stamp:
        return "<unknown>"
    try:
        moment = datetime.datetime.fromisoformat(stamp)
    except ValueError:
        return "<invalid>"
    return duration(now - moment.timestamp())


def containers_ready(item: Object) -> str:
    """``1/2`` of a pod."""
    wanted = at(item, "spec.containers", [])
    statuses = at(item, "status.containerStatuses", [])
    ready = sum(bool(status.get("ready")) for status in statuses)
    if not statuses and any(
        c["type"] == "Ready" and c["status"] == "True" for c in at(item, "status.conditions", [])
    ):
        ready = len(wanted)
    return f"{ready}/{len(wanted)}"


def pod_status(item: Object) -> str:
    """The word that kubectl shows for a pod."""
    if item["metadata"].get("deletionTimestamp"):
        return "Terminating"
    waiting = [at(status, "state.waiting.reason") for status in at(item, "status.containerStatuses", [])]
    word: str = (
        next(filter(None, waiting), "") or at(item, "status.reason") or at(item, "status.phase", "Unknown")
    )
    return word


def restarts(item: Object) -> str:
    """How often a pod's containers were started again."""
    return str(sum(status.get("restartCount", 0) for status in at(item, "status.containerStatuses", [])))


def gates_told(item: Object) -> str:
    """Readiness gates of a pod."""
    gates = at(item, "spec.readinessGates", [])
    if not gates:
        return "<none>"
    true = {c["type"] for c in at(item, "status.conditions", []) if c["status"] == "True"}
    return f"{sum(gate['conditionType'] in true for gate in gates)}/{len(gates)}"


def node_status(item: Object) -> str:
    """Ready or not."""
    conditions = {c["type"]: c["status"] for c in at(item, "status.conditions", [])}
    word = {"True": "Ready", "False": "NotReady"}.get(
        conditions.get("Ready", ""), "Unknown" if "Ready" not in conditions else "NotReady"
    )
    return f"{word},SchedulingDisabled" if at(item, "spec.unschedulable", False) else word


def node_roles(item: Object) -> str:
    """The roles that a node's labels tell."""
    prefix = "node-role.kubernetes.io/"
    roles = sorted(
        name.removeprefix(prefix) for name in item["metadata"].get("labels") or {} if name.startswith(prefix)
    )
    return ",".join(roles) or "<none>"


def address(kind: str) -> Callable[[Object], str]:
    """An address of a node."""
    return lambda item: next(
        (entry["address"] for entry in at(item, "status.addresses", []) if entry["type"] == kind), "<none>"
    )


def claim_state(item: Object) -> str:
    """The states of a claim."""
    states = ["deleted"] if item["metadata"].get("deletionTimestamp") else []
    states += ["allocated"] if at(item, "status.allocation", None) else ["pending"] if not states else []
    states += ["reserved"] if at(item, "status.reservedFor", None) else []
    return ",".join(states)


def service_ports(item: Object) -> str:
    """``80/TCP,443:30000/TCP``."""
    told = []
    for port in at(item, "spec.ports", []):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        told.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(told) or "<none>"


def job_completions(item: Object) -> str:
    """``0/1`` of a job."""
    wanted = at(item, "spec.completions", None)
    done = at(item, "status.succeeded", 0)
    return f"{done}/{wanted}" if wanted is not None else f"{done}/1 of {at(item, 'spec.parallelism', 1)}"


def job_status(item: Object) -> str:
    """The word for a job."""
    true = [c["type"] for c in at(item, "status.conditions", []) if c["status"] == "True"]
    return next((word for word in ("Complete", "Failed", "Suspended") if word in true), "Running")


def event_object(item: Object) -> str:
    """``pod/a``."""
    about = item.get("involvedObject") or item.get("regarding") or {}
    return f"{about.get('kind', '').lower()}/{about.get('name', '')}"


def selector_text(item: Object) -> str:
    """Match labels of a selector."""
    labels = at(item, "spec.selector.matchLabels", {})
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items())) or "<none>"


def workload(*columns: Column) -> tuple[Column, ...]:
    """Columns of a workload with those of its containers."""
    return (
        *columns,
        Column("Age", age_cell),
        Column("Containers", lambda item: names_of(item, "name"), 1),
        Column("Images", lambda item: names_of(item, "image"), 1),
        Column("Selector", selector_text, 1),
    )


def names_of(item: Object, member: str) -> str:
    """Names or images of a template's containers."""
    return ",".join(c.get(member, "") for c in at(item, "spec.template.spec.containers", []))


def age_cell(item: Object) -> str:
    """Replaced by ``table``, which knows the time."""
    return str(item["metadata"].get("creationTimestamp") or "")


def number(path: str) -> Callable[[Object], Any]:
    """A count."""
    return reads(path, 0)


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


def table(
    key: str, items: Sequence[Object], *, columns: Sequence[Object] | None = None, now: float
) -> Object:
    """ITEMS of a kind as columns and rows of a meta.k8s.io/v1 Table; COLUMNS are those of a custom kind."""
    chosen = (
        (NAME, *(custom_column(told) for told in columns))
        if columns is not None
        else (NAME, *COLUMNS.get(key, (AGE,)))
    )
    if key == "events":
        chosen = (Column("Last Seen", lambda item: age(last_seen(item), now)), *chosen[1:])
    rows = [{"cells": [cell_of(column, item, now) for column in chosen]} for item in items]
    return {"columnDefinitions": [column.definition for column in chosen], "rows": rows}


def cell_of(column: Column, item: Object, now: float) -> Any:
    """A cell."""
    value = column.cell(item)
    if column.cell is age_cell or (column.type == "date" and isinstance(value, str)):
        return age(value or None, now)
    return value


def last_seen(item: Object) -> str | None:
    """When an event happened last."""
    names = ("lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp")
    return next((item[name] for name in names if item.get(name)), item["metadata"].get("creationTimestamp"))


def custom_column(told: Object) -> Column:
    """A column of a custom kind; its path is a simple JSONPath."""
    path = told["jsonPath"]
    return Column(
        told["name"], lambda item: json_path(item, path), told.get("priority", 0), told.get("type", "string")
    )


def json_path(item: Any, path: str) -> Any:
    """The value at a simple JSONPath: members, indexes, and ``[?(@.type=="Ready")]``; None if there is none."""
    for name, index, member, wanted in re.findall(
        r"\.([\w-]+)|\[(\d+|\*)\]|\[\?\(@\.(\w+)==[\"']([^\"']*)[\"']\)\]", path
    ):
        if name:
            item = item.get(name) if isinstance(item, Mapping) else None
        elif index and isinstance(item, list):
            place = 0 if index == "*" else int(index)
            item = item[place] if place < len(item) else None
        elif member and isinstance(item, list):
            item = next(
                (entry for entry in item if isinstance(entry, Mapping) and entry.get(member) == wanted), None
            )
        else:
            item = None
    return item
