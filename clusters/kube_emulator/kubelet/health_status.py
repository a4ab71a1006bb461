"""Pure: what a pod's status says of the health of its devices (kubelet cm/dra manager.go UpdateAllocatedResourcesStatus, 1.36)."""

from collections.abc import Callable, Mapping

from dra_api.identifiers import DriverName
from dra_api.objects import ContainerClaim, ContainerStatus, Pod, ResourceHealth, ResourceStatus
from kube_emulator.kubelet.claim_cache import ClaimInfo, PreparedDevice
from kube_emulator.kubelet.health import DeviceHealth
from kube_emulator.kubelet.pod_claims import ClaimError, resolved

HealthOf = Callable[[DriverName, PreparedDevice], DeviceHealth]
"""(driver, device) to its health now."""


def with_health(
    pod: Pod,
    statuses: list[ContainerStatus],
    claims: Mapping[tuple[str, str], ClaimInfo],
    health: HealthOf,
    *,
    messages: bool,
) -> list[ContainerStatus]:
    """Container STATUSES with ``allocatedResourcesStatus`` for the claims that are known; MESSAGES: say why, too."""
    specs = {spec["name"]: spec for spec in pod["spec"]["containers"]}
    found = []
    for status in statuses:
        uses = (specs[status["name"]].get("resources") or {}).get("claims") or []
        new = [entry for use in uses if (entry := entry_of(pod, use, claims, health, messages))]
        kept = {entry["name"]: entry for entry in [*(status.get("allocatedResourcesStatus") or []), *new]}
        found.append(status | ({"allocatedResourcesStatus": list(kept.values())} if kept else {}))
    return found


def entry_of(
    pod: Pod,
    use: ContainerClaim,
    claims: Mapping[tuple[str, str], ClaimInfo],
    health: HealthOf,
    messages: bool,
) -> ResourceStatus | None:
    """The entry for one claim that a container uses; None if nothing is known of it."""
    claim = claim_of_use(pod, use, claims)
    if claim is None:
        return None
    request = use.get("request") or ""
    resources: dict[str, ResourceHealth] = {}
    for driver, devices in claim.drivers.items():
        for device in devices:
            if device.serves(request.partition("/")[0]):
                name = device.cdi_ids[0] if device.cdi_ids else f"{driver}/{device.pool}/{device.name}"
                resources.setdefault(name, resource_of(name, health(driver, device), messages))
    if not resources:
        return None
    return {
        "name": "/".join(filter(None, [f"claim:{use['name']}", request])),
        "resources": list(resources.values()),
    }


def claim_of_use(
    pod: Pod, use: ContainerClaim, claims: Mapping[tuple[str, str], ClaimInfo]
) -> ClaimInfo | None:
    """The prepared claim behind an entry of a container's ``resources.claims``."""
    entry = next((e for e in pod["spec"].get("resourceClaims") or [] if e["name"] == use["name"]), None)
    try:
        wanted = resolved(pod, entry) if entry else None
    except ClaimError:
        return None
    return claims.get((pod["metadata"]["namespace"], wanted.name)) if wanted else None


def resource_of(name: str, known: DeviceHealth, messages: bool) -> ResourceHealth:
    """A ResourceHealth."""
    found: ResourceHealth = {"resourceID": name, "health": known.health}
    if messages and known.message:
        found["message"] = known.message
    return found
