"""Pure: the cells of pods, in the words of ``printPod`` (``pkg/printers/internalversion/printers.go``, 1.36)."""

from collections.abc import Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables.cells import age, at


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands in the columns of one pod."""

    ready: int
    status: str
    restarts: int
    last_restart: str


def summary(item: JsonObject) -> Summary:
    """ITEM in a row: init containers speak until they are done, then the containers."""
    sidecars = {c["name"] for c in at(item, "spec.initContainers", []) if c.get("restartPolicy") == "Always"}
    inits: Sequence[JsonObject] = at(item, "status.initContainerStatuses", [])
    word, ready = first_word(item), 0
    blocked = False
    for index, status in enumerate(inits):
        if at(status, "state.terminated.exitCode", None) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            ready += bool(status.get("ready"))
            continue
        blocked = True
        word = f"Init:{init_word(status) or f'{index}/{len(inits)}'}"
        break
    if blocked and not holds(item, "Initialized"):
        told = inits
    else:
        containers: Sequence[JsonObject] = at(item, "status.containerStatuses", [])
        told = [*(status for status in inits if status["name"] in sidecars), *containers]
        ready += sum(running(status) for status in containers)
        word = word_of_containers(item, word, containers)
    return Summary(
        ready,
        last_word(item, word),
        sum(status.get("restartCount", 0) for status in told),
        max((at(status, "lastState.terminated.finishedAt") for status in told), default=""),
    )


def first_word(item: JsonObject) -> str:
    """What the pod as a whole tells."""
    for condition in at(item, "status.conditions", []):
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return str(at(item, "status.reason") or at(item, "status.phase"))


def init_word(status: JsonObject) -> str:
    """What is wrong with an init container; empty for one that waits its turn or runs."""
    if at(status, "state.terminated", None) is not None:
        return ended_word(status)
    reason: str = at(status, "state.waiting.reason")
    return "" if reason == "PodInitializing" else reason


def ended_word(status: JsonObject) -> str:
    """Why a container ended."""
    ended = status["state"]["terminated"]
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def word_of_containers(item: JsonObject, word: str, containers: Sequence[JsonObject]) -> str:
    """What the first container that does not run tells, unless others still run."""
    failed = ""
    for status in reversed(containers):
        if at(status, "state.waiting.reason"):
            word = status["state"]["waiting"]["reason"]
        elif at(status, "state.terminated", None) is not None:
            word = ended_word(status)
            failed = word if status["state"]["terminated"].get("exitCode") else failed
    if word != "Completed":
        return word
    runs = any(running(status) for status in containers)
    if runs and holds(item, "Ready"):
        return "Running"
    return failed or ("NotReady" if runs else word)


def last_word(item: JsonObject, word: str) -> str:
    """A pod that goes says so, unless it has ended."""
    if not item["metadata"].get("deletionTimestamp"):
        return word
    if at(item, "status.reason") == "NodeLost":
        return "Unknown"
    return word if at(item, "status.phase") in ("Succeeded", "Failed") else "Terminating"


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
    """The word that kubectl shows."""
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
    """What a row tells of a pod that has ended."""
    phase = at(item, "status.phase")
    if phase not in ("Succeeded", "Failed"):
        return []
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]
