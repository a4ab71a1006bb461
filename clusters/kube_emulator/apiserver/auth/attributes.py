"""Values that every part of this package uses: the caller (``User``) and the request (``Attributes``).

They mirror ``user.Info`` and ``authorizer.Attributes`` (apiserver ``pkg/authentication/user``, ``pkg/authorization/authorizer``,
1.36), so that a rule reads as it does upstream.
"""

from dataclasses import dataclass

from kube_emulator.apiserver import status
from kube_emulator.apiserver.request import RequestInfo
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation.causes import quoted

MASTERS = "system:masters"
NODES = "system:nodes"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
NODE_PREFIX = "system:node:"
ACCOUNT_PREFIX = "system:serviceaccount:"
ACCOUNTS = "system:serviceaccounts"
EXTRA = "authentication.kubernetes.io/"
NODE_NAME = f"{EXTRA}node-name"
CREDENTIAL = f"{EXTRA}credential-id"
SELECTING = frozenset({"list", "watch", "deletecollection"})
Extra = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An authenticated user.

    Attributes:
        uid: empty for users that have none.
        extra: e.g. ``(("authentication.kubernetes.io/node-name", ("node-0",)),)``.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Extra = ()

    @property
    def node(self) -> str | None:
        """The node that this user is the kubelet of; None for others (``pkg/auth/nodeidentifier``)."""
        if self.name.startswith(NODE_PREFIX) and NODES in self.groups:
            return self.name.removeprefix(NODE_PREFIX)
        return None

    @property
    def account(self) -> tuple[str, str] | None:
        """(namespace, name) of the service account that this user is; None for others."""
        return account_of(self.name)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of one extra member."""
        return dict(self.extra).get(name, ())

    def document(self) -> dict[str, object]:
        """As ``UserInfo`` of authentication.k8s.io/v1; empty members are left out."""
        parts = {
            "username": self.name,
            "uid": self.uid,
            "groups": list(self.groups),
            "extra": {name: list(values) for name, values in self.extra},
        }
        return {member: value for member, value in parts.items() if value}


TRUSTED = User(name="system:apiserver", groups=(MASTERS, AUTHENTICATED))
"""The user of callers in this process, as upstream's loopback client."""


def account_of(name: str) -> tuple[str, str] | None:
    """(namespace, name) of the service account with the user name NAME, or None."""
    parts = name.removeprefix(ACCOUNT_PREFIX).split(":")
    if not name.startswith(ACCOUNT_PREFIX) or len(parts) != 2 or not all(parts):
        return None
    return parts[0], parts[1]


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of each service account in NAMESPACE."""
    return ACCOUNTS, f"{ACCOUNTS}:{namespace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What a request asks for.

    Attributes:
        resource: the plural; empty if PATH names no resource.
        fields: requirements of the field selector by ``=``, as (field, value).
        path: the URL path, for what is no resource, e.g. ``/healthz``.
    """

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    path: str = ""

    @property
    def combined(self) -> str:
        """``pods`` or ``pods/status``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def asked_by(user: User, info: RequestInfo, field_selector: str = "") -> Attributes:
    """What a request asks for; a list of ``metadata.name=x`` asks for x (``requestinfo.go``, 1.36)."""
    if not info.is_resource:
        return Attributes(user=user, verb=info.verb, path=info.path)
    fields = equalities(field_selector) if info.verb in SELECTING else ()
    return Attributes(
        user=user,
        verb=info.verb,
        group=info.group,
        resource=info.resource,
        subresource=info.subresource,
        namespace=info.namespace,
        name=info.name or dict(fields).get("metadata.name", ""),
        fields=fields,
    )


def equalities(field_selector: str) -> tuple[tuple[str, str], ...]:
    """The requirements by ``=`` in a field selector."""
    parts = (part.replace("==", "=").partition("=") for part in field_selector.split(",") if "!=" not in part)
    return tuple((field.strip(), value.strip()) for field, sign, value in parts if sign)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of an authorizer; a reason may be empty either way."""

    allowed: bool
    reason: str = ""


def forbidden(asked: Attributes, reason: str) -> ApiError:
    """403: ASKED is not allowed (apiserver ``responsewriters.ForbiddenStatusError``, 1.36)."""
    user, tail = asked.user.name, f": {reason}" if reason else ""
    if not asked.resource:
        return ApiError(
            403,
            f"forbidden: {safe(f'User {quoted(user)} cannot {asked.verb} path {quoted(asked.path)}')}{tail}",
            details={},
        )
    place = f"in the namespace {quoted(asked.namespace)}" if asked.namespace else "at the cluster scope"
    message = (
        f"User {quoted(user)} cannot {asked.verb} resource {quoted(asked.combined)}"
        f" in API group {quoted(asked.group)} {place}"
    )
    return status.forbidden(asked.resource, asked.group, asked.name, safe(message) + tail)


def safe(text: str) -> str:
    """TEXT escaped, so that no browser renders it as HTML (``responsewriters`` sanitizer)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
