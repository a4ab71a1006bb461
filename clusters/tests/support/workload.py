"""Workloads of a ``BareControlPlane``, and the part of kubelets: tests are the kubelet."""

from collections.abc import Callable
from typing import Any

from control_plane import BareControlPlane

from dra_api.objects import JsonObject

LABELS = {"app": "a"}
READY = {"type": "Ready", "status": "True"}


def template(image: str = "one", **spec: Any) -> JsonObject:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}


def create(plane: BareControlPlane, plural: str, name: str = "w", **spec: Any) -> JsonObject:
    """A workload; jobs choose their selector themselves."""
    own = {} if plural == "jobs" else {"selector": {"matchLabels": LABELS}}
    if plural == "jobs":
        spec = {"template": template(restartPolicy="Never"), **spec}
    item = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"template": template(), **own, **spec},
    }
    return plane.api.create(plural, item).value


def change(plane: BareControlPlane, plural: str, name: str = "w", **spec: Any) -> None:
    """Change members of a spec."""
    item = plane.get(plural, name)
    plane.api.update(plural, {**item, "spec": {**item["spec"], **spec}})


def pods(plane: BareControlPlane) -> list[JsonObject]:
    """The pods that are not being deleted."""
    return [pod for pod in plane.api.values("pods") if not pod["metadata"].get("deletionTimestamp")]


def images(plane: BareControlPlane) -> list[str]:
    """The images of all pods, those on their way out too."""
    return sorted(pod["spec"]["containers"][0]["image"] for pod in plane.api.values("pods"))


def everything(_: JsonObject) -> bool:
    return True


def named(*names: str) -> Callable[[JsonObject], bool]:
    """Chooses by name."""
    return lambda item: item["metadata"]["name"] in names


def play_kubelet(plane: BareControlPlane, which: Callable[[JsonObject], bool] = everything) -> None:
    """What kubelets do once: pods that WHICH chooses become ready, those being deleted go."""
    for pod in plane.api.values("pods"):
        name, status = pod["metadata"]["name"], pod["status"]
        if pod["metadata"].get("deletionTimestamp"):
            plane.api.delete("pods", name, "default", grace_s=0)
        elif status.get("phase") == "Pending" and which(pod):
            ready = READY | {"lastTransitionTime": plane.api.clock.stamp()}
            kept = [one for one in status.get("conditions") or [] if one["type"] != "Ready"]
            plane.status("pods", name, phase="Running", conditions=[*kept, ready])


async def rolled_out(plane: BareControlPlane) -> None:
    """Let kubelets and controllers work until nothing changes."""
    for _ in range(20):
        await plane.settle()
        play_kubelet(plane)
    await plane.settle()


def end_pods(plane: BareControlPlane, phase: str) -> None:
    for pod in pods(plane):
        if pod["status"]["phase"] not in ("Succeeded", "Failed"):
            plane.status("pods", pod["metadata"]["name"], phase=phase)


def conditions(item: JsonObject) -> dict[str, tuple[str, str]]:
    """{type: (status, reason)}."""
    return {one["type"]: (one["status"], one["reason"]) for one in item["status"].get("conditions") or []}
