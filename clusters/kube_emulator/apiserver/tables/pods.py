"""Pure: the cells of pods, with the texts of ``printPod`` (``pkg/printers/internalversion/printers.go``, 1.36)."""

from collections.abc import Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables.cells import age, at


@dataclass(frozen=True, slots=True)
class Summary:
    """The columns of one pod."""

    ready: int
    status: str
    restarts: int
    last_restart: str


def summary(item: JsonObject) -> Summary:
    """ITEM in a row: init containers decide until they are done, then the containers."""
    sidecars = {c["name"] for c in at(item, "spec.initContainers", []) if c.get("restartPolicy") == "Always"}
    inits: Sequence[JsonObject] = at(item, "status.initContainerStatuses", [])
    reason, ready = pod_reason(item), 0
    blocked = False
    for index, status in enumerate(inits):
        if at(status, "state.terminated.exitCode", None) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            ready += bool(status.get("ready"))
            continue
        blocked = True
        reason = f"Init:{init_reason(status) or f'{index}/{len(inits)}'}"
        break
    if blocked and not holds(item, "Initialized"):
        shown = inits
    else:
        containers: Sequence[JsonObject] = at(item, "status.containerStatuses", [])
        shown = [*(status for status in inits if status["name"] in sidecars), *containers]
        ready += sum(running(status) for status in containers)
        reason = containers_reason(item, reason, containers)
    return Summary(
        ready,
        final_reason(item, reason),
        sum(status.get("restartCount", 0) for status in shown),
        max((at(status, "lastState.terminated.finishedAt") for status in shown), default=""),
    )


def pod_reason(item: JsonObject) -> str:
    """The status by the pod as a whole."""
    for condition in at(item, "status.conditions", []):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return str(at(item, "status.reason") or at(item, "status.phase"))


def init_reason(status: JsonObject) -> str:
    """What is wrong with an init container; empty for one that waits or runs."""
    if at(status, "state.terminated", None) is not None:
        return ended_reason(status)
    reason: str = at(status, "state.waiting.reason")
    return "" if reason == "PodInitializing" else reason


def ended_reason(status: JsonObject) -> str:
    """Why a container ended."""
    ended = status["state"]["terminated"]
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def containers_reason(item: JsonObject, reason: str, containers: Sequence[JsonObject]) -> str:
    """The status by the first container that does not run, unless others still run."""
    failed = ""
    for status in reversed(containers):
        if at(status, "state.waiting.reason"):
            reason = status["state"]["waiting"]["reason"]
        elif at(status, "state.terminated", None) is not None:
            reason = ended_reason(status)
            failed = reason if status["state"]["terminated"].get("exitCode") else failed
    if reason != "Completed":
        return reason
    runs = any(running(status) for status in containers)
    if runs and holds(item, "Ready"):
        return "Running"
    return failed or ("NotReady" if runs else reason)


def final_reason(item: JsonObject, reason: str) -> str:
    """``Terminating`` while the pod is deleted, unless it has ended."""
    if not item["metadata"].get("deletionTimestamp"):
        return reason
    if at(item, "status.reason") == "NodeLost":
        return "Unknown"
    return reason if at(item, "status.phase") in ("Succeeded", "Failed") else "Terminating"


def running(status: JsonObject) -> bool:
    """Whether a container runs and is ready."""
    waits = at(status, "state.waiting.reason") or at(status, "state.terminated", None) is not None
    return bool(not waits and status.get("ready") and at(status, "state.running", None) is not None)


def holds(item: JsonObject, condition: str) -> bool:
    """Whether a condition of the pod is true."""
    return any(c["type"] == condition and c["status"] == "True" for c in at(item, "status.conditions", []))


def ready_of(item: JsonObject, _now: float) -> str:
    """``1/2``; sidecars count."""
    sidecars = sum(c.get("restartPolicy") == "Always" for c in at(item, "spec.initContainers", []))
    return f"{summary(item).ready}/{len(at(item, 'spec.containers', [])) + sidecars}"


def status_of(item: JsonObject, _now: float) -> str:
    """The status that kubectl shows."""
    return summary(item).status


def restarts_of(item: JsonObject, now: float) -> str:
    """``3 (5s ago)``."""
    found = summary(item)
    ago = f" ({age(found.last_restart, now)} ago)" if found.restarts and found.last_restart else ""
    return f"{found.restarts}{ago}"


def pod_ip(item: JsonObject, _now: float) -> str:
    """The first address."""
    addresses = at(item, "status.podIPs", [])
    return (addresses[0].get("ip") if addresses else "") or "<none>"


def gates_of(item: JsonObject, _now: float) -> str:
    """Readiness gates: ``1/2``."""
    gates = at(item, "spec.readinessGates", [])
    return f"{sum(holds(item, gate['conditionType']) for gate in gates)}/{len(gates)}" if gates else "<none>"


def conditions_of(item: JsonObject) -> list[JsonObject]:
    """The conditions of the row of a pod that has ended."""
    phase = at(item, "status.phase")
    if phase not in ("Succeeded", "Failed"):
        return []
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]
