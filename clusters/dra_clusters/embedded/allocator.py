"""Pure: which devices a claim gets on a node (structured allocator of dynamic-resource-allocation, 1.37).

Pools count only when complete in their newest generation. The search tries devices in slice and list order, request by
request, with backtracking over ``matchAttribute`` and ``distinctAttribute``. Devices that consume counters are not
offered by this version.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dra_clusters.embedded.selectors import matches

DeviceId = tuple[str, str, str]
"""(driver, pool, device name)."""

STEPS_MAX = 200_000
RESULTS_MAX = 32
"""Devices in one claim's allocation (api resource/v1 AllocationResultsMaxSize)."""


class CannotAllocate(Exception):
    """Not on this node, not now; the text says which request wanted what and what there was."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A device that a node can give."""

    id: DeviceId
    device: Mapping[str, Any]

    def attribute(self, name: str) -> Any:
        """The value of a qualified attribute; None if the device does not have it."""
        attributes = self.device.get("attributes") or {}
        domain, _, short = name.rpartition("/")
        value = attributes.get(name) or (attributes.get(short) if domain == self.id[0] else None)
        return tuple(sorted(value.items())) if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One request, or subrequest, ready to be searched for."""

    name: str
    class_name: str
    count: int | None
    """None: all that match."""
    expressions: tuple[str, ...]
    tolerations: tuple[Mapping[str, Any], ...]
    admin: bool


def offers_of(slices: Iterable[Mapping[str, Any]], node: str) -> list[Offer]:
    """The devices of complete pools that NODE can use, in slice-name order."""
    pools: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for item in sorted(slices, key=lambda item: str(item["metadata"]["name"])):
        spec = item["spec"]
        pools.setdefault((spec["driver"], spec["pool"]["name"]), []).append(spec)
    offers = []
    for (driver, pool), specs in pools.items():
        newest = max(spec["pool"]["generation"] for spec in specs)
        current = [spec for spec in specs if spec["pool"]["generation"] == newest]
        if len(current) != current[0]["pool"]["resourceSliceCount"]:
            continue
        for spec in current:
            if spec.get("allNodes") or spec.get("nodeName") == node:
                offers += [
                    Offer((driver, pool, device["name"]), device)
                    for device in spec.get("devices") or []
                    if not device.get("consumesCounters")
                ]
    return offers


@functools.lru_cache(maxsize=65536)
def selects(expressions: tuple[str, ...], offer: Offer) -> bool:
    """Whether every expression selects the device; asked often, so remembered by object."""
    return all(matches(expression, offer.id[0], offer.device) for expression in expressions)


def tolerated(offer: Offer, tolerations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no taint keeps the device from being allocated."""
    return all(
        taint.get("effect") not in ("NoSchedule", "NoExecute")
        or any(tolerates(toleration, taint) for toleration in tolerations)
        for taint in offer.device.get("taints") or []
    )


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether TOLERATION covers TAINT."""
    same_key = not toleration.get("key") or toleration["key"] == taint["key"]
    same_value = toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get(
        "value", ""
    )
    same_effect = not toleration.get("effect") or toleration["effect"] == taint["effect"]
    return same_key and same_value and same_effect


def wanted_of(name: str, exact: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """A request with its class's selectors before its own."""
    class_name = exact["deviceClassName"]
    if class_name not in classes:
        message = f"request {name}: device class {class_name} does not exist"
        raise CannotAllocate(message)
    selectors = [
        *(classes[class_name].get("spec", {}).get("selectors") or []),
        *(exact.get("selectors") or []),
    ]
    return Wanted(
        name=name,
        class_name=class_name,
        count=None if exact.get("allocationMode") == "All" else exact.get("count", 1),
        expressions=tuple(selector["cel"]["expression"] for selector in selectors if "cel" in selector),
        tolerations=tuple(exact.get("tolerations") or ()),
        admin=bool(exact.get("adminAccess")),
    )


def alternatives(request: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]]) -> list[Wanted]:
    """What would satisfy REQUEST, best first."""
    if "exactly" in request:
        return [wanted_of(request["name"], request["exactly"], classes)]
    return [
        wanted_of(f"{request['name']}/{sub['name']}", sub, classes)
        for sub in request.get("firstAvailable") or []
    ]


@dataclass(slots=True)
class Search:
    """One claim's search."""

    offers: Sequence[Offer]
    taken: frozenset[DeviceId]
    constraints: Sequence[Mapping[str, Any]]
    steps: int = 0

    def solve(self, requests: Sequence[Sequence[Wanted]], chosen: tuple[tuple[Wanted, Offer], ...]) -> Any:
        """The first assignment in order, or None."""
        if not requests:
            return chosen
        for wanted in requests[0]:
            candidates = self.candidates(wanted)
            count = len(candidates) if wanted.count is None else wanted.count
            if count and (found := self.fill(wanted, candidates, count, requests[1:], chosen)) is not None:
                return found
        return None

    def candidates(self, wanted: Wanted) -> list[Offer]:
        """Devices that match; those in use too where all are wanted, so that the claim then fails."""
        matching = [
            o for o in self.offers if tolerated(o, wanted.tolerations) and selects(wanted.expressions, o)
        ]
        if wanted.count is None or wanted.admin:
            return matching
        return [offer for offer in matching if offer.id not in self.taken]

    def fill(
        self,
        wanted: Wanted,
        candidates: Sequence[Offer],
        count: int,
        rest: Sequence[Sequence[Wanted]],
        chosen: tuple[tuple[Wanted, Offer], ...],
    ) -> Any:
        """COUNT of CANDIDATES for WANTED, then the other requests."""
        self.steps += 1
        if self.steps > STEPS_MAX:
            message = f"request {wanted.name}: no answer after {STEPS_MAX} steps of the search"
            raise CannotAllocate(message)
        if count == 0:
            return self.solve(rest, chosen)
        held = {offer.id for other, offer in chosen if not other.admin}
        for index, offer in enumerate(candidates):
            if len(candidates) - index < count:
                return None
            blocked = not wanted.admin and (offer.id in self.taken or offer.id in held)
            if blocked or not self.consistent(wanted, offer, chosen):
                continue
            found = self.fill(wanted, candidates[index + 1 :], count - 1, rest, (*chosen, (wanted, offer)))
            if found is not None:
                return found
        return None

    def consistent(self, wanted: Wanted, offer: Offer, chosen: Sequence[tuple[Wanted, Offer]]) -> bool:
        """Whether OFFER fits the constraints together with CHOSEN."""
        for constraint in self.constraints:
            names = constraint.get("requests") or []
            if names and not covers(names, wanted.name):
                continue
            others = [other for request, other in chosen if not names or covers(names, request.name)]
            if name := constraint.get("matchAttribute"):
                value = offer.attribute(name)
                if value is None or any(other.attribute(name) != value for other in others):
                    return False
            if name := constraint.get("distinctAttribute"):
                value = offer.attribute(name)
                if value is None or any(other.attribute(name) == value for other in others):
                    return False
        return True


def covers(names: Sequence[str], request: str) -> bool:
    """Whether a constraint's or config's request NAMES include REQUEST, by itself or by its main request."""
    return request in names or request.partition("/")[0] in names


def allocate(
    spec: Mapping[str, Any],
    *,
    classes: Mapping[str, Mapping[str, Any]],
    offers: Sequence[Offer],
    taken: frozenset[DeviceId],
    node: str,
) -> dict[str, Any]:
    """The ``status.allocation`` of a claim with SPEC on NODE.

    Raises:
        CannotAllocate: and why.
        SelectorError: an expression fails.
    """
    devices = spec.get("devices") or {}
    requests = [alternatives(request, classes) for request in devices.get("requests") or []]
    search = Search(offers, taken, devices.get("constraints") or [])
    chosen = search.solve(requests, ())
    if chosen is None:
        raise CannotAllocate(explain(search, requests))
    if len(chosen) > RESULTS_MAX:
        message = f"{len(chosen)} devices would be allocated, a claim may have {RESULTS_MAX}"
        raise CannotAllocate(message)
    results = []
    for wanted, offer in chosen:
        driver, pool, device = offer.id
        result: dict[str, Any] = {"request": wanted.name, "driver": driver, "pool": pool, "device": device}
        results.append(result | ({"adminAccess": True} if wanted.admin else {}))
    configs = configs_of(devices, classes, [wanted for wanted, _ in chosen])
    allocation = {"devices": {"results": results} | ({"config": configs} if configs else {})}
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    return allocation | {"nodeSelector": {"nodeSelectorTerms": [term]}}


def configs_of(
    devices: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]], chosen: Iterable[Wanted]
) -> list[dict[str, Any]]:
    """Opaque configurations for the node: the classes' first, so that the claim's have the last word."""
    by_class: dict[str, list[str]] = {}
    for wanted in chosen:
        names = by_class.setdefault(wanted.class_name, [])
        if wanted.name not in names:
            names.append(wanted.name)
    from_classes = [
        {"source": "FromClass", "requests": requests, **config}
        for name, requests in by_class.items()
        for config in classes[name].get("spec", {}).get("config") or []
    ]
    return from_classes + [{"source": "FromClaim", **config} for config in devices.get("config") or []]


def explain(search: Search, requests: Sequence[Sequence[Wanted]]) -> str:
    """Why nothing was found, in words for the person who wrote the claim."""
    for options in requests:
        told = []
        for wanted in options:
            matching = [o for o in search.offers if selects(wanted.expressions, o)]
            free = [o for o in matching if o.id not in search.taken and tolerated(o, wanted.tolerations)]
            need = "all" if wanted.count is None else str(wanted.count)
            if (wanted.count is None and len(free) < max(len(matching), 1)) or len(free) < (
                wanted.count or 0
            ):
                told.append(
                    f"request {wanted.name} wants {need} of class {wanted.class_name}: "
                    f"{len(matching)} match, {len(free)} are free"
                )
        if len(told) == len(options):
            return "; ".join(told)
    return "the requests together, or their constraints, cannot be satisfied by the devices that are free"
