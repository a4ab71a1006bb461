"""What is offered: the driver's feature gates as one frozen value.

``parse`` reads ``--feature-gates DynamicMIG=true,VFIO=true`` in the syntax of Kubernetes' components. The names are those of
NVIDIA's driver where it has the feature.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from dra_driver.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How claims share a device, where they can.

    Attributes:
        memory: a claim takes all of the memory unless it asks for less; else none of it unless it asks.
        count: a device has so many shares, of which a claim takes one unless it asks for more; None: they are not counted.
    """

    memory: bool = True
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """All of them can be combined.

    Attributes:
        static_mig: MIG devices that exist are offered.
        dynamic_mig: every placement of every profile is offered beside the whole GPU, bound by shared counters.
        vfio: a VFIO sibling is offered beside each GPU with an IOMMU group.
        health: the health of devices is watched; sick ones are tainted.
        consumable_capacity: GPUs and MIG devices can be shared by claims, as ``shares`` says.
        metadata: containers get files that describe their devices (KEP-5304).
        status: ``status.devices`` of a claim says what it was given; each prepare is one more write to the API server.
    """

    static_mig: bool = True
    dynamic_mig: bool = False
    vfio: bool = False
    health: bool = True
    consumable_capacity: bool = False
    metadata: bool = False
    status: bool = False
    shares: Shares = field(default_factory=Shares)


GATES = {
    "StaticMIG": "static_mig",
    "DynamicMIG": "dynamic_mig",
    "PassthroughSupport": "vfio",
    "NVMLDeviceHealthCheck": "health",
    "ConsumableShares": "consumable_capacity",
    "DeviceMetadata": "metadata",
    "DeviceStatus": "status",
}
"""{gate: member of ``Features``}."""
assert set(GATES.values()) == {member.name for member in fields(Features)} - {"shares"}
SHARES_MAX = 1000


def parse(text: str) -> Features:
    """The features of ``Gate=true,Gate=false``; what is not named has its default.

    Raises:
        ConfigError: an unknown gate, or a value that is neither true nor false.
    """
    chosen: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        gate, equals, value = part.partition("=")
        if gate not in GATES:
            message = f"--feature-gates: unknown gate {gate!r}; there are {', '.join(sorted(GATES))}"
            raise ConfigError(message)
        if not equals or value.lower() not in ("true", "false"):
            message = f"--feature-gates: {gate} has the value {value!r}; wanted {gate}=true or {gate}=false"
            raise ConfigError(message)
        chosen[GATES[gate]] = value.lower() == "true"
    return replace(Features(), **chosen)


def parse_shares(text: str) -> Shares:
    """The value of ``--consumable-shares``, which is that of NVIDIA's driver: memory, unlimited, or a number of shares.

    Raises:
        ConfigError: it is none of them.
    """
    if text == "memory":
        return Shares()
    if text == "unlimited":
        return Shares(memory=False)
    if text.isdecimal() and 0 < int(text) <= SHARES_MAX:
        return Shares(memory=False, count=int(text))
    message = f"--consumable-shares {text!r}: wanted memory, unlimited, or a number of shares from 1 to {SHARES_MAX}"
    raise ConfigError(message)
