"""The client against an emulated API server: what it sends, and every failure as an ``ApiError``."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import Node, ResourceSliceInput
from dra_driver.errors import ApiError
from dra_driver.publish.client import ApiClient
from dra_driver.publish.pool import Part
from dra_driver.publish.slices import wanted_slices
from kube_emulator import Cluster, Fault, Options

DRIVER, NODE = DriverName("gpu.example.com"), NodeName("node-0")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}))) as started:
        yield started


@pytest.fixture
async def api(cluster: Cluster) -> AsyncIterator[ApiClient]:
    client = ApiClient(kubeconfig=cluster.kubeconfig_of("driver"), driver_name=DRIVER, node_name=NODE)
    yield client
    await client.close()
    cluster.heal()


def wanted(node: Node, name: str = "gpu-0") -> ResourceSliceInput:
    [item] = wanted_slices([Part([{"name": name}])], driver_name=DRIVER, node=node)
    item["spec"]["pool"]["generation"] = 1
    return item


async def test_a_slice_is_created_replaced_listed_watched_and_deleted(api: ApiClient) -> None:
    node = await api.get_node()
    _, version = await api.list_slices()
    created = await api.put_slice(wanted(node))
    assert created["metadata"]["ownerReferences"][0]["uid"] == node["metadata"]["uid"]
    change = wanted(node, "gpu-1")
    change["metadata"]["resourceVersion"] = created["metadata"]["resourceVersion"]
    replaced = await api.put_slice(change)
    with pytest.raises(ApiError, match="the API server answered 409") as conflict:
        await api.put_slice(change)
    assert conflict.value.code == 409
    listed, _ = await api.list_slices()
    assert [item["spec"]["devices"][0]["name"] for item in listed] == ["gpu-1"]
    assert listed[0]["metadata"]["uid"] == replaced["metadata"]["uid"]
    await api.delete_slice(created["metadata"]["name"])
    await api.delete_slice(created["metadata"]["name"])
    changes = []
    async with contextlib.aclosing(api.watch_slices(version)) as events:
        async for change_type, _item in events:
            changes.append(change_type)
            if change_type == "DELETED":
                break
    assert changes == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_claim_that_does_not_exist_is_a_404(api: ApiClient) -> None:
    with pytest.raises(ApiError, match="claim default/none: the API server answered 404") as missing:
        await api.get_claim("default", "none")
    assert missing.value.code == 404


async def test_retry_after_is_passed_on(api: ApiClient, cluster: Cluster) -> None:
    cluster.inject(Fault(code=429, times=1, retry_after_s=7))
    with pytest.raises(ApiError, match="answered 429") as refused:
        await api.get_node()
    assert refused.value.retry_after_s == 7


async def test_a_broken_connection_has_no_code(api: ApiClient, cluster: Cluster) -> None:
    cluster.inject(Fault(code=0, times=9))
    with pytest.raises(ApiError, match="no usable answer from the API server") as broken:
        await api.get_node()
    assert broken.value.code == 0


async def test_other_errors_of_a_deletion_are_raised(api: ApiClient, cluster: Cluster) -> None:
    cluster.inject(Fault(code=500, times=9))
    with pytest.raises(ApiError, match="slice any: the API server answered 500"):
        await api.delete_slice("any")


async def half_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a watch with its headers and then say nothing, as a connection does whose other end lost power."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    await reader.read()
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
    await client.close()
    server.close()


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
