"""Pure: what is known of the health of devices, and when it is out of date (kubelet cm/dra/healthinfo.go, 1.36).

A message of a plugin is a full list. Devices that it does not name keep what was known until that is older than their
time-out. The time of a report is the time of its arrival; the plugin's own clock is not trusted.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from dra_api.identifiers import DeviceName, DriverName, PoolName

DEFAULT_TIMEOUT_S = 30.0
MESSAGE_MAX = 1024
UNKNOWN, HEALTHY, UNHEALTHY = "Unknown", "Healthy", "Unhealthy"
STATES = {1: HEALTHY, 2: UNHEALTHY}
"""HealthStatus of the health services; anything else is Unknown."""


class DeviceHealthState(TypedDict):
    """A device in the state file."""

    PoolName: PoolName
    DeviceName: DeviceName
    Health: str
    Message: str
    LastUpdated: float
    HealthCheckTimeout: float


class DriverHealthState(TypedDict):
    """The devices of a driver in the state file, by pool and name."""

    Devices: dict[str, DeviceHealthState]


Key = tuple[DriverName, PoolName, DeviceName]
"""(driver, pool, device)."""


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """The health of one device."""

    health: str = UNKNOWN
    message: str = ""
    updated: float = 0.0
    timeout_s: float = DEFAULT_TIMEOUT_S

    def at(self, now: float) -> "DeviceHealth":
        """As read at NOW."""
        return self if now - self.updated <= self.timeout_s else replace(self, health=UNKNOWN, message="")


def reported(device: Any, now: float) -> DeviceHealth:
    """A device of a NodeWatchResourcesResponse that arrived NOW."""
    timeout = float(device.health_check_timeout_seconds)
    text = device.message
    message = text if len(text) <= MESSAGE_MAX else text[: MESSAGE_MAX - 3] + "..."
    return DeviceHealth(
        STATES.get(device.health, UNKNOWN), message, now, timeout if timeout > 0 else DEFAULT_TIMEOUT_S
    )


@dataclass(slots=True)
class HealthCache:
    """The health of the devices of one node."""

    devices: dict[Key, DeviceHealth] = field(default_factory=dict)

    def update(
        self, driver: DriverName, report: Mapping[tuple[PoolName, DeviceName], DeviceHealth], now: float
    ) -> set[Key]:
        """Take a REPORT, {(pool, device): health}; the devices whose health changed with it."""
        changed = set()
        for (pool, name), new in report.items():
            key = (driver, pool, name)
            old = self.devices.get(key)
            if old is None or replace(old, updated=0) != replace(new, updated=0):
                changed.add(key)
            self.devices[key] = new
        for key, old in self.devices.items():
            if key[0] == driver and key[1:] not in report and old.health != old.at(now).health:
                self.devices[key] = replace(old.at(now), updated=now)
                changed.add(key)
        return changed

    def forget(self, driver: DriverName) -> set[Key]:
        """Nothing is known of DRIVER's devices any more; the devices that were known."""
        gone = {key for key in self.devices if key[0] == driver}
        for key in gone:
            del self.devices[key]
        return gone

    def get(self, driver: DriverName, pool: PoolName, device: DeviceName, now: float) -> DeviceHealth:
        """The health of a device at NOW."""
        return self.devices.get((driver, pool, device), DeviceHealth()).at(now)

    def dump(self) -> str:
        """The state file ``dra_health_state``."""
        tree: dict[DriverName, DriverHealthState] = {}
        for (driver, pool, name), found in self.devices.items():
            tree.setdefault(driver, {"Devices": {}})["Devices"][f"{pool}/{name}"] = {
                "PoolName": pool,
                "DeviceName": name,
                "Health": found.health,
                "Message": found.message,
                "LastUpdated": found.updated,
                "HealthCheckTimeout": found.timeout_s,
            }
        return json.dumps(tree, indent=1)


def loaded(text: str) -> HealthCache:
    """The cache of a state file; an empty one if it cannot be read, as upstream."""
    try:
        tree: dict[DriverName, DriverHealthState] = json.loads(text)
        every: Iterable[tuple[DriverName, DeviceHealthState]] = (
            (driver, device) for driver, state in tree.items() for device in state["Devices"].values()
        )
        return HealthCache(
            {
                (driver, d["PoolName"], d["DeviceName"]): DeviceHealth(
                    d["Health"], d["Message"], d["LastUpdated"], d["HealthCheckTimeout"]
                )
                for driver, d in every
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return HealthCache()
