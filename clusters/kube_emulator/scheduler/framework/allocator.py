"""Pure: which devices the claims of a pod get on a node (structured/internal/experimental allocator, 1.37).

An exhaustive search in the order of pools, slices and devices: the first solution wins. It gives what upstream's gives,
but for two of its accidents: here devices with administrative access take no counters, and a device of which shares are
in use is not given to one claim alone after it stopped being shareable.
"""

import uuid
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from dra_api.objects import Node
from kube_emulator.releases.release import LATEST, V1_38, Release
from kube_emulator.scheduler.framework.capacity import Amounts, CapacityError, shortage, taken_by
from kube_emulator.scheduler.framework.constraints import violated
from kube_emulator.scheduler.framework.counters import CounterSets
from kube_emulator.scheduler.framework.devices import Device
from kube_emulator.scheduler.framework.gates import missing_gate
from kube_emulator.scheduler.framework.pools import Pool
from kube_emulator.scheduler.framework.requests import AllocationError, Claim, Wanted
from kube_emulator.scheduler.framework.selection import chosen_by
from kube_emulator.scheduler.framework.tolerations import preventing
from kube_emulator.scheduler.framework.usage import Usage

RESULTS_MAX = 32
"""Devices in one claim's allocation (resource/v1 AllocationResultsMaxSize)."""
CHECK_EVERY = 256
"""Steps of the search between two checks of the clock."""


class NodeUnfit(Exception):
    """This node cannot serve the claims, others may."""


class SearchTimeout(Exception):
    """The search took too long."""


class Outcome(Enum):
    """How a branch of the search ends."""

    FOUND = "found"
    FAILED = "failed"
    TOO_LARGE = "the claim would get too many devices"


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A device for a request."""

    wanted: Wanted
    device: Device
    share: str
    """The share's id, or nothing for a device that is not shared."""
    amounts: Mapping[str, Fraction]


@dataclass(slots=True)
class Search:
    """One search; ``chosen`` and ``picked`` are the solution when it ends well."""

    node: Node
    pools: Sequence[Pool]
    claims: Sequence[Claim]
    usage: Usage
    gates: frozenset[str]
    late: Callable[[], bool]
    release: Release = LATEST
    devices: list[Device] = field(default_factory=list)
    everything: dict[Wanted, list[Device]] = field(default_factory=dict)
    chosen: list[list[Chosen]] = field(default_factory=list)
    picked: dict[tuple[int, int], int] = field(default_factory=dict)
    possible: dict[Wanted, tuple[list[int], bool]] = field(default_factory=dict)
    counters: CounterSets = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        self.counters = CounterSets(self.pools, self.usage)

    def run(self) -> bool:
        """Search.

        Raises:
            AllocationError: no node can serve the claims.
            SearchTimeout: it took too long.
        """
        self.devices = [device for pool in self.pools for device in pool.devices]
        self.chosen = [[] for _ in self.claims]
        for claim in self.claims:
            least = 0
            for options in claim.requests:
                # The smallest alternative counts: whether a larger one fits is for the search to find out.
                more = min(self.number(wanted, claim) for wanted in options)
                if least + more > RESULTS_MAX:
                    name = options[0].name.partition("/")[0]
                    message = (
                        f"claim {claim.key}, request {name}: adding {more} devices exceeds the claim limit of "
                        f"{RESULTS_MAX}, with {least} already accounted for"
                    )
                    raise AllocationError(message)
                least += more
        return self.request(0, 0) is Outcome.FOUND

    def number(self, wanted: Wanted, claim: Claim) -> int:
        """How many devices WANTED means here."""
        if wanted.count is not None:
            return wanted.count
        for pool in self.pools:
            # Without all slices "all devices" is unknown; a partial answer would be allocated for good.
            state = "being updated" if pool.incomplete else "invalid" if pool.problem else ""
            if state:
                where = f"claim {claim.key}, request {wanted.name.rpartition('/')[2]}"
                message = f"{where}: asks for all devices, but resource pool {'/'.join(pool.id)} is currently {state}"
                raise (NodeUnfit if self.release >= V1_38 else AllocationError)(message)
        consumable = "DRAConsumableCapacity" in self.gates
        self.everything[wanted] = [
            device
            for device in self.devices
            if self.selectable(wanted, device)
            and not (consumable and self.short(claim, wanted, device, {}, device.id[2]))
        ]
        return len(self.everything[wanted])

    def request(self, claim: int, request: int) -> Outcome:
        """Serve the requests from REQUEST on, then the claims after CLAIM."""
        if claim == len(self.claims):
            return Outcome.FOUND
        requests = self.claims[claim].requests
        if request == len(requests):
            ended = self.request(claim + 1, 0)
            # The limit is per claim, so a smaller alternative in this claim would not help the next one.
            return Outcome.FAILED if ended is Outcome.TOO_LARGE else ended
        ends = []
        for number, wanted in enumerate(requests[request]):
            self.picked[claim, request] = number
            ends.append(self.fill(claim, request, wanted, 0, 0))
            if ends[-1] is Outcome.FOUND:
                return Outcome.FOUND
        return Outcome.TOO_LARGE if all(end is Outcome.TOO_LARGE for end in ends) else Outcome.FAILED

    def fill(self, claim: int, request: int, wanted: Wanted, index: int, start: int) -> Outcome:
        """Find the devices from INDEX on for WANTED, looking from START on, then serve the next request."""
        self.steps += 1
        if self.steps % CHECK_EVERY == 0 and self.late():
            message = "the search for devices took too long"
            raise SearchTimeout(message)
        every = self.everything.get(wanted)
        count = wanted.count if every is None else len(every)
        if every is not None and not every:
            return Outcome.FAILED
        if count is None or index >= count:
            return self.request(claim, request + 1)
        if len(self.chosen[claim]) + count - index > RESULTS_MAX:
            return Outcome.TOO_LARGE
        places, certain = self.places(wanted, start) if every is None else ([index], False)
        for number, place in enumerate(places):
            if certain and len(places) - number < count - index:
                break
            device = self.devices[place] if every is None else every[place]
            if not self.take(claim, wanted, device, must=every is not None):
                continue
            end = self.fill(claim, request, wanted, index + 1, place + 1)
            if end is Outcome.FOUND:
                return end
            self.chosen[claim].pop()
            if end is Outcome.TOO_LARGE:  # other devices are as many; only another alternative has fewer
                return end
        return Outcome.FAILED

    def places(self, wanted: Wanted, start: int) -> tuple[Sequence[int], bool]:
        """The candidates for WANTED from START on, and whether the list is complete and free of errors.

        Knowing how many devices come into question ends the search early where there are too few. For a single device
        that is not worth looking at all.
        """
        if wanted.count == 1:
            return range(start, len(self.devices)), False
        if wanted not in self.possible:
            found, certain = [], True
            for place, device in enumerate(self.devices):
                try:
                    if self.taken(wanted, device) or not self.selectable(wanted, device):
                        continue
                except AllocationError:
                    certain = False
                if preventing(device.taints, wanted.tolerations) is None:
                    found.append(place)
            self.possible[wanted] = found, certain
        found, certain = self.possible[wanted]
        return found[bisect_left(found, start) :], certain

    def take(self, claim: int, wanted: Wanted, device: Device, *, must: bool) -> bool:
        """Choose DEVICE for WANTED if that is possible; if it MUST be, a broken constraint is an error."""
        if self.busy(claim, wanted, device) or not self.selectable(wanted, device):
            return False
        if not must and self.lacks_capacity(self.claims[claim], wanted, device):
            return False
        if missing_gate(device, self.node, self.gates) or self.lacks_counters(wanted, device):
            return False
        if preventing(device.taints, wanted.tolerations) is not None:
            return False
        beside = [(chosen.wanted, chosen.device) for chosen in self.chosen[claim]]
        if violated(self.claims[claim].constraints, beside, wanted, device) is not None:
            if must:
                where = f"claim {self.claims[claim].key}, request {wanted.name.rpartition('/')[2]}"
                text = f"{where}: cannot add device {'/'.join(device.id)} because a claim constraint would not be satisfied"
                raise AllocationError(text)
            return False
        # Mode All checks capacity last: a broken constraint fails the claim, a lack of capacity only this node.
        if must and self.lacks_capacity(self.claims[claim], wanted, device):
            return False
        shared = self.shareable(device)
        amounts = (
            taken_by(self.asked(wanted, device), device.capacities, fractional=self.fractional)
            if shared
            else {}
        )
        self.chosen[claim].append(Chosen(wanted, device, str(uuid.uuid4()) if shared else "", amounts))
        return True

    def shareable(self, device: Device) -> bool:
        """Whether several claims may have DEVICE."""
        return device.shared and "DRAConsumableCapacity" in self.gates

    def busy(self, claim: int, wanted: Wanted, device: Device) -> bool:
        """Whether somebody has DEVICE for himself: with administrative access only this claim counts."""
        if wanted.admin:
            return not self.shareable(device) and any(
                chosen.device is device for chosen in self.chosen[claim]
            )
        if self.taken(wanted, device):
            return True
        return any(
            chosen.device is device and not chosen.share for others in self.chosen for chosen in others
        )

    def taken(self, wanted: Wanted, device: Device) -> bool:
        """Whether an allocated claim keeps WANTED from DEVICE."""
        if wanted.admin:
            return False
        if self.usage.holder(device.id) is not None:
            return True
        return not self.shareable(device) and self.usage.allocated(device.id)

    def selectable(self, wanted: Wanted, device: Device) -> bool:
        """Whether DEVICE is what WANTED describes, and usable on this node."""
        # A device whose conditions nobody would wait for is not offered at all.
        if device.spec.get("bindingConditions") and "DRADeviceBindingConditions" not in self.gates:
            return False
        if wanted.unselected(device):
            return False
        return device.placed is not device.spec or chosen_by(device.spec, self.node)

    @property
    def fractional(self) -> bool:
        """Whether steps of capacities are counted in thousandths."""
        return "DRAFractionalCapacityRange" in self.gates

    def asked(self, wanted: Wanted, device: Device) -> Amounts:
        """The amounts that WANTED asks for, by the names that DEVICE has; since 1.38 the driver's domain may be left out."""
        return wanted.capacity if self.release < V1_38 else device.as_named(wanted.capacity)

    def short(self, claim: Claim, wanted: Wanted, device: Device, used: Amounts, shown: str) -> str | None:
        """Which capacity of DEVICE, called SHOWN in errors, does not suffice beside what is USED; None if all do.

        Raises:
            AllocationError: what is asked cannot be meant for this device.
        """
        try:
            return shortage(self.asked(wanted, device), device.capacities, used, fractional=self.fractional)
        except CapacityError as error:
            where = f"claim {claim.key}, request {wanted.name.rpartition('/')[2]}"
            message = f"{where}: checking capacity for device {shown}: {error}"
            raise AllocationError(message) from error

    def lacks_capacity(self, claim: Claim, wanted: Wanted, device: Device) -> str | None:
        """Which capacity of DEVICE does not suffice; None if all do. Raises AllocationError."""
        if "DRAConsumableCapacity" not in self.gates or not device.capacities:
            return f"has no capacity {next(iter(wanted.capacity))}" if wanted.capacity else None
        where = "/".join(device.id)
        if not device.shared:
            return self.short(claim, wanted, device, {}, where)
        used = self.usage.used(device.id)
        for others in self.chosen:
            for chosen in others:
                if chosen.device is device:
                    for name, amount in chosen.amounts.items():
                        used[name] = used.get(name, Fraction()) + amount
        return self.short(claim, wanted, device, used, where)

    def taking(self, wanted: Wanted, device: Device) -> list[Device] | None:
        """Which chosen devices newly take counters of DEVICE's pool; None if DEVICE would take none."""
        if not device.consumes or wanted.admin:
            return None
        mine = [
            chosen for others in self.chosen for chosen in others if chosen.device.id[:2] == device.id[:2]
        ]
        # A shared device consumes its counters once, however many claims share it.
        known = self.usage.allocated(device.id) or any(chosen.device is device for chosen in mine)
        if self.shareable(device) and known:
            return None
        return [
            chosen.device
            for chosen in mine
            if not chosen.wanted.admin and not (chosen.share and self.usage.allocated(chosen.device.id))
        ]

    def lacks_counters(self, wanted: Wanted, device: Device) -> str | None:
        """Why DEVICE cannot take from its counter sets; None if it can, or takes nothing."""
        taking = self.taking(wanted, device)
        if taking is None:
            return None
        if "DRADeviceCompatibilityGroups" in self.gates and (name := self.counters.estranged(device, taking)):
            return f"it has no compatibility group in common with those that take from {name}"
        short = self.counters.shortage(device, taking)
        return None if short is None else f"counter {short}"


def never() -> bool:
    """The deadline of a search without one."""
    return False


def search(
    node: Node,
    pools: Sequence[Pool],
    claims: Sequence[Claim],
    usage: Usage,
    gates: frozenset[str],
    late: Callable[[], bool] = never,
    release: Release = LATEST,
) -> Search | None:
    """The search that found devices for all CLAIMS on NODE; None: it cannot be done there.

    Raises:
        AllocationError: no node can serve the claims.
        NodeUnfit: it failed, and a pool of the node is invalid; or all devices are wanted, and since 1.38 a pool is unknown.
        SearchTimeout: LATE became true.
    """
    attempt = Search(node, pools, claims, usage, gates, late, release)
    if attempt.run():
        return attempt
    if any(pool.problem for pool in pools):
        message = "invalid resource pools were encountered"
        raise NodeUnfit(message)
    return None
