"""HTTP in front of the verbs: the order in which a request passes through outage, authentication, faults, dispatch and audit.

Authentication and authorization are in ``auth``; encodings, options and streams are in ``endpoints``. Faults are answered
here and nowhere else, so that the verbs stay correct. Every request for a kind is audited, refused ones too.
"""

import asyncio
import logging
import socket
import ssl
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kube_emulator.apiserver.admission.services import Services
from kube_emulator.apiserver.admission.webhook_client import WebhookClient
from kube_emulator.apiserver.audit import ApiRequest, Audit, Fault
from kube_emulator.apiserver.auth.middleware import USER
from kube_emulator.apiserver.auth.security import Security
from kube_emulator.apiserver.endpoints.bodies import (
    BODY_MAX,
    YAML_INLINE_MAX,
    converted,
    read_object,
    read_raw,
)
from kube_emulator.apiserver.endpoints.call import Call, ContainerLog
from kube_emulator.apiserver.endpoints.documents import Documents
from kube_emulator.apiserver.endpoints.forms import encode
from kube_emulator.apiserver.endpoints.kubelet_client import KubeletClient
from kube_emulator.apiserver.endpoints.metrics import MEDIA_TYPE, Metrics, gate_lines
from kube_emulator.apiserver.endpoints.negotiation import APPLY, PLAIN, PROTOBUF, YAML, body_media, form_of
from kube_emulator.apiserver.endpoints.reads import Stream
from kube_emulator.apiserver.endpoints.replies import document, refuse
from kube_emulator.apiserver.endpoints.routes import route
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.request import RequestInfo, request_info, timeout_problem
from kube_emulator.apiserver.schema.protobuf import ProtobufError, decode
from kube_emulator.apiserver.status import ApiError, bad_request, no_route

log = logging.getLogger(__name__)
protocol_log = logging.getLogger(f"{__name__}.protocol")
protocol_log.setLevel(
    logging.CRITICAL
)  # bytes that are no request are answered with 400 and not worth a log line
AS_JSON_MAX = 1 << 20
"""Bytes of a protobuf body up to which the audit keeps it as JSON."""


AUDITED = web.RequestKey("audited", bool)
"""Whether a request reached its kind, where it is audited when it is answered."""

HANDSHAKE_S = 10.0
"""Seconds for the TLS handshake."""

HEAD_S = 15.0
"""Seconds within which a new connection must have sent the head of a request."""

IDLE_S = 90.0
"""Seconds after which a connection between requests is closed, a half-sent head or not (genericapiserver secure_serving.go)."""

HEAD_MAX = 1 << 20
"""Bytes of the first line and of a header; a real server takes as much (net/http DefaultMaxHeaderBytes)."""


class Server:
    """The handlers of one cluster."""

    def __init__(
        self, api: Api, audit: Audit, *, security: Security, container_log: ContainerLog | None
    ) -> None:
        self._api = api
        self._audit = audit
        self._container_log = container_log
        self._kubelets = KubeletClient(security.clients)
        self._webhooks = WebhookClient(Services(api))
        self._documents = Documents(api, lambda: self.address)
        self._auth = security.middleware(read_value, answer_value)
        self._metrics = Metrics(gate_lines(api.release, api.gates))
        self._silent: set[web.RequestHandler] = set()
        self.address = ""

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_route("*", "/{path:.*}", self._serve)
        return app

    def runner(self) -> web.AppRunner:
        """The runner of the application."""
        return web.AppRunner(
            self.application(),
            access_log=None,
            logger=protocol_log,
            handler_cancellation=True,  # a watch ends with its connection, not an hour later
            shutdown_timeout=0.1,
            keepalive_timeout=IDLE_S,
            max_line_size=HEAD_MAX,
            max_field_size=HEAD_MAX,
        )

    async def listen(self, runner: web.AppRunner, sock: socket.socket, tls: ssl.SSLContext) -> asyncio.Server:
        """Serve on SOCK; a connection that sends no whole request head in time is closed."""
        loop = asyncio.get_running_loop()
        self.address = "{}:{}".format(*sock.getsockname()[:2])
        assert runner.server is not None
        factory = runner.server

        def connection() -> asyncio.BaseProtocol:
            protocol = factory()
            self._silent.add(protocol)
            loop.call_later(HEAD_S, close_if_silent, protocol)
            return protocol

        def close_if_silent(protocol: web.RequestHandler) -> None:
            if protocol in self._silent:
                self._silent.discard(protocol)
                if protocol.transport is not None:
                    protocol.transport.abort()

        return await loop.create_server(connection, sock=sock, ssl=tls, ssl_handshake_timeout=HANDSHAKE_S)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        if self._audit.down and request.transport is not None:
            request.transport.abort()
            raise web.HTTPServiceUnavailable
        started = time.perf_counter()
        try:
            check_timeout(request)
            response = await self._auth.serve(request, self._dispatch)
        except ApiError as error:
            response = refuse(request, error)
        except (web.HTTPException, ConnectionError):
            raise
        except RecursionError:
            response = refuse(request, ApiError(400, "the object in the request exceeds the maximum depth"))
        except Exception as error:  # one request must not end the server, and its client gets an answer
            log.exception("%s %s", request.method, request.path)
            why = f"Internal error occurred: {error!r}"
            response = refuse(request, ApiError(500, why, reason="InternalError"))
        if not request.get(AUDITED):
            self._record_unhandled(request, response.status)
        self._measure(request, response.status, time.perf_counter() - started)
        if not response.prepared:
            response.headers.setdefault("Audit-Id", request.headers.get("Audit-Id") or str(uuid.uuid4()))
        return response

    def _measure(self, request: web.Request, code: int, seconds: float) -> None:
        """Count a request; what names nothing that is served shares one series, so that clients cannot make any number."""
        info = request_info(request.method, request.path, request.query)
        served = self._api.registry.served(info.group, info.version, info.resource)
        if served is None and (info.is_resource or code == HTTPStatus.NOT_FOUND):
            info = RequestInfo(verb=info.verb, path="")
        self._metrics.observe(info, request.query, code, seconds)

    def _record_unhandled(self, request: web.Request, code: int) -> None:
        """Audit a request that did not reach its kind: a refusal, a review (without its body), or a kind that is not served."""
        info = request_info(request.method, request.path, request.query)
        if info.is_resource:
            Exchange(request, info, info.resource).record(self._audit, code)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        info = request_info(request.method, request.path, request.query)
        if info.path == "/metrics":
            return web.Response(text=self._metrics.text(), headers={"Content-Type": MEDIA_TYPE})
        if not info.is_resource:
            return await self._documents.answer(request)
        served = self._api.registry.served(info.group, info.version, info.resource)
        if served is None:
            if not self._knows(info):
                return web.Response(status=404, text="404 page not found\n")
            raise no_route()
        exchange = Exchange(request, info, served.resource.key)
        request[AUDITED] = True
        try:
            response = await self._answer(
                Call(
                    self._api, request, info, served, b"", self._webhooks, self._kubelets, self._container_log
                ),
                exchange,
            )
        except ApiError as error:
            response = refuse(request, error, [*filter(None, [served.warning]), *exchange.warnings])
        finally:
            if not exchange.recorded:
                exchange.record(self._audit, exchange.code)
        return response

    def _knows(self, info: RequestInfo) -> bool:
        return (info.group, info.version) in self._api.registry.group_versions()

    async def _answer(self, call: Call, exchange: "Exchange") -> web.StreamResponse:
        """The answer, or what a fault makes of it; the code of a refusal is kept for the audit."""
        user = exchange.user
        exchange.warnings = call.warnings
        fault = self._audit.take_fault(user, call.info.verb, call.plural)
        try:
            if call.request.can_read_body:
                call.raw = exchange.raw = await read_raw(call.request)
                await convert_big_yaml(call)
            if fault is not None:
                if fault.delay_s:
                    await self._api.clock.sleep(fault.delay_s)
                if fault.code != 200:
                    exchange.code = fault.code
                    return faulty_answer(call.request, fault)
            if call.info.verb == "watch":
                stream = Stream(call, self._audit, user)
                exchange.record(self._audit, 200)
                return await stream.serve()
            response = await route(call.info, call.resource)(call)
        except ApiError as error:
            exchange.code = error.code
            raise
        exchange.code = response.status
        return response


async def convert_big_yaml(call: Call) -> None:
    """Make JSON of a big body in YAML, without holding up other requests."""
    if len(call.raw) <= YAML_INLINE_MAX or call.raw.lstrip()[:1] == b"{":
        return
    if call.request.content_type in (APPLY, YAML) and (found := await converted(call.raw)) is not None:
        call.raw, call.repeated = found.raw, found.repeated


def check_timeout(request: web.Request) -> None:
    """Refuse a timeout that is no duration, before anybody is authenticated.

    Raises:
        ApiError: 400.
    """
    if "timeout" in request.query:
        info = request_info(request.method, request.path, request.query)
        if why := timeout_problem(info, request.query):
            raise bad_request(why)


class Exchange:
    """A request and its outcome, for the audit."""

    def __init__(self, request: web.Request, info: RequestInfo, plural: str) -> None:
        self._request = request
        self._info = info
        self._plural = plural
        self._started = time.time()
        user = request.get(USER)
        self.user = user.name if user is not None else ""
        self.raw = b""
        self.code = 500
        self.warnings: list[str] = []
        self.recorded = False

    def record(self, audit: Audit, code: int) -> None:
        """Add it to the audit."""
        self.recorded = True
        info, request = self._info, self._request
        row = ApiRequest(
            time=self._started,
            user=self.user,
            user_agent=request.headers.get("User-Agent", ""),
            verb=info.verb,
            plural=self._plural,
            namespace=info.namespace,
            name=info.name,
            subresource=info.subresource,
            query=dict(request.query),
            code=code,
            group=info.group,
            version=info.version,
            sent=as_json(self.raw, request.content_type),
        )
        audit.record(row)


def as_json(raw: bytes, content_type: str) -> bytes:
    """A body as the audit keeps it."""
    if content_type != PROTOBUF or len(raw) > AS_JSON_MAX:
        return raw
    try:
        return encode(decode(raw), "json")
    except ProtobufError:
        return raw


async def read_value(request: web.Request) -> Any:
    """The body of a request for a review."""
    raw = await read_raw(request)
    if not raw:
        return None
    media = body_media(request.content_type, protobuf=True)
    return read_object(raw, media, "review")


def answer_value(request: web.Request, value: Mapping[str, Any], code: int) -> web.StreamResponse:
    """A document of a review."""
    form = form_of(request.headers.get("Accept", ""), protobuf=True, transforms=False)
    if form == PLAIN:
        return document(value, code)
    return web.Response(body=encode(dict(value), form.media), status=code, content_type=form.content_type)


def faulty_answer(request: web.Request, fault: Fault) -> web.Response:
    """The answer of a fault."""
    if fault.code == 0 and request.transport is not None:
        request.transport.abort()
        raise web.HTTPServiceUnavailable
    phrase = HTTPStatus(fault.code).phrase.lower()
    response = refuse(request, ApiError(fault.code, f"{fault.code} {phrase}: a fault was asked for"))
    if fault.retry_after_s:
        response.headers["Retry-After"] = str(fault.retry_after_s)
    return response
