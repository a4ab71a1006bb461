"""The client against an emulated API server: what it sends, and every failure as an ``ApiError``."""

import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import Node, ResourceSliceInput
from dra_driver.connection.route import find_route
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
    route = find_route(cluster.kubeconfig_of("driver"), {})
    client = ApiClient(route=route, driver_name=DRIVER, node_name=NODE)
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
