"""The driver as a process on a fake node, against an emulated API server: start, serve, publish, stop."""

import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from driver_process import DRIVER, LIMIT_S, Driver, wait_for
from kubernetes import client, config

from dra_api.kubelet._generated import dra_v1_pb2, health_v1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthStub as HealthStub
from kube_emulator import Cluster, Options


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}))) as started:
        yield started


@pytest.fixture
def environment(fake_nvml: Callable[..., Any]) -> Iterator[Any]:
    with fake_nvml("dgx-b200") as node:
        yield node


def free_address() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.slow
def test_it_publishes_prepares_notices_changes_and_stops(
    short_path: Path, environment: Any, cluster: Cluster
) -> None:
    core = config.new_client_from_config(str(cluster.kubeconfig))
    api: Any = client.CustomObjectsApi(core)  # the client's annotations say "object" for what it returns

    def slices() -> Any:
        return api.list_cluster_custom_object("resource.k8s.io", "v1", "resourceslices")["items"]

    claim = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
    }
    claims = ("resource.k8s.io", "v1", "default", "resourceclaims")
    uid = api.create_namespaced_custom_object(*claims, claim)["metadata"]["uid"]
    result = {"request": "gpu", "driver": DRIVER, "pool": "node-0", "device": "gpu-2"}
    status = {"status": {"allocation": {"devices": {"results": [result]}}}}
    api.patch_namespaced_custom_object_status(*claims, "c", status)
    address = free_address()
    arguments = ("--metrics-address", address, "--log-format", "json")
    with Driver(short_path, dict(environment.environment), cluster.kubeconfig, *arguments) as driver:
        [published] = wait_for(slices)
        assert published["metadata"]["name"] == f"node-0-{DRIVER}-0"
        assert len(published["spec"]["devices"]) == 8
        with grpc.insecure_channel(f"unix:{driver.socket}") as channel:
            request = dra_v1_pb2.NodePrepareResourcesRequest(
                claims=[dra_v1_pb2.Claim(namespace="default", name="c", uid=uid)]
            )
            reply = DRAPluginStub(channel).NodePrepareResources(request, timeout=LIMIT_S)
        assert [device.device_name for device in reply.claims[uid].devices] == ["gpu-2"]
        assert [path.name for path in driver.cdi.iterdir()] == [f"{DRIVER}-claim-{uid}.json"]
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            assert "dra_prepared_claims 1.0" in answer.read().decode()

        api.delete_namespaced_custom_object(*claims, "c")
        wait_for(lambda: not list(driver.cdi.iterdir()))

        environment.control("lose", 5)
        wait_for(lambda: "NVML cannot read GPU 5" in driver.log.read_text())
        assert len(slices()[0]["spec"]["devices"]) == 8, (
            "the devices of a sick GPU stay, and so do the others"
        )
        api.delete_cluster_custom_object(*claims[:2], "resourceslices", published["metadata"]["name"])
        wait_for(slices)

        assert driver.stop() == 0, driver.log.read_text()
        assert not driver.registration.exists()
        assert not driver.socket.exists()
    assert len(slices()) == 1, "slices stay for the next start"
    text = driver.log.read_text()
    for message in ("serving 8 GPUs", "stopped"):
        assert message in text
    core.close()


@pytest.mark.slow
def test_it_prepares_nothing_new_but_serves_while_the_api_server_is_down(
    short_path: Path, environment: Any, cluster: Cluster
) -> None:
    cluster.outage(True)
    try:
        with Driver(short_path, dict(environment.environment), cluster.kubeconfig) as driver:
            wait_for(lambda: "publishing starts again in" in driver.log.read_text())
            with grpc.insecure_channel(f"unix:{driver.socket}") as channel:
                request = dra_v1_pb2.NodePrepareResourcesRequest(
                    claims=[dra_v1_pb2.Claim(namespace="default", name="c", uid="u")]
                )
                reply = DRAPluginStub(channel).NodePrepareResources(request, timeout=LIMIT_S)
            assert "no usable answer from the API server" in reply.claims["u"].error
            assert driver.stop() == 0
    finally:
        cluster.outage(False)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["registry", "plugins", "cdi"])
def test_a_folder_that_cannot_be_used_exits_1_with_one_line(
    short_path: Path, environment: Any, cluster: Cluster, broken: str
) -> None:
    (short_path / broken).touch()
    with Driver(short_path, dict(environment.environment), cluster.kubeconfig) as driver:
        assert driver.process.wait(LIMIT_S) == 1
    [line] = driver.log.read_text().splitlines()
    assert str(short_path / broken) in line
    assert "choose another" in line


@pytest.mark.slow
def test_a_metrics_address_in_use_exits_2_with_one_line(
    short_path: Path, environment: Any, cluster: Cluster
) -> None:
    with Driver(
        short_path, dict(environment.environment), cluster.kubeconfig, "--metrics-address", "nowhere:x"
    ) as driver:
        assert driver.process.wait(LIMIT_S) == 2
    [line] = driver.log.read_text().splitlines()
    assert "--metrics-address nowhere:x" in line


@pytest.mark.slow
def test_with_every_placement_of_eight_gpus_the_memory_of_the_start_is_given_back(
    short_path: Path, environment: Any, cluster: Cluster
) -> None:
    """70 MiB where this was written, and 82 before the memory of the start was given back; Python's versions differ."""
    flags = ("--feature-gates", "DynamicMIG=true")
    with Driver(short_path, dict(environment.environment), cluster.kubeconfig, *flags) as driver:
        wait_for(lambda: "wrote 5 slices" in driver.log.read_text())
        wait_for(lambda: resident_mib(driver.process.pid) < 78)
        assert driver.stop() == 0


def resident_mib(pid: int) -> float:
    [kib] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kib) / 1024


def taints(slices: list[Any], key: str) -> dict[str, str]:
    """{device: value and effect} of the taints with KEY."""
    return {
        device["name"]: f"{taint['value']} {taint['effect']}"
        for item in slices
        for device in item["spec"].get("devices", [])
        for taint in device.get("taints", [])
        if taint["key"] == f"{DRIVER}/{key}"
    }


@pytest.mark.slow
def test_a_sick_gpu_is_tainted_reported_to_the_kubelet_remembered_and_healed(
    short_path: Path, environment: Any, cluster: Cluster
) -> None:
    core = config.new_client_from_config(str(cluster.kubeconfig))
    api: Any = client.CustomObjectsApi(core)

    def slices() -> Any:
        return api.list_cluster_custom_object("resource.k8s.io", "v1", "resourceslices")["items"]

    def start() -> Driver:
        flags = ("--feature-gates", "DynamicMIG=true")
        return Driver(short_path, dict(environment.environment), cluster.kubeconfig, *flags)

    with start() as driver:
        wait_for(lambda: len(slices()) == 5)
        with grpc.insecure_channel(f"unix:{driver.socket}") as channel:
            lists = HealthStub(channel).NodeWatchResources(
                health_v1_pb2.NodeWatchResourcesRequest(), timeout=LIMIT_S
            )
            assert {row.health for row in next(lists).devices} == {health_v1_pb2.HEALTHY}
            environment.control("xid", 3, code=79)
            environment.control("recovery", 3, action="reset")
            sick = [row.device.device_name for row in unhealthy(lists)]
        wait_for(
            lambda: len(taints(slices(), "xid")) == 26 and len(taints(slices(), "recovery-action")) == 26
        )
        assert all(name.startswith("gpu-3") for name in sick)
        assert set(taints(slices(), "xid").values()) == {"79 NoSchedule"}
    with start() as driver:
        wait_for(lambda: "wrote" in driver.log.read_text() or len(taints(slices(), "xid")) == 26)
        assert set(taints(slices(), "xid").values()) == {"79 NoSchedule"}, "NVML does not report it again"
        environment.control("reset", 3)
        wait_for(lambda: not taints(slices(), "xid") and not taints(slices(), "recovery-action"))
        environment.control("lose", 5)
        wait_for(lambda: len(taints(slices(), "gpu-lost")) == 26)
        environment.control("restore", 5)
        wait_for(lambda: not taints(slices(), "gpu-lost"))
        assert driver.stop() == 0
    core.close()


def unhealthy(lists: Any) -> list[Any]:
    """The devices of the first list that has unhealthy ones."""
    for message in lists:
        found = [row for row in message.devices if row.health == health_v1_pb2.UNHEALTHY]
        if found:
            return found
    raise AssertionError(lists)
