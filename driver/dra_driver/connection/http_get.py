"""GET over one kept connection, as much of HTTP/1.1 (RFC 9112) as that needs.

A general library takes two thirds of the driver's time for a small GET. The answer may have a length or come in chunks, as
Go's server sends what is larger than 2 KiB, or end with the connection. Whatever is larger than it may be, or is not HTTP,
is an error.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence

BYTES_MAX = 4 << 20
HEAD_MAX = 1 << 16
"""Bytes of the headers, and of any line."""
CHUNK = 1 << 16
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: .*)?")
LENGTH, SIZE = re.compile(rb"\d{1,9}"), re.compile(rb"[0-9A-Fa-f]{1,8}")
TARGET, VALUE = re.compile(r"/[!-~]*"), re.compile(r"[ -~]*")
"""Visible ASCII: nothing that ends a line, so that a name or a token cannot become a request of its own."""


class UnsendableError(Exception):
    """The target or a header has bytes that it may not have. The message has neither: a header may be a secret."""


class Connection:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ended = False

    async def get(self, target: str, headers: Sequence[tuple[str, str]]) -> tuple[int, bytes]:
        """The status and the body of an answer.

        Raises:
            UnsendableError: nothing was sent.
            OSError, ValueError: there is no usable answer.
        """
        request = request_of(target, headers)
        self._ended = True  # until all of the answer was read
        self._writer.write(request)
        try:
            last, status, fields = await self._head()
            while status < 200:  # an informational answer is followed by the real one
                last, status, fields = await self._head()
            body = await self._body(status, fields)
        except asyncio.IncompleteReadError as error:
            message = "the server closed the connection"
            raise ConnectionResetError(message) from error
        except asyncio.LimitOverrunError as error:
            message = f"more than {HEAD_MAX} bytes of headers"
            raise ValueError(message) from error
        self._ended = self._ended or last or fields.get(b"connection", b"").lower() == b"close"
        return status, body

    def reusable(self) -> bool:
        """Whether another request can be sent over it."""
        return not self._ended and not self._reader.at_eof()

    def close(self) -> None:
        """Close it at once."""
        self._writer.transport.abort()

    async def _head(self) -> tuple[bool, int, dict[bytes, bytes]]:
        return head_of(await self._reader.readuntil(b"\r\n\r\n"))

    async def _body(self, status: int, fields: Mapping[bytes, bytes]) -> bytes:
        coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
        self._ended = False
        if coding is not None:
            if coding.lower() != b"chunked":
                message = f"a body in chunks was wanted, found the transfer encoding {coding!r}"
                raise ValueError(message)
            return await self._chunks()
        if status in (204, 304):
            return b""
        if length is not None:
            if not LENGTH.fullmatch(length):
                message = f"a length in bytes was wanted, found {length!r}"
                raise ValueError(message)
            return await self._reader.readexactly(bounded(int(length)))
        self._ended = True
        body = bytearray()
        while part := await self._reader.read(CHUNK):
            body += part
            bounded(len(body))
        return bytes(body)

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := size_of(await self._reader.readuntil(b"\r\n")):
            bounded(len(body) + size)
            body += await self._reader.readexactly(size)
            if await self._reader.readexactly(2) != b"\r\n":
                message = "a chunk is longer than its size"
                raise ValueError(message)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers, of which a small answer has none
        return bytes(body)


def request_of(target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The bytes of a request.

    Raises:
        UnsendableError: the target or a header would be more than that.
    """
    if not TARGET.fullmatch(target) or not all(VALUE.fullmatch(value) for _, value in headers):
        message = "the target or a header cannot be sent"
        raise UnsendableError(message)
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("ascii")


def head_of(head: bytes) -> tuple[bool, int, dict[bytes, bytes]]:
    """Whether the answer is the connection's last, its status, and its fields by small name.

    Raises:
        ValueError: HEAD is not that of an answer.
    """
    line, *lines = head[:-4].split(b"\r\n")
    match = STATUS_LINE.fullmatch(line)
    if match is None:
        message = f"an answer in HTTP/1.1 was wanted, found {line[:80]!r}"
        raise ValueError(message)
    fields = {}
    for each in lines:
        name, _, value = each.partition(b":")
        fields[name.lower()] = value.strip()
    return match[1] == b"0", int(match[2]), fields


def size_of(line: bytes) -> int:
    """The size of a chunk; what follows it in its line is ignored.

    Raises:
        ValueError: LINE does not begin with one.
    """
    text = line[:-2].partition(b";")[0].strip()
    if not SIZE.fullmatch(text):
        message = f"the size of a chunk was wanted, found {line[:80]!r}"
        raise ValueError(message)
    return int(text, 16)


def bounded(count: int) -> int:
    """COUNT bytes of a body.

    Raises:
        ValueError: they are too many.
    """
    if count > BYTES_MAX:
        message = f"more than {BYTES_MAX} bytes"
        raise ValueError(message)
    return count
