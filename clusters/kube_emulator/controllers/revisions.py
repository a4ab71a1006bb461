"""The ControllerRevisions of a DaemonSet: one per template, numbered (pkg/controller/history and daemon/update.go, 1.36).

``kubectl rollout history`` and ``undo`` read them: ``data`` is a patch that brings the template back.
"""

from collections.abc import Collection

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.controllers.dependents import OwnerKind, controller_of, reference_to
from kube_emulator.controllers.template_hash import REVISION_LABEL, template_hash

PLURAL = "controllerrevisions"


def revisions_of(api: Api, owner: JsonObject) -> list[JsonObject]:
    """The revisions of OWNER, oldest first."""
    metadata = owner["metadata"]
    every = api.values(PLURAL, metadata["namespace"])
    own = [one for one in every if (found := controller_of(one)) and found["uid"] == metadata["uid"]]
    return sorted(own, key=lambda one: int(one["revision"]))


def current_revision(api: Api, owner: JsonObject, kind: OwnerKind) -> str:
    """The hash of the template of OWNER; its revision is made, or renumbered, if it is not the newest."""
    template = owner["spec"]["template"]
    data = {"spec": {"template": {**template, "$patch": "replace"}}}
    known = revisions_of(api, owner)
    newest = max((int(one["revision"]) for one in known), default=0)
    found = next((one for one in known if one["data"] == data), None)
    if found is not None:
        if int(found["revision"]) < newest:
            api.update(PLURAL, {**found, "revision": newest + 1})
        return str(found["metadata"]["labels"][REVISION_LABEL])
    mark = template_hash(template)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), REVISION_LABEL: mark}
    metadata = {
        "name": f"{owner['metadata']['name']}-{mark}",
        "namespace": owner["metadata"]["namespace"],
        "labels": labels,
        "annotations": dict(owner["metadata"].get("annotations") or {}),
        "ownerReferences": [reference_to(owner, kind)],
    }
    api.create(PLURAL, {"metadata": metadata, "data": data, "revision": newest + 1})
    return mark


def clean_up(api: Api, owner: JsonObject, in_use: Collection[str]) -> None:
    """Delete the oldest revisions beyond ``revisionHistoryLimit``; those whose hash is IN_USE by pods stay."""
    idle = [
        one for one in revisions_of(api, owner) if one["metadata"]["labels"][REVISION_LABEL] not in in_use
    ]
    for one in idle[: max(0, len(idle) - owner["spec"]["revisionHistoryLimit"])]:
        metadata = one["metadata"]
        api.delete(PLURAL, metadata["name"], metadata["namespace"], uid=metadata["uid"])
