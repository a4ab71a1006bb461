"""A GPU as a device of a ResourceSlice."""

import pytest
from claim_service import listed_gpu as gpu

from dra_api.names import ATTRIBUTE_VALUE_MAX
from dra_driver.devices.attributes import device_of, semantic_version


@pytest.mark.parametrize(
    ("driver", "version"), [("570.158.01", "570.158.1"), ("580", "580.0.0"), ("1.2.3.4", "1.2.3")]
)
def test_driver_versions_become_semantic(driver: str, version: str) -> None:
    assert semantic_version(driver) == version


def test_what_is_not_known_of_a_gpu_is_left_out() -> None:
    device = device_of(gpu(0, memory_bytes=None))
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
        "resource.kubernetes.io/pciBusID",
    }


def test_what_is_known_of_a_gpu_is_published_with_its_type() -> None:
    known = gpu(
        3, brand="Tesla", architecture="Blackwell", pcie_root="pci0000:00", numa_node=1, clique=("c-1", 7)
    )
    device = device_of(known)
    attributes = device["attributes"]
    assert attributes["brand"] == {"string": "Tesla"}
    assert attributes["architecture"] == {"string": "Blackwell"}
    assert attributes["fabricClique"] == {"string": "c-1.7"}
    assert attributes["cudaComputeCapability"] == {"version": "10.0.0"}
    assert attributes["cudaDriverVersion"] == {"version": "13.0.0"}
    assert attributes["resource.kubernetes.io/pcieRoot"] == {"string": "pci0000:00"}
    assert attributes["resource.kubernetes.io/numaNode"] == {"int": 1}
    assert device["capacity"] == {"memory": {"value": "1Gi"}}


def test_a_long_name_is_cut_between_characters() -> None:
    text = device_of(gpu(0, name="é" * 40))["attributes"]["productName"]["string"]
    assert text == "é" * (ATTRIBUTE_VALUE_MAX // 2)
