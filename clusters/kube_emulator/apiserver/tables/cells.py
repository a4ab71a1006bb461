"""Pure: the cells of a table, with the texts of ``pkg/printers/internalversion/printers.go`` (1.36).

A cell is computed from the object and the time. Those of pods are in ``pods``, those of events in ``events``.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dra_api.objects import JsonObject

Cell = Callable[[JsonObject, float], Any]


def at(item: Any, path: str, absent: Any = "") -> Any:
    """The value at a dotted path."""
    for name in path.split("."):
        item = item.get(name) if isinstance(item, Mapping) else None
    return absent if item is None else item


def reads(path: str, absent: Any = "") -> Cell:
    """A cell that is a member, or ABSENT where it is missing or empty."""
    return lambda item, _now: at(item, path) or absent


def text_or(path: str, absent: str) -> Cell:
    """A cell that is the text of a member, which may be zero."""
    return lambda item, _now: str(at(item, path, absent))


def number(path: str) -> Cell:
    """A cell that is a count."""
    return lambda item, _now: at(item, path, 0)


def counts(*paths: str) -> Cell:
    """A cell that counts the members of some members."""
    return lambda item, _now: sum(len(at(item, path, ())) for path in paths)


def controller(item: JsonObject, _now: float) -> str:
    """What controls an object, as kubectl names it: ``daemonset.apps/name``."""
    for owner in item["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            group = owner["apiVersion"].rpartition("/")[0]
            return f"{owner['kind'].lower()}{'.' if group else ''}{group}/{owner['name']}"
    return "<none>"


def duration(seconds: float) -> str:
    """How long something is, as kubectl shows it (apimachinery ``util/duration.HumanDuration``)."""
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


def age_cell(item: JsonObject, now: float) -> str:
    """How old an object is."""
    return age(item["metadata"].get("creationTimestamp"), now)


def since(path: str) -> Cell:
    """How long ago a time was; empty if it is not set."""
    return lambda item, now: age(at(item, path), now) if at(item, path) else ""


def quota_text(*, limits: bool) -> Cell:
    """Used and hard of each resource of a quota: its limits, or the others."""

    def cell(item: JsonObject, _now: float) -> str:
        status = item.get("status") or {}
        used, hard = status.get("used") or {}, status.get("hard") or {}
        wanted = [name for name in sorted(hard) if name.startswith("limits.") == limits]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in wanted)

    return cell


def labels_text(labels: Mapping[str, str]) -> str:
    """``a=b,c=d``."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items())) or "<none>"


def labels_at(path: str) -> Cell:
    """A cell of labels."""
    return lambda item, _now: labels_text(at(item, path, {}))


def node_status(item: JsonObject, _now: float) -> str:
    """Ready or not."""
    ready = next((c["status"] for c in at(item, "status.conditions", []) if c["type"] == "Ready"), None)
    state = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    return f"{state},SchedulingDisabled" if at(item, "spec.unschedulable", False) else state


def node_roles(item: JsonObject, _now: float) -> str:
    """The roles in a node's labels."""
    prefix, labels = "node-role.kubernetes.io/", item["metadata"].get("labels") or {}
    roles = {name.removeprefix(prefix) for name in labels if name.startswith(prefix)}
    return ",".join(sorted((roles | {labels.get("kubernetes.io/role", "")}) - {""})) or "<none>"


def kernel(item: JsonObject, _now: float) -> str:
    """The kernel with the architecture."""
    name, architecture = (at(item, f"status.nodeInfo.{m}") for m in ("kernelVersion", "architecture"))
    return (name or "<unknown>") + (f" ({architecture})" if architecture else "")


def address(kind: str) -> Cell:
    """An address of a node."""
    return lambda item, _now: next(
        (entry["address"] for entry in at(item, "status.addresses", []) if entry["type"] == kind), "<none>"
    )


def claim_state(item: JsonObject, _now: float) -> str:
    """The states of a claim."""
    deleted, allocated = item["metadata"].get("deletionTimestamp"), at(item, "status.allocation", None)
    states = ["deleted"] if deleted else []
    if allocated is None:
        return ",".join(states or ["pending"])
    return ",".join([*states, "allocated", *(["reserved"] if at(item, "status.reservedFor") else [])])


def service_address(item: JsonObject, _now: float) -> str:
    """Under which address a service is reached from outside."""
    spec = item["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    entries = at(item, "status.loadBalancer.ingress", []) if spec.get("type") == "LoadBalancer" else []
    addresses = sorted({entry.get("ip") or entry.get("hostname", "") for entry in entries} - {""})
    absent = "<pending>" if spec.get("type") == "LoadBalancer" else "<none>"
    return ",".join([*addresses, *(spec.get("externalIPs") or [])]) or absent


def service_ports(item: JsonObject, _now: float) -> str:
    """``80/TCP,443:30000/TCP``."""
    ports = []
    for port in at(item, "spec.ports", []):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(ports) or "<none>"


def endpoints_text(item: JsonObject, _now: float) -> str:
    """The first three endpoints, and how many more there are."""
    found = [
        f"{entry.get('ip', '')}:{port['port']}" if port else entry.get("ip", "")
        for subset in at(item, "subsets", [])
        for port in subset.get("ports") or [None]
        for entry in subset.get("addresses") or []
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return (",".join(found[:3]) + more) or ("" if at(item, "subsets") else "<none>")


def first_three(found: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return (",".join(found[:3]) + more) or "<unset>"


def slice_ports(item: JsonObject, _now: float) -> str:
    """The ports of an EndpointSlice; ``*`` stands for every port."""
    return first_three([str(port.get("port") or port.get("name") or "*") for port in at(item, "ports", [])])


def slice_addresses(item: JsonObject, _now: float) -> str:
    """The addresses of an EndpointSlice."""
    return first_three([address for each in at(item, "endpoints", []) for address in each["addresses"]])


def ready_replicas(item: JsonObject, _now: float) -> str:
    """``1/2`` of a workload."""
    return f"{at(item, 'status.readyReplicas', 0)}/{at(item, 'spec.replicas', 0)}"


def job_completions(item: JsonObject, _now: float) -> str:
    """``0/1`` of a job."""
    wanted, parallel = at(item, "spec.completions", None), at(item, "spec.parallelism", 0)
    of = f" of {parallel}" if wanted is None and parallel > 1 else ""
    return f"{at(item, 'status.succeeded', 0)}/{1 if wanted is None else wanted}{of}"


def job_status(item: JsonObject, _now: float) -> str:
    """The status of a job."""
    true = {c["type"] for c in at(item, "status.conditions", []) if c["status"] == "True"}
    if item["metadata"].get("deletionTimestamp"):
        true.add("Terminating")
    states = ("Complete", "Failed", "Terminating", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((state for state in states if state in true), "Running")


def job_duration(item: JsonObject, now: float) -> str:
    """How long a job has run."""
    start, end = at(item, "status.startTime"), at(item, "status.completionTime")
    if not start:
        return ""
    return age(start, datetime.datetime.fromisoformat(end).timestamp() if end else now)


def param_kind(item: JsonObject, _now: float) -> str:
    """Which parameters an admission policy has."""
    kind = at(item, "spec.paramKind", None)
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind is not None else "<unset>"


def param_ref(item: JsonObject, _now: float) -> str:
    """Where a binding's parameters are."""
    ref = at(item, "spec.paramRef", {})
    return f"{ref.get('namespace') or '*'}/{ref['name']}" if ref.get("name") else "<unset>"


def selector_text(item: JsonObject, _now: float) -> str:
    """A label selector."""
    selector = at(item, "spec.selector", {})
    terms = [(name, f"{name}={value}") for name, value in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or []:
        key, values = term["key"], ",".join(sorted(term.get("values") or []))
        text = {"Exists": key, "DoesNotExist": f"!{key}"}.get(term["operator"], "")
        terms.append((key, text or f"{key} {term['operator'].lower()} ({values})"))
    return ",".join(text for _, text in sorted(terms)) or "<none>"


def containers_of(member: str) -> Cell:
    """Names or images of a template's containers."""
    return lambda item, _now: ",".join(
        c.get(member, "") for c in at(item, "spec.template.spec.containers", [])
    )


def subjects_of(kind: str) -> Cell:
    """The subjects of a binding that are of one KIND."""

    def cell(item: JsonObject, _now: float) -> str:
        found = [subject for subject in item.get("subjects") or [] if subject["kind"] == kind]
        where = [f"{subject.get('namespace', '')}/" if kind == "ServiceAccount" else "" for subject in found]
        return ", ".join(place + subject["name"] for place, subject in zip(where, found, strict=True))

    return cell


def role_ref(item: JsonObject, _now: float) -> str:
    """The role of a binding."""
    return f"{item['roleRef']['kind']}/{item['roleRef']['name']}"
