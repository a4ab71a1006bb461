"""The write that is being admitted, and its request: the input of every check that needs the object.

The request is carried in a context variable, so that the verbs need not know of users: a write with no request around it is one
of this process (scheduler, controllers, kubelet emulation) and is trusted, as upstream's loopback client is.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.auth.attributes import Attributes

REQUEST: ContextVar[Attributes | None] = ContextVar("request", default=None)
"""The request that is being served, after impersonation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One object before it is stored.

    Attributes:
        operation: CREATE, UPDATE or DELETE.
        old: None for CREATE.
        new: None for DELETE.
    """

    operation: str
    group: str
    plural: str
    subresource: str = ""
    namespace: str = ""
    name: str
    old: ReadOnlyObject | None = None
    new: ReadOnlyObject | None = None
