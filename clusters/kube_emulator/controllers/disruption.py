"""Keeps the status of PodDisruptionBudgets (kube-controller-manager pkg/controller/disruption, 1.36).

``verbs.budgets`` counts. A budget is counted again when it, a pod of its namespace, or what controls pods changes.
"""

import logging

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.query.labels import selects
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import pods as all_pods
from kube_emulator.apiserver.registry.verbs.budgets import status_of
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)
SCALED = {"ReplicaSet": "replicasets", "StatefulSet": "statefulsets"}
"""{kind of an owner: its plural} of those that say how many pods they should have."""


async def run_disruption(api: Api) -> None:
    """Control until cancelled."""
    async for batch in feed(api, ("pods", "poddisruptionbudgets", *SCALED.values())):
        namespaces = {changed.item["metadata"]["namespace"] for changed in batch}
        for budget in list(api.values("poddisruptionbudgets")):
            if budget["metadata"]["namespace"] in namespaces:
                sync(api, budget)


def sync(api: Api, budget: JsonObject) -> None:
    """Write the status of BUDGET if it changed."""
    namespace, selector = budget["metadata"]["namespace"], (budget.get("spec") or {}).get("selector")
    pods = [
        pod
        for pod in all_pods(api)
        if pod["metadata"]["namespace"] == namespace
        and selects(selector, pod["metadata"].get("labels") or {})
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]
    status = status_of(budget, pods, scale_of(api, namespace, pods), api.clock.stamp())
    if status == (budget.get("status") or {}):
        return
    try:
        api.update("poddisruptionbudgets", {**budget, "status": status}, subresource="status")
    except ApiError as error:
        log.info("budget %s/%s: %s", namespace, budget["metadata"]["name"], error)


def scale_of(api: Api, namespace: str, pods: list[Pod]) -> int:
    """How many pods the owners of PODS should have; pods without one do not count."""
    owners = {
        (owner["kind"], owner["name"])
        for pod in pods
        for owner in pod["metadata"].get("ownerReferences") or []
        if owner.get("controller") and owner["kind"] in SCALED
    }
    found = (api.find(SCALED[kind], name, namespace) for kind, name in owners)
    return sum(item["spec"].get("replicas", 1) for item in found if item is not None)
