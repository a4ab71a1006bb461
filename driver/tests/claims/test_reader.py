"""Reading claims over kept connections, against a server that says what a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from dra_driver.claims.reader import HttpClaimReader
from dra_driver.connection.route import Route
from dra_driver.errors import ApiError

CLAIM = b'{"metadata": {"name": "c", "uid": "u"}}'


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """Answers each request with the next of ANSWERS, and from then on with the last; None closes the connection instead."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.connections = 0
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                next_answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if next_answer is None:
                    break
                writer.write(next_answer)
        writer.close()


@contextlib.asynccontextmanager
async def serving(*answers: bytes | None) -> AsyncIterator[Server]:
    server = Server(*answers)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in server.writers:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class Tokens:
    """A token, and another one if that is refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    async def header(self, refused: str | None = None) -> str | None:
        if refused is not None and len(self._tokens) > 1:
            self._tokens.pop(0)
        return f"Bearer {self._tokens[0]}"


def reader_of(server: Server, *tokens: str) -> HttpClaimReader:
    authorization = Tokens(*tokens or ("t",))
    return HttpClaimReader(Route(f"http://127.0.0.1:{server.port}/prefix", "", "", None, authorization))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dra_driver.claims.reader.PAUSES_S", (0.001, 0.001))


async def test_claims_are_read_over_one_connection_with_the_token() -> None:
    async with serving(answer(CLAIM), answer(CLAIM)) as server:
        reader = reader_of(server)
        for _ in range(2):
            assert (await reader.get_claim("ns", "c"))["metadata"]["uid"] == "u"
        await reader.close()
    assert server.connections == 1
    assert server.requests[0].startswith(
        "GET /prefix/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/c HTTP/1.1"
    )
    assert "Authorization: Bearer t\r\n" in server.requests[0]


async def test_a_connection_that_the_server_closed_is_replaced() -> None:
    async with serving(answer(CLAIM), None, answer(CLAIM)) as server:
        reader = reader_of(server)
        for _ in range(2):
            await reader.get_claim("ns", "c")
        await reader.close()
    assert server.connections == 2


@pytest.mark.parametrize(
    "trouble", [None, answer(b"", "503 Service Unavailable"), answer(b"{}", "429 Too Many Requests")]
)
async def test_trouble_that_passes_is_not_seen(trouble: bytes | None) -> None:
    async with serving(trouble, trouble, answer(CLAIM)) as server:
        reader = reader_of(server)
        assert (await reader.get_claim("ns", "c"))["metadata"]["uid"] == "u"
        await reader.close()
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "asked"), [("503 Service Unavailable", 3), ("403 Forbidden", 1)])
async def test_trouble_that_stays_is_said_after_a_few_attempts(status: str, asked: int) -> None:
    async with serving(answer(b"{}", status)) as server:
        reader = reader_of(server)
        with pytest.raises(ApiError, match=f"answered {status[:3]}"):
            await reader.get_claim("ns", "c")
        await reader.close()
    assert len(server.requests) == asked


async def test_a_refused_token_is_replaced_once() -> None:
    async with serving(answer(b"{}", "401 Unauthorized"), answer(CLAIM)) as server:
        reader = reader_of(server, "old", "new")
        await reader.get_claim("ns", "c")
        await reader.close()
    assert "Bearer new" in server.requests[1]


@pytest.mark.parametrize(
    ("said", "message", "code"),
    [
        (answer(b'{"message": "no such claim"}', "404 Not Found"), "answered 404: no such claim", 404),
        (answer(b"not json"), "claim ns/c: no usable answer", 0),
        (b"rubbish\r\n\r\n", "claim ns/c: no usable answer", 0),
        (None, "claim ns/c: no usable answer", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 5_000_000, "more than 4194304", 0),
    ],
)
async def test_what_is_no_claim_is_an_error_of_the_api(said: bytes | None, message: str, code: int) -> None:
    async with serving(said, said) as server:
        reader = reader_of(server)
        with pytest.raises(ApiError, match=message) as failed:
            await reader.get_claim("ns", "c")
        assert failed.value.code == code
        await reader.close()


async def test_a_token_that_cannot_be_sent_is_not_in_the_error() -> None:
    async with serving(answer(CLAIM)) as server:
        reader = reader_of(server, "secret\nX: y")
        with pytest.raises(ApiError, match="wanted a token without line breaks") as failed:
            await reader.get_claim("ns", "c")
        await reader.close()
    assert "secret" not in str(failed.value)
    assert failed.value.__cause__ is None


async def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dra_driver.claims.reader.TIMEOUT_S", 0.05)
    async with serving(b"") as server:
        reader = reader_of(server)
        with pytest.raises(ApiError, match="no usable answer from the API server: TimeoutError"):
            await reader.get_claim("ns", "c")


async def test_a_refused_token_without_another_one_is_not_sent_again() -> None:
    async with serving(answer(b'{"message": "Unauthorized"}', "401 Unauthorized")) as server:
        reader = reader_of(server)
        with pytest.raises(ApiError, match="answered 401: Unauthorized"):
            await reader.get_claim("ns", "c")
        await reader.close()
    assert len(server.requests) == 1
