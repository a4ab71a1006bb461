"""A device as resource.k8s.io/v1 has it: its attributes and capacities. Pure.

Names without a domain are in the driver's own domain. They follow NVIDIA's DRA driver (0.5.0-dev), so that selectors
work with both. Additions of this driver: ``nvlinks``, ``nvlinkPeers`` (GPUs of the node that are reached over NVLink) and the
capacity ``nvlinkBandwidth`` (bytes per second in one direction); ``fabricCluster`` and ``fabricClique``; ``eccEnabled``;
``recoveryAction``; ``computePriority``, the per cent of its GPU's multiprocessors that a device has for itself, so that a
selector can ask for "at least half a GPU" whatever the board. Standard names are in ``resource.kubernetes.io`` and
published only where the value is known. Strings are cut at the API's 64 bytes.
"""

import re

from dra_api.names import ATTRIBUTE_VALUE_MAX
from dra_api.objects import AttributeValue, Capacity, Device, RequestPolicy
from dra_api.quantity import of_bytes, of_count, parse
from dra_driver.devices.counters import Amounts, engines, total
from dra_driver.devices.model import Allocatable, Gpu, GpuDevice, MigDevice, VfioDevice
from dra_driver.features import Features, Shares

STANDARD = "resource.kubernetes.io/"
CAPACITIES = {
    "multiprocessors": "multiprocessors",
    "copy-engines": "copyEngines",
    "decoders": "decoders",
    "encoders": "encoders",
    "jpeg-engines": "jpegEngines",
    "ofa-engines": "ofaEngines",
}
"""{counter: capacity} of the engines."""
MIB = 1 << 20


def semantic_version(text: str) -> str:
    """TEXT as a semantic version: three numbers without leading zeros, e.g. 570.158.01 becomes 570.158.1."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    return ".".join(str(number) for number in [*numbers, 0, 0, 0][:3])


def short(text: str) -> str:
    """TEXT within the limit of a string attribute."""
    return text.encode()[:ATTRIBUTE_VALUE_MAX].decode(errors="ignore")


def known(**values: str | int | bool | None) -> dict[str, AttributeValue]:
    """Attributes by name; what is None is not known and left out, and so is an empty string."""
    return {name: typed(value) for name, value in values.items() if value is not None and value != ""}


def typed(value: str | int | bool) -> AttributeValue:
    """VALUE with its type."""
    if isinstance(value, bool):
        return {"bool": value}
    return {"int": value} if isinstance(value, int) else {"string": short(value)}


def where(bus_id: str, pcie_root: str | None, numa_node: int | None) -> dict[str, AttributeValue]:
    """The standard attributes of a place in the machine."""
    found = known(pciBusID=bus_id, pcieRoot=pcie_root, numaNode=numa_node)
    return {f"{STANDARD}{name}": value for name, value in found.items()}


def of_gpu(gpu: Gpu) -> dict[str, AttributeValue]:
    """What a whole GPU and its parts have in common."""
    return {
        **known(
            productName=gpu.name,
            brand=gpu.brand,
            architecture=gpu.architecture,
            addressingMode=gpu.addressing_mode,
            gpuModuleID=gpu.module_id,
        ),
        "cudaComputeCapability": {"version": f"{gpu.capability[0]}.{gpu.capability[1]}.0"},
        "driverVersion": {"version": semantic_version(gpu.driver_version)},
        "cudaDriverVersion": {"version": f"{gpu.cuda // 1000}.{gpu.cuda % 1000 // 10}.0"},
        **where(gpu.pci_bus_id, gpu.pcie_root, gpu.numa_node),
    }


def gpu_attributes(device: GpuDevice) -> dict[str, AttributeValue]:
    """Those of a whole GPU."""
    gpu, fabric = device.gpu, device.gpu.fabric
    return of_gpu(gpu) | known(
        type=device.kind.value,
        uuid=gpu.uuid,
        nvlinks=gpu.links.active,
        nvlinkPeers=gpu.links.peers,
        fabricCluster=fabric.cluster if fabric else None,
        fabricClique=f"{fabric.cluster}.{fabric.clique}" if fabric else None,
        eccEnabled=gpu.ecc,
        recoveryAction=gpu.recovery,
        computePriority=100,
    )


def mig_attributes(device: MigDevice) -> dict[str, AttributeValue]:
    """Those of a MIG device; a dynamic one has no UUID yet."""
    whole = total(device.gpu).get("multiprocessors", 0)
    share = device.profile.engines.multiprocessors * 100 // whole if whole else None
    return of_gpu(device.gpu) | known(
        type=device.kind.value,
        uuid=device.uuid,
        parentUUID=device.gpu.uuid,
        profile=device.profile.name,
        computePriority=share,
    )


def vfio_attributes(device: VfioDevice) -> dict[str, AttributeValue]:
    """Those of a VFIO sibling; the product's name is known while the NVIDIA driver has the GPU."""
    function = device.function
    return known(
        type=device.kind.value,
        uuid=device.uuid,
        productName=device.gpu.name if device.gpu else None,
        deviceID=f"0x{function.device_id:04x}",
        vendorID=f"0x{function.vendor_id:04x}",
        iommuFDEnabled=function.iommufd,
    ) | where(function.pci_bus_id, function.pcie_root, function.numa_node)


def amounts(device: Allocatable) -> dict[str, Capacity]:
    """Capacities, before any of them can be shared."""
    if isinstance(device, VfioDevice):
        size = device.function.addressable_bytes
        return {"addressableMemory": {"value": of_bytes(size)}} if size else {}
    found: dict[str, Capacity] = {}
    values: Amounts
    memory: int | None
    if isinstance(device, MigDevice):
        values, memory = engines(device.profile.engines), device.profile.memory_bytes
    else:
        values, memory = total(device.gpu), device.gpu.memory_bytes
        if device.gpu.links.bandwidth_bytes:
            found["nvlinkBandwidth"] = {"value": of_count(device.gpu.links.bandwidth_bytes)}
    if memory:
        found["memory"] = {"value": of_bytes(memory)}
    found |= {CAPACITIES[name]: {"value": of_count(values[name])} for name in CAPACITIES if values.get(name)}
    if isinstance(device, MigDevice) and device.instance:
        found |= {f"memorySlice{number}": {"value": "1"} for number in device.placement.slices}
    return found


def shared(capacity: dict[str, Capacity], shares: Shares) -> dict[str, Capacity]:
    """CAPACITY with memory and shares that claims can take a part of.

    Everything needs a policy: of a capacity without one, a claim that does not ask for it consumes all (KEP-5075), and no
    second claim would fit the device. What nobody can enforce is not consumed unless a claim asks for it.
    """
    capacity = {name: counted(each) for name, each in capacity.items()}
    if shares.count is not None:
        number = of_count(shares.count)
        taken: RequestPolicy = {"default": "1", "validRange": {"min": "1", "max": number, "step": "1"}}
        capacity = {**capacity, "shares": {"value": number, "requestPolicy": taken}}
    memory = capacity.get("memory")
    if memory is None:
        return capacity
    size = of_bytes(int(parse(memory["value"])) // MIB * MIB)
    policy: Capacity = {
        "value": size,
        "requestPolicy": {
            "default": size if shares.memory else "0",
            "validRange": {"min": "1Mi" if shares.memory else "0", "max": size, "step": "1Mi"},
        },
    }
    return {**capacity, "memory": policy}


def counted(capacity: Capacity) -> Capacity:
    """CAPACITY of which a claim takes nothing unless it asks."""
    most = capacity["value"]
    return {"value": most, "requestPolicy": {"default": "0", "validRange": {"min": "0", "max": most}}}


def attributes_of(device: Allocatable) -> dict[str, AttributeValue]:
    """The attributes of a device of any kind."""
    match device:
        case GpuDevice():
            return gpu_attributes(device)
        case MigDevice():
            return mig_attributes(device)
        case VfioDevice():
            return vfio_attributes(device)


def can_be_shared(device: Allocatable, features: Features) -> bool:
    """Whether several claims can have a share of a device."""
    return features.consumable_capacity and not isinstance(device, VfioDevice)


def capacity_of(device: Allocatable, features: Features) -> dict[str, Capacity]:
    """The capacities of a device, with policies where it can be shared."""
    capacity = amounts(device)
    return shared(capacity, features.shares) if can_be_shared(device, features) else capacity


def device_of(device: Allocatable, features: Features) -> Device:
    """The entry of ``spec.devices``, without counters and taints."""
    attributes = attributes_of(device)
    entry: Device = {"name": device.name, "attributes": dict(sorted(attributes.items()))}
    if can_be_shared(device, features):
        entry["allowMultipleAllocations"] = True
    if capacity := capacity_of(device, features):
        entry["capacity"] = dict(sorted(capacity.items()))
    return entry
