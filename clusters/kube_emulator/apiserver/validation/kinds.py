"""What a kind tells the registry about itself.

A row of rules: what is judged, what is counted, what a client may not set. The rows are in ``resource_kinds`` and
``core_kinds``, who reads them is ``registry``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context

Rules = Callable[[JsonObject, JsonObject | None, Context], Iterator[Cause]]
"""Causes of a new object; the old one is None when it is created."""


def nothing(_new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """No rules."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind:
    """What is special about a kind.

    Attributes:
        group: its API group.
        before: rules that come before those of the metadata of a new object.
        rules: of the object without its metadata.
        status_rules: of a change of its status.
        name: the form of its name.
        generation: whether ``metadata.generation`` counts changes of the spec.
        empty_status: what stands in ``status`` of a new object; None leaves what the client gave.
        own_metadata: whether its rules judge the metadata of a new object, or only the common rules that come last.
        keeps_status: whether a client may give the status of a new object.
        old_names: whether ``generateName`` is judged on its own, as older kinds do.
        standard: whether its finalizers are judged as those of Kubernetes' own kinds.
        rechecks: whether all metadata is judged again on an update.
        status_metadata: whether a change of the status may change labels and annotations too.
        prepares: what else happens to an object that is created (no old one) or changed, in place.
        prepares_status: the same for a change of the status.
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
