"""What a rule knows beside the object: the release, its gates, the time, the namespace, and how to check CEL.

Rules are pure, so the caller looks these up before the call.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.releases.release import LATEST, Release

CheckStatus = Callable[[Mapping[str, Any], Mapping[str, Any]], list[Cause]]
"""Lists what the caller is not allowed to change of a claim's status, from the claim before and after."""


def no_problems(_text: str) -> list[str]:
    """The check of CEL where no compiler is wired: everything compiles."""
    return []


def no_status_causes(_old: Mapping[str, Any], _new: Mapping[str, Any]) -> list[Cause]:
    """The check of a status change where authorization is off: everything is allowed."""
    return []


def no_account(_name: str) -> None:
    """The service accounts of a namespace that has none."""


def no_classes() -> Iterable[Mapping[str, Any]]:
    """The priority classes of a cluster that has none."""
    return ()


def no_services() -> Iterable[dict[str, Any]]:
    """The Services of a cluster that has none."""
    return ()


def no_causes(_item: Mapping[str, Any]) -> list[Cause]:
    """The check of expressions in webhooks and policies where no compiler is wired: everything compiles."""
    return []


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one request.

    Attributes:
        release: the emulated release of Kubernetes.
        gates: feature gates that are on.
        stamp: the time as the API writes it.
        namespace_labels: labels of the object's namespace; None if there is no such namespace.
        service_account: finds an account of the object's namespace.
        priority_classes: the priority classes of the cluster.
        services: the Services of the cluster.
        check_status: lists what the caller is not allowed to change of a claim's status.
        check_expression: lists what is wrong with a CEL selector, with upstream's messages.
        check_configuration: lists what is wrong with the expressions of webhooks and policies.
    """

    release: Release = LATEST
    gates: frozenset[str] = frozenset()
    stamp: str = "1970-01-01T00:00:00Z"
    namespace_labels: Mapping[str, str] | None = field(default_factory=lambda: MappingProxyType({}))
    service_account: Callable[[str], Mapping[str, Any] | None] = no_account
    priority_classes: Callable[[], Iterable[Mapping[str, Any]]] = no_classes
    services: Callable[[], Iterable[dict[str, Any]]] = no_services
    check_status: CheckStatus = no_status_causes
    check_expression: Callable[[str], list[str]] = no_problems
    check_configuration: Callable[[Mapping[str, Any]], list[Cause]] = no_causes

    def on(self, gate: str) -> bool:
        """Whether GATE is on."""
        return gate in self.gates

    def at_least(self, release: Release) -> bool:
        """Whether this is RELEASE or a newer one."""
        return self.release >= release
