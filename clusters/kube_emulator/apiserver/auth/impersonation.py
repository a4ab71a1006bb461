"""Impersonation: what the headers ask for, and whether the caller is allowed to.

Since 1.36 (gate ConstrainedImpersonation, KEP-5284) permission can be given for one kind of user and for one verb:
``impersonate:MODE`` on whom and ``impersonate-on:MODE:VERB`` on what is done. The old verb ``impersonate`` still allows all.
From apiserver ``pkg/endpoints/filters/impersonation`` (1.36.3); the checks for all names at once and its caches are left out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import unquote

from kube_emulator.apiserver import status
from kube_emulator.apiserver.auth.attributes import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    NODE_NAME,
    NODE_PREFIX,
    NODES,
    UNAUTHENTICATED,
    Attributes,
    Decision,
    User,
    account_groups,
    forbidden,
)
from kube_emulator.apiserver.status import ApiError
from kube_emulator.apiserver.validation.causes import quoted

Decide = Callable[[Attributes], Decision]
HEAD = "impersonate-"
EXTRA_HEAD = f"{HEAD}extra-"
AUTHENTICATION = "authentication.k8s.io"


def wanted_user(headers: Iterable[tuple[str, str]]) -> User | None:
    """The user that HEADERS name; None if they name none.

    Raises:
        ApiError: 400, groups or the like without a user.
    """
    given = [(name.lower(), value) for name, value in headers if name.lower().startswith(HEAD)]
    if not given:
        return None
    extra: dict[str, list[str]] = {}
    for name, value in given:
        if name.startswith(EXTRA_HEAD):
            extra.setdefault(unquote(name.removeprefix(EXTRA_HEAD)), []).append(value)
    user = User(
        name=first(given, f"{HEAD}user"),
        uid=first(given, f"{HEAD}uid"),
        groups=tuple(value for name, value in given if name == f"{HEAD}group"),
        extra=tuple((name, tuple(values)) for name, values in extra.items()),
    )
    if user.name:
        return user
    if user.uid or user.groups or user.extra:
        raise status.bad_request(f"requested {go_user(user)} without impersonating a user name")
    return None


def first(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The first value of a header, or empty."""
    return next((value for key, value in headers if key == name), "")


def go_user(user: User) -> str:
    """USER as Go's ``%#v`` writes it."""

    def composite(kind: str, values: Sequence[str]) -> str:
        return f"{kind}{{{', '.join(map(quoted, values))}}}"

    groups = composite("[]string", user.groups) if user.groups else "[]string(nil)"
    members = ", ".join(f"{quoted(name)}:{composite('[]string', values)}" for name, values in user.extra)
    extra = f"map[string][]string{{{members}}}" if user.extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{quoted(user.uid)}, Groups:{groups}, Extra:{extra}}}'


def impersonated(wanted: User, asked: Attributes, decide: Decide, *, constrained: bool) -> User:
    """The user that the caller of ASKED becomes.

    Raises:
        ApiError: 403, with the message of the first mode that was tried.
    """
    refusals: list[ApiError] = []
    for mode in modes(wanted, asked.user) if constrained else ("",):
        try:
            return _as_mode(mode, wanted, asked, decide)
        except ApiError as error:
            refusals.append(error)
    raise refusals[0]


def modes(wanted: User, caller: User) -> Iterator[str]:
    """The modes in which WANTED can be impersonated, the narrowest first; the empty one is the old verb."""
    only_name = not (wanted.uid or wanted.groups or wanted.extra)
    node = wanted.name.startswith(NODE_PREFIX)
    if node and only_name:
        if caller.account and caller.values(NODE_NAME) == (wanted.name.removeprefix(NODE_PREFIX),):
            yield "associated-node"
        yield "arbitrary-node"
    if wanted.account and only_name:
        yield "serviceaccount"
    if not node and not wanted.account:
        yield "user-info"
    yield ""


def _as_mode(mode: str, wanted: User, asked: Attributes, decide: Decide) -> User:
    if mode:
        require(replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}"), decide)
    for check in checks(mode, wanted, asked.user):
        # system:masters bypasses authorization, so a constrained permission must not reach it; the old verb can.
        if mode and check.resource == "groups" and MASTERS in wanted.groups:
            why = "impersonating the system:masters group is not allowed"
            raise forbidden(replace(check, name=MASTERS), why)
        require(check, decide)
    groups = wanted.groups
    # Groups of nodes and accounts are fixed by the server, not by the headers.
    if mode.endswith("-node"):
        groups = (NODES,)
    elif wanted.account and not groups:
        groups = account_groups(wanted.account[0])
    return replace(wanted, groups=with_authenticated(wanted.name, groups))


def with_authenticated(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """GROUPS with ``system:authenticated`` or, for the anonymous user, ``system:unauthenticated``."""
    if name == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    return groups if {AUTHENTICATED, UNAUTHENTICATED} & set(groups) else (*groups, AUTHENTICATED)


def checks(mode: str, wanted: User, caller: User) -> Iterator[Attributes]:
    """What the caller must be allowed, to impersonate WANTED."""
    verb = f"impersonate:{mode}" if mode else "impersonate"
    group = AUTHENTICATION if mode else ""

    def one(
        resource: str, name: str, *, group: str = group, namespace: str = "", subresource: str = ""
    ) -> Attributes:
        return Attributes(
            user=caller,
            verb=verb,
            group=group,
            resource=resource,
            subresource=subresource,
            namespace=namespace,
            name=name,
        )

    if wanted.account:
        yield one("serviceaccounts", wanted.account[1], namespace=wanted.account[0])
    elif mode == "associated-node":
        yield one("nodes", "*")
    elif mode == "arbitrary-node":
        yield one("nodes", wanted.name.removeprefix(NODE_PREFIX))
    else:
        yield one("users", wanted.name)
    if wanted.uid:
        yield one("uids", wanted.uid, group=AUTHENTICATION)
    for name in wanted.groups:
        yield one("groups", name)
    for member, values in wanted.extra:
        for value in values:
            yield one("userextras", value, group=AUTHENTICATION, subresource=member)


def require(asked: Attributes, decide: Decide) -> None:
    """Refuse what is not allowed.

    Raises:
        ApiError: 403.
    """
    decision = decide(asked)
    if not decision.allowed:
        raise forbidden(asked, decision.reason)
