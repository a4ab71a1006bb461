"""Answers of a server as they come over a connection: with a length, in chunks, to the end, and what is no answer."""

import asyncio

import pytest

from dra_driver.connection.http_get import BYTES_MAX, HEAD_MAX, Connection, UnsendableError

OK = b"HTTP/1.1 200 OK\r\n"


class Sink(asyncio.Transport):
    """Where requests go."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return True  # nothing is open that would have to be closed


def connection(*parts: bytes, ends: bool = False) -> tuple[Connection, Sink]:
    """A connection on which PARTS have arrived, and where its requests go."""
    loop, sink = asyncio.get_running_loop(), Sink()
    reader = asyncio.StreamReader(HEAD_MAX, loop)
    for part in parts:
        reader.feed_data(part)
    if ends:
        reader.feed_eof()
    protocol = asyncio.StreamReaderProtocol(reader)
    return Connection(reader, asyncio.StreamWriter(sink, protocol, reader, loop)), sink


async def got(*parts: bytes, ends: bool = False) -> tuple[int, bytes, bool]:
    """Status and body of an answer, and whether the connection can be used again."""
    made, _ = connection(*parts, ends=ends)
    return *(await made.get("/", [])), made.reusable()


@pytest.mark.parametrize(
    ("answer", "body", "reusable"),
    [
        (OK + b"Content-Length: 3\r\n\r\nabc", b"abc", True),
        (OK + b"content-length:3\r\nCONNECTION: Close\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\n\r\n", b"abc0123456789", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: t\r\n\r\n", b"a", True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na", b"a", True),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", True),
    ],
)  # fmt: skip
async def test_an_answer_is_read_whole_and_its_connection_kept_where_it_can_be(
    answer: bytes, body: bytes, reusable: bool
) -> None:
    assert await got(answer) == (200, body, reusable)


async def test_an_answer_without_length_ends_with_the_connection() -> None:
    assert await got(OK + b"\r\nabc", ends=True) == (200, b"abc", False)


async def test_an_answer_without_a_body_leaves_the_connection_usable() -> None:
    assert await got(b"HTTP/1.1 304 Not Modified\r\n\r\n") == (304, b"", True)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"rubbish\r\n\r\n", "an answer in HTTP/1.1 was wanted, found b'rubbish'"),
        (OK + b"Content-Length: -1\r\n\r\n", "a length in bytes was wanted"),
        (OK + b"Content-Length: %d\r\n\r\n" % (BYTES_MAX + 1), f"more than {BYTES_MAX} bytes"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", "found the transfer encoding b'gzip'"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "the size of a chunk was wanted"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", "the size of a chunk was wanted"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n", f"more than {BYTES_MAX} bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "a chunk is longer than its size"),
        (OK + b"X: " + b"x" * 2 * HEAD_MAX, f"more than {HEAD_MAX} bytes of headers"),
    ],
)
async def test_what_is_no_answer_is_an_error_and_its_connection_is_not_used_again(
    answer: bytes, message: str
) -> None:
    made, _ = connection(answer)
    with pytest.raises(ValueError, match=message):
        await made.get("/", [])


@pytest.mark.parametrize("answer", [b"", OK, OK + b"Content-Length: 3\r\n\r\nab"])
async def test_an_answer_that_breaks_off_is_an_error_of_the_connection(answer: bytes) -> None:
    made, _ = connection(answer, ends=True)
    with pytest.raises(ConnectionResetError, match="the server closed the connection"):
        await made.get("/", [])
    assert not made.reusable()


async def test_a_request_is_its_target_and_headers() -> None:
    made, sink = connection(OK + b"Content-Length: 0\r\n\r\n")
    await made.get("/a/b", [("Host", "h"), ("Accept", "application/json")])
    assert sink.sent == b"GET /a/b HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "token"),
    [("/a", "secret\nX: y"), ("/a", "secret\r"), ("/a", "secret\u00e9"), ("/a b secret", ""), ("/a\n", ""), ("a", "")],
)  # fmt: skip
async def test_what_would_be_more_than_a_request_is_not_sent_and_not_said(target: str, token: str) -> None:
    made, sink = connection()
    with pytest.raises(UnsendableError, match="cannot be sent$"):
        await made.get(target, [("Authorization", token)])
    assert not sink.sent
