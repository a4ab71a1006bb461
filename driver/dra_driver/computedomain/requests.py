"""What a claim wants of a node: channels of a ComputeDomain for a workload, the place of a daemon, or its NVLink fabric. Pure."""

from dataclasses import dataclass
from typing import Any

from dra_api.identifiers import PoolName
from dra_api.objects import DeviceResult, JsonObject, ResourceClaim
from dra_driver.computedomain.names import API_VERSION, DRIVER, FABRIC_POOL
from dra_driver.errors import ClaimError

CHANNEL_DEVICE, DAEMON_DEVICE = "channel-0", "daemon-0"
CHANNELS = 2048
"""Channels of a driver; an IMEX channel is a device node."""
KINDS = {"ComputeDomainChannelConfig": CHANNEL_DEVICE, "ComputeDomainDaemonConfig": DAEMON_DEVICE}
MODES = ("Single", "All")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one claim wants.

    Attributes:
        domain: UID of the domain; empty for a fabric.
        device: ``channel-0`` or ``daemon-0``; ``domain`` or ``clique`` of a fabric.
        every: all channels and not one.
        request: the request that the device is for.
        pool: of a fabric; empty: the node's.
        share: the ID of the claim's share of it.
    """

    domain: str
    device: str
    every: bool
    request: str
    admin: bool = False
    pool: str = ""
    share: str = ""


def wanted_of(claim: ResourceClaim, pool: PoolName) -> Wanted:
    """What CLAIM wants of this node's POOL.

    Raises:
        ClaimError: it is not allocated, not exactly one device, of another pool, or its parameters are wrong.
    """
    where = f"claim {claim['metadata']['namespace']}/{claim['metadata']['name']}"
    allocation = (claim.get("status") or {}).get("allocation")
    if not allocation:
        message = f"{where}: wanted status.allocation, found none; the scheduler has not allocated it"
        raise ClaimError(message)
    devices = allocation.get("devices") or {}
    results = [result for result in devices.get("results") or [] if result["driver"] == DRIVER]
    if len(results) != 1:
        message = f"{where}: wanted one device of {DRIVER}, found {len(results)}; ask for one a claim"
        raise ClaimError(message)
    [result] = results
    if result["pool"].startswith(FABRIC_POOL) and result["pool"] != pool:
        return Wanted(
            domain="",
            device=result["device"],
            every=False,
            request=result["request"].partition("/")[0],
            admin=bool(result.get("adminAccess")),
            pool=result["pool"],
            share=result.get("shareID", ""),
        )
    if result["pool"] != pool or result["device"] not in (CHANNEL_DEVICE, DAEMON_DEVICE):
        message = (
            f"{where}: no device {result['device']} of pool {result['pool']} on this node, which has {pool}"
        )
        raise ClaimError(message)
    parameters = [
        config["opaque"]["parameters"]
        for config in devices.get("config") or []
        if "opaque" in config and config["opaque"]["driver"] == DRIVER
    ]
    if not parameters:
        message = (
            f"{where}: wanted opaque parameters with a domainID; use the claim template of a ComputeDomain"
        )
        raise ClaimError(message)
    return decoded(parameters[-1], result, where)


def decoded(parameters: JsonObject, result: DeviceResult, where: str) -> Wanted:
    """The parameters of a claim, checked.

    Raises:
        ClaimError: a field is unknown, missing or wrong, or they are for another device.
    """
    device = check_parameters(parameters, f"{where}: parameters")
    if device != result["device"]:
        expected = next(name for name, wanted in KINDS.items() if wanted == result["device"])
        found = f"{parameters['apiVersion']}/{parameters['kind']}"
        message = f"{where}: parameters of {found}: wanted {API_VERSION}/{expected} for {result['device']}"
        raise ClaimError(message)
    return Wanted(
        domain=parameters["domainID"],
        device=device,
        every=parameters.get("allocationMode") == "All",
        request=result["request"].partition("/")[0],
        admin=bool(result.get("adminAccess")),
    )


def check_parameters(parameters: Any, path: str) -> str:
    """The device that the opaque PARAMETERS are for; PATH says where they are.

    Raises:
        ClaimError: a field is unknown, missing or wrong.
    """
    if not isinstance(parameters, dict):
        message = f"{path}: wanted an object, found {type(parameters).__name__}"
        raise ClaimError(message)
    version, kind = parameters.get("apiVersion"), parameters.get("kind")
    device = KINDS.get(str(kind))
    if version != API_VERSION or device is None:
        message = (
            f"{path}: unknown opaque parameters {version} {kind}; wanted {API_VERSION}, {' or '.join(KINDS)}"
        )
        raise ClaimError(message)
    known = {"apiVersion", "kind", "domainID"} | ({"allocationMode"} if device == CHANNEL_DEVICE else set())
    unknown = sorted(parameters.keys() - known)
    if unknown:
        message = f"{path}.{unknown[0]}: unknown field; there are {', '.join(sorted(known))}"
        raise ClaimError(message)
    domain, mode = parameters.get("domainID"), parameters.get("allocationMode", MODES[0])
    if not isinstance(domain, str) or not domain:
        message = f"{path}.domainID: wanted the UID of a ComputeDomain, found {domain!r}"
        raise ClaimError(message)
    if mode not in MODES:
        message = f"{path}.allocationMode {mode!r}: wanted one of {', '.join(MODES)}"
        raise ClaimError(message)
    return device
