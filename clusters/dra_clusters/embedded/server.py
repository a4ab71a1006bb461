"""HTTP in front of the verbs: paths, content types, streams, tokens; JSON only.

Every request is audited; faults are answered here and nowhere else, so that the verbs stay right.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml
from aiohttp import web

from dra_clusters.audit import ApiRequest, Audit, Fault
from dra_clusters.embedded import discovery
from dra_clusters.embedded.api import Api, Event, everything
from dra_clusters.embedded.query import Predicate, both, field_selector, label_selector
from dra_clusters.embedded.resources import RESOURCES, Resource
from dra_clusters.embedded.status import ApiError
from dra_clusters.embedded.store import Stored
from dra_clusters.embedded.tables import table

BODY_MAX = 3 << 20
"""Bytes of a request; a real server refuses more than 3 MiB too (genericapiserver MaxRequestBodyBytes)."""

BOOKMARK_S = 30.0
WATCH_S = 1800
USER = web.RequestKey("user", str)
PATCHES = {
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/json-patch+json": "json",
}
APPLY = "application/apply-patch+yaml"
INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Server:
    """The handlers.

    Args:
        tokens: {bearer token: user}.
    """

    def __init__(self, api: Api, audit: Audit, *, kubernetes: str, tokens: Mapping[str, str]) -> None:
        self._api = api
        self._audit = audit
        self._kubernetes = kubernetes
        self._tokens = tokens

    def application(self) -> web.Application:
        """What aiohttp runs."""
        app = web.Application(middlewares=[self._guard], client_max_size=BODY_MAX)
        fixed: dict[str, Any] = {
            "/version": discovery.version(self._kubernetes),
            "/api": discovery.api_versions(),
            "/apis": discovery.group_list(),
            "/openapi/v3": discovery.openapi_index(),
        }
        for key, resources in discovery.group_versions().items():
            root = discovery.root(key)
            fixed[f"/{root}"] = discovery.resource_list(resources[0].api_version, resources)
            fixed[f"/openapi/v3/{root}"] = discovery.openapi(key)
            if key[0]:
                fixed[f"/apis/{key[0]}"] = discovery.group(key[0])
        for path, document in fixed.items():
            app.router.add_get(path, serve_document(document))
        for path in ("/healthz", "/readyz", "/livez"):
            app.router.add_get(path, say_ok)
        for resource in RESOURCES.values():
            self._add_routes(app, resource)
        return app

    def _add_routes(self, app: web.Application, resource: Resource) -> None:
        root = f"/{discovery.root((resource.group, resource.version))}"
        handler = Handler(self._api, self._audit, resource)
        spaces = ["", "/namespaces/{namespace}"] if resource.namespaced else [""]
        for space in spaces:
            collection = f"{root}{space}/{resource.plural}"
            app.router.add_route("*", collection, handler.collection)
            app.router.add_route("*", f"{collection}/{{name}}", handler.item)
            if resource.status:
                app.router.add_route("*", f"{collection}/{{name}}/{{subresource:status}}", handler.item)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._audit.down and request.transport is not None:
            request.transport.abort()
            raise web.HTTPServiceUnavailable
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        user = self._tokens.get(token)
        if user is None:
            return answer(ApiError(401, "Unauthorized").body(), 401)
        request[USER] = user
        try:
            response: web.StreamResponse = await handler(request)
        except ApiError as error:
            return answer(error.body(), error.code)
        except web.HTTPNotFound:
            return answer(ApiError(404, "the server could not find the requested resource").body(), 404)
        except web.HTTPRequestEntityTooLarge:
            return answer(ApiError(413, f"Request entity too large: limit is {BODY_MAX}").body(), 413)
        return response


def serve_document(document: Any) -> Any:
    """A handler that always answers DOCUMENT."""
    raw = msgspec.json.encode(document)

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=raw, content_type="application/json")

    return handle


async def say_ok(_: web.Request) -> web.Response:
    """Health."""
    return web.Response(text="ok")


def answer(document: Any, code: int = 200) -> web.Response:
    """DOCUMENT as JSON."""
    return web.Response(body=msgspec.json.encode(document), status=code, content_type="application/json")


def answer_stored(item: Stored, code: int = 200) -> web.Response:
    """A stored object; its JSON is ready."""
    return web.Response(
        body=item.raw or msgspec.json.encode(item.value), status=code, content_type="application/json"
    )


def wants_table(request: web.Request) -> bool:
    """Whether the client prefers a table."""
    return request.headers.get("Accept", "").partition(",")[0].startswith("application/json;as=Table")


class Handler:
    """Requests for one kind."""

    def __init__(self, api: Api, audit: Audit, resource: Resource) -> None:
        self._api = api
        self._audit = audit
        self._resource = resource

    async def collection(self, request: web.Request) -> web.StreamResponse:
        """list, watch, create, deletecollection."""
        watching = request.query.get("watch") in ("true", "1")
        verbs = {"GET": "watch" if watching else "list", "POST": "create", "DELETE": "deletecollection"}
        return await self._audited(request, verbs.get(request.method, ""))

    async def item(self, request: web.Request) -> web.StreamResponse:
        """get, update, patch, delete, and the status."""
        verbs = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
        return await self._audited(request, verbs.get(request.method, ""))

    async def _audited(self, request: web.Request, verb: str) -> web.StreamResponse:
        started, code, body = time.time(), 500, None
        try:
            fault = self._audit.take_fault(request[USER], verb, self._resource.plural)
            body = await read_body(request)
            if fault is not None:
                code = fault.code
                return misbehave(request, fault)
            handle = getattr(self, f"_{verb}", None)
            if not verb or handle is None:
                raise ApiError(405, f"{request.method} is not supported on {request.path}")
            if verb == "watch":
                code = 200
                self._record(request, started, verb, code, body)
            response: web.StreamResponse = await handle(request, body)
            code = response.status
        except ApiError as error:
            code = error.code
            raise
        else:
            return response
        finally:
            if verb != "watch" or code != 200:
                self._record(request, started, verb, code, body)

    def _record(self, request: web.Request, started: float, verb: str, code: int, body: Any) -> None:
        where = request.match_info
        row = ApiRequest(
            time=started,
            user=request[USER],
            user_agent=request.headers.get("User-Agent", ""),
            verb=verb,
            plural=self._resource.plural,
            namespace=where.get("namespace", ""),
            name=where.get("name", ""),
            subresource=where.get("subresource", ""),
            query=dict(request.query),
            code=code,
            body=body,
        )
        self._audit.record(row)

    def _selection(self, request: web.Request) -> Predicate:
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        by_label = label_selector(labels) if labels else everything
        return both(by_label, field_selector(fields)) if fields else by_label

    async def _get(self, request: web.Request, _: Any) -> web.Response:
        item = self._api.stored(
            self._resource.plural, request.match_info["name"], request.match_info.get("namespace", "")
        )
        if wants_table(request):
            return self._table(request, [item], int(item.value["metadata"]["resourceVersion"]))
        return answer_stored(item)

    def _table(self, request: web.Request, items: list[Stored], revision: int) -> web.Response:
        whole = request.query.get("includeObject") == "Object"
        return answer(table(self._resource.plural, [item.value for item in items], revision, whole=whole))

    async def _list(self, request: web.Request, _: Any) -> web.Response:
        items = self._api.listed(
            self._resource.plural, request.match_info.get("namespace", ""), self._selection(request)
        )
        revision, more = self._api.store.revision, ""
        limit, start = int(request.query.get("limit") or 0), request.query.get("continue", "")
        if start:
            items = [item for item in items if place(item) > start]
        if limit and len(items) > limit:
            items = items[:limit]
            more = place(items[-1])
        if wants_table(request):
            return self._table(request, items, revision)
        metadata = {"resourceVersion": str(revision)} | ({"continue": more} if more else {})
        head = msgspec.json.encode(
            {
                "kind": f"{self._resource.kind}List",
                "apiVersion": self._resource.api_version,
                "metadata": metadata,
            }
        )
        body = b"".join((head[:-1], b',"items":[', b",".join(item.raw for item in items), b"]}"))
        return web.Response(body=body, content_type="application/json")

    async def _create(self, request: web.Request, body: Any) -> web.Response:
        item = self._placed(request, body)
        return answer_stored(
            self._api.create(self._resource.plural, item, dry_run="dryRun" in request.query), 201
        )

    def _placed(self, request: web.Request, body: Any) -> dict[str, Any]:
        """The object in the request, with the name and namespace of the path."""
        if not isinstance(body, dict) or body.get("kind", self._resource.kind) != self._resource.kind:
            raise ApiError(400, f"wanted a {self._resource.kind} in the body")
        metadata = body.get("metadata") or {}
        for name in ("name", "namespace"):
            if name in request.match_info:
                if metadata.get(name, request.match_info[name]) != request.match_info[name]:
                    raise ApiError(400, f"the {name} of the object does not match the {name} on the URL")
                metadata = {**metadata, name: request.match_info[name]}
        return {**body, "metadata": metadata}

    async def _update(self, request: web.Request, body: Any) -> web.Response:
        item = self._placed(request, body)
        subresource = request.match_info.get("subresource", "")
        return answer_stored(
            self._api.update(
                self._resource.plural, item, subresource=subresource, dry_run="dryRun" in request.query
            )
        )

    async def _patch(self, request: web.Request, body: Any) -> web.Response:
        plural, subresource = self._resource.plural, request.match_info.get("subresource", "")
        if request.content_type == APPLY:
            manager = request.query.get("fieldManager", "")
            if not manager:
                raise ApiError(422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value')
            item = self._placed(request, body) | {
                "apiVersion": self._resource.api_version,
                "kind": self._resource.kind,
            }
            force = request.query.get("force") in ("true", "1")
            return answer_stored(
                self._api.apply(plural, item, manager=manager, force=force, subresource=subresource)
            )
        kind = PATCHES.get(request.content_type)
        if kind is None:
            raise ApiError(
                415, f"patch type {request.content_type} is not supported; {', '.join([*PATCHES, APPLY])} are"
            )
        where = request.match_info
        return answer_stored(
            self._api.patch(
                plural,
                where["name"],
                where.get("namespace", ""),
                kind,
                body,
                subresource=subresource,
                dry_run="dryRun" in request.query,
            )
        )

    async def _delete(self, request: web.Request, body: Any) -> web.Response:
        options = body if isinstance(body, dict) else {}
        where = request.match_info
        grace = options.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
        uid = (options.get("preconditions") or {}).get("uid", "")
        item = self._api.delete(
            self._resource.plural,
            where["name"],
            where.get("namespace", ""),
            uid=uid,
            grace_s=None if grace is None else int(grace),
        )
        return answer_stored(item)

    async def _deletecollection(self, request: web.Request, _: Any) -> web.Response:
        plural = self._resource.plural
        for item in self._api.listed(
            plural, request.match_info.get("namespace", ""), self._selection(request)
        ):
            self._api.delete(
                plural, item.value["metadata"]["name"], item.value["metadata"].get("namespace", "")
            )
        return answer(
            {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 200}
        )

    async def _watch(self, request: web.Request, _: Any) -> web.StreamResponse:
        query = request.query
        version, initial = query.get("resourceVersion", ""), query.get("sendInitialEvents") in ("true", "1")
        events = self._api.watch(
            self._resource.plural,
            namespace=request.match_info.get("namespace", ""),
            since=None if initial or version in ("", "0") else int(version),
            matches=self._selection(request),
            bookmark_s=BOOKMARK_S if query.get("allowWatchBookmarks") in ("true", "1") else 0,
        )
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        as_table = wants_table(request)
        try:
            async with asyncio.timeout(int(query.get("timeoutSeconds") or WATCH_S)):
                if initial:
                    await self._send_initial(response, request)
                    events = self._api.watch(
                        self._resource.plural,
                        namespace=request.match_info.get("namespace", ""),
                        since=self._api.store.revision,
                        matches=self._selection(request),
                        bookmark_s=BOOKMARK_S,
                    )
                async for event in events:
                    await response.write(self._line(event, as_table))
        except TimeoutError:
            pass
        except ApiError as error:  # the stream has begun, so it is told in the stream
            await response.write(msgspec.json.encode({"type": "ERROR", "object": error.body()}) + b"\n")
        return response

    async def _send_initial(self, response: web.StreamResponse, request: web.Request) -> None:
        space = request.match_info.get("namespace", "")
        for item in self._api.listed(self._resource.plural, space, self._selection(request)):
            await response.write(self._line(Event("ADDED", 0, item), as_table=False))
        end = self._bookmark(self._api.store.revision)
        end["object"]["metadata"]["annotations"] = INITIAL_END
        await response.write(msgspec.json.encode(end) + b"\n")

    def _bookmark(self, revision: int) -> dict[str, Any]:
        item = {
            "kind": self._resource.kind,
            "apiVersion": self._resource.api_version,
            "metadata": {"resourceVersion": str(revision)},
        }
        return {"type": "BOOKMARK", "object": item}

    def _line(self, event: Event, as_table: bool) -> bytes:
        if event.type == "BOOKMARK":
            return msgspec.json.encode(self._bookmark(event.revision)) + b"\n"
        if as_table:
            shown = table(self._resource.plural, [event.item.value], event.revision, whole=False)
            return msgspec.json.encode({"type": event.type, "object": shown}) + b"\n"
        raw = event.item.raw or msgspec.json.encode(event.item.value)
        return b"".join((b'{"type":"', event.type.encode(), b'","object":', raw, b"}\n"))


def place(item: Stored) -> str:
    """Where an object stands in its list; also the token to continue after it."""
    return f"{item.value['metadata'].get('namespace', '')}/{item.value['metadata']['name']}"


async def read_body(request: web.Request) -> Any:
    """The body as a value; None if there is none.

    Raises:
        ApiError: 400, it is not JSON (or YAML, for apply); 415, it is protobuf.
    """
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == "application/vnd.kubernetes.protobuf":
        raise ApiError(415, "protobuf is not served by the embedded API server; use JSON")
    try:
        if request.content_type == APPLY:
            return yaml.safe_load(raw)
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, yaml.YAMLError) as error:
        raise ApiError(400, f"cannot decode the body: {error}") from error


def misbehave(request: web.Request, fault: Fault) -> web.Response:
    """The answer of a fault."""
    if fault.code == 0 and request.transport is not None:
        request.transport.abort()
        raise web.HTTPServiceUnavailable
    response = answer(ApiError(fault.code, "a fault was asked for").body(), fault.code)
    if fault.retry_after_s:
        response.headers["Retry-After"] = str(fault.retry_after_s)
    return response
