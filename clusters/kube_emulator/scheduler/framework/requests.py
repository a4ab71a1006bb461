"""Pure: a claim's requests made ready for the search (allocator validateDeviceRequest, 1.37).

What cannot be meant by anybody (an unknown mode, a selector of another kind, a class that is gone) stops the attempt for
every node: a driver or cluster of another version may know better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from dra_api.objects import (
    DeviceClaimConfiguration,
    DeviceClass,
    DeviceConstraint,
    DeviceRequest,
    DeviceSelector,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
)
from dra_api.quantity import parse
from kube_emulator.apiserver.cel.device_selector import SelectorError
from kube_emulator.apiserver.cel.parsing import CompileError
from kube_emulator.scheduler.framework.devices import Device, Values

OPTIONAL = (
    "consider using CEL optional chaining (.? followed by orValue()) "
    "or guarding the check with has() for optional fields"
)


class AllocationError(Exception):
    """The claim cannot be served as it is, on no node."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Wanted:
    """One request, or one alternative of a request."""

    name: str
    """``main``, or ``main/sub``."""
    device_class: DeviceClass
    count: int | None
    """None: all that match."""
    selectors: tuple[tuple[str, str], ...]
    """Where each expression is from, and the expression; the class's come first."""
    admin: bool
    tolerations: tuple[DeviceToleration, ...]
    capacity: Mapping[str, Fraction]
    derived: Mapping[str, str]
    """{qualified attribute: expression}; for this request they stand before the attributes of the device."""

    def attribute(self, device: Device, name: str) -> Values | None:
        """The values of DEVICE's attribute NAME for this request; None if it has none.

        Raises:
            AllocationError: it is a derived one and cannot be computed.
        """
        expression = self.derived.get(name)
        if expression is None:
            return device.attribute(name)
        try:
            return device.derived(expression)
        except CompileError as error:
            message = f"compile derived attribute {name} failed: {error}"
            raise AllocationError(message) from error
        except SelectorError as error:
            message = f"evaluate derived attribute {name} on device {'/'.join(device.id)} failed: {error}"
            raise AllocationError(message) from error

    def unselected(self, device: Device) -> str:
        """The expression that does not select DEVICE; nothing if all do.

        Raises:
            AllocationError: one fails.
        """
        for where, expression in self.selectors:
            try:
                if not device.selected(expression):
                    return f"{where} is false: {expression}"
            except SelectorError as error:
                raise AllocationError(failure(where, device, str(error))) from error
        return ""


def failure(where: str, device: Device, error: str) -> str:
    """The message about an expression that fails on DEVICE."""
    if "compilation failed" in error or "must evaluate to bool" in error:
        return f"{where}: CEL compile error: {error}"
    hint = f". {OPTIONAL}" if error.startswith("no such key") else ""
    return f"{where} on device {'/'.join(device.id)}: CEL runtime error: {error}{hint}"


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """A claim to be allocated."""

    key: str
    """``namespace/name``."""
    requests: tuple[tuple[Wanted, ...], ...]
    """For each request its alternatives, best first."""
    alternatives: tuple[bool, ...]
    """Whether a request has a list of alternatives at all."""
    constraints: tuple[DeviceConstraint, ...]
    config: tuple[DeviceClaimConfiguration, ...]


def claim_of(claim: ResourceClaim, classes: Mapping[str, DeviceClass], gates: frozenset[str]) -> Claim:
    """CLAIM ready for the search.

    Raises:
        AllocationError: no node could serve it.
    """
    metadata, devices = claim["metadata"], claim["spec"].get("devices") or {}
    key = f"{metadata.get('namespace', '')}/{metadata['name']}"
    requests, alternatives = [], []
    for request in devices.get("requests") or []:
        requests.append(tuple(options_of(request, key, classes, gates)))
        alternatives.append(bool(request.get("firstAvailable")))
    for number, constraint in enumerate(devices.get("constraints") or []):
        if not (constraint.get("matchAttribute") or constraint.get("distinctAttribute")):
            message = f"claim {key}, constraint #{number}: empty constraint (unsupported constraint type?)"
            raise AllocationError(message)
    return Claim(
        key,
        tuple(requests),
        tuple(alternatives),
        tuple(devices.get("constraints") or ()),
        tuple(devices.get("config") or ()),
    )


def options_of(
    request: DeviceRequest, key: str, classes: Mapping[str, DeviceClass], gates: frozenset[str]
) -> list[Wanted]:
    """What would satisfy REQUEST, best first."""
    subrequests = request.get("firstAvailable") or []
    if subrequests and "DRAPrioritizedList" not in gates:
        message = f"claim {key}, request {request['name']}: has subrequests, but the DRAPrioritizedList feature is disabled"
        raise AllocationError(message)
    if subrequests:
        return [
            wanted_of(f"{request['name']}/{sub['name']}", sub, key, classes, gates) for sub in subrequests
        ]
    # A request of neither kind is of one that is not known here: it has no class, which is refused.
    exact = request.get("exactly") or cast(ExactDeviceRequest, {})
    return [wanted_of(request["name"], exact, key, classes, gates)]


def wanted_of(
    name: str,
    exact: ExactDeviceRequest | DeviceSubRequest,
    key: str,
    classes: Mapping[str, DeviceClass],
    gates: frozenset[str],
) -> Wanted:
    """One alternative."""
    where = f"claim {key}, request {name.rpartition('/')[2]}"
    if exact.get("adminAccess") and "DRAAdminAccess" not in gates:
        message = f"{where}: admin access is requested, but the feature is disabled"
        raise AllocationError(message)
    if exact.get("capacity") and "DRAConsumableCapacity" not in gates:
        message = f"{where}: has capacity requests, but the DRAConsumableCapacity feature is disabled"
        raise AllocationError(message)
    class_name = exact.get("deviceClassName")
    if not class_name:
        message = f"{where}: missing device class name (unsupported request type?)"
        raise AllocationError(message)
    device_class = classes.get(class_name)
    if device_class is None:
        message = f"request {name}: device class {class_name} does not exist"
        raise AllocationError(message)
    mode = exact.get("allocationMode") or "ExactCount"
    if mode not in ("ExactCount", "All"):
        message = f"{where}: unsupported count mode {mode}"
        raise AllocationError(message)
    derived = exact.get("derivedAttributes") or []
    if derived and "DRADerivedAttributes" not in gates:
        message = f"{where}: cannot handle request with derived attributes, the feature is disabled"
        raise AllocationError(message)
    asked = (exact.get("capacity") or {}).get("requests") or {}
    return Wanted(
        name=name,
        device_class=device_class,
        count=None if mode == "All" else int(exact.get("count") or 1),
        selectors=(
            *expressions(f"class {class_name}", (device_class.get("spec") or {}).get("selectors") or []),
            *expressions(f"claim {key}", exact.get("selectors") or [], where),
        ),
        admin=bool(exact.get("adminAccess")),
        tolerations=tuple(exact.get("tolerations") or ()),
        capacity={capacity: parse(value) for capacity, value in asked.items()},
        derived={attribute["name"]: attribute["expression"] for attribute in derived},
    )


def expressions(where: str, selectors: Sequence[DeviceSelector], request: str = "") -> list[tuple[str, str]]:
    """The expressions of SELECTORS with where each is from; REQUEST names the request in errors."""
    found = []
    for number, selector in enumerate(selectors):
        if "cel" not in selector:
            message = (
                f"{request or where}, selector #{number}: CEL expression empty (unsupported selector type?)"
            )
            raise AllocationError(message)
        found.append((f"{where}: selector #{number}", selector["cel"]["expression"]))
    return found
