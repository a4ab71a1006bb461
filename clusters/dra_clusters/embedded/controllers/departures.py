"""Empties namespaces that are deleted, and removes pods of nodes that are gone.

After kube-controller-manager pkg/controller namespace and podgc, 1.36.
"""

import logging
from typing import Any

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.controllers.feed import feed
from dra_clusters.embedded.status import ApiError

log = logging.getLogger(__name__)
Object = dict[str, Any]
QUARANTINE_S = 40
"""How long a node must be gone before its pods are (podgc quarantineTime)."""


async def run_departures(api: Api) -> None:
    """Control until cancelled."""
    clock = api.clock
    lost: dict[str, float] = {}

    def wait_s() -> float | None:
        return max(0.0, min(lost.values()) - clock.time()) if lost else None

    async for batch in feed(api, None, wait_s):
        emptied: dict[str, None] = {}
        for plural, before, after in batch:
            item = after or before or {}
            name = item["metadata"]["name"]
            if plural == "namespaces" and (after is None or item["metadata"].get("deletionTimestamp")):
                emptied[name] = None
            elif plural == "nodes" and after is None:
                lost[name] = clock.time() + QUARANTINE_S
            elif plural == "nodes":
                lost.pop(name, None)
            elif plural == "pods" and (node := item["spec"].get("nodeName")) and after is not None:
                if node not in lost and api.find("nodes", node) is None:
                    lost[node] = clock.time() + QUARANTINE_S
            elif after is None and (space := item["metadata"].get("namespace")) and leaving(api, space):
                emptied[space] = None
        for namespace in emptied:
            guarded(empty, api, namespace)
        for node in [name for name, due in lost.items() if due <= clock.time()]:
            del lost[node]
            guarded(remove_pods, api, node)


def guarded(work: Any, api: Api, name: str) -> None:
    """WORK on NAME; what fails is tried again with the next change."""
    try:
        work(api, name)
    except ApiError as error:
        log.info("%s %s: %s", work.__name__, name, error)


def leaving(api: Api, namespace: str) -> bool:
    """Whether NAMESPACE is going."""
    found = api.find("namespaces", namespace)
    return found is not None and bool(found["metadata"].get("deletionTimestamp"))


def empty(api: Api, namespace: str) -> None:
    """Delete everything in NAMESPACE; let it go when nothing is left."""
    left = False
    for plural in list(api.store.kinds()):
        for item in api.values(plural, namespace):
            if not item["metadata"].get("deletionTimestamp"):
                api.delete(plural, item["metadata"]["name"], namespace)
            left = left or api.find(plural, item["metadata"]["name"], namespace) is not None
    found = api.find("namespaces", namespace)
    if found is not None and not left and (found.get("spec") or {}).get("finalizers"):
        api.update(
            "namespaces", {**found, "spec": {**found["spec"], "finalizers": []}}, subresource="finalize"
        )


def remove_pods(api: Api, node: str) -> None:
    """Delete the pods that were on NODE, without a kubelet that could say good-bye."""
    if api.find("nodes", node) is not None:
        return
    for pod in api.values("pods"):
        if pod["spec"].get("nodeName") == node:
            api.delete(
                "pods",
                pod["metadata"]["name"],
                pod["metadata"]["namespace"],
                uid=pod["metadata"]["uid"],
                grace_s=0,
            )
