"""Pure: why a claim gets no devices, device by device, from what any cluster has.

The same questions as in the search are asked of every device that a node is offered, without what else is chosen: the
first obstacle is reported. Where every request finds enough devices and the search fails all the same, it is the requests
together, or a constraint over them, that cannot be satisfied; that is reported for the node.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dra_api.objects import DeviceClass, DeviceTaintRule, Node, ResourceClaim, ResourceSlice
from kube_emulator.scheduler.framework.allocator import NodeUnfit, Search, search
from kube_emulator.scheduler.framework.constraints import described, violated
from kube_emulator.scheduler.framework.devices import Device
from kube_emulator.scheduler.framework.gates import missing_gate
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.requests import AllocationError, Claim, Wanted, claim_of
from kube_emulator.scheduler.framework.state import key_of
from kube_emulator.scheduler.framework.tolerations import named, preventing
from kube_emulator.scheduler.framework.usage import Usage, id_of, results_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one device is to one request on one node; no reason means that it fits."""

    node: str
    request: str
    device: str
    """``driver/pool/device``; ``driver/pool`` for a whole pool."""
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All about one claim."""

    claim: str
    summary: str
    fits: tuple[str, ...]
    """The nodes on which it could be allocated now."""
    nodes: tuple[tuple[str, str], ...]
    """For each other node the reason in one sentence."""
    verdicts: tuple[Verdict, ...]


def explain(
    claim: ResourceClaim,
    *,
    nodes: Sequence[Node],
    slices: Iterable[ResourceSlice],
    classes: Iterable[DeviceClass],
    claims: Iterable[ResourceClaim],
    rules: Iterable[DeviceTaintRule],
    gates: frozenset[str],
) -> Explanation:
    """Why CLAIM does or does not fit on each of NODES."""
    key = key_of(claim)
    if results := results_of(claim):
        held = ", ".join("/".join(id_of(result)) for result in results)
        return Explanation(key, f"is allocated: {held}", (), (), ())
    try:
        ready = claim_of(claim, {item["metadata"]["name"]: item for item in classes}, gates)
    except AllocationError as error:
        return Explanation(key, f"cannot be allocated anywhere: {error}", (), (), ())
    inventory, usage = (
        Inventory.of(slices, rules, gates),
        Usage.of(other for other in claims if key_of(other) != key),
    )
    fits: list[str] = []
    reasons: list[tuple[str, str]] = []
    verdicts: list[Verdict] = []
    for node in nodes:
        name = node["metadata"]["name"]
        attempt = Search(node, inventory.pools(node), [ready], usage, gates, lambda: False)
        verdicts += verdicts_of(attempt, ready, name)
        reason = reason_of(attempt, ready, [verdict for verdict in verdicts if verdict.node == name])
        if reason:
            reasons.append((name, reason))
        else:
            fits.append(name)
    summary = f"fits on {len(fits)} of {len(nodes)} nodes now"
    return Explanation(key, summary, tuple(fits), tuple(reasons), tuple(verdicts))


def verdicts_of(attempt: Search, claim: Claim, node: str) -> list[Verdict]:
    """What every device of a node is to every request of CLAIM."""
    found = []
    for pool in attempt.pools:
        if pool.incomplete or pool.problem:
            why = (
                f"the pool is incomplete: {pool.incomplete}"
                if pool.incomplete
                else f"the pool is invalid: {pool.problem}"
            )
            found.append(Verdict(node, "", "/".join(pool.id), why))
    for wanted in (wanted for options in claim.requests for wanted in options):
        for device in (device for pool in attempt.pools for device in pool.devices):
            try:
                reason = obstacle(attempt, wanted, device) or conflict(claim, wanted, device) or ""
            except AllocationError as error:
                reason = str(error)
            found.append(Verdict(node, wanted.name, "/".join(device.id), reason))
    return found


def reason_of(attempt: Search, claim: Claim, verdicts: Sequence[Verdict]) -> str:
    """Why CLAIM does not fit on the node of ATTEMPT, in one sentence; nothing if it does."""
    try:
        if search(attempt.node, attempt.pools, [claim], attempt.usage, attempt.gates) is not None:
            return ""
    except (AllocationError, NodeUnfit) as error:
        return str(error)
    for options in claim.requests:
        lacks = [lack for wanted in options if (lack := lack_of(wanted, verdicts))]
        if len(lacks) == len(options):
            return "; ".join(lacks)
    constraints = " and ".join(described(constraint) for constraint in claim.constraints)
    together = f"with {constraints} " if constraints else ""
    return f"each request finds devices, but {together}not all of them together"


def lack_of(wanted: Wanted, verdicts: Sequence[Verdict]) -> str:
    """What WANTED lacks, in numbers; nothing if enough devices fit."""
    mine = [verdict for verdict in verdicts if verdict.request == wanted.name]
    fitting = sum(not verdict.reason for verdict in mine)
    selected = [verdict for verdict in mine if "selector #" not in verdict.reason]
    need = len(selected) if wanted.count is None else wanted.count
    if fitting >= need > 0:
        return ""
    name = wanted.device_class["metadata"]["name"]
    asked = "all devices" if wanted.count is None else f"{need} device{'s' if need > 1 else ''}"
    return f"request {wanted.name} wants {asked} of class {name}: {len(selected)} are selected, {fitting} fit"


def obstacle(attempt: Search, wanted: Wanted, device: Device) -> str | None:
    """Why DEVICE cannot serve WANTED, whatever else is chosen; None if it can."""
    if reason := wanted.unselected(device):
        return reason
    if not attempt.selectable(wanted, device):
        return "is for another node" if device.placed is device.spec else "needs a feature that is off"
    if not wanted.admin and (holder := attempt.usage.holder(device.id)) is not None:
        return f"is in use by claim {holder}"
    if not (wanted.admin or attempt.shareable(device)) and attempt.usage.allocated(device.id):
        return f"is in use by claims {', '.join(attempt.usage.sharers(device.id))}"
    if (taint := preventing(device.taints, wanted.tolerations)) is not None:
        return f"has taint {named(taint)}"
    if gate := missing_gate(device, attempt.node, attempt.gates):
        return f"needs the feature {gate}"
    lacking = attempt.lacks_capacity(attempt.claims[0], wanted, device)
    if lacking is not None:
        return lacking
    return attempt.lacks_counters(wanted, device)


def conflict(claim: Claim, wanted: Wanted, device: Device) -> str | None:
    """A constraint that DEVICE breaks by itself, because it lacks the attribute."""
    constraint = violated(claim.constraints, [], wanted, device)
    return None if constraint is None else f"constraint {described(constraint)}: it has no such attribute"
