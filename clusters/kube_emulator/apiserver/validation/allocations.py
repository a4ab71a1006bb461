"""Rules of a claim's status: its consumers, its allocation, and what drivers report about the devices.

Source: ``pkg/apis/resource/validation/validation.go`` and ``pkg/registry/resource/resourceclaim/strategy.go``, 1.36.
"""

import functools
import uuid
from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import claims, names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.devices import binding, driver_name, pool_name
from kube_emulator.apiserver.validation.items import each_of, unique
from kube_emulator.apiserver.validation.metadata import conditions, immutable
from kube_emulator.apiserver.validation.selection import node_selector
from kube_emulator.apiserver.validation.shown import shown

RESERVED_MAX, RESULTS_MAX, CONFIG_MAX = 256, 32, 64
STATUS_CONDITIONS_MAX, DATA_MAX, INTERFACE_MAX, HARDWARE_MAX, IPS_MAX = 8, 10 * 1024, 256, 128, 16


def claim_status(
    new: JsonObject, old: JsonObject, spec: JsonObject, *, deleted: bool, path: str = "status"
) -> Iterator[Cause]:
    """Status of a claim with SPEC; DELETED says that the claim has a deletion timestamp."""
    reserved, allocation = new.get("reservedFor") or [], new.get("allocation")
    yield from unique(
        reserved, RESERVED_MAX, _consumer, f"{path}.reservedFor", lambda ref: ref.get("uid") or ""
    )
    allocated = {shared_id(result) for result in results_of(new)}
    status = functools.partial(_device_status, allocated=allocated)
    yield from unique(new.get("devices"), None, status, f"{path}.devices", shared_id, shown_struct)
    if reserved and allocation is None:
        yield forbidden(f"{path}.reservedFor", "may not be specified when `allocated` is not set")
    elif deleted and any(ref not in (old.get("reservedFor") or []) for ref in reserved):
        detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        yield forbidden(f"{path}.reservedFor", detail)
    if allocation is None:
        return
    where = f"{path}.allocation"
    if old.get("allocation") is not None:
        # immutable, and was valid when it was stored: not validated again
        yield from immutable(old["allocation"], allocation, where, shown("AllocationResult", allocation))
    else:
        yield from _allocation(allocation, where, claims.request_names(spec))


def results_of(status: JsonObject) -> list[JsonObject]:
    """The allocated devices of a claim; empty if it has none."""
    return ((status.get("allocation") or {}).get("devices") or {}).get("results") or []


def shared_id(item: JsonObject) -> tuple[str, str, str, str | None]:
    """The identity of an allocated device, or of a share of it."""
    return item.get("driver") or "", item.get("pool") or "", item.get("device") or "", item.get("shareID")


def _consumer(item: JsonObject, path: str) -> Iterator[Cause]:
    for member in ("resource", "name", "uid"):
        if not item.get(member):
            yield required(f"{path}.{member}")


def _allocation(item: JsonObject, path: str, known: claims.Requests) -> Iterator[Cause]:
    devices = item.get("devices") or {}
    result = functools.partial(_result, known=known)
    yield from each_of(devices.get("results"), RESULTS_MAX, result, f"{path}.devices.results")
    config = functools.partial(_config, known=known)
    yield from each_of(devices.get("config"), CONFIG_MAX, config, f"{path}.devices.config")
    if item.get("nodeSelector") is not None:
        yield from node_selector(item["nodeSelector"], f"{path}.nodeSelector")


def _result(item: JsonObject, path: str, *, known: claims.Requests) -> Iterator[Cause]:
    yield from claims.reference(item.get("request") or "", f"{path}.request", known=known)
    yield from _place(item, path)
    yield from binding(item, path)
    yield from share_id(item.get("shareID"), f"{path}.shareID")


def _place(item: JsonObject, path: str) -> Iterator[Cause]:
    yield from driver_name(item.get("driver") or "", f"{path}.driver")
    yield from pool_name(item.get("pool") or "", f"{path}.pool")
    name = item.get("device") or ""
    yield from names.each(f"{path}.device", name, names.label(name))


def share_id(value: str | None, path: str) -> Iterator[Cause]:
    """A UUID in its normal form; other forms that Go's uuid.Parse reads get a message of their own."""
    if value is None:
        return
    bare = value.removeprefix("urn:uuid:").strip("{}").replace("-", "")
    if len(value) not in (32, 36, 38, 45):
        yield invalid(path, value, f"error validating uid: invalid UUID length: {len(value)}")
        return
    try:
        parsed = str(uuid.UUID(hex=bare)) if len(bare) == 32 else ""
    except ValueError:
        parsed = ""
    if not parsed:
        yield invalid(path, value, "error validating uid: invalid UUID format")
    elif value != parsed:
        detail = (
            "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` "
            "with lowercase hexadecimal characters"
        )
        yield invalid(path, value, detail)


def _config(item: JsonObject, path: str, *, known: claims.Requests) -> Iterator[Cause]:
    source = item.get("source") or ""
    if not source:
        yield required(f"{path}.source")
    elif source not in ("FromClaim", "FromClass"):
        yield not_supported(f"{path}.source", source, ("FromClaim", "FromClass"))
    yield from claims.claim_config(item, path, known=known)


def _device_status(item: JsonObject, path: str, *, allocated: set[Any]) -> Iterator[Cause]:
    yield from _place(item, path)
    yield from share_id(item.get("shareID"), f"{path}.shareID")
    if shared_id(item) not in allocated:
        yield invalid(path, shown_struct(item), "must be an allocated device in the claim")
    found = item.get("conditions") or []
    if len(found) > STATUS_CONDITIONS_MAX:
        yield too_many(f"{path}.conditions", len(found), STATUS_CONDITIONS_MAX)
    yield from conditions(found, f"{path}.conditions")
    if item.get("data") is not None:
        yield from claims.document(item["data"], f"{path}.data", DATA_MAX)
    yield from _network(item.get("networkData") or {}, f"{path}.networkData")


def shown_struct(item: JsonObject) -> Any:
    """A device's identity as causes print it."""
    driver, pool, device, share = shared_id(item)
    return {"Driver": driver, "Pool": pool, "Device": device, "ShareID": share or ""}


def _network(item: JsonObject, path: str) -> Iterator[Cause]:
    for member, limit in (("interfaceName", INTERFACE_MAX), ("hardwareAddress", HARDWARE_MAX)):
        if names.size(item.get(member) or "") > limit:
            yield too_long(f"{path}.{member}", limit)
    yield from unique(item.get("ips"), IPS_MAX, _ip, f"{path}.ips", lambda address: address)


def _ip(address: str, path: str) -> Iterator[Cause]:
    yield from names.each(path, address, names.interface_address(address))


def admin_status(new: JsonObject, old: JsonObject, context: Context) -> Iterator[Cause]:
    """Admin access in a new allocation requires the label on the namespace; one that was stored stays valid."""
    if any(result.get("adminAccess") for result in results_of(old)):
        return
    for index, result in enumerate(results_of(new)):
        if result.get("adminAccess"):
            yield from claims.admin_namespace(
                f"status.allocation.devices.results[{index}].adminAccess", context
            )
            return
