"""Which function serves a request for a kind."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from kube_emulator.apiserver.endpoints import evictions, logs, reads, scale, writes
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.request import RequestInfo
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.status import ApiError, no_route

Route = Callable[[Call], Awaitable[web.StreamResponse]]
COLLECTION: Mapping[str, Route] = MappingProxyType(
    {"list": reads.list_, "create": writes.create, "deletecollection": reads.deletecollection}
)
OBJECT: Mapping[str, Route] = MappingProxyType(
    {"get": reads.get, "update": writes.update, "patch": writes.patch, "delete": writes.delete}
)
SUBRESOURCES: Mapping[str, Mapping[str, Route]] = MappingProxyType(
    {
        "status": {"get": reads.get, "update": writes.update, "patch": writes.patch},
        "finalize": {"update": writes.update},
        "binding": {"create": writes.bind},
        "eviction": {"create": evictions.evict},
        "log": {"get": logs.log},
        "attach": {"get": logs.refuse_stream, "create": logs.refuse_stream},
        "exec": {"get": logs.refuse_stream, "create": logs.refuse_stream},
        "portforward": {"get": logs.refuse_stream, "create": logs.refuse_stream},
        "scale": {"get": scale.get, "update": scale.update, "patch": scale.patch},
    }
)


def route(info: RequestInfo, resource: Resource) -> Route:
    """What serves INFO; a watch is served by ``reads.Stream``.

    Raises:
        ApiError: 404 or 405.
    """
    if info.rest or (info.subresource and info.subresource not in resource.subresources):
        raise no_route()
    if resource.namespaced and not info.namespace and (info.name or info.verb == "create"):
        raise no_route() if info.name else not_allowed()
    known = (
        SUBRESOURCES.get(info.subresource, {}) if info.subresource else OBJECT if info.name else COLLECTION
    )
    found = known.get(info.verb)
    if found is None or (info.verb == "deletecollection" and info.verb not in resource.verbs):
        raise not_allowed()
    return found


def not_allowed() -> ApiError:
    """The method does not exist here."""
    return ApiError(405, "the server does not allow this method on the requested resource", details={})
