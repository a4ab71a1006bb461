"""Keeps the status of ResourceQuotas (kube-controller-manager pkg/controller/resourcequota, 1.37); ``validation.quota`` counts."""

import logging

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation.quota import status_of
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)


async def run_resourcequota(api: Api) -> None:
    """Control until cancelled."""
    async for batch in feed(api, ("resourcequotas", "resourceclaims")):
        namespaces = {changed.item["metadata"]["namespace"] for changed in batch}
        for namespace in sorted(namespaces):
            for quota in api.values("resourcequotas", namespace):
                sync(api, quota)


def sync(api: Api, quota: JsonObject) -> None:
    """Write the status of QUOTA if it changed."""
    name, namespace = quota["metadata"]["name"], quota["metadata"]["namespace"]
    status = status_of(quota, api.values("resourceclaims", namespace))
    if status == quota.get("status"):
        return
    try:
        api.update("resourcequotas", {**quota, "status": status}, subresource="status")
    except ApiError as error:
        log.info("quota %s/%s: %s", namespace, name, error)
