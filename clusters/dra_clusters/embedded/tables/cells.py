"""Pure: what stands in the cells of a table, in the words of ``pkg/printers/internalversion/printers.go`` (1.36)."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]


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


def names_of(item: Object, member: str) -> str:
    """Names or images of a template's containers."""
    return ",".join(c.get(member, "") for c in at(item, "spec.template.spec.containers", []))


def age_cell(item: Object) -> str:
    """Replaced by ``table``, which knows the time."""
    return str(item["metadata"].get("creationTimestamp") or "")


def number(path: str) -> Callable[[Object], Any]:
    """A count."""
    return reads(path, 0)
