"""get, list, watch and deletecollection."""

import uuid
from typing import Any

from aiohttp import web

from kube_emulator.apiserver.audit import Audit
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.endpoints.forms import encode, encoded_list, event_line, frame
from kube_emulator.apiserver.endpoints.lists import Part, part_of
from kube_emulator.apiserver.endpoints.replies import add_warnings
from kube_emulator.apiserver.endpoints.writes import options_body
from kube_emulator.apiserver.query.labels import Predicate, both
from kube_emulator.apiserver.registry.verbs.options import (
    DeleteOptions,
    ListOptions,
    delete_options,
    list_options,
    revision_of,
)
from kube_emulator.apiserver.registry.watching import Event, Start, watch
from kube_emulator.apiserver.status import ApiError, too_new
from kube_emulator.store.store import Stored

BOOKMARK_S = 60.0
WATCH_S = 1800.0
QUEUE_MAX = 10_000
"""Changes that wait for a client that does not read; then its watch is ended."""

INITIAL_END = {"k8s.io/initial-events-end": "true"}


async def get(call: Call) -> web.Response:
    """One object."""
    version = call.request.query.get("resourceVersion", "")
    if version:
        try:
            asked = revision_of(version)
        except ApiError as error:
            why = f'resourceVersion: Invalid value: "{version}": {error.message}'
            raise ApiError(500, why, reason="") from error
        if asked > call.api.store.revision:
            raise too_new(asked, call.api.store.revision)
    return await call.answer(call.api.stored(call.plural, call.info.name, call.namespace))


async def list_(call: Call) -> web.Response:
    """The objects of a kind."""
    options = list_options(call.request.query, watching=False)
    return await answer_part(call, chosen_part(call, options))


def chosen_part(call: Call, options: ListOptions) -> Part:
    """The part of the list that is asked for."""
    matches: Predicate = call.selection(options)
    return part_of(call.api.store, call.plural, call.namespace, options, matches, field=options.fields)


async def answer_part(call: Call, part: Part) -> web.Response:
    """A list as the answer."""
    form = call.form
    if form.transform:
        body = encode(call.transformer.items(part.items, part.metadata), form.media)
    else:
        body = encoded_list(part.items, call.served, part.metadata, form.media)
    return await call.send(body)


async def deletecollection(call: Call) -> web.Response:
    """Delete what is selected; the answer is the list of it."""
    query = call.request.query
    options = delete_options(query, options_body(call))
    part = chosen_part(call, list_options(query, watching=False))
    for item in part.items:
        await delete_one(call, item, options)
    return await answer_part(call, part)


async def delete_one(call: Call, item: Stored, options: DeleteOptions) -> None:
    """Delete ITEM of a collection; it may be gone already, while webhooks are asked."""
    metadata = item.value["metadata"]
    name, namespace, writer = metadata["name"], metadata.get("namespace", ""), call.deleter()
    try:
        await call.verb(lambda: call.api.delete(call.plural, name, namespace, options=options, writer=writer))
    except ApiError as error:
        if error.code != 404:
            raise


class Stream:
    """One watch of a client."""

    def __init__(self, call: Call, audit: Audit, user: str) -> None:
        self._call = call
        self._audit = audit
        self._user = user
        self._options = list_options(call.request.query, watching=True)
        self._matches = call.selection(self._options)
        if name := call.info.name:
            self._matches = both(lambda item: item["metadata"]["name"] == name, self._matches)
        self._form = call.form
        self._first = True

    async def serve(self) -> web.StreamResponse:
        """Send events until the watch ends."""
        call, media = self._call, self._form.content_type
        audit = call.request.headers.get("Audit-Id") or str(uuid.uuid4())
        headers = {"Cache-Control": "no-cache, private", "Audit-Id": audit}
        response = web.StreamResponse(headers=headers)
        response.content_type = media
        if media == "application/vnd.kubernetes.protobuf":
            response.headers["Content-Type"] = f"{media};stream=watch"
        add_warnings(response, filter(None, (call.served.warning, *call.warnings)))
        start = self._start()
        await response.prepare(call.request)
        try:
            async for event in self._events(start):
                await self._send(response, event)
        except ApiError as error:  # the response has begun, so it is sent as an event of the stream
            await response.write(self._error(error))
        except ConnectionError:
            return response
        return response

    def _start(self) -> Start:
        options = self._options
        now = options.initial is False and options.version in ("", "0")
        if options.version in ("", "0") or options.initial:
            since = self._call.api.store.revision if now else None
            return Start(since=since, ends_start=bool(options.initial and options.bookmarks))
        try:
            return Start(since=revision_of(options.version))
        except ApiError as error:
            why = f'resourceVersion: Invalid value: "{options.version}": {error.message}'
            raise ApiError(500, why, reason="") from error

    def _events(self, start: Start) -> Any:
        call, options = self._call, self._options
        transport = call.request.transport
        return watch(
            call.api.store,
            call.api.clock,
            call.plural,
            namespace=call.namespace,
            start=start,
            matches=self._matches,
            bookmark_s=BOOKMARK_S if options.bookmarks else 0,
            timeout_s=options.timeout_s or WATCH_S,
            limit=QUEUE_MAX,
            overflow=transport.abort if transport else None,
        )

    async def _send(self, response: web.StreamResponse, event: Event) -> None:
        line = self._line(event)
        fault = self._audit.take_event_fault(self._user, self._call.plural) if event.change else None
        if fault is None:
            await response.write(line)
        elif fault.events == "delay":
            await self._call.api.clock.sleep(fault.delay_s)
            await response.write(line)
        elif fault.events == "duplicate":
            await response.write(line + line)
        elif fault.events == "cut" and self._call.request.transport is not None:
            self._call.request.transport.abort()
            message = "a fault was asked for"
            raise ConnectionResetError(message)

    def _line(self, event: Event) -> bytes:
        if event.type == "BOOKMARK":
            return frame("BOOKMARK", encode(self._bookmark(event), self._form.media), self._form.media)
        if self._form.transform:
            shown = self._call.transformer.item(event.item, header=self._first)
            self._first = False
            return frame(event.type, encode(shown, self._form.media), self._form.media)
        return event_line(event, self._call.served, self._form.media)

    def _bookmark(self, event: Event) -> dict[str, Any]:
        metadata: dict[str, Any] = {"resourceVersion": str(event.revision)}
        if event.ends_start:
            metadata["annotations"] = INITIAL_END
        served, transform = self._call.served, self._form.transform
        if transform == "Table":
            return self._call.transformer.bookmark(metadata)
        if transform:
            return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        return {"kind": served.resource.kind, "apiVersion": served.api_version, "metadata": metadata}

    def _error(self, error: ApiError) -> bytes:
        return frame("ERROR", encode(error.body(), self._form.media), self._form.media)
