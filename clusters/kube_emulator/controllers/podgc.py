"""Deletes pods of nodes that no longer exist (kube-controller-manager pkg/controller/podgc, 1.36)."""

import logging

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import pods
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)
QUARANTINE_S = 40
"""How long a node must be gone before its pods are (podgc quarantineTime)."""


async def run_podgc(api: Api) -> None:
    """Run until cancelled."""
    clock = api.clock
    lost: dict[str, float] = {}

    def wait_s() -> float | None:
        return max(0.0, min(lost.values()) - clock.time()) if lost else None

    async for batch in feed(api, ("nodes", "pods"), wait_s):
        for plural, before, after in batch:
            item = after or before or {}
            name = item["metadata"]["name"]
            if plural == "nodes" and after is None:
                lost[name] = clock.time() + QUARANTINE_S
            elif plural == "nodes":
                lost.pop(name, None)
            elif after is not None:
                node = item["spec"].get("nodeName")
                if node and node not in lost and api.find("nodes", node) is None:
                    lost[node] = clock.time() + QUARANTINE_S
        for node in [name for name, due in lost.items() if due <= clock.time()]:
            del lost[node]
            try:
                remove_pods(api, node)
            except ApiError as error:
                log.info("pods of node %s: %s", node, error)


def remove_pods(api: Api, node: str) -> None:
    """Delete the pods that were bound to NODE at once: no kubelet is left to end them."""
    if api.find("nodes", node) is not None:
        return
    for pod in pods(api):
        if pod["spec"].get("nodeName") == node:
            api.delete(
                "pods",
                pod["metadata"]["name"],
                pod["metadata"]["namespace"],
                uid=pod["metadata"]["uid"],
                grace_s=0,
            )
