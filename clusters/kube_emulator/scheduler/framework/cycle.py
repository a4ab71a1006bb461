"""Pure: where a pod goes (one scheduling cycle of kube-scheduler with the plugin DynamicResources, 1.36).

Filter tries one node after the other, beginning where the last cycle ended, as kube-scheduler continues where it stopped; the
first that fits is taken. Only a request with alternatives is worth comparing nodes for: then up to NODES_SCORED that fit
are, by which alternative they could serve.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from dra_api.objects import AllocationResult, DeviceRequest, ExtendedResourceMapping, Node, Pod, ResourceClaim
from kube_emulator.scheduler.framework.allocator import NodeUnfit, SearchTimeout, search
from kube_emulator.scheduler.framework.conditions import conditional, state_of
from kube_emulator.scheduler.framework.extended import requests_and_mappings, special_claim
from kube_emulator.scheduler.framework.neighbours import Neighbours
from kube_emulator.scheduler.framework.predicates import refusals, requests_of, shortages
from kube_emulator.scheduler.framework.requests import AllocationError, Claim, claim_of
from kube_emulator.scheduler.framework.results import allocations
from kube_emulator.scheduler.framework.selection import selects_node
from kube_emulator.scheduler.framework.state import State

NODES_SCORED = 100
HOSTNAME = "kubernetes.io/hostname"
ALTERNATIVES_MAX = 8
"""Alternatives of a request (resource/v1 FirstAvailableDeviceRequestMaxSize)."""
RESERVED_MAX = 256
"""Users of a claim (resource/v1 ResourceClaimReservedForMaxSize)."""


class Unschedulable(Exception):
    """The pod fits nowhere now; the text is what the pod's condition says."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A node for a pod and the allocations that its claims get there."""

    node: str
    index: int
    """Where the node is in the order of nodes."""
    claims: list[ResourceClaim]
    """Those to be allocated, in the order of ``allocations``; the special one has no name yet."""
    allocations: list[AllocationResult]
    mappings: list[ExtendedResourceMapping]
    score: int


@dataclass(slots=True)
class Cycle:
    """One pod's cycle; ``unavailable`` collects allocated claims that kept it from a node."""

    pod: Pod
    claims: Sequence[ResourceClaim]
    state: State
    now: float
    deadline: Callable[[], Callable[[], bool]]
    """Starts the time that the search on one node may take."""
    unavailable: list[ResourceClaim] = field(default_factory=list)
    prepared: dict[str, Claim] = field(default_factory=dict)
    neighbours: Neighbours | None = None

    def run(self, start: int) -> Placement:
        """Find a place, looking from the node number START on.

        Raises:
            Unschedulable: there is none; ``unavailable`` has the allocated claims are in the way.
            AllocationError: a claim cannot be served as it is.
        """
        nodes, reasons, found = self.state.nodes, dict[str, int](), list[Placement]()
        if problem := self.problem():
            raise Unschedulable(unfit_message(len(nodes), f"{problem}.", still(self.claims, [])))
        self.neighbours = self.state.neighbours(self.pod)
        selector = self.pod["spec"].get("nodeSelector") or {}
        start = self.state.position(selector.get(HOSTNAME, "")) or start  # there it will be, if anywhere
        compared = self.state.scores and any(scored(claim) for claim in self.claims)
        enough = NODES_SCORED if compared else 1
        for offset in range(len(nodes)):
            index = (start + offset) % len(nodes)
            placed = self.try_node(nodes[index], index)
            if isinstance(placed, Placement):
                found.append(placed)
                if len(found) == enough:
                    break
                continue
            for reason in placed:
                reasons[reason] = reasons.get(reason, 0) + 1
        if found:
            return max(found, key=lambda placement: placement.score)
        summary = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
        raise Unschedulable(
            unfit_message(len(nodes), f"{summary}." if summary else "", still(self.claims, self.idle()))
        )

    def problem(self) -> str:
        """What keeps the pod from every node before any is looked at (PreFilter)."""
        uid = self.pod["metadata"]["uid"]
        for claim in self.claims:
            status = claim.get("status") or {}
            users = status.get("reservedFor") or []
            if len(users) >= RESERVED_MAX and all(user["uid"] != uid for user in users):
                return "resourceclaim in use"
            if status.get("allocation"):
                continue
            for request in (claim["spec"].get("devices") or {}).get("requests") or []:
                for name, class_name in classes_of(request):
                    if class_name not in self.state.classes:
                        return f"request {name}: device class {class_name} does not exist"
        return ""

    def try_node(self, node: Node, index: int) -> Placement | list[str]:
        """A placement on NODE, or why there is none (Filter)."""
        if reasons := refusals(self.pod, node):
            return reasons
        name = node["metadata"]["name"]
        requests = requests_of(self.pod)
        backed = frozenset(self.state.resources) & frozenset(requests)
        if reasons := shortages(requests, node, self.state.load(name), backed):
            return reasons
        if self.neighbours and (reason := self.neighbours.refusal(node)):
            return [reason]
        away = [
            c for c in self.claims if (c.get("status") or {}).get("allocation") and not self.usable(c, node)
        ]
        if away:
            self.unavailable += [claim for claim in away if claim not in self.unavailable]
            return ["resourceclaim not available on the node"]
        open_claims = [claim for claim in self.claims if not (claim.get("status") or {}).get("allocation")]
        mappings: list[ExtendedResourceMapping] = []
        if backed and self.pod["metadata"]["uid"] not in self.state.special:
            allocatable = (node.get("status") or {}).get("allocatable") or {}
            needed = {r: self.state.resources[r] for r in backed if str(allocatable.get(r, "0")) == "0"}
            wanted, mappings = requests_and_mappings(self.pod, needed)
            if wanted:
                open_claims.append(special_claim(self.pod, wanted))
        return self.allocate(node, index, open_claims, mappings)

    def usable(self, claim: ResourceClaim, node: Node) -> bool:
        """Whether an allocated claim can be used on NODE."""
        if not selects_node(claim["status"]["allocation"].get("nodeSelector"), node):
            return False
        return not conditional(claim) or state_of(claim, self.now) in ("ready", "waiting")

    def allocate(
        self, node: Node, index: int, claims: list[ResourceClaim], mappings: list[ExtendedResourceMapping]
    ) -> Placement | list[str]:
        """Devices for CLAIMS on NODE."""
        name = node["metadata"]["name"]
        if not claims:
            return Placement(name, index, [], [], mappings, 0)
        ready = [self.ready(claim) for claim in claims]
        pools = self.state.inventory.pools(node)
        try:
            state = self.state
            found = search(node, pools, ready, state.usage, state.gates, self.deadline(), state.release)
        except NodeUnfit as error:
            return [str(error)]
        except SearchTimeout as error:
            message = f"node {name}: timed out trying to allocate devices"
            raise AllocationError(message) from error
        if found is None:
            return ["cannot allocate all claims"]
        score = sum(
            ALTERNATIVES_MAX - found.picked[number, request]
            for number, claim in enumerate(found.claims)
            for request, alternatives in enumerate(claim.alternatives)
            if alternatives
        )
        return Placement(name, index, claims, allocations(found), mappings, score)

    def idle(self) -> list[ResourceClaim]:
        """The claims in the way that nobody else uses."""
        uid = self.pod["metadata"]["uid"]
        return [
            claim
            for claim in self.unavailable
            if all(user["uid"] == uid for user in claim["status"].get("reservedFor") or [])
        ]

    def ready(self, claim: ResourceClaim) -> Claim:
        """CLAIM ready for the search; the special one differs from node to node."""
        uid = claim["metadata"]["uid"]
        if claim["metadata"]["name"].startswith("<"):
            return claim_of(claim, self.state.classes, self.state.gates)
        if uid not in self.prepared:
            self.prepared[uid] = claim_of(claim, self.state.classes, self.state.gates)
        return self.prepared[uid]


ASKED = ("nodeSelector", "affinity", "tolerations", "overhead")
"""Members of a pod's spec that decide where it fits, beside what its containers ask for."""


def likeness(pod: Pod, claims: Sequence[ResourceClaim], state: State) -> bytes | None:
    """What pods have in common that fit on the same nodes; None for one whose claims or neighbours tie it to a place."""
    if any((claim.get("status") or {}).get("allocation") for claim in claims) or state.neighbours(pod):
        return None
    spec = pod["spec"]
    containers = [
        (container.get("name"), container.get("resources"), container.get("restartPolicy"))
        for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    ]
    asked = [spec.get(name) for name in ASKED]
    return msgspec.json.encode([asked, containers, [claim["spec"] for claim in claims]])


def classes_of(request: DeviceRequest) -> list[tuple[str, str]]:
    """(name, device class) of REQUEST, or of each of its alternatives."""
    exact = request.get("exactly")
    if exact:
        return [(request["name"], exact["deviceClassName"])]
    subs = request.get("firstAvailable") or []
    return [(f"{request['name']}/{sub['name']}", sub["deviceClassName"]) for sub in subs]


def scored(claim: ResourceClaim) -> bool:
    """Whether a claim has requests with alternatives."""
    requests = (claim["spec"].get("devices") or {}).get("requests") or []
    return any(request.get("firstAvailable") for request in requests)


def still(claims: Sequence[ResourceClaim], idle: Sequence[ResourceClaim]) -> str:
    """What PostFilter says: whether one of the claims IDLE is deallocated."""
    if not claims:
        return "no new claims to deallocate"
    return "deallocation of ResourceClaim completed" if idle else "still not schedulable"


def unfit_message(nodes: int, why: str, after: str) -> str:
    """The text of the condition: no node, why, and what was done about it."""
    none = f"0/{nodes} nodes are available:"
    if not nodes:
        return "no nodes available to schedule pods"
    hopeless = f"preemption: {none} {nodes} Preemption is not helpful for scheduling."
    return " ".join(part for part in (none, why, f"{after}, {hopeless}") if part)
