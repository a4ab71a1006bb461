"""The client in bad weather: connections whose other end is gone, answers of something that is no API server."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator

import pytest
from api_server import ApiServer, answer, api_server

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import ResourceSliceInput
from dra_driver.connection.kubeconfig import Access
from dra_driver.connection.route import route_of
from dra_driver.errors import ApiError
from dra_driver.publish.client import ApiClient

DRIVER, NODE = DriverName("gpu.example.com"), NodeName("node-0")
JSON = "Content-Type: application/json"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
ITEM: ResourceSliceInput = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "s"},
    "spec": {"driver": DRIVER, "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1}},
}


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect the broken connections here: in the middle of a later ast.parse CPython 3.11 fails for it (gh-106905)."""
    yield
    gc.collect()


def client_of(server: ApiServer, watch_s: float = 5) -> ApiClient:
    route = route_of(Access(source="k", server=f"http://127.0.0.1:{server.port}"))
    return ApiClient(route=route, driver_name=DRIVER, node_name=NODE, watch_s=watch_s)


async def first_event(client: ApiClient) -> object:
    events = client.watch_slices("1")
    try:
        return await asyncio.wait_for(anext(events), 10)
    finally:
        await events.aclose()


CALLS: dict[str, Callable[[ApiClient], Awaitable[object]]] = {
    "get": lambda client: client.get_node(),
    "list": lambda client: client.list_slices(),
    "watch": first_event,
    "put": lambda client: client.put_slice(ITEM),
    "delete": lambda client: client.delete_slice("s"),
}
STRANGE: dict[str, tuple[bytes, set[int]]] = {
    "bare 502": (answer(b"", "502 Bad Gateway"), {502}),
    "page with 503": (answer(b"<html>", "503 Service Unavailable", "Content-Type: text/html"), {503}),
    "page that says JSON": (answer(b"<html>", "500 Internal Server Error", JSON), {0, 500}),
    "redirection": (answer(b"", "302 Found", "Location: http://127.0.0.1:1/"), {302}),
    "no HTTP": (b"220 mail.example.com ESMTP\r\n", {0}),
    "Status with a charset": (
        answer(b'{"code": 403, "message": "m"}', "403 Forbidden", f"{JSON}; charset=utf-8"),
        {403},
    ),
    "Status": (answer(b'{"code": 403, "message": "m"}', "403 Forbidden", JSON), {403}),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("strange", STRANGE)
async def test_what_is_no_answer_is_an_error_of_the_api_with_the_code_that_came(
    call: str, strange: str
) -> None:
    said, codes = STRANGE[strange]
    async with api_server(lambda _: said) as server:
        client = client_of(server)
        with pytest.raises(ApiError) as failed:
            await CALLS[call](client)
        assert failed.value.code in codes
        assert "\n" not in str(failed.value)
        await client.close()


@pytest.mark.parametrize("call", ["get", "list", "watch", "put"])
@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b'"text"', b'{"items": 1, "metadata": 2}'])
async def test_an_answer_with_200_that_is_no_object_is_an_error_of_the_api(call: str, body: bytes) -> None:
    async with api_server(lambda _: answer(body + b"\n", "200 OK", JSON)) as server:
        client = client_of(server)
        with pytest.raises(ApiError, match="no usable answer from the API server"):
            await CALLS[call](client)
        await client.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("", 0),
        ("-1", 0),
        ("nan", 0),
        ("\xb2", 0),
        ("999999999", 300),
        ("9" * 30, 0),
        ("Fri, 31 Dec", 0),
    ],
)
async def test_how_long_to_wait_is_taken_from_the_answer_within_reason(header: str, seconds: float) -> None:
    said = answer(b"", "429 Too Many Requests", f"Retry-After: {header}").replace(b"\xc2\xb2", b"\xb2")
    async with api_server(lambda _: said) as server:
        client = client_of(server)
        with pytest.raises(ApiError, match="answered 429: Too Many Requests") as failed:
            await client.get_node()
        assert failed.value.retry_after_s == seconds
        await client.close()


async def test_a_watch_whose_other_end_is_gone_is_given_up() -> None:
    """As a connection does whose other end lost power: the headers came, and nothing after them."""
    async with api_server(lambda _: STREAM) as server:
        client = client_of(server, watch_s=0.2)
        with pytest.raises(ApiError, match=r"watch of this node's slices: no usable answer .* ReadTimeout"):
            await first_event(client)
        await client.close()


async def test_a_server_that_never_answers_a_watch_is_given_up() -> None:
    async with api_server(lambda _: None) as server:
        client = client_of(server, watch_s=0.2)
        with pytest.raises(ApiError, match="ReadTimeout"):
            await first_event(client)
        await client.close()


async def test_a_server_that_ends_each_watch_at_once_is_not_asked_all_the_time() -> None:
    async with api_server(lambda _: STREAM + b"0\r\n\r\n") as server:
        client = client_of(server)
        events = client.watch_slices("1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 0.5)
        assert len(server.requests) == 1
        await client.close()
