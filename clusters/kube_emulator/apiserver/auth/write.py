"""The write that is being admitted, and its request: the input of every check that needs the object.

The request is carried in a context variable, so that the verbs need not know of users: a write with no request around it is one
of this process (scheduler, controllers, kubelet emulation) and is trusted, as upstream's loopback client is.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.auth.attributes import Attributes

REQUEST: ContextVar[Attributes | None] = ContextVar("request", default=None)
"""The request that is being served, after impersonation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One object before it is stored.

    Attributes:
        operation: CREATE, UPDATE or DELETE.
        version: the API version of the request; OLD and NEW are in the stored one.
        old: None for CREATE.
        new: None for DELETE.
        options: the request's CreateOptions, UpdateOptions and so on.
        warn: sends a warning to the client.
    """

    operation: str
    group: str
    plural: str
    kind: str = ""
    version: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str
    old: ReadOnlyObject | None = None
    new: ReadOnlyObject | None = None
    dry_run: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    warn: Callable[[str], None] = lambda _text: None

    @property
    def place(self) -> str:
        """The namespace of the request; a Namespace is in itself (``attr.GetNamespace``)."""
        return self.name if (self.group, self.plural) == ("", "namespaces") else self.namespace

    @property
    def item(self) -> ReadOnlyObject:
        """What is written, or deleted."""
        return self.new or self.old or {}


@contextlib.contextmanager
def unattended() -> Iterator[None]:
    """What happens inside is done by the server itself, not by the user of the request."""
    mark = REQUEST.set(None)
    try:
        yield
    finally:
        REQUEST.reset(mark)
