"""Which kinds of devices are offered: the driver's feature gates as one frozen value.

``parse`` reads ``--feature-gates DynamicMIG=true,VFIO=true`` in the syntax of Kubernetes' components. The names are those of
NVIDIA's driver where it has the feature.
"""

from dataclasses import dataclass, fields, replace

from dra_driver.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """All of them can be combined.

    Attributes:
        static_mig: MIG devices that exist are offered.
        dynamic_mig: every placement of every profile is offered beside the whole GPU, bound by shared counters.
        vfio: a VFIO sibling is offered beside each GPU with an IOMMU group.
        health: the health of devices is watched; sick ones are tainted.
        consumable_capacity: GPUs and MIG devices can be shared by claims, by memory and shares.
    """

    static_mig: bool = True
    dynamic_mig: bool = False
    vfio: bool = False
    health: bool = True
    consumable_capacity: bool = False


GATES = {
    "StaticMIG": "static_mig",
    "DynamicMIG": "dynamic_mig",
    "PassthroughSupport": "vfio",
    "NVMLDeviceHealthCheck": "health",
    "ConsumableShares": "consumable_capacity",
}
"""{gate: member of ``Features``}."""
assert set(GATES.values()) == {member.name for member in fields(Features)}


def parse(text: str) -> Features:
    """The features of ``Gate=true,Gate=false``; what is not named has its default.

    Raises:
        ConfigError: an unknown gate, or a value that is neither true nor false.
    """
    chosen: dict[str, bool] = {}
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
