"""Pure: an object before it is stored. The rules of its kind prepare and judge it; here their causes become a refusal.

What the rules know is in ``rules.registry``; this module is their only door for the verbs.
"""

from typing import Any

from dra_clusters.embedded.resources import Resource
from dra_clusters.embedded.rules import registry
from dra_clusters.embedded.rules.context import Context
from dra_clusters.embedded.status import invalid


def prepare_new(resource: Resource, item: dict[str, Any], context: Context) -> None:
    """Make ITEM what will be stored, in place: defaults, no fields of gates that are off, no status of the client's.

    Raises:
        ApiError: 422, the object is invalid.
    """
    registry.prepare_create(resource, item, context)
    causes = registry.validate_create(resource, item, context)
    if causes:
        raise invalid(resource.kind, resource.group, item["metadata"].get("name", ""), causes)


def prepare_change(
    resource: Resource, old: dict[str, Any], new: dict[str, Any], subresource: str, context: Context
) -> None:
    """Make NEW what will be stored in place of OLD: what a client cannot change is kept; the generation follows the spec.

    Raises:
        ApiError: 422, the change breaks rules.
    """
    registry.prepare_update(resource, old, new, subresource, context)
    causes = registry.validate_update(resource, old, new, subresource, context)
    if causes:
        raise invalid(resource.kind, resource.group, old["metadata"]["name"], causes)


def waits_for_kubelet(resource: Resource, item: dict[str, Any]) -> bool:
    """Whether deleting ITEM only marks it, because a kubelet has to end its containers first."""
    running = (item.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    return resource.plural == "pods" and bool(item.get("spec", {}).get("nodeName")) and running
