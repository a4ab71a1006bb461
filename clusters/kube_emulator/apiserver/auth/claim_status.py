"""Pure: which caller is allowed to change which part of a ResourceClaim's status (gate DRAResourceClaimGranularStatusAuthorization, 1.36).

The rules and messages are those of ``pkg/registry/resource/utils.go`` (``AuthorizedForBinding``,
``AuthorizedForDeviceStatus``, 1.36.3). A violation is no 403: it is a Forbidden cause among the causes of a 422.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.auth.attributes import NODE_NAME, Attributes, Decision, User, forbidden
from kube_emulator.apiserver.validation import causes
from kube_emulator.apiserver.validation.causes import Cause

GATE = "DRAResourceClaimGranularStatusAuthorization"
Decide = Callable[[Attributes], Decision]


def status_causes(
    old: ReadOnlyObject, new: ReadOnlyObject, asked: Attributes, decide: Decide, *, device_status: bool = True
) -> list[Cause]:
    """What the user of ASKED is not allowed to change between OLD and NEW; DEVICE_STATUS: the gate DRAResourceClaimDeviceStatus."""
    before, after = old.get("status") or {}, new.get("status") or {}
    found = binding_causes(before, after, asked, decide)
    # Without an allocation there is no device whose driver could be asked about.
    if device_status and after.get("allocation"):
        found += device_causes(before, after, asked, decide)
    return found


def binding_causes(
    before: ReadOnlyObject, after: ReadOnlyObject, asked: Attributes, decide: Decide
) -> list[Cause]:
    """Refuse changes of allocation and reservations without the permission to bind claims."""
    if all((before.get(part) or None) == (after.get(part) or None) for part in ("allocation", "reservedFor")):
        return []
    # Asked cluster-wide, as upstream does: who binds claims binds those of all namespaces.
    wanted = replace(asked, subresource="binding", namespace="", name="")
    why = refused(wanted, decide)
    detail = (
        "changing status.allocation or status.reservedFor requires"
        f' resource="resourceclaims/binding", verb="{asked.verb}" permission: {why}'
    )
    return [causes.forbidden("status.allocation", detail)] if why else []


def device_causes(
    before: ReadOnlyObject, after: ReadOnlyObject, asked: Attributes, decide: Decide
) -> list[Cause]:
    """Refuse changes of device statuses without the permission for the driver of each device."""
    # A driver's pod needs the wider permission only for devices on nodes other than its own.
    verbs = [f"arbitrary-node:{asked.verb}"]
    if on_node(asked.user, allocated_node(after["allocation"])):
        verbs.insert(0, f"associated-node:{asked.verb}")
    found = []
    for driver in sorted(changed_drivers(before, after)):
        why = first_refusal(
            [replace(asked, verb=verb, subresource="driver", name=driver) for verb in verbs], decide
        )
        if why:
            detail = (
                f'changing status.devices requires resource="resourceclaims/driver", verb="[{" ".join(verbs)}]"'
                f" permission: {why}"
            )
            found.append(causes.forbidden("status.devices", detail))
    return found


def first_refusal(alternatives: Iterable[Attributes], decide: Decide) -> str:
    """Why the first of ALTERNATIVES is not allowed; empty if one of them is."""
    refusals = []
    for wanted in alternatives:
        why = refused(wanted, decide)
        if not why:
            return ""
        refusals.append(why)
    return refusals[0]


def refused(wanted: Attributes, decide: Decide) -> str:
    """Why WANTED is not allowed; empty if it is."""
    decision = decide(wanted)
    return "" if decision.allowed else forbidden(wanted, decision.reason).message


def changed_drivers(before: ReadOnlyObject, after: ReadOnlyObject) -> set[str]:
    """Drivers of the devices whose status was added, removed or changed."""
    old, new = by_device(before), by_device(after)
    return {key[0] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def by_device(status: ReadOnlyObject) -> dict[tuple[str, ...], ReadOnlyObject]:
    """The device statuses by (driver, pool, device, share)."""
    members = ("driver", "pool", "device", "shareID")
    return {tuple(item.get(name) or "" for name in members): item for item in status.get("devices") or ()}


def allocated_node(allocation: ReadOnlyObject) -> str:
    """The one node that ALLOCATION selects by name; empty if it selects otherwise."""
    terms = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions") or len(terms[0].get("matchFields") or ()) != 1:
        return ""
    field = terms[0]["matchFields"][0]
    values = field.get("values") or []
    by_name = (field.get("key"), field.get("operator")) == ("metadata.name", "In") and len(values) == 1
    return values[0] if by_name else ""


def on_node(user: User, node: str) -> bool:
    """Whether USER is a service account whose token is bound to NODE, directly or through its pod."""
    return bool(node) and user.account is not None and user.values(NODE_NAME) == (node,)
