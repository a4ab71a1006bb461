"""Pure: the options of the verbs, read from query and body, and what is refused about them.

The rules and messages are those of apimachinery ``pkg/apis/meta/v1/validation`` and ``internalversion/validation`` (1.36).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.request import is_true
from kube_emulator.apiserver.status import ApiError, bad_request, invalid_options
from kube_emulator.apiserver.validation.causes import (
    Cause,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)

MANAGER_MAX = 128
POLICIES = ("Foreground", "Background", "Orphan")
VALIDATIONS = ("", "Ignore", "Strict", "Warn")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """How to delete.

    Attributes:
        grace_s: None leaves it to the kind.
        policy: Foreground, Background, Orphan, or empty for the kind's own.
        uid: empty or the UID that the object must have; likewise ``version``.
    """

    grace_s: int | None = None
    policy: str = ""
    uid: str = ""
    version: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """How to list or watch.

    Attributes:
        version: ``resourceVersion`` as it was sent.
        match: ``resourceVersionMatch``.
        initial: ``sendInitialEvents``; None if it was not sent.
    """

    labels: str = ""
    fields: str = ""
    version: str = ""
    match: str = ""
    limit: int = 0
    token: str = ""
    timeout_s: int = 0
    bookmarks: bool = False
    initial: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How to write."""

    manager: str = ""
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False


def number(query: Mapping[str, str], name: str) -> int:
    """A number in the query; 0 if it is not sent.

    Raises:
        ApiError: 400, it is none.
    """
    text = query.get(name, "")
    digits = text.removeprefix("-").removeprefix("+")
    if text and not (digits.isascii() and digits.isdecimal()):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text) if text else 0


def list_options(query: Mapping[str, str], *, watching: bool) -> ListOptions:
    """The options of a list or watch.

    Raises:
        ApiError: 400 or 422.
    """
    initial = is_true(query, "sendInitialEvents") if "sendInitialEvents" in query else None
    options = ListOptions(
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        limit=max(0, number(query, "limit")),
        token=query.get("continue", ""),
        timeout_s=number(query, "timeoutSeconds"),
        bookmarks=is_true(query, "allowWatchBookmarks"),
        initial=initial,
    )
    # a legacy watch request for "everything from the start" is the same as a streaming list (apiserver get.go)
    if (
        watching
        and initial is None
        and options.version in ("", "0")
        and options.bookmarks
        and not options.match
    ):
        options = with_initial(options)
    causes = list(watch_causes(options) if watching else list_causes(options))
    if causes:
        raise invalid_options("ListOptions", causes)
    return options


def with_initial(options: ListOptions) -> ListOptions:
    """The same, as a streaming list."""
    members = {name: getattr(options, name) for name in ListOptions.__slots__}
    return ListOptions(**members | {"initial": True, "match": "NotOlderThan"})


def watch_causes(options: ListOptions) -> Iterator[Cause]:
    """What is wrong with a watch."""
    field = "resourceVersionMatch"
    if options.initial is None and options.match:
        yield forbidden(
            field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        )
    if options.initial is not None and options.match != "NotOlderThan":
        yield forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if options.match not in ("", "NotOlderThan"):
        yield not_supported(field, options.match, ["NotOlderThan"])
    if options.token:
        yield forbidden(field, "resourceVersionMatch is forbidden when continue is provided")


def list_causes(options: ListOptions) -> Iterator[Cause]:
    """What is wrong with a list."""
    field = "resourceVersionMatch"
    if options.initial is not None:
        yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if not options.match:
        return
    if not options.version:
        yield forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if options.token:
        yield forbidden(field, "resourceVersionMatch is forbidden when continue is provided")
    if options.match not in ("Exact", "NotOlderThan"):
        yield not_supported(field, options.match, ["Exact", "NotOlderThan", ""])
    if options.match == "Exact" and options.version == "0":
        yield forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def write_options(kind: str, query: Mapping[str, str], agent: str, *, applies: bool = False) -> WriteOptions:
    """The options of a create, update or patch; KIND is e.g. ``CreateOptions``, AGENT the User-Agent.

    Raises:
        ApiError: 422.
    """
    manager, validation = query.get("fieldManager", ""), query.get("fieldValidation", "")
    dry = dry_run_of(query)
    causes = list(dry_run_causes(dry))
    if kind == "PatchOptions":
        if applies and not manager:
            causes.append(required("fieldManager", "is required for apply patch"))
        if not applies and is_true(query, "force"):
            causes.append(forbidden("force", "may not be specified for non-apply patch"))
    if len(manager.encode()) > MANAGER_MAX:
        causes.append(too_long("fieldManager", MANAGER_MAX))
    if not manager.isprintable():
        causes.append(invalid("fieldManager", manager, "should only contain printable characters"))
    if validation not in VALIDATIONS:
        causes.append(not_supported("fieldValidation", validation, VALIDATIONS))
    if causes:
        raise invalid_options(kind, causes)
    return WriteOptions(
        manager=manager or manager_of(agent),
        dry_run=bool(dry),
        validation=validation or "Warn",
        force=is_true(query, "force"),
    )


def manager_of(agent: str) -> str:
    """The field manager of a User-Agent: what is before its first slash, cut to what is allowed (``managerOrUserAgent``)."""
    text = "".join(letter for letter in agent.partition("/")[0] if letter.isprintable())
    while len(text.encode()) > MANAGER_MAX:
        text = text[:-1]
    return text or "unknown"


def dry_run_of(query: Mapping[str, str]) -> list[str]:
    """The ``dryRun`` values of a query."""
    found: Any = (
        query.getall("dryRun", [])
        if hasattr(query, "getall")
        else [query["dryRun"]]
        if "dryRun" in query
        else []
    )
    return list(found)


def dry_run_causes(values: list[str]) -> Iterator[Cause]:
    """What is wrong with ``dryRun``."""
    if values not in ([], ["All"]):
        yield not_supported("dryRun", values, ["All"])


def delete_options(query: Mapping[str, str], body: Any) -> DeleteOptions:
    """The options of a deletion, from the body or, without one, from the query.

    Raises:
        ApiError: 400 or 422.
    """
    options = body if isinstance(body, dict) else options_in(query)
    kind = options.get("kind", "DeleteOptions")
    if kind != "DeleteOptions":
        version = options.get("apiVersion", "meta.k8s.io/v1")
        raise bad_request(
            f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    dry, policy = options.get("dryRun") or [], options.get("propagationPolicy")
    orphan, grace = options.get("orphanDependents"), options.get("gracePeriodSeconds")
    conditions = options.get("preconditions") or {}
    if grace is not None and not isinstance(grace, int):
        raise bad_request(
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64"
        )
    causes = []
    if policy is not None and orphan is not None:
        causes.append(
            invalid(
                "propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"
            )
        )
    if policy is not None and policy not in POLICIES:
        causes.append(not_supported("propagationPolicy", policy, (*POLICIES, "nil")))
    causes += dry_run_causes(dry)
    if causes:
        raise invalid_options("DeleteOptions", causes)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    return DeleteOptions(
        grace_s=grace,
        policy=policy or "",
        uid=conditions.get("uid") or "",
        version=conditions.get("resourceVersion") or "",
        dry_run=bool(dry),
    )


def options_in(query: Mapping[str, str]) -> dict[str, Any]:
    """DeleteOptions out of a query."""
    found: dict[str, Any] = {"dryRun": dry_run_of(query)}
    if "gracePeriodSeconds" in query:
        found["gracePeriodSeconds"] = number(query, "gracePeriodSeconds")
    if "propagationPolicy" in query:
        found["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        found["orphanDependents"] = is_true(query, "orphanDependents")
    return found


def revision_of(text: str) -> int:
    """A ``resourceVersion`` as a number.

    Raises:
        ApiError: 500, it is none; that is how the real server puts it.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ApiError(500, f'strconv.ParseUint: parsing "{text}": invalid syntax', reason="")
    return int(text)
