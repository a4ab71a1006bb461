"""What a driver answers to prepare and unprepare, as values that a check can compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from dra_api.identifiers import ClaimUid
from dra_conformance.expectations import Violation


class ClaimRef(Protocol):
    """A claim as the kubelet names it."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def uid(self) -> ClaimUid:
        """Its UID."""


@dataclass(frozen=True, slots=True)
class Device:
    """A prepared device as the driver answered."""

    requests: tuple[str, ...]
    pool: str
    device: str
    cdi_ids: tuple[str, ...]
    share_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One claim's part of an answer."""

    devices: tuple[Device, ...]
    error: str


NO_ENTRY = Entry((), "(no entry for this claim)")


class Answers(dict[str, Entry]):
    """{claim UID: entry}; a claim without an entry has failed, as for the kubelet."""

    def __missing__(self, uid: str) -> Entry:
        return NO_ENTRY


def status_text(error: grpc.RpcError) -> str:
    """A status as text."""
    return f"{error.code().name}: {error.details()}"


def device_of(message: Any) -> Device:
    """A device of an answer."""
    fields = message.DESCRIPTOR.fields_by_name  # v1beta1 has no shares
    share = message.share_id if "share_id" in fields and message.HasField("share_id") else None
    return Device(
        tuple(message.request_names),
        message.pool_name,
        message.device_name,
        tuple(message.cdi_device_ids),
        share,
    )


def expect_entry(answer: dict[str, Entry], ref: ClaimRef) -> Entry:
    """The entry of a claim that must have succeeded.

    Raises:
        Violation: there is none, or it has an error.
    """
    where = f"claim {ref.namespace}/{ref.name} (UID {ref.uid})"
    if ref.uid not in answer:
        raise Violation("an entry for the claim's UID", f"entries for {sorted(answer) or 'nothing'}", where)
    if answer[ref.uid].error:
        raise Violation("success", f"error {answer[ref.uid].error!r}", where)
    return answer[ref.uid]


def pairs(devices: Sequence[Device]) -> list[tuple[str, str]]:
    """(pool, device) of each, sorted."""
    return sorted((device.pool, device.device) for device in devices)
