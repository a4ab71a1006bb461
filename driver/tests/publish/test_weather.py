"""The client in bad weather: a connection whose other end is gone, a token that cannot be sent."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_api.identifiers import DriverName, NodeName
from dra_driver.errors import ApiError
from dra_driver.publish.client import ApiClient

DRIVER, NODE = DriverName("gpu.example.com"), NodeName("node-0")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect the broken connections here: in the middle of a later ast.parse CPython 3.11 fails for it (gh-106905)."""
    yield
    gc.collect()


async def half_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a watch with its headers and then say nothing, as a connection does whose other end lost power."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await reader.read()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # nothing was sent
    finally:
        writer.close()


KUBECONFIG = """
current-context: c
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: c, user: {{token: {token}}}}}]
contexts: [{{name: c, context: {{cluster: c, user: c}}}}]
"""


async def test_a_watch_whose_other_end_is_gone_is_given_up(tmp_path: Path) -> None:
    server = await asyncio.start_server(half_open, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "config").write_text(KUBECONFIG.format(port=port, token="t"))
    client = ApiClient(kubeconfig=tmp_path / "config", driver_name=DRIVER, node_name=NODE, watch_s=0.2)
    events = client.watch_slices("1")
    with pytest.raises(ApiError, match="watch of this node's slices: no usable answer .* ReadTimeout"):
        await asyncio.wait_for(anext(events), 10)
    await events.aclose()
    await client.close()
    server.close()
    await server.wait_closed()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)


async def test_a_token_with_a_line_break_is_not_in_the_error(tmp_path: Path) -> None:
    server = await asyncio.start_server(half_open, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "config").write_text(KUBECONFIG.format(port=port, token='"sec\\nret"'))
    client = ApiClient(kubeconfig=tmp_path / "config", driver_name=DRIVER, node_name=NODE)
    with pytest.raises(ApiError, match="is there a line break in the token") as refused:
        await client.get_node()
    assert "sec" not in str(refused.value)
    assert refused.value.__suppress_context__
    await client.close()
    server.close()
    await server.wait_closed()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
