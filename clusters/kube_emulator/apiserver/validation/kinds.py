"""The row of a kind: its rules, what it counts, what a client cannot set (a strategy.go upstream).

The rows are in ``resource_kinds`` and ``core_kinds``; ``registry`` reads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context

Rules = Callable[[JsonObject, JsonObject | None, Context], Iterator[Cause]]
"""Causes of an object: (new, old, context); there is no old one when it is created."""


def nothing(_new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """No rules."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind differs from others.

    Attributes:
        group: its API group.
        before: rules that precede those of a new object's metadata.
        rules: of the object without its metadata.
        status_rules: of a change of its status.
        name: the form of its name.
        generation: whether ``metadata.generation`` counts changes of the spec.
        empty_status: the ``status`` of a new object; None leaves it as it is.
        own_metadata: whether its own validation includes the metadata of a new object; the common rules check it anyway.
        keeps_status: whether a client can set the status of a new object.
        old_names: whether ``generateName`` is validated on its own, as older kinds do.
        standard: whether its finalizers are validated as those of the core kinds.
        rechecks: whether an update validates all metadata again.
        status_metadata: whether a status update can change labels and annotations too.
        prepares: further preparation of an object that is created (no old one) or updated, in place.
        prepares_status: the same for a status update.
    """

    group: str = "resource.k8s.io"
    before: Rules = nothing
    rules: Rules = nothing
    status_rules: Rules = nothing
    name: names.Problems = names.subdomain
    generation: bool = False
    empty_status: JsonObject | None = None
    own_metadata: bool = True
    keeps_status: bool = False
    old_names: bool = True
    standard: bool = True
    rechecks: bool = False
    status_metadata: bool = False
    prepares: Callable[[JsonObject, JsonObject | None, Context], None] | None = None
    prepares_status: Callable[[JsonObject, JsonObject, Context], None] | None = None


def spec_of(item: JsonObject | None) -> JsonObject:
    """The spec, or an empty one."""
    return (item or {}).get("spec") or {}
