"""Names in a call, checked before they become paths, and whether a claim is the one of the call.

The API server makes UIDs and checks names, but what arrives on the socket is the caller's word. A UID is part of the
name of a CDI file and of a CDI device, and namespace and name are part of a URL.
"""

import re
from dataclasses import dataclass

from dra_api.identifiers import ClaimUid
from dra_api.objects import ResourceClaim
from dra_driver.errors import ClaimError

UID = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,126}[A-Za-z0-9])?")
"""Any UID of Kubernetes (they are UUIDs), and only characters that file names and CDI device names can have."""
LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
NAMESPACE = re.compile(LABEL)
NAME = re.compile(rf"{LABEL}(\.{LABEL})*")
NAMESPACE_MAX, NAME_MAX = 63, 253
"""Lengths of a DNS label and of a DNS subdomain (apimachinery/pkg/util/validation)."""


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """A claim as the kubelet names it."""

    namespace: str
    name: str
    uid: ClaimUid


def check_uid(uid: ClaimUid) -> None:
    """Refuse a UID that Kubernetes would not make.

    Raises:
        ClaimError: it is empty, too long, or has other characters than letters, digits and '-'.
    """
    if not UID.fullmatch(uid):
        message = (
            f"claim UID {uid[:140]!r}: wanted at most 128 letters, digits and '-', as Kubernetes makes them"
        )
        raise ClaimError(message)


def check_ref(ref: ClaimRef) -> None:
    """Refuse a UID, a namespace or a name that Kubernetes would not have.

    Raises:
        ClaimError: one of them is wrong.
    """
    check_uid(ref.uid)
    if len(ref.namespace) > NAMESPACE_MAX or not NAMESPACE.fullmatch(ref.namespace):
        message = f"claim {ref.uid}: namespace {ref.namespace[:140]!r}: wanted a DNS label"
        raise ClaimError(message)
    if len(ref.name) > NAME_MAX or not NAME.fullmatch(ref.name):
        message = f"claim {ref.uid}: name {ref.name[:300]!r}: wanted a DNS subdomain"
        raise ClaimError(message)


def check_identity(claim: ResourceClaim, uid: ClaimUid) -> None:
    """Refuse a claim that replaced the one with this UID under the same name.

    Raises:
        ClaimError: the UID differs.
    """
    found = claim["metadata"]["uid"]
    if found != uid:
        message = f"claim {claim['metadata']['namespace']}/{claim['metadata']['name']}: wanted UID {uid}, found {found}: it was replaced by another of the same name"
        raise ClaimError(message)
