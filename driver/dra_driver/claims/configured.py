"""Which configuration each allocated device has: class before claim, the later one wins. Pure.

A configuration without requests is for every device of its kind, and devices of other kinds are left out. One that names
requests must fit the devices of all of them. ``main`` is the request and all its alternatives, ``main/sub`` is one
(resource.k8s.io/v1, DeviceAllocationConfiguration.requests).
"""

from collections.abc import Sequence
from typing import NamedTuple

from dra_api.identifiers import DriverName
from dra_api.objects import AllocationConfig, DeviceResult
from dra_driver.claims.opaque import DEVICE_KINDS, Config, read_config
from dra_driver.devices.model import Allocatable
from dra_driver.errors import ClaimError


class Choice(NamedTuple):
    """A configuration and the requests that it names."""

    config: Config
    requests: tuple[str, ...]
    path: str


def choices(driver_name: DriverName, configs: Sequence[AllocationConfig], where: str) -> list[Choice]:
    """The configurations for this driver in the order of their precedence, lowest first; each is checked.

    Raises:
        ClaimError: one of them is wrong.
    """
    found = []
    for index, entry in enumerate(configs):
        opaque = entry.get("opaque")
        if opaque is not None and opaque["driver"] == driver_name:
            source = entry.get("source", "")
            path = f"{where}, {source}, status.allocation.devices.config[{index}].opaque.parameters"
            config = read_config(driver_name, opaque.get("parameters"), path)
            found.append((source != "FromClass", Choice(config, tuple(entry.get("requests") or ()), path)))
    return [
        choice for _, choice in sorted(found, key=lambda pair: pair[0])
    ]  # stable: the order of the API stays


def names(choice: Choice, request: str) -> bool:
    """Whether the configuration names a result's REQUEST."""
    return request in choice.requests or request.partition("/")[0] in choice.requests


def config_of(result: DeviceResult, device: Allocatable, chosen: Sequence[Choice]) -> Config | None:
    """The configuration of one allocated device.

    Raises:
        ClaimError: one that names its request is for devices of another kind.
    """
    found = None
    for choice in chosen:
        fits = DEVICE_KINDS[choice.config.kind] == device.kind
        if not choice.requests and fits:
            found = choice.config
        if choice.requests and names(choice, result["request"]):
            if not fits:
                message = f"{choice.path}: {choice.config.kind} cannot configure {device.name}, which is a {device.kind} device"
                raise ClaimError(message)
            found = choice.config
    return found
