"""Pure: which claims a pod uses on its node, and whether it may (kubelet cm/dra manager.go and resourceclaim.Name, 1.36).

The texts are upstream's, for people find them in events and search for them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dra_api.identifiers import DriverName
from dra_api.objects import ContainerSpec, DeviceResult, ObjectMeta, Pod, PodResourceClaim, ResourceClaim

PREPARE, UNPREPARE, EVERY = "NodePrepareResources", "NodeUnprepareResources", "*"
EXTENDED, OPTIONAL = "DRAExtendedResource", "DRAOptionalNodeOperations"


class ClaimError(Exception):
    """The claims of a pod cannot be prepared, or not be unprepared, now."""


@dataclass(frozen=True, slots=True)
class PodClaim:
    """One claim of a pod.

    Attributes:
        entry: the name within the pod; empty for the claim of its extended resources.
        name: of the claim object.
        owned: made for the pod from a template, so the pod must own it.
    """

    entry: str
    name: str
    owned: bool


def claims_of(pod: Pod, gates: frozenset[str]) -> Iterator[PodClaim]:
    """The claims of POD in the order in which they are prepared.

    Raises:
        ClaimError: no claim was made for a template yet.
    """
    for entry in pod["spec"].get("resourceClaims") or []:
        if claim := resolved(pod, entry):
            yield claim
    extended = (pod.get("status") or {}).get("extendedResourceClaimStatus")
    if extended and EXTENDED in gates:
        yield PodClaim("", extended["resourceClaimName"], owned=False)


def resolved(pod: Pod, entry: PodResourceClaim) -> PodClaim | None:
    """The claim behind an entry of ``spec.resourceClaims``; None where it was decided that none is needed.

    Raises:
        ClaimError: that is not known yet.
    """
    if entry.get("resourceClaimName"):
        return PodClaim(entry["name"], entry["resourceClaimName"], owned=False)
    for status in (pod.get("status") or {}).get("resourceClaimStatuses") or []:
        if status["name"] == entry["name"]:
            name = status.get("resourceClaimName")
            return PodClaim(entry["name"], name, owned=True) if name else None
    where = f'pod "{pod["metadata"]["namespace"]}/{pod["metadata"]["name"]}"'
    message = f"{where}: ResourceClaim not created yet"
    raise ClaimError(message)


def check_allowed(pod: Pod, wanted: PodClaim, claim: ResourceClaim) -> None:
    """Nothing, if POD may use CLAIM now.

    Raises:
        ClaimError: it may not.
    """
    ours, its = pod["metadata"], claim["metadata"]
    if wanted.owned and not owns(ours["uid"], its):
        message = (
            f"ResourceClaim {its['namespace']}/{its['name']} was not created for Pod "
            f"{ours['namespace']}/{ours['name']} (Pod is not owner)"
        )
        raise ClaimError(message)
    status = claim.get("status") or {}
    if all(user.get("uid") != ours["uid"] for user in status.get("reservedFor") or []):
        message = f"pod {ours['name']} ({ours['uid']}) is not allowed to use ResourceClaim {its['name']} ({its['uid']})"
        raise ClaimError(message)
    if not status.get("allocation"):
        message = f"ResourceClaim {its['name']}: not allocated"
        raise ClaimError(message)


def owns(uid: str, metadata: ObjectMeta) -> bool:
    """Whether UID is the controller of an object."""
    references = metadata.get("ownerReferences") or []
    return any(reference["uid"] == uid and reference.get("controller") for reference in references)


def results_of(claim: ResourceClaim) -> Sequence[DeviceResult]:
    """The allocated devices of a claim."""
    allocation = (claim.get("status") or {}).get("allocation")
    return ((allocation.get("devices") or {}).get("results") or []) if allocation else []


def drivers_of(claim: ResourceClaim) -> list[DriverName]:
    """The drivers of the allocated devices, in order of allocation."""
    return list(dict.fromkeys(DriverName(result["driver"]) for result in results_of(claim)))


def skipped(claim: ResourceClaim, driver: DriverName) -> frozenset[str]:
    """The operations that every device of DRIVER can do without (KEP-5945, 1.37 alpha)."""
    every = [set(r.get("skipNodeOperations") or []) for r in results_of(claim) if r["driver"] == driver]
    return frozenset(op for op in (PREPARE, UNPREPARE) if every and all({op, EVERY} & ops for ops in every))


def check_skips(claim: ResourceClaim, gates: frozenset[str]) -> None:
    """Nothing, if no device asks for skips, or the gate is on.

    Raises:
        ClaimError: operations are to be skipped and this kubelet does not know how.
    """
    if OPTIONAL not in gates and any(result.get("skipNodeOperations") for result in results_of(claim)):
        message = (
            f"ResourceClaim {claim['metadata']['name']}: skipNodeOperations needs the feature gate {OPTIONAL}"
        )
        raise ClaimError(message)


def requests_of(pod: Pod, container: ContainerSpec, gates: frozenset[str]) -> dict[str, list[str]]:
    """{claim name: requests whose devices CONTAINER gets}; an empty request means all of them."""
    uses = (container.get("resources") or {}).get("claims") or []
    found: dict[str, list[str]] = {}
    for entry in pod["spec"].get("resourceClaims") or []:
        requests = [use.get("request") or "" for use in uses if use["name"] == entry["name"]]
        if requests and (claim := resolved(pod, entry)):
            found.setdefault(claim.name, []).extend(requests)
    extended = (pod.get("status") or {}).get("extendedResourceClaimStatus")
    if extended and EXTENDED in gates:
        wanted = (container.get("resources") or {}).get("requests") or {}
        for mapping in extended.get("requestMappings") or []:
            if mapping["containerName"] == container["name"] and mapping["resourceName"] in wanted:
                found.setdefault(extended["resourceClaimName"], []).append(mapping["requestName"])
    return found
