"""Answers: documents in the media type that the client accepts, compressed when they are big."""

import asyncio
import gzip
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from kube_emulator.apiserver.endpoints.forms import encode
from kube_emulator.apiserver.endpoints.negotiation import PLAIN, Form, form_of
from kube_emulator.apiserver.schema.protobuf import ProtobufError
from kube_emulator.apiserver.status import ApiError

GZIP_MIN = 128 * 1024
"""Bytes from which an answer is compressed (apiserver ``defaultGzipThresholdBytes``)."""

GZIP_LEVEL = 1
INLINE_MAX = 1 << 20
"""Bytes up to which compressing does not hold up other requests."""


def add_warnings(response: web.StreamResponse, texts: Iterable[str]) -> None:
    """Add a ``Warning`` header for each text, once.

    A text with control characters, e.g. the name of an unknown field, is dropped: no header can have it (apimachinery
    ``util/net`` ``NewWarningHeader``, whose error the recorder in apiserver ``filters/warning.go`` ignores).
    """
    for text in dict.fromkeys(texts):
        if not any(unicodedata.category(letter) == "Cc" for letter in text):
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{escaped}"')


async def reply(
    request: web.Request,
    body: bytes,
    form: Form = PLAIN,
    code: int = 200,
    *,
    warnings: list[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """BODY as a response."""
    sent = {"Cache-Control": "no-cache, private", **(headers or {})}
    if len(body) >= GZIP_MIN and "gzip" in request.headers.get("Accept-Encoding", ""):
        sent |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        if len(body) > INLINE_MAX:
            body = await asyncio.to_thread(gzip.compress, body, GZIP_LEVEL)
        else:
            body = gzip.compress(body, GZIP_LEVEL)
    response = web.Response(body=body, status=code, headers=sent, content_type=form.content_type)
    add_warnings(response, warnings or ())
    return response


def refuse(request: web.Request, error: ApiError, warnings: list[str] | None = None) -> web.Response:
    """A refusal, in the media type that the client accepts."""
    try:
        form = form_of(request.headers.get("Accept", ""), protobuf=True, transforms=True)
    except ApiError:
        form = PLAIN
    try:
        body = encode(error.body(), form.media)
    except ProtobufError:
        form, body = PLAIN, encode(error.body(), "json")
    response = web.Response(
        body=body, status=error.code, headers=error.headers, content_type=form.content_type
    )
    add_warnings(response, warnings or ())
    return response


def document(value: Any, code: int = 200) -> web.Response:
    """A document of the server itself, as JSON."""
    return web.Response(body=encode(value, "json"), status=code, content_type="application/json")
