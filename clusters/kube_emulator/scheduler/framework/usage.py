"""Which claims have which devices: kept claim by claim, so that a change costs what the claim has."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from dra_api.identifiers import DeviceName, DriverName, PoolName
from dra_api.objects import DeviceResult, ResourceClaim
from dra_api.quantity import parse
from kube_emulator.scheduler.framework.devices import DeviceId


def results_of(claim: ResourceClaim) -> list[DeviceResult]:
    """A claim's allocated devices; empty if it is not allocated."""
    allocation = (claim.get("status") or {}).get("allocation")
    return ((allocation.get("devices") or {}).get("results") or []) if allocation else []


def id_of(result: DeviceResult) -> DeviceId:
    """The device of a result."""
    return DriverName(result["driver"]), PoolName(result["pool"]), DeviceName(result["device"])


class Usage:
    """The devices in use. Administrative access uses nothing."""

    def __init__(self) -> None:
        self._results: dict[str, list[DeviceResult]] = {}
        self._holders: dict[DeviceId, dict[str, None]] = {}
        self._shares: dict[DeviceId, dict[str, tuple[str, Mapping[str, Fraction]]]] = {}

    @classmethod
    def of(cls, claims: Iterable[ResourceClaim]) -> "Usage":
        """What CLAIMS use."""
        usage = cls()
        for claim in claims:
            usage.put(
                f"{claim['metadata'].get('namespace', '')}/{claim['metadata']['name']}", results_of(claim)
            )
        return usage

    def put(self, claim: str, results: list[DeviceResult]) -> None:
        """CLAIM has these RESULTS now, and no others."""
        for result in self._results.pop(claim, ()):
            device = id_of(result)
            holders = self._holders.get(device, {})
            holders.pop(claim, None)
            if not holders:
                self._holders.pop(device, None)
            shares = self._shares.get(device, {})
            shares.pop(result.get("shareID", ""), None)
            if not shares:
                self._shares.pop(device, None)
        kept = [result for result in results if not result.get("adminAccess")]
        for result in kept:
            if share := result.get("shareID"):
                amounts = {
                    name: parse(value) for name, value in (result.get("consumedCapacity") or {}).items()
                }
                self._shares.setdefault(id_of(result), {})[share] = claim, amounts
            else:
                self._holders.setdefault(id_of(result), {})[claim] = None
        if kept:
            self._results[claim] = list(kept)

    def holder(self, device: DeviceId) -> str | None:
        """The claim that has DEVICE for itself; the first, should a mistake have given it twice."""
        return next(iter(self._holders.get(device, ())), None)

    def sharers(self, device: DeviceId) -> list[str]:
        """The claims that share DEVICE."""
        return sorted({claim for claim, _ in self._shares.get(device, {}).values()})

    def used(self, device: DeviceId) -> dict[str, Fraction]:
        """How much of each capacity of DEVICE is taken."""
        total: dict[str, Fraction] = {}
        for _, amounts in self._shares.get(device, {}).values():
            for name, amount in amounts.items():
                total[name] = total.get(name, Fraction()) + amount
        return total

    def allocated(self, device: DeviceId) -> bool:
        """Whether anybody has DEVICE or a share of it."""
        return device in self._holders or device in self._shares
