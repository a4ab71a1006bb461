"""A device of each kind as the entry of a ResourceSlice."""

from typing import Any

import pytest
from claim_service import gpu

from dra_api.names import ATTRIBUTE_VALUE_MAX
from dra_api.objects import Device
from dra_driver.devices.attributes import device_of, semantic_version
from dra_driver.devices.model import Fabric, GpuDevice, NvLinks
from dra_driver.features import Features, parse_shares


def entry(**members: Any) -> Device:
    one = gpu(0, **members)
    return device_of(GpuDevice(name=one.device_name, gpu=one), Features())


@pytest.mark.parametrize(
    ("driver", "version"), [("570.158.01", "570.158.1"), ("580", "580.0.0"), ("1.2.3.4", "1.2.3")]
)
def test_driver_versions_become_semantic(driver: str, version: str) -> None:
    assert semantic_version(driver) == version


def test_what_is_not_known_of_a_gpu_is_left_out() -> None:
    device = entry(memory_bytes=None)
    assert device["name"] == "gpu-0"
    assert "capacity" not in device
    assert set(device["attributes"]) == {
        "type",
        "uuid",
        "productName",
        "cudaComputeCapability",
        "driverVersion",
        "cudaDriverVersion",
        "nvlinks",
        "computePriority",
        "resource.kubernetes.io/pciBusID",
    }


def test_what_is_known_of_a_gpu_is_published_with_its_type() -> None:
    device = entry(
        brand="Tesla",
        architecture="Blackwell",
        pcie_root="pci0000:00",
        numa_node=1,
        module_id=0,
        addressing_mode="ATS",
        ecc=False,
        recovery="none",
        fabric=Fabric(cluster="c-1", clique=7),
        links=NvLinks(active=18, bandwidth_bytes=18 * 53125 * 10**6, peers=7),
    )
    attributes = device["attributes"]
    assert attributes["brand"] == {"string": "Tesla"}
    assert attributes["architecture"] == {"string": "Blackwell"}
    assert attributes["addressingMode"] == {"string": "ATS"}
    assert attributes["gpuModuleID"] == {"int": 0}
    assert attributes["eccEnabled"] == {"bool": False}
    assert attributes["recoveryAction"] == {"string": "none"}
    assert attributes["fabricCluster"] == {"string": "c-1"}
    assert attributes["fabricClique"] == {"string": "c-1.7"}
    assert (attributes["nvlinks"], attributes["nvlinkPeers"]) == ({"int": 18}, {"int": 7})
    assert attributes["cudaComputeCapability"] == {"version": "10.0.0"}
    assert attributes["cudaDriverVersion"] == {"version": "13.0.0"}
    assert attributes["resource.kubernetes.io/pcieRoot"] == {"string": "pci0000:00"}
    assert attributes["resource.kubernetes.io/numaNode"] == {"int": 1}
    assert device["capacity"] == {"memory": {"value": "8Gi"}, "nvlinkBandwidth": {"value": "956250M"}}


def test_a_number_that_is_zero_is_published() -> None:
    attributes = entry(module_id=0, numa_node=0)["attributes"]
    assert attributes["gpuModuleID"] == {"int": 0}
    assert attributes["resource.kubernetes.io/numaNode"] == {"int": 0}


def test_a_long_name_is_cut_between_characters() -> None:
    text = entry(name="é" * 40)["attributes"]["productName"]["string"]
    assert text == "é" * (ATTRIBUTE_VALUE_MAX // 2)


@pytest.mark.parametrize(
    ("value", "capacities", "memory"),
    [
        ("memory", {"memory", "nvlinkBandwidth"}, ("8Gi", "1Mi")),
        ("unlimited", {"memory", "nvlinkBandwidth"}, ("0", "0")),
        ("10", {"memory", "nvlinkBandwidth", "shares"}, ("0", "0")),
    ],
)
def test_what_claims_can_take_a_part_of(value: str, capacities: set[str], memory: tuple[str, str]) -> None:
    one = gpu(0, links=NvLinks(active=1, bandwidth_bytes=1))
    features = Features(consumable_capacity=True, shares=parse_shares(value))
    made = device_of(GpuDevice(name=one.device_name, gpu=one), features)
    assert made["allowMultipleAllocations"] is True
    assert made["capacity"].keys() == capacities
    policy = made["capacity"]["memory"]["requestPolicy"]
    assert (policy["default"], policy["validRange"]["min"]) == memory
    bandwidth = made["capacity"]["nvlinkBandwidth"]["requestPolicy"]
    assert bandwidth == {"default": "0", "validRange": {"min": "0", "max": "1"}}, (
        "else one claim takes it all"
    )
    if "shares" in capacities:
        assert made["capacity"]["shares"] == {
            "value": "10",
            "requestPolicy": {"default": "1", "validRange": {"min": "1", "max": "10", "step": "1"}},
        }
