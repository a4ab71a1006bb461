"""Opaque parameters: strict decoding."""

from typing import Any

import pytest
from claim_service import DRIVER

from dra_api.identifiers import DriverName
from dra_driver.claims.opaque import Mode, Mps, TimeSlice, Vfio, mode_of, read_config
from dra_driver.errors import ClaimError

OWN = "resource.dra-conformance.dev/v1beta1"


def read(kind: str, **members: Any) -> Any:
    return read_config(DRIVER, {"apiVersion": OWN, "kind": kind, **members}, "claim ns/c")


def sharing(strategy: str, **blocks: Any) -> dict[str, Any]:
    return {"strategy": strategy, **blocks}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"apiVersion": OWN, "kind": "Nope"}, "^p: unknown opaque parameters .* Nope; wanted"),
        ({"apiVersion": OWN, "kind": "GpuConfig", "typo": 1}, "^p: .*typo"),
        ({"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, "unknown opaque parameters"),
        ("text", "^p: Expected `object`, got `str`"),
        (None, "^p: Expected `object`, got `null`"),
    ],
)
def test_parameters_that_are_no_kind_of_ours_are_refused(parameters: Any, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        read_config(DRIVER, parameters, "p")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, r"claim ns/c.sharing: .*strategy"),
        (sharing("Both"), r"claim ns/c.sharing.strategy: Invalid enum value 'Both'"),
        (
            sharing("TimeSlicing", timeSlicingConfig={"interval": "Forever"}),
            r"timeSlicingConfig.interval: .*Forever",
        ),
        (
            sharing("TimeSlicing", timeSlicingConfig={"interval": float("nan")}),
            r"timeSlicingConfig.interval: ",
        ),
        (
            sharing("TimeSlicing", mpsConfig={}),
            r"claim ns/c.sharing.mpsConfig: strategy TimeSlicing does not take it",
        ),
        (sharing("MPS", timeSlicingConfig={}), r"sharing.timeSlicingConfig: strategy MPS does not take it"),
        (sharing("MPS", mpsConfig={"defaultActiveThreadPercentage": -1}), r"Percentage: -1; wanted 0 to 100"),
        (
            sharing("MPS", mpsConfig={"defaultActiveThreadPercentage": 101}),
            r"Percentage: 101; wanted 0 to 100",
        ),
        (
            sharing("MPS", mpsConfig={"defaultPinnedDeviceMemoryLimit": "1Ki"}),
            r"MemoryLimit: '1Ki' is too low",
        ),
        (sharing("MPS", mpsConfig={"defaultPinnedDeviceMemoryLimit": "much"}), r"'much' is no quantity"),
        (sharing("MPS", mpsConfig={"defaultPinnedDeviceMemoryLimit": "1e999999999"}), r"is no quantity"),
        (
            sharing("MPS", mpsConfig={"defaultPerDevicePinnedMemoryLimit": {"gpu-0": "1Gi"}}),
            r"MemoryLimit\[gpu-0\]: wanted the index of a device of the claim or its UUID",
        ),
        (sharing("MPS", mpsConfig={"multiUser": "yes"}), r"sharing.mpsConfig.multiUser: Expected `bool`"),
    ],
)
@pytest.mark.parametrize("kind", ["GpuConfig", "MigDeviceConfig"])
def test_a_wrong_value_is_refused_with_its_path(kind: str, value: Any, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        read(kind, sharing=value)


@pytest.mark.parametrize(
    ("iommu", "message"),
    [
        ({"backendPolicy": "Best"}, "iommu.backendPolicy: Invalid enum value"),
        ({"backend": 1}, "unknown field `backend`"),
    ],
)
def test_a_wrong_iommu_is_refused(iommu: Any, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        read("VfioDeviceConfig", iommu=iommu)


@pytest.mark.parametrize(
    ("kind", "value", "mode"),
    [
        ("GpuConfig", None, None),
        ("GpuConfig", sharing("TimeSlicing"), TimeSlice(0)),
        ("GpuConfig", sharing("TimeSlicing", timeSlicingConfig={}), TimeSlice(0)),
        ("GpuConfig", sharing("TimeSlicing", timeSlicingConfig={"interval": "Long"}), TimeSlice(3)),
        ("MigDeviceConfig", sharing("TimeSlicing", timeSlicingConfig={"interval": "Long"}), None),
        ("GpuConfig", sharing("MPS"), Mps()),
        (
            "MigDeviceConfig",
            sharing(
                "MPS",
                mpsConfig={
                    "defaultActiveThreadPercentage": 50,
                    "defaultPinnedDeviceMemoryLimit": "10Gi",
                    "defaultPerDevicePinnedMemoryLimit": {"0": "5Gi"},
                    "multiUser": True,
                },
            ),
            Mps(percentage=50, limit=10 << 30, limits=(("0", 5 << 30),), multi_user=True),
        ),
    ],
)
def test_what_is_left_out_has_a_default(kind: str, value: Any, mode: Mode | None) -> None:
    assert mode_of(read(kind, sharing=value)) == mode


def test_a_function_for_a_virtual_machine_has_its_own_mode() -> None:
    config = read("VfioDeviceConfig", iommu={"backendPolicy": "PreferIommuFD", "enableAPIDevice": True})
    assert (config.iommu.backend_policy, config.iommu.enable_api_device) == ("PreferIommuFD", True)
    assert mode_of(config) == Vfio(iommufd=True, api=True)


@pytest.mark.parametrize("kind", ["GpuConfig", "MigDeviceConfig", "VfioDeviceConfig"])
def test_nvidias_parameters_are_read_under_nvidias_driver_name(kind: str) -> None:
    parameters = {"apiVersion": "resource.nvidia.com/v1beta1", "kind": kind}
    assert read_config(DriverName("gpu.nvidia.com"), parameters, "claim").kind == kind
