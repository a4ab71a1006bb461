"""Third-party Python clients, unmodified: the official one in its three forms, and lightkube."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import aio, client, config, informer, watch
from kubernetes.client.exceptions import ApiException
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Pod

from dra_clusters.provider import Cluster

pytestmark = pytest.mark.slow


@pytest.fixture
def official(cluster: Cluster) -> Iterator[client.ApiClient]:
    """The official client."""
    settings = client.Configuration()
    config.load_kube_config(str(cluster.kubeconfig), client_configuration=settings)
    with client.ApiClient(settings) as api:
        yield api


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def resource_slice(name: str, node: str) -> client.V1ResourceSlice:
    pool = client.V1ResourcePool(name=node, generation=1, resource_slice_count=1)
    device = client.V1Device(name="d0", attributes={"model": client.V1DeviceAttribute(string="x")})
    spec = client.V1ResourceSliceSpec(driver="d.example.com", node_name=node, pool=pool, devices=[device])
    return client.V1ResourceSlice(metadata=client.V1ObjectMeta(name=name), spec=spec)


def test_official_models_make_the_round(official: client.ApiClient) -> None:
    core = client.CoreV1Api(official)
    made = core.create_namespaced_config_map("default", config_map("a", x="1"))
    made.data = {"x": "2"}
    assert core.replace_namespaced_config_map("a", "default", made).data == {"x": "2"}
    assert core.patch_namespaced_config_map("a", "default", {"data": {"y": "3"}}).data == {"x": "2", "y": "3"}
    with pytest.raises(ApiException, match="409"):
        core.replace_namespaced_config_map("a", "default", made)
    core.delete_namespaced_config_map("a", "default")
    with pytest.raises(ApiException, match="404"):
        core.read_namespaced_config_map("a", "default")


def test_official_models_of_dra(official: client.ApiClient) -> None:
    api = client.ResourceV1Api(official)
    made = api.create_resource_slice(resource_slice("s", "node-0")).to_dict()
    assert made["metadata"]["generation"] == 1
    assert made["spec"]["devices"][0]["attributes"]["model"]["string"] == "x"
    found = api.list_resource_slice(field_selector="spec.nodeName=node-0,spec.driver=d.example.com").items
    assert [item.to_dict()["metadata"]["name"] for item in found] == ["s"]


def test_official_watch_goes_on_from_a_list(official: client.ApiClient) -> None:
    core = client.CoreV1Api(official)
    version = core.list_namespaced_config_map("default").to_dict()["metadata"]["resource_version"]
    core.create_namespaced_config_map("default", config_map("a"))
    core.delete_namespaced_config_map("a", "default")
    types = []
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=10
    ):
        types.append(event["type"])
        if len(types) == 2:
            stream.stop()
    assert types == ["ADDED", "DELETED"]


def test_official_informer_sees_what_is_there_and_what_comes(official: client.ApiClient) -> None:
    core = client.CoreV1Api(official)
    core.create_namespaced_config_map("default", config_map("a"))
    seen: dict[str, threading.Event] = {"a": threading.Event(), "b": threading.Event()}

    def added(item: Any) -> None:
        if item.metadata.name in seen:
            seen[item.metadata.name].set()

    shared = informer.SharedInformer(core.list_namespaced_config_map, namespace="default")
    shared.add_event_handler(informer.ADDED, added)
    shared.start()
    try:
        assert seen["a"].wait(10)
        core.create_namespaced_config_map("default", config_map("b"))
        assert seen["b"].wait(10)
    finally:
        core.create_namespaced_config_map("default", config_map("wakes-the-watch"))
        shared.stop()


async def test_official_aio(cluster: Cluster) -> None:
    settings = aio.client.Configuration()
    await aio.config.load_kube_config(str(cluster.kubeconfig), client_configuration=settings)
    async with aio.client.ApiClient(settings) as api:
        core = aio.client.CoreV1Api(api)
        item = aio.client.V1ConfigMap(metadata=aio.client.V1ObjectMeta(name="a"), data={"x": "1"})
        await core.create_namespaced_config_map("default", item)
        assert (await core.read_namespaced_config_map("a", "default")).data == {"x": "1"}
        listed = (await core.list_namespaced_config_map("default")).to_dict()
        version = listed["metadata"]["resource_version"]
        await core.delete_namespaced_config_map("a", "default")
        # Read to the server's end: aiohttp leaves a TLS connection that was given up half-way open when the loop ends.
        stream = aio.watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=1
        )
        seen = [(event["type"], event["object"].metadata.name) async for event in stream]
    assert seen == [("DELETED", "a")]


def test_lightkube_makes_the_round(cluster: Cluster) -> None:
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace="default") as api:
        made = api.create(ConfigMap(metadata=ObjectMeta(name="a"), data={"x": "1"}))
        assert made.metadata is not None
        assert made.metadata.uid
        api.patch(ConfigMap, "a", {"data": {"y": "2"}})
        item = ConfigMap(metadata=ObjectMeta(name="a"), data={"x": "3"})
        assert api.apply(item, field_manager="e2e", force=True).data == {"x": "3", "y": "2"}
        assert [
            each.metadata.name for each in api.list(ConfigMap, fields={"metadata.name": "a"}) if each.metadata
        ] == ["a"]
        api.delete(ConfigMap, "a")
        with pytest.raises(ApiError, match="not found"):
            api.get(ConfigMap, "a")


def test_lightkube_waits_for_a_pod(cluster: Cluster) -> None:
    spec = PodSpec(containers=[Container(name="c", image="example.com/none")])
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace="default") as api:
        api.create(Pod(metadata=ObjectMeta(name="p"), spec=spec))
        api.wait(Pod, "p", for_conditions=["Ready"])
