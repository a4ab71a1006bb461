"""NVLink domains and cliques as devices that nodes share, and the claims that wait for one. Pure.

Each is a pool of one slice with one device, so that a change is one write and nobody sees half of it. The slice's node selector
ties an allocation to the nodes of the fabric: the pods of a job that share one claim land there and nowhere else. The scheduler
looks at a node and then at the devices that the node reaches (structured/internal/*/pools_*.go, 1.37), so the order of slices
chooses no domain. What does is the attribute ``free`` in the alternatives of a request: kube-scheduler prefers the node that
serves the first of them (computeScore in plugins/dynamicresources, since 1.35).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dra_api.names import ATTRIBUTE_VALUE_MAX
from dra_api.objects import (
    AttributeValue,
    Capacity,
    Device,
    JsonObject,
    NodeSelectorRequirement,
    ResourceClaim,
    ResourceSlice,
    ResourceSliceInput,
)
from dra_api.quantity import of_count, parse
from dra_driver.computedomain.fabrics import Fabric, pool_of
from dra_driver.computedomain.names import (
    CLIQUE_OF_NODE,
    DRIVER,
    FABRIC_CLASSES,
    FABRIC_POOL,
    FABRIC_TAINT,
    GPUS,
    HOSTNAME,
)
from dra_driver.publish.plan import Plan, Stored, make_plan, stored

WAITING = "NoNVLinkDomainFits"


def selector_of(fabric: Fabric) -> list[NodeSelectorRequirement]:
    """The nodes of a fabric: those of its cliques without the ones that have a fault."""
    found: list[NodeSelectorRequirement] = [
        {"key": CLIQUE_OF_NODE, "operator": "In", "values": list(fabric.cliques)}
    ]
    faulty = sorted(member.host for member in fabric.faulty)
    if faulty and fabric.health != "unhealthy":
        found.append({"key": HOSTNAME, "operator": "NotIn", "values": faulty})
    return found


def attributes_of(fabric: Fabric) -> dict[str, AttributeValue]:
    """What selectors can ask of it; a job is as fast as the slowest GPU."""
    cluster = fabric.id.partition(".")[0]
    found: dict[str, AttributeValue] = {
        "type": {"string": fabric.kind},
        "fabricCluster": {"string": cluster},
        "nodes": {"int": len(fabric.good)},
        "gpus": {"int": fabric.gpus},
        "free": {"int": fabric.free},
        "health": {"string": fabric.health},
    }
    if fabric.kind == "clique":
        found["fabricClique"] = {"string": fabric.id}
    else:
        found["cliques"] = {"int": len(fabric.cliques)}
    bandwidths = [member.bandwidth for member in fabric.good if member.bandwidth is not None]
    generations = [member.generation for member in fabric.good if member.generation is not None]
    if bandwidths:
        found["nvlinkBandwidth"] = {"int": min(bandwidths)}
    if generations:
        found["nvlinkGeneration"] = {"int": min(generations)}
    return dict(sorted(found.items()))


def capacity_of(gpus: int) -> Capacity:
    """GPUs that claims consume: a claim that does not say how many has all of them, so that it shares with nobody.

    Of one GPU there is no step: the API server refuses one that leads beyond the capacity (pkg/apis/resource/validation, "one step ...
    is larger than capacity value", 1.37).
    """
    number = of_count(gpus)
    if not gpus:
        return {"value": number}
    if gpus == 1:
        return {"value": number, "requestPolicy": {"default": number, "validRange": {"min": "1", "max": "1"}}}
    return {
        "value": number,
        "requestPolicy": {"default": number, "validRange": {"min": "1", "max": number, "step": "1"}},
    }


def device_of(fabric: Fabric, effect: str) -> Device:
    """The device; EFFECT is that of the taint of an unhealthy one, empty for none."""
    device: Device = {
        "name": fabric.kind,
        "attributes": attributes_of(fabric),
        "capacity": {GPUS: capacity_of(fabric.gpus)},
        "allowMultipleAllocations": True,
    }
    if fabric.health == "unhealthy" and effect:
        reasons = sorted({member.fault for member in fabric.faulty})
        value = reasons[0][: ATTRIBUTE_VALUE_MAX - 1]
        device["taints"] = [{"key": FABRIC_TAINT, "value": value, "effect": effect}]
    return device


def slice_of(fabric: Fabric, effect: str) -> ResourceSliceInput:
    """The slice, with generation 0, which ``writes`` sets."""
    pool = pool_of(fabric.id)
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{pool}-{DRIVER}"},
        "spec": {
            "driver": DRIVER,
            "pool": {"name": pool, "generation": 0, "resourceSliceCount": 1},
            "nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": selector_of(fabric)}]},
            "devices": [device_of(fabric, effect)],
        },
    }


def writes(slices: Iterable[ResourceSlice], fabrics: Sequence[Fabric], effect: str) -> Plan:
    """What makes the stored SLICES those of FABRICS; slices of nodes are their plugins', and are left alone."""
    by_pool: dict[str, list[Stored]] = {}
    for item in slices:
        if item["spec"]["pool"]["name"].startswith(FABRIC_POOL) and not item["spec"].get("nodeName"):
            by_pool.setdefault(item["spec"]["pool"]["name"], []).append(stored(item))
    plans = [
        make_plan(by_pool.pop(pool_of(fabric.id), []), [slice_of(fabric, effect)], {}) for fabric in fabrics
    ]
    gone = [each.name for found in by_pool.values() for each in found]
    return Plan(
        tuple(item for plan in plans for item in plan.put),
        (*(name for plan in plans for name in plan.delete), *gone),
    )


def waiting(claims: Iterable[ResourceClaim], fabrics: Sequence[Fabric]) -> dict[str, tuple[JsonObject, str]]:
    """{UID: (claim, why)} of claims for which no fabric has enough free GPUs now."""
    found: dict[str, tuple[JsonObject, str]] = {}
    for claim in claims:
        if (claim.get("status") or {}).get("allocation") or claim["metadata"].get("deletionTimestamp"):
            continue
        reasons = [why for asked in asked_of(claim) if (why := unmet(*asked, fabrics))]
        if reasons:
            found[claim["metadata"]["uid"]] = ({**claim}, reasons[0])
    return found


def asked_of(claim: ResourceClaim) -> Iterator[tuple[str, list[int | None]]]:
    """(kind, GPUs of each alternative) of the requests for a fabric; None stands for all GPUs."""
    for request in (claim["spec"].get("devices") or {}).get("requests") or []:
        choices: Sequence[Mapping[str, JsonObject]] = [
            *([request["exactly"]] if "exactly" in request else []),  # type: ignore[list-item]
            *request.get("firstAvailable", []),  # type: ignore[list-item]
        ]
        kinds = [FABRIC_CLASSES.get(str(choice["deviceClassName"])) for choice in choices]
        if choices and kinds[0] is not None and len(set(kinds)) == 1:
            amounts = [((choice.get("capacity") or {}).get("requests") or {}).get(GPUS) for choice in choices]
            yield kinds[0], [None if amount is None else int(parse(amount)) for amount in amounts]


def unmet(kind: str, amounts: Sequence[int | None], fabrics: Sequence[Fabric]) -> str:
    """Why no fabric has the least of AMOUNTS free; empty if one has."""
    mine = [fabric for fabric in fabrics if fabric.kind == kind]
    well = [fabric for fabric in mine if fabric.health != "unhealthy"]
    for fabric in well:
        for amount in amounts:
            if fabric.gpus and fabric.free >= (fabric.gpus if amount is None else amount):
                return ""
    known = [amount for amount in amounts if amount is not None]
    asked = f"{min(known)} GPUs" if known else "all GPUs"
    if not mine:
        return f"wanted {asked} of one NVLink {kind}, found none: no node has the label {CLIQUE_OF_NODE}"
    best = max(well, key=lambda fabric: fabric.free, default=None)
    most = f"at most {best.free} of {best.gpus} are free, in {best.id}" if best else "none is healthy"
    sick = len(mine) - len(well)
    return (
        f"wanted {asked} of one NVLink {kind}: {most}; {len(mine)} there, {sick} unhealthy; "
        "wait for other jobs to end, or ask for fewer GPUs"
    )
