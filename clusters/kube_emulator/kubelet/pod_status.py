"""Pure: the status of a pod from what its containers do (kubelet pkg/kubelet/status/generate.go and kubelet_pods.go, 1.36)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dra_api.objects import (
    ContainerSpec,
    ContainerState,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodCondition,
    PodStatus,
)
from kube_emulator.apiserver.validation.qos import qos_class
from kube_emulator.kubelet.runtime import RUNTIME, Container

CREATING, INITIALIZING = "ContainerCreating", "PodInitializing"
Facts = Mapping[str, tuple[bool, str, str]]
"""{condition: (whether it holds, reason, message)}."""
OWNED = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kubelet knows of a pod beside its containers.

    Attributes:
        ip: of the sandbox; empty if there is none.
        host_ip: of the node.
        now: a time stamp.
        waiting: {container: (reason, message)} of those that cannot be made now.
        failure: (reason, message) if the kubelet ended the pod.
    """

    ip: str
    host_ip: str
    now: str
    waiting: Mapping[str, tuple[str, str]]
    failure: tuple[str, str] | None = None


def status_of(pod: Pod, containers: Mapping[str, Container], seen: Seen) -> PodStatus:
    """The new status of POD, which has the old one; what others wrote there stays. CONTAINERS are those that were made."""
    old, spec = pod.get("status") or PodStatus(), pod["spec"]
    init, main = spec.get("initContainers") or [], spec["containers"]
    past = {one["name"]: is_past(one, containers.get(one["name"])) for one in init}
    incomplete = [name for name, done in past.items() if not done]
    phase = "Failed" if seen.failure else phase_of(pod, containers, not incomplete)
    # As upstream, also after the last init container has ended (convertToAPIContainerStatuses, defaultWaitingState).
    default = INITIALIZING if init else CREATING
    statuses = {
        one["name"]: container_status(
            one, containers.get(one["name"]), seen.waiting.get(one["name"], (default, ""))
        )
        for one in (*init, *main)
    }
    facts = facts_of(phase, bool(seen.ip), incomplete, unready(main, statuses))
    generation = pod["metadata"].get("generation", 0)
    status: PodStatus = {
        **old,
        "phase": phase,
        "conditions": conditions_of(old.get("conditions") or [], facts, seen.now, generation),
        "hostIP": seen.host_ip,
        "hostIPs": [{"ip": seen.host_ip}],
        "startTime": old.get("startTime") or seen.now,
        "qosClass": old.get("qosClass") or qos_class(spec),
        "containerStatuses": keep_health(old, [statuses[one["name"]] for one in main]),
    }
    if generation:
        status["observedGeneration"] = generation
    if seen.failure:
        status["reason"], status["message"] = seen.failure
    if init:
        status["initContainerStatuses"] = [statuses[name] | {"ready": ready} for name, ready in past.items()]
    if seen.ip:
        status |= {"podIP": seen.ip, "podIPs": [{"ip": seen.ip}]}
    return status


def facts_of(phase: str, has_sandbox: bool, incomplete: list[str], unready: list[str]) -> Facts:
    """The conditions of a pod: INCOMPLETE init containers and UNREADY containers are why one does not hold."""
    ready = condition_of(phase, not unready and phase == "Running", unready, "ContainersNotReady", "unready")
    return {
        "PodReadyToStartContainers": (has_sandbox, "", ""),
        "Initialized": condition_of(
            phase, not incomplete, incomplete, "ContainersNotInitialized", "incomplete"
        ),
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": (True, "", ""),
    }


def is_past(spec: ContainerSpec, container: Container | None) -> bool:
    """Whether an init container lets the next one go on: it succeeded, or is a sidecar that runs."""
    if container is None:
        return False
    return container.running if is_sidecar(spec) else container.done and container.code == 0


def is_sidecar(spec: ContainerSpec) -> bool:
    """Whether an init container runs beside the others."""
    return spec.get("restartPolicy") == "Always"


def phase_of(pod: Pod, containers: Mapping[str, Container], initialized: bool) -> str:
    """Pending until all containers were started, then Running until none will run again."""
    spec = pod["spec"]
    policy = spec.get("restartPolicy", "Always")
    init = [containers.get(one["name"]) for one in spec.get("initContainers") or [] if not is_sidecar(one)]
    if policy == "Never" and any(one and one.done and one.code for one in init):
        return "Failed"
    every = [containers.get(one["name"]) for one in spec["containers"]]
    if not initialized and not any(every):
        return "Pending"
    made = [one for one in every if one is not None]
    if len(made) < len(every):
        return "Pending"
    again = [one for one in made if one.running or policy == "Always" or (policy == "OnFailure" and one.code)]
    if again:
        return "Running"
    return "Failed" if any(one.code for one in made) else "Succeeded"


def container_status(
    spec: ContainerSpec, container: Container | None, waiting: tuple[str, str]
) -> ContainerStatus:
    """The status of one container."""
    state: ContainerState = state_of(container) if container else {}
    restarts = container.restarts if container else 0
    if container is None or waiting[1]:
        why: ContainerStateWaiting = {"reason": waiting[0]}
        if waiting[1]:
            why["message"] = waiting[1]
        state = {"waiting": why}
    last = container if container and container.done and waiting[1] else container.last if container else None
    running = "running" in state
    status: ContainerStatus = {
        "name": spec["name"],
        "state": state,
        "lastState": state_of(last) if last else {},
        "ready": running and container is not None and container.started_up and container.ready,
        "started": running and container is not None and container.started_up,
        "restartCount": restarts,
        "image": spec.get("image", ""),
        "imageID": "",
    }
    if container:
        status["containerID"] = f"{RUNTIME}://{container.id}"
    return status


def state_of(container: Container) -> ContainerState:
    """A ContainerState."""
    if container.running:
        return {"running": {"startedAt": container.started}}
    ended: ContainerStateTerminated = {
        "exitCode": container.code,
        "reason": container.reason,
        "startedAt": container.started,
        "finishedAt": container.finished,
        "containerID": f"{RUNTIME}://{container.id}",
    }
    if container.message:
        ended["message"] = container.message
    return {"terminated": ended}


def unready(specs: Iterable[ContainerSpec], statuses: Mapping[str, ContainerStatus]) -> list[str]:
    """Containers that are not ready."""
    return [one["name"] for one in specs if not statuses[one["name"]]["ready"]]


def condition_of(phase: str, holds: bool, names: list[str], reason: str, what: str) -> tuple[bool, str, str]:
    """(holds, reason, message) of a condition about containers."""
    if phase == "Succeeded":
        return (what == "incomplete", "PodCompleted", "")
    if phase == "Failed":
        return (what == "incomplete" and holds, "PodFailed", "")
    if holds:
        return (True, "", "")
    word = "incomplete status" if what == "incomplete" else "unready status"
    return (False, reason, f"containers with {word}: [{' '.join(names)}]")


def conditions_of(old: Iterable[PodCondition], facts: Facts, now: str, generation: int) -> list[PodCondition]:
    """The pod's conditions: ours from FACTS, those of others as they are; a time changes with the value only."""
    before = {condition["type"]: condition for condition in old}
    found: list[PodCondition] = []
    for kind, (holds, reason, message) in facts.items():
        value, known = "True" if holds else "False", before.get(kind)
        since = known.get("lastTransitionTime") if known and known["status"] == value else None
        condition: PodCondition = {
            "type": kind,
            "status": value,
            "lastProbeTime": None,
            "lastTransitionTime": since or now,
        }
        if generation:
            condition["observedGeneration"] = generation
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        found.append(condition)
    return found + [condition.copy() for condition in old if condition["type"] not in OWNED]


def keep_health(old: PodStatus, statuses: list[ContainerStatus]) -> list[ContainerStatus]:
    """STATUSES with what the old ones said of the health of devices."""
    known = {one["name"]: one.get("allocatedResourcesStatus") for one in old.get("containerStatuses") or []}
    found = []
    for one in statuses:
        if health := known.get(one["name"]):
            one = {**one, "allocatedResourcesStatus": health}  # the same one, completed
        found.append(one)
    return found
