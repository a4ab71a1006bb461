"""The paths that follow from the settings."""

from pathlib import Path

import pytest

from dra_api.identifiers import DriverName, NodeName
from dra_driver.settings import Settings


@pytest.mark.parametrize(
    ("instance", "registration", "dra"),
    [("", "gpu.example.com-reg.sock", "dra.sock"), ("v2", "gpu.example.com-v2-reg.sock", "dra-v2.sock")],
)
def test_instances_have_sockets_of_their_own_and_one_folder(
    instance: str, registration: str, dra: str
) -> None:
    settings = Settings(
        driver_name=DriverName("gpu.example.com"),
        node_name=NodeName("node-0"),
        kubeconfig=None,
        registry_dir=Path("/registry"),
        plugins_dir=Path("/plugins"),
        cdi_dir=Path("/cdi"),
        instance=instance,
    )
    assert settings.registration_socket == Path("/registry") / registration
    assert settings.dra_socket == Path("/plugins/gpu.example.com") / dra
    assert settings.data_dir == Path("/plugins/gpu.example.com")
    assert settings.pool == "node-0"
