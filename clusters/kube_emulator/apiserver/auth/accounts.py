"""Tokens of service accounts: their claims, and whether they are still valid.

``pkg/serviceaccount/claims.go``, ``legacy.go`` and ``pkg/registry/core/serviceaccount/storage/token.go`` (1.36.3): a token ends with its
time, its account, its pod, its node or its secret, whichever is first. As upstream, clocks may differ by a minute.
"""

import base64
import time
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver import status
from kube_emulator.apiserver.auth.attributes import ACCOUNT_PREFIX, EXTRA, User, account_groups
from kube_emulator.apiserver.auth.policy import go_list
from kube_emulator.apiserver.auth.signer import BadTokenError, Claims
from kube_emulator.apiserver.validation import causes
from kube_emulator.apiserver.validation.causes import Cause

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"
PRIVATE = "kubernetes.io"
LEGACY = "kubernetes.io/serviceaccount/"
SECRET_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 # the name of a type
SHORTEST_S = 600
LONGEST_S = 1 << 32
DEFAULT_S = 3600
LEEWAY_S = 60
GROUP = "authentication.k8s.io"
ENDED = "service account token has been invalidated"


class Lookup(Protocol):
    """Where accounts, pods, nodes and secrets are found."""

    def find(self, plural: str, name: str, namespace: str = "") -> ReadOnlyObject | None:
        """An object, or None."""


def complete(request: ReadOnlyObject, account: ReadOnlyObject) -> dict[str, Any]:
    """A TokenRequest with its defaults.

    Raises:
        ApiError: 409 it is for another account of that name, 422 the time is too short or too long.
    """
    metadata, spec = request.get("metadata") or {}, dict(request.get("spec") or {})
    known = account["metadata"]
    wrong: list[Cause] = []
    for member in ("name", "namespace"):
        if (metadata.get(member) or known[member]) != known[member]:
            detail = f"must match the service account {member} if specified"
            wrong.append(causes.invalid(f"metadata.{member}", metadata[member], detail))
    if wrong:
        raise status.invalid("TokenRequest", GROUP, known["name"], wrong)
    if (metadata.get("uid") or known["uid"]) != known["uid"]:
        why = (
            f"the UID in the token request ({metadata['uid']}) does not match the UID of the service account"
            f" ({known['uid']})"
        )
        raise status.conflict("TokenRequest", GROUP, known["name"], why)
    spec["audiences"] = list(spec.get("audiences") or [ISSUER])
    seconds = spec.setdefault("expirationSeconds", DEFAULT_S)
    limit = "may not specify a duration "
    if seconds < SHORTEST_S:
        wrong.append(causes.invalid("spec.expirationSeconds", seconds, f"{limit}less than 10 minutes"))
    if seconds > LONGEST_S:
        wrong.append(causes.invalid("spec.expirationSeconds", seconds, f"{limit}larger than 2^32 seconds"))
    if wrong:
        raise status.invalid("TokenRequest", GROUP, "", wrong)
    kept = {member: known[member] for member in ("name", "namespace", "uid")}
    return {"kind": "TokenRequest", "apiVersion": f"{GROUP}/v1", "metadata": kept, "spec": spec}


def bound(account: ReadOnlyObject, spec: ReadOnlyObject, lookup: Lookup) -> dict[str, Any]:
    """The private claims of a token: its account and the object that it is bound to.

    Raises:
        ApiError: 400, 404 or 409: it cannot be bound to that.
    """
    metadata = account["metadata"]
    said: dict[str, Any] = {"namespace": metadata["namespace"], "serviceaccount": named(account)}
    reference = spec.get("boundObjectRef")
    if reference is None:
        return said
    kind, version, name = (reference.get(member, "") for member in ("kind", "apiVersion", "name"))
    plural = {"Pod": "pods", "Node": "nodes", "Secret": "secrets"}.get(kind)
    if plural is None or version not in ("v1", ""):
        group, _, number = version.rpartition("/")
        raise status.bad_request(f"cannot bind token to object of type {group}/{number}, Kind={kind}")
    found = lookup.find(plural, name, "" if kind == "Node" else metadata["namespace"])
    if found is None:
        raise status.not_found(plural, "", name)
    if kind == "Pod":
        if found["spec"].get("serviceAccountName", "") != metadata["name"]:
            raise status.bad_request(
                f'cannot bind token for serviceaccount "{metadata["name"]}" to pod running with different'
                " serviceaccount name."
            )
        if node := found["spec"].get("nodeName"):
            there = lookup.find("nodes", node)
            said["node"] = named(there) if there else {"name": node}
    if reference.get("uid") and reference["uid"] != found["metadata"]["uid"]:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record."
            " The object might have been deleted and then recreated"
        )
        raise status.conflict(kind, "", name, why)
    return said | {kind.lower(): named(found)}


def named(item: ReadOnlyObject) -> dict[str, str]:
    """Name and uid of an object."""
    return {member: item["metadata"][member] for member in ("name", "uid")}


def claims_of(said: ReadOnlyObject, audiences: Sequence[str], now: int, seconds: int) -> Claims:
    """All claims of a token that is issued NOW for SECONDS."""
    subject = f"{ACCOUNT_PREFIX}{said['namespace']}:{said['serviceaccount']['name']}"
    return {
        "iss": ISSUER,
        "sub": subject,
        "aud": list(audiences),
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "jti": str(uuid.uuid4()),
        PRIVATE: dict(said),
    }


def legacy_claims(secret: ReadOnlyObject, account: ReadOnlyObject) -> Claims:
    """The claims of the token in a secret; it does not expire."""
    metadata = account["metadata"]
    return {
        "iss": LEGACY_ISSUER,
        "sub": f"{ACCOUNT_PREFIX}{metadata['namespace']}:{metadata['name']}",
        f"{LEGACY}namespace": metadata["namespace"],
        f"{LEGACY}secret.name": secret["metadata"]["name"],
        f"{LEGACY}service-account.name": metadata["name"],
        f"{LEGACY}service-account.uid": metadata["uid"],
    }


def user_of(token: str, claims: Claims, audiences: Sequence[str], now: float, lookup: Lookup) -> User:
    """The user of TOKEN, whose claims are CLAIMS.

    Raises:
        BadTokenError: it is no longer valid, or is for others than AUDIENCES.
    """
    ended_before = stamp(now - LEEWAY_S)
    if claims.get("iss") == LEGACY_ISSUER:
        return legacy_user(token, claims, ended_before, lookup)
    if not set(claims["aud"]) & set(audiences):
        message = f"token audiences {go_list(claims['aud'])} is invalid for the target audiences {go_list(audiences)}"
        raise BadTokenError(message)
    if now - LEEWAY_S > claims["exp"]:
        message = "service account token has expired"
        raise BadTokenError(message)
    if now + LEEWAY_S < claims["nbf"]:
        message = "service account token is not valid yet"
        raise BadTokenError(message)
    said = claims[PRIVATE]
    check_account(said["namespace"], said["serviceaccount"], ended_before, lookup)
    check_bound(said, ended_before, lookup)
    extra = [("credential-id", f"JTI={claims['jti']}")]
    for part in ("node", "pod"):
        extra += [(f"{part}-{member}", value) for member, value in sorted(said.get(part, {}).items())]
    return account_user(said["namespace"], said["serviceaccount"], extra)


def stamp(moment: float) -> str:
    """MOMENT in the format of the API, in which times compare as text."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def account_user(namespace: str, account: ReadOnlyObject, extra: Sequence[tuple[str, str]] = ()) -> User:
    """The user that a service account is."""
    return User(
        name=f"{ACCOUNT_PREFIX}{namespace}:{account['name']}",
        uid=account["uid"],
        groups=account_groups(namespace),
        extra=tuple((f"{EXTRA}{member}", (value,)) for member, value in extra),
    )


def ended(item: ReadOnlyObject, ended_before: str) -> bool:
    """Whether an object has been marked for deletion before that time."""
    marked = item["metadata"].get("deletionTimestamp")
    return bool(marked) and marked < ended_before


def check_account(namespace: str, account: ReadOnlyObject, ended_before: str, lookup: Lookup) -> None:
    """The account exists and is the one in the token.

    Raises:
        BadTokenError: it is not.
    """
    found = lookup.find("serviceaccounts", account["name"], namespace)
    if found is None:
        message = f'serviceaccounts "{account["name"]}" not found'
        raise BadTokenError(message)
    if found["metadata"]["uid"] != account["uid"]:
        message = f"service account UID ({found['metadata']['uid']}) does not match claim ({account['uid']})"
        raise BadTokenError(message)
    if ended(found, ended_before):
        message = f"service account {namespace}/{account['name']} has been deleted"
        raise BadTokenError(message)


def check_bound(said: ReadOnlyObject, ended_before: str, lookup: Lookup) -> None:
    """The object that the token is bound to exists; the node of a pod is not checked.

    Raises:
        BadTokenError: it is gone, or another of the same name.
    """
    for part in ("secret", "pod", "node"):
        # A token bound to a pod names its node too, but ends with the pod only (claims.go, Validate).
        if part not in said or (part == "node" and "pod" in said):
            continue
        found = lookup.find(f"{part}s", said[part]["name"], "" if part == "node" else said["namespace"])
        if found is None or ended(found, ended_before):
            raise BadTokenError(ENDED)
        uid = found["metadata"]["uid"]
        if uid != said[part]["uid"]:
            message = (
                f"{part} UID ({uid}) does not match service account {part} ref claim ({said[part]['uid']})"
            )
            raise BadTokenError(message)


def legacy_user(token: str, claims: Claims, ended_before: str, lookup: Lookup) -> User:
    """The user of the token in a secret.

    Raises:
        BadTokenError: the secret or the account is gone.
    """
    namespace = claims[f"{LEGACY}namespace"]
    account = {member: claims[f"{LEGACY}service-account.{member}"] for member in ("name", "uid")}
    secret = lookup.find("secrets", claims[f"{LEGACY}secret.name"], namespace)
    if secret is None or ended(secret, ended_before):
        message = "Token has been invalidated"
        raise BadTokenError(message)
    if base64.b64decode((secret.get("data") or {}).get("token", "")) != token.encode():
        message = "Token does not match server's copy"
        raise BadTokenError(message)
    check_account(namespace, account, ended_before, lookup)
    return account_user(namespace, account)
