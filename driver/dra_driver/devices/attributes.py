"""A GPU as a device of resource.k8s.io/v1: its attributes and capacities.

Names without a domain are in the driver's own domain. They follow NVIDIA's DRA driver (0.5.0-dev), so that selectors
work with both; ``nvlinks`` and ``fabricClique`` are additions of this driver. Standard names are in
``resource.kubernetes.io`` and published only where the value is known. Strings are cut at the API's 64 bytes.
"""

import re

from dra_api.names import ATTRIBUTE_VALUE_MAX
from dra_api.objects import AttributeValue, Device
from dra_api.quantity import of_bytes
from dra_driver.devices.inventory import Gpu

STANDARD = "resource.kubernetes.io/"


def semantic_version(text: str) -> str:
    """TEXT as a semantic version: three numbers without leading zeros, e.g. 570.158.01 becomes 570.158.1."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    return ".".join(str(number) for number in [*numbers, 0, 0, 0][:3])


def short(text: str) -> str:
    """TEXT within the limit of a string attribute."""
    return text.encode()[:ATTRIBUTE_VALUE_MAX].decode(errors="ignore")


def device_of(gpu: Gpu) -> Device:
    """The entry of ``spec.devices`` for a whole GPU."""
    attributes: dict[str, AttributeValue] = {
        "type": {"string": "gpu"},
        "uuid": {"string": gpu.uuid},
        "productName": {"string": short(gpu.name)},
        "cudaComputeCapability": {"version": f"{gpu.capability[0]}.{gpu.capability[1]}.0"},
        "driverVersion": {"version": semantic_version(gpu.driver_version)},
        "cudaDriverVersion": {"version": f"{gpu.cuda // 1000}.{gpu.cuda % 1000 // 10}.0"},
        "nvlinks": {"int": gpu.links},
        f"{STANDARD}pciBusID": {"string": gpu.pci_bus_id},
    }
    known = {
        "brand": gpu.brand,
        "architecture": gpu.architecture,
        f"{STANDARD}pcieRoot": gpu.pcie_root,
        "fabricClique": f"{gpu.clique[0]}.{gpu.clique[1]}" if gpu.clique else None,
    }
    attributes |= {name: {"string": short(value)} for name, value in known.items() if value}
    if gpu.numa_node is not None:
        attributes[f"{STANDARD}numaNode"] = {"int": gpu.numa_node}
    device: Device = {"name": gpu.device_name, "attributes": dict(sorted(attributes.items()))}
    if gpu.memory_bytes is not None:
        device["capacity"] = {"memory": {"value": of_bytes(gpu.memory_bytes)}}
    return device
