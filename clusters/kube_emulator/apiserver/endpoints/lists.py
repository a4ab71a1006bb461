"""Lists: at which revision, which part, and the token of the next part (apiserver ``storage/continue.go``, 1.36)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import msgspec

from kube_emulator.apiserver.endpoints.bodies import parse_json
from kube_emulator.apiserver.query.fields import equal_to
from kube_emulator.apiserver.query.labels import Predicate, everything
from kube_emulator.apiserver.registry.verbs.options import ListOptions
from kube_emulator.apiserver.status import ApiError, bad_request, too_new
from kube_emulator.store.store import INDEXED, Store, Stored, path_of

EXPIRED_LIST = "The resourceVersion for the provided list is too old."
EXPIRED_PART = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
ANY = -1
"""The revision of a token that continues with what exists now."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list.

    Attributes:
        revision: of the list.
        token: for the next part; empty if this was the last.
        left: how many objects are after it; None if that is not known.
    """

    items: list[Stored]
    revision: int
    token: str = ""
    left: int | None = None

    @property
    def metadata(self) -> dict[str, Any]:
        """``metadata`` of the list."""
        found: dict[str, Any] = {"resourceVersion": str(self.revision)}
        if self.token:
            found["continue"] = self.token
        if self.left:
            found["remainingItemCount"] = self.left
        return found


def token_of(revision: int, start: str) -> str:
    """The token to go on at REVISION with the key START."""
    raw = msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_token(token: str) -> tuple[int, str]:
    """(revision, start) of a token.

    Raises:
        ApiError: 400.
    """
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        fields = parse_json(raw)
        revision, start = fields["rv"], fields["start"]
        if fields["v"] != "meta.k8s.io/v1" or not isinstance(revision, int) or not isinstance(start, str):
            raise ValueError(fields)
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
    return revision, start


def revision_asked(store: Store, options: ListOptions) -> int | None:
    """The exact revision that a list is wanted at; None for the newest.

    Raises:
        ApiError: 400 or 504.
    """
    text = options.version
    if not text or text == "0":
        return None
    if not (text.isascii() and text.isdecimal()):
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f"invalid resource version: {why}")
    asked = int(text)
    if asked > store.revision:
        raise too_new(asked, store.revision)
    # A limit without a match is exact too, so that all parts are of one revision (etcd3 store GetList).
    exact = options.match == "Exact" or (options.limit and not options.match)
    return asked if exact else None


def part_of(
    store: Store, plural: str, namespace: str, options: ListOptions, matches: Predicate, *, field: str = ""
) -> Part:
    """The part of a list that OPTIONS ask for.

    Raises:
        ApiError: 400, 410 or 504.
    """
    start = ""
    if options.token:
        revision, start = read_token(options.token)
        if options.version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        at = None if revision == ANY else revision
    else:
        at = revision_asked(store, options)
    if at is None or at == store.revision:
        revision, items = store.revision, newest(store, plural, namespace, field)
    else:
        revision, found = at, store.at(plural, namespace, at)
        if found is None:
            raise expired(start) if options.token else ApiError(410, EXPIRED_LIST)
        items = found
    if start:
        items = [item for item in items if key_of(item) > start]
    chosen = items if matches is everything else [item for item in items if matches(item.value)]
    if not options.limit or len(chosen) <= options.limit:
        return Part(chosen, revision)
    shown = chosen[: options.limit]
    # With a selector the server does not know how many are left, so it says nothing (ListMeta).
    left = len(chosen) - len(shown) if matches is everything else None
    return Part(shown, revision, token_of(revision, key_of(shown[-1])), left)


def newest(store: Store, plural: str, namespace: str, field: str) -> list[Stored]:
    """What there is now; FIELD is a field selector that an index may answer in part."""
    path = INDEXED.get(plural)
    value = equal_to(field, ".".join(path)) if path and field else None
    if value is None:
        return list(store.all(plural, namespace))
    found = store.where(plural, value)
    return [item for item in found if not namespace or item.value["metadata"].get("namespace") == namespace]


def expired(start: str) -> ApiError:
    """The token is too old; the answer has one that continues with what exists now."""
    return ApiError(410, EXPIRED_PART, metadata={"continue": token_of(ANY, start)})


def key_of(item: Stored) -> str:
    """The key by which lists are ordered."""
    metadata = item.value["metadata"]
    return path_of(metadata.get("namespace", ""), metadata["name"])
