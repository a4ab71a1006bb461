"""Pure: entries that a driver writes into ``status.devices`` of claims (resource/v1 types.go and validation, 1.37)."""

import ipaddress
import json
from collections.abc import Collection, Iterator, Sequence

from dra_api.objects import JsonObject

DATA_MAX = 10 * 1024
CONDITIONS_MAX, NAME_MAX, ADDRESS_MAX, IPS_MAX = 8, 256, 128, 16
CONDITION = ("type", "status", "reason", "lastTransitionTime")
STATUSES = ("True", "False", "Unknown")


def key_of(item: JsonObject) -> tuple[str, ...]:
    """What an entry or an allocation result is about."""
    return tuple(str(item.get(name, "")) for name in ("driver", "pool", "device", "shareID"))


def unallocated(entries: Sequence[JsonObject], results: Collection[JsonObject]) -> Iterator[str]:
    """Entries are about devices of the claim's allocation."""
    known = {key_of(result) for result in results}
    yield from (f"{'/'.join(key_of(entry))}" for entry in entries if key_of(entry) not in known)


def odd_data(entries: Sequence[JsonObject]) -> Iterator[str]:
    """Data is an object of at most 10 KiB."""
    for entry in entries:
        data = entry.get("data")
        size = len(json.dumps(data, separators=(",", ":")))
        if data is not None and (not isinstance(data, dict) or size > DATA_MAX):
            yield f"{entry.get('device')} has {size} bytes of {type(data).__name__}"


def odd_conditions(entries: Sequence[JsonObject]) -> Iterator[str]:
    """A device has at most 8 conditions of different types, with status, reason and time of the last transition."""
    for entry in entries:
        found = entry.get("conditions") or []
        types = [condition.get("type") for condition in found]
        lacking = [name for condition in found for name in CONDITION if not condition.get(name)]
        wrong = [condition for condition in found if condition.get("status") not in STATUSES]
        if len(found) > CONDITIONS_MAX or len(set(types)) != len(types) or lacking or wrong:
            yield f"{entry.get('device')}: {found}"


def odd_network(entries: Sequence[JsonObject]) -> Iterator[str]:
    """Network data has names within their limits and at most 16 different addresses in canonical CIDR notation."""
    for entry in entries:
        data = entry.get("networkData") or {}
        ips = data.get("ips") or []
        long = (
            len(str(data.get("interfaceName", ""))) > NAME_MAX
            or len(str(data.get("hardwareAddress", ""))) > ADDRESS_MAX
        )
        if long or len(ips) > IPS_MAX or len(set(ips)) != len(ips) or not all(map(is_canonical, ips)):
            yield f"{entry.get('device')}: {data}"


def is_canonical(text: str) -> bool:
    """Whether TEXT is an address with the length of its prefix, as Go prints it."""
    try:
        return "/" in text and str(ipaddress.ip_interface(text)) == text
    except ValueError:
        return False
