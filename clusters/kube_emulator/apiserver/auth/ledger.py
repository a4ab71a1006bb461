"""Which permissions each user used, and which were denied: the data of a report on least privilege.

Every method may be called from any thread.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from kube_emulator.apiserver.auth.attributes import Attributes

NAMES_MAX = 10_000
"""Permissions of one user that are kept by object name; further ones are counted without it."""


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """What one rule of a role would have to allow.

    Attributes:
        resource: empty for a URL, which is then in ``name``.
        namespace: empty for cluster-wide.
        name: empty for collections.
    """

    group: str
    resource: str
    subresource: str
    verb: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Use:
    """How often a permission was asked for, and the last answer."""

    count: int
    allowed: bool


class Ledger:
    """Permissions by user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[str, dict[Permission, Use]] = {}

    def record(self, asked: Attributes, allowed: bool) -> None:
        """Count what was ASKED."""
        with self._lock:
            uses = self._uses.setdefault(asked.user.name, {})
            name = asked.name or asked.path if len(uses) < NAMES_MAX else ""
            key = Permission(
                asked.group, asked.resource, asked.subresource, asked.verb, asked.namespace, name
            )
            before = uses.get(key)
            uses[key] = Use(before.count + 1 if before else 1, allowed)

    def of(self, user: str) -> Mapping[Permission, Use]:
        """What USER asked for so far."""
        with self._lock:
            return dict(self._uses.get(user, {}))

    def used(self, user: str) -> list[Permission]:
        """Permissions that USER was allowed when last asked for."""
        return sorted(permission for permission, use in self.of(user).items() if use.allowed)

    def denied(self, user: str) -> list[Permission]:
        """Permissions that USER was denied when last asked for."""
        return sorted(permission for permission, use in self.of(user).items() if not use.allowed)
