"""``pods/eviction``: deletes a pod unless a PodDisruptionBudget forbids it; ``verbs.budgets`` decides."""

from dataclasses import replace
from typing import cast

from aiohttp import web

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.auth.write import unattended
from kube_emulator.apiserver.endpoints.bodies import read_object
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.endpoints.negotiation import body_media
from kube_emulator.apiserver.endpoints.writes import created_status, options_of
from kube_emulator.apiserver.registry.verbs.budgets import budget_of, is_free, spends, spent
from kube_emulator.apiserver.registry.verbs.options import delete_options
from kube_emulator.apiserver.status import bad_request

CONDITION = {
    "type": "DisruptionTarget",
    "status": "True",
    "lastProbeTime": None,
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}


async def evict(call: Call) -> web.Response:
    """Delete a pod if its PodDisruptionBudget allows it.

    Raises:
        ApiError: 429, its budget does not allow it.
    """
    body = read_object(call.raw, body_media(call.request.content_type, protobuf=True), "Eviction")
    if (body.get("metadata") or {}).get("name") != call.info.name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = delete_options(call.request.query, body.get("deleteOptions") or {})
    options = replace(options, dry_run=options.dry_run or options_of(call, "CreateOptions").dry_run)
    pod = cast(Pod, call.api.get("pods", call.info.name, call.namespace))
    budgets = () if is_free(pod) else call.api.values("poddisruptionbudgets")
    budget = budget_of(pod, [one for one in budgets if one["metadata"]["namespace"] == call.namespace])
    # The budget pays before the pod is deleted: two evictions at once must not both use its last disruption.
    if budget is not None and spends(pod, budget):
        status = spent(budget, call.info.name, call.api.clock.stamp())
        if not options.dry_run:
            with unattended():  # the server pays, not the user
                call.api.update("poddisruptionbudgets", {**budget, "status": status}, subresource="status")
    if not options.dry_run and not options.version:
        mark(call, pod)
    await call.verb(lambda: call.api.delete(call.plural, call.info.name, call.namespace, options=options))
    return await call.answer_document(created_status(), 201)


def mark(call: Call, pod: Pod) -> None:
    """Add the condition DisruptionTarget to POD."""
    status: JsonObject = {**(pod.get("status") or {})}
    others = [one for one in status.get("conditions") or [] if one["type"] != CONDITION["type"]]
    before = [one for one in status.get("conditions") or [] if one["type"] == CONDITION["type"]]
    if before and before[0]["status"] == "True":
        return
    status["conditions"] = [*others, {**CONDITION, "lastTransitionTime": call.api.clock.stamp()}]
    with unattended():
        call.api.update("pods", {**pod, "status": status}, subresource="status")
