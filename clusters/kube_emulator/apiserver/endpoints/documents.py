"""Documents about the server: discovery, OpenAPI, version, health; made once and kept until a CRD changes them."""

import hashlib
from collections.abc import Callable
from typing import Any

from aiohttp import web

from kube_emulator.apiserver import discovery
from kube_emulator.apiserver.endpoints.forms import encode
from kube_emulator.apiserver.endpoints.negotiation import Form, form_of
from kube_emulator.apiserver.endpoints.replies import reply
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.schema import gnostic, openapi
from kube_emulator.apiserver.status import ApiError

HEALTH = ("/healthz", "/livez", "/readyz")
CHECKS = ("ping", "log", "etcd", "poststarthook/start-apiextensions-controllers")
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


class Documents:
    """Answers requests for paths that name no kind.

    Args:
        address: host and port at which the server listens.
    """

    def __init__(self, api: Api, address: Callable[[], str]) -> None:
        self._api = api
        self._address = address
        self._kept: dict[str, bytes] = {}
        self._changes = -1

    async def answer(self, request: web.Request) -> web.Response:
        """The document at the path of REQUEST.

        Raises:
            ApiError: 404, 405, 406.
        """
        path = request.path.rstrip("/") or "/"
        for root in HEALTH:
            if path == root or path.startswith(f"{root}/"):
                return health(request, root)
        if (
            path in ("/api", "/apis")
            and (found := self._aggregated(request, core=path == "/api")) is not None
        ):
            return found
        if path == "/openapi/v2":
            return await self._openapi_v2(request)
        body = self._document(path)
        if body is None:
            return web.Response(status=404, text="404 page not found\n")
        if request.method not in ("GET", "HEAD"):
            raise ApiError(405, "the server does not allow this method on the requested resource", details={})
        form = form_of(
            request.headers.get("Accept", ""), protobuf=not path.startswith(("/openapi", "/version"))
        )
        if form.media != "json":
            body = encode(self._value(path), form.media)
        headers = {"Etag": etag(body)} if path.startswith("/openapi") else {}
        if headers and request.headers.get("If-None-Match") == headers["Etag"]:
            return web.Response(status=304, headers=headers)
        return await reply(request, body, form, headers=headers)

    def _refresh(self) -> None:
        if self._changes != self._api.registry.changes:
            self._kept.clear()
            self._changes = self._api.registry.changes

    def _document(self, path: str) -> bytes | None:
        self._refresh()
        if path not in self._kept:
            value = self._value(path)
            if value is None:
                return None
            self._kept[path] = encode(value, "json")
        return self._kept[path]

    def _value(self, path: str) -> Any:
        registry = self._api.registry
        match path.strip("/").split("/"):
            case ["version"]:
                return discovery.version(self._api.release)
            case ["api"]:
                return discovery.api_versions(self._address())
            case ["apis"]:
                return discovery.group_list(registry)
            case ["api", "v1"]:
                return discovery.resource_list("v1", registry.group_versions()["", "v1"])
            case ["apis", name]:
                versions = discovery.groups(registry).get(name)
                head = {"kind": "APIGroup", "apiVersion": "v1"}
                return head | discovery.group(name, versions) if versions else None
            case ["apis", name, version]:
                if version not in discovery.groups(registry).get(name, ()):
                    return None
                return discovery.resource_list(
                    f"{name}/{version}", registry.group_versions().get((name, version), [])
                )
            case ["openapi", "v3"]:
                return self._index()
            case ["openapi", "v3", *root]:
                return self._openapi_v3(root)
            case [""]:
                return {"paths": sorted(self._paths())}
        return None

    def _paths(self) -> list[str]:
        roots = [f"/{root_of(key)}" for key in self._api.registry.group_versions()]
        return [*roots, "/api", "/apis", "/version", "/metrics", "/openapi/v2", "/openapi/v3", *HEALTH]

    def _index(self) -> Any:
        """``/openapi/v3`` with a hash of each document, by which clients keep them."""
        digests = {
            root_of(key): openapi.digest(kinds, self._api.release, self._custom_schemas(kinds))
            for key, kinds in self._api.registry.group_versions().items()
        }
        return openapi.index(digests)

    def _openapi_v3(self, root: list[str]) -> Any:
        key = ("", root[1]) if root[:1] == ["api"] and len(root) == 2 else tuple(root[1:])
        kinds = self._api.registry.group_versions().get((key[0], key[1])) if len(key) == 2 else None
        if kinds is None:
            return None
        return openapi.document_v3(kinds, self._api.release, self._custom_schemas(kinds))

    def _custom_schemas(self, kinds: Any) -> dict[str, Any]:
        found = {}
        for served in kinds:
            definition = self._api.catalogue.find(served.resource.key)
            if definition is not None:
                found[served.kind] = definition.schema(served.version)
        return found

    async def _openapi_v2(self, request: web.Request) -> web.Response:
        self._refresh()
        wants_proto = "proto-openapi" in request.headers.get("Accept", "")
        name = "openapi v2 proto" if wants_proto else "openapi v2"
        if name not in self._kept:
            kinds = [served for kinds in self._api.registry.group_versions().values() for served in kinds]
            value = openapi.document_v2(kinds, self._api.release, self._custom_schemas(kinds))
            self._kept[name] = gnostic.encode(value) if wants_proto else encode(value, "json")
        body = self._kept[name]
        response = await reply(request, body, Form(), headers={"Etag": etag(body)})
        if wants_proto:
            response.headers["Content-Type"] = gnostic.MEDIA_TYPE
        return response

    def _aggregated(self, request: web.Request, *, core: bool) -> web.Response | None:
        accept = request.headers.get("Accept", "")
        version = next(
            (v for v in ("v2", "v2beta1") if f"v={v};as=APIGroupDiscoveryList" in accept.replace(" ", "")), ""
        )
        if not version:
            return None
        self._refresh()
        name = f"aggregated {version} {core}"
        if name not in self._kept:
            self._kept[name] = encode(discovery.aggregated(self._api.registry, version, core=core), "json")
        body = self._kept[name]
        headers = {"Etag": etag(body), "Vary": "Accept", "Cache-Control": "public"}
        if request.headers.get("If-None-Match") == headers["Etag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Type": DISCOVERY.format(version)})


def root_of(key: tuple[str, str]) -> str:
    """``api/v1`` or ``apis/<group>/<version>``."""
    return f"apis/{key[0]}/{key[1]}" if key[0] else f"api/{key[1]}"


def digest(raw: bytes) -> str:
    """The hash of a document."""
    return hashlib.sha512(raw).hexdigest().upper()


def etag(raw: bytes) -> str:
    """The ``Etag`` of a document."""
    return f'"{digest(raw)}"'


def health(request: web.Request, root: str) -> web.Response:
    """``ok``, or each check with ``?verbose``."""
    name = request.path.removeprefix(root).strip("/")
    if name and name not in CHECKS:
        return web.Response(status=404, text="404 page not found\n")
    if "verbose" not in request.query:
        return web.Response(text="ok")
    lines = [f"[+]{check} ok" for check in CHECKS if not name or name == check]
    return web.Response(text="\n".join([*lines, f"{root.strip('/')} check passed", ""]))
