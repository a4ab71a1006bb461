"""Gives every namespace the ServiceAccount ``default`` (kube-controller-manager pkg/controller/serviceaccount, 1.36)."""

import logging

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.controllers.feed import feed
from dra_clusters.embedded.status import ApiError

log = logging.getLogger(__name__)


async def run_accounts(api: Api) -> None:
    """Control until cancelled."""
    async for batch in feed(api, ("namespaces", "serviceaccounts")):
        names = {
            item["metadata"]["name"] if plural == "namespaces" else item["metadata"]["namespace"]
            for plural, before, after in batch
            if (item := after or before) is not None
        }
        for name in sorted(names):
            namespace = api.find("namespaces", name)
            if namespace is None or namespace["metadata"].get("deletionTimestamp"):
                continue
            if api.find("serviceaccounts", "default", name) is None:
                try:
                    api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})
                except ApiError as error:
                    log.info("service account in %s: %s", name, error)
