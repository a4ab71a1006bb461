"""Empties namespaces that are deleted, pods before everything else, and says in their conditions what is left.

After kube-controller-manager pkg/controller/namespace/deletion, 1.34 to 1.37. As long as there are pods, nothing else is
deleted and nothing is said of what remains; upstream says that later too. Each namespace is tried again with every change
in it, and when its pods should have ended.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import moment
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)
FINALIZER = "kubernetes"
"""What this controller takes off ``spec.finalizers`` when nothing is left."""
Reason = tuple[str, str]
"""Reason and message of a condition."""
FINE: Mapping[str, Reason] = MappingProxyType(
    {
        "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
        "NamespaceFinalizersRemaining": (
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    }
)
"""{condition: its reason and message while it is False} (status_condition_utils.go)."""


@dataclass(slots=True)
class Remains:
    """What is left in a namespace after everything was deleted.

    Attributes:
        objects: {``plural.group``: how many}.
        finalizers: {finalizer: objects that have it}.
        failures: what could not be deleted, and why.
    """

    objects: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


async def run_namespace(api: Api) -> None:
    """Control until cancelled."""
    clock = api.clock
    due: dict[str, float] = {}

    def wait_s() -> float | None:
        return max(0.0, min(due.values()) - clock.time()) if due else None

    async for batch in feed(api, None, wait_s):
        names = {name for name, when in due.items() if when <= clock.time()}
        for changed in batch:
            metadata = changed.item["metadata"]
            names.add(metadata["name"] if changed.plural == "namespaces" else metadata.get("namespace", ""))
        for name in sorted(names):
            due.pop(name, None)
            try:
                if pause := empty(api, name):
                    due[name] = clock.time() + pause
            except ApiError as error:  # tried again with the next change
                log.info("namespace %s: %s", name, error)


def empty(api: Api, name: str) -> float:
    """Go on with emptying a namespace that is to go; the seconds after which that is to be tried again, 0 if not."""
    space = api.find("namespaces", name)
    if space is None or not space["metadata"].get("deletionTimestamp") or not space["spec"].get("finalizers"):
        return 0.0
    left = Remains()
    pause = grace_left_s(api, space)
    delete_all(api, api.resource("pods"), name, left, patient=pause > 0)
    if left.objects:
        write_conditions(api, name, conditions(Remains(failures=left.failures)))
        return pause
    for kind in api.registry.resources():
        if kind.namespaced and kind.key != "pods":
            delete_all(api, kind, name, left)
    write_conditions(api, name, conditions(left))
    if not left.objects and not left.failures:
        current = api.get("namespaces", name)
        kept = [each for each in current["spec"]["finalizers"] if each != FINALIZER]
        spec = {**current["spec"], "finalizers": kept}
        api.update("namespaces", {**current, "spec": spec}, subresource="finalize")
    return 0.0


def grace_left_s(api: Api, space: JsonObject) -> float:
    """How long the pods of a namespace that was deleted may still take to end."""
    graces = [
        pod["spec"].get("terminationGracePeriodSeconds") or 0
        for pod in api.values("pods", space["metadata"]["name"])
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]
    passed = api.clock.time() - moment(space["metadata"]["deletionTimestamp"])
    return max(float(max(graces, default=0)) - passed, 0.0)


def delete_all(api: Api, kind: Resource, namespace: str, left: Remains, *, patient: bool = False) -> None:
    """Delete all objects of KIND and note in LEFT which stay; without finalizers they are failures, unless PATIENT."""
    try:
        for item in api.values(kind.key, namespace):
            if not item["metadata"].get("deletionTimestamp"):
                api.delete(kind.key, item["metadata"]["name"], namespace)
    except ApiError as error:
        left.failures.append(error.message)
        return
    staying = api.values(kind.key, namespace)
    if not staying:
        return
    finalizers = Counter(name for item in staying for name in item["metadata"].get("finalizers") or [])
    left.objects[f"{kind.plural}.{kind.group}"] = len(staying)
    left.finalizers += finalizers
    if not finalizers and not patient:
        where = f"{kind.group}/{kind.version}, Resource={kind.plural}"
        left.failures.append(f"unexpected items still remain in namespace: {namespace} for gvr: {where}")


def conditions(left: Remains) -> dict[str, Reason]:
    """The conditions that are True, each with its reason."""
    found: dict[str, Reason] = {}
    if left.failures:
        what = listed(left.failures)
        message = f"Failed to delete all resource types, {len(left.failures)} remaining: {what}"
        found["NamespaceDeletionContentFailure"] = "ContentDeletionFailed", message
    if left.objects:
        what = listed(f"{kind} has {count} resource instances" for kind, count in left.objects.items())
        found["NamespaceContentRemaining"] = "SomeResourcesRemain", f"Some resources are remaining: {what}"
    if left.finalizers:
        what = listed(f"{name} in {count} resource instances" for name, count in left.finalizers.items())
        message = f"Some content in the namespace has finalizers remaining: {what}"
        found["NamespaceFinalizersRemaining"] = "SomeFinalizersRemain", message
    return found


def listed(parts: Iterable[str]) -> str:
    """PARTS of a message, in an order that stays."""
    return ", ".join(sorted(parts))


def write_conditions(api: Api, name: str, bad: Mapping[str, Reason]) -> None:
    """Write the conditions of a namespace, of which those of BAD are True."""
    space = api.get("namespaces", name)
    rows = {row["type"]: row for row in space["status"].get("conditions") or []}
    for kind, fine in FINE.items():
        (reason, message), truth = bad.get(kind, fine), "True" if kind in bad else "False"
        old = rows.get(kind, {})
        since = old["lastTransitionTime"] if old.get("status") == truth else api.clock.stamp()
        row = {"lastTransitionTime": since, "reason": reason, "message": message}
        rows[kind] = {"type": kind, "status": truth, **row}
    status = {**space["status"], "conditions": list(rows.values())}
    api.update("namespaces", {**space, "status": status}, subresource="status")
