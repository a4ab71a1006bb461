"""Opaque parameters: strict decoding."""

from typing import Any

import pytest
from claim_service import DRIVER

from dra_api.identifiers import DriverName
from dra_driver.claims.opaque import check_config
from dra_driver.errors import ClaimError


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"apiVersion": "resource.dra-conformance.dev/v1beta1", "kind": "Nope"}, "unknown opaque parameters"),
        ({"apiVersion": "v1", "kind": "GpuConfig", "typo": 1}, "typo"),
        ({"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, "unknown opaque parameters"),
        (
            {"apiVersion": "resource.dra-conformance.dev/v1beta1", "kind": "GpuConfig", "sharing": {}},
            "sharing is not supported",
        ),
        ("text", "opaque parameters"),
    ],
)
def test_parameters_that_are_not_supported_are_refused(parameters: Any, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        check_config(DRIVER, parameters, "claim ns/c")


def test_nvidias_parameters_are_accepted_under_nvidias_driver_name() -> None:
    parameters = {"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}
    check_config(DriverName("gpu.nvidia.com"), parameters, "claim")
