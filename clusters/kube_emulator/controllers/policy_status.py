"""Writes into ValidatingAdmissionPolicies what their expressions do wrong with the kinds that they are for.

After kube-controller-manager pkg/controller/validatingadmissionpolicystatus (1.37); ``type_checking`` finds it.
"""

import logging
from collections.abc import Mapping

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.policies import POLICIES
from kube_emulator.apiserver.admission.type_checking import Kind, warnings
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.schema.openapi import schema_of
from kube_emulator.apiserver.schema.resolving import resolved
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import feed

log = logging.getLogger(__name__)
MANAGER = "validatingadmissionpolicy-status-controller"


async def run_policy_status(api: Api) -> None:
    """Control until cancelled."""
    async for batch in feed(api, (POLICIES,)):
        for name in dict.fromkeys(changed.item["metadata"]["name"] for changed in batch):
            if (policy := api.find(POLICIES, name)) is not None:
                sync(api, policy)


def sync(api: Api, policy: JsonObject) -> None:
    """Write the status of POLICY, once for each generation."""
    generation = policy["metadata"]["generation"]
    if generation <= (policy.get("status") or {}).get("observedGeneration", 0):
        return
    found = warnings(policy["spec"], Finder(api).kind, Finder(api).schema)
    checked: JsonObject = {"expressionWarnings": found} if found else {}
    applied = {
        "apiVersion": policy["apiVersion"],
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": policy["metadata"]["name"]},
        "status": {"observedGeneration": generation, "typeChecking": checked},
    }
    try:
        api.apply(POLICIES, applied, manager=MANAGER, force=True, subresource="status")
    except ApiError as error:
        log.info("policy %s: %s", policy["metadata"]["name"], error)


class Finder:
    """Finds kinds that are served, and their schemas."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def kind(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind at a place."""
        served = self._api.registry.served(group, version, plural)
        return Kind(group, version, served.kind) if served is not None else None

    def schema(self, kind: Kind) -> JsonSchema | None:
        """The schema of a kind."""
        resource = self._api.registry.find(kind.group, kind.kind)
        served = self._api.registry.served(kind.group, kind.version, resource.plural) if resource else None
        if served is None:
            return None
        definition = self._api.catalogue.find(served.resource.key)
        custom: Mapping[str, JsonSchema] = (
            {kind.kind: definition.schema(kind.version)} if definition is not None else {}
        )
        return resolved(*schema_of(served, self._api.release, custom))
