"""Pure: whether a device can take what it consumes from the counter sets of its pool (allocator, 1.37, KEP 4815 and 5963)."""

from collections.abc import Sequence
from fractions import Fraction

from kube_emulator.scheduler.framework.devices import Device, PoolId
from kube_emulator.scheduler.framework.pools import Pool
from kube_emulator.scheduler.framework.usage import Usage


class CounterSets:
    """The counter sets of POOLS, from which the devices in USAGE have taken."""

    def __init__(self, pools: Sequence[Pool], usage: Usage) -> None:
        self._pools = pools
        self._usage = usage
        self._available: dict[PoolId, dict[tuple[str, str], Fraction]] = {}

    def shortage(self, device: Device, taking: Sequence[Device]) -> str | None:
        """Which counter does not suffice for DEVICE beside those TAKING now; None if all do."""
        left = self._left(device)
        for name, counters in device.consumes.items():
            for counter, value in counters.items():
                taken = sum(other.consumes.get(name, {}).get(counter, 0) for other in dict.fromkeys(taking))
                missing = taken + value - left.get((name, counter), 0)
                if missing > 0:
                    return f"{name}/{counter} is short by {missing}"
        return None

    def estranged(self, device: Device, taking: Sequence[Device]) -> str:
        """The counter set from which DEVICE cannot take beside those TAKING now; nothing if there is none.

        Those who take from one set have a compatibility group in common, or all have none.
        """
        together = {*taking, *self._allocated(device)}
        for name, groups in device.groups.items():
            others = [other.groups[name] for other in together if name in other.groups]
            if others and not groups.intersection(*others) and (groups or any(others)):
                return name
        return ""

    def _pool(self, device: Device) -> Pool:
        return next(pool for pool in self._pools if pool.id == device.id[:2])

    def _allocated(self, device: Device) -> list[Device]:
        """The allocated devices of DEVICE's pool that take counters."""
        pool = self._pool(device)
        return [
            other
            for other in (*pool.devices, *pool.others)
            if other.consumes and self._usage.allocated(other.id)
        ]

    def _left(self, device: Device) -> dict[tuple[str, str], Fraction]:
        """What the allocated devices leave of the counters of DEVICE's pool."""
        pool = device.id[:2]
        if pool not in self._available:
            left = {
                (name, counter): value
                for name, counters in (self._pool(device).counters or {}).items()
                for counter, value in counters.items()
            }
            for other in self._allocated(device):
                for name, counters in other.consumes.items():
                    for counter, value in counters.items():
                        left[name, counter] = left.get((name, counter), Fraction()) - value
            self._available[pool] = left
        return self._available[pool]
