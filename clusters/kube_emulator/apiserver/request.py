"""What a request asks for, out of its method and path: the input of authorization, audit, faults and dispatch.

The rules are those of apiserver ``endpoints/request/requestinfo.go`` (1.36): a path below ``/api/<version>`` or
``/apis/<group>/<version>`` names a resource; everything else is asked for by its path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
STREAMS = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""Subresources whose requests have no deadline (``genericfilters.BasicLongRunningRequestCheck``)."""

DURATION = re.compile(r"[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
"""What Go's ``time.ParseDuration`` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """One request.

    Attributes:
        verb: get, list, watch, create, update, patch, delete, deletecollection; for a path that names no resource the
            method in lower case.
        path: the path as it was sent, decoded.
        group: empty for the core group.
        resource: plural; empty if the path names none.
        namespace: empty for cluster-wide requests. A Namespace itself is in the namespace that it is.
        rest: parts of the path after the subresource.
    """

    verb: str
    path: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    rest: tuple[str, ...] = ()

    @property
    def is_resource(self) -> bool:
        """Whether the path names a resource."""
        return bool(self.resource)


def request_info(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """What METHOD on PATH asks for."""
    parts = [part for part in path.split("/") if part]
    plain = RequestInfo(verb=method.lower(), path=path)
    if len(parts) >= 3 and parts[0] == "api":
        group, version, parts = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return plain
    namespace, watches = "", parts[0] == "watch" and len(parts) > 1
    if watches:  # the deprecated path of a watch
        parts = parts[1:]
    # /namespaces/x is the object x in the namespace x; /namespaces/x/status is its subresource, not a kind "status".
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
    resource, name, subresource, *rest = [*parts, "", ""] if len(parts) < 3 else parts
    name, subresource = name or "", subresource or ""
    return RequestInfo(
        verb="watch" if watches else verb_of(method, name, query),
        path=path,
        group=group,
        version=version,
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
        rest=tuple(part for part in rest if part),
    )


def verb_of(method: str, name: str, query: Mapping[str, str]) -> str:
    """The verb of a request on one object, or on a collection if NAME is empty."""
    verb = VERBS.get(method, "")
    if name:
        return verb
    if verb == "get":
        return "watch" if is_true(query, "watch") else "list"
    return "deletecollection" if verb == "delete" else verb


def is_true(query: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on, as ``queryparams`` reads it: everything but 0 and false (apimachinery, 1.36)."""
    return name in query and query[name].lower() not in ("", "0", "false")


def timeout_problem(info: RequestInfo, query: Mapping[str, str]) -> str:
    """What is wrong with the parameter ``timeout``; streams do not read it (apiserver ``filters/request_deadline.go``, 1.37)."""
    text = query.get("timeout", "")
    if not text or info.verb == "watch" or info.subresource in STREAMS or DURATION.fullmatch(text):
        return ""
    return f'invalid timeout specified in the request URL - time: invalid duration "{text}"'
