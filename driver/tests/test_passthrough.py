"""The driver as a process gives a GPU to a virtual machine while it watches the health of the others."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from driver_process import DRIVER, LIMIT_S, Driver, wait_for
from kubernetes import client, config
from pci_kernel import kernel

from dra_api.kubelet._generated import dra_v1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub
from kube_emulator import Cluster, Options

CLAIMS = ("resource.k8s.io", "v1", "default", "resourceclaims")


def allocated(api: Any) -> str:
    """A claim of the function gpu-vfio-3; its UID."""
    request = {"name": "gpu", "exactly": {"deviceClassName": "gpu"}}
    item = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "vm"},
        "spec": {"devices": {"requests": [request]}},
    }
    uid = str(api.create_namespaced_custom_object(*CLAIMS, item)["metadata"]["uid"])
    result = {"request": "gpu", "driver": DRIVER, "pool": "node-0", "device": "gpu-vfio-3"}
    status = {"status": {"allocation": {"devices": {"results": [result]}}}}
    api.patch_namespaced_custom_object_status(*CLAIMS, "vm", status)
    return uid


@pytest.mark.slow
def test_a_claim_of_a_vfio_device_takes_the_gpu_and_gives_it_back(
    short_path: Path, fake_nvml: Callable[..., Any]
) -> None:
    root = short_path / "root"
    flags = {
        "--sysfs": root / "sys",
        "--driver-root": root,
        "--dev-root": root,
        "--feature-gates": "PassthroughSupport=true",
    }
    arguments = [str(part) for pair in flags.items() for part in pair]
    with (
        Cluster(Options(parts=frozenset({"api"}))) as cluster,
        fake_nvml("dgx-b200", driver_root=root) as node,
    ):
        core = config.new_client_from_config(str(cluster.kubeconfig))
        api: Any = client.CustomObjectsApi(core)
        uid = allocated(api)
        functions = sorted((root / "sys/bus/pci/devices").iterdir())
        link = functions[3] / "driver"
        environment = {**os.environ, **node.environment}
        with (
            kernel(root / "sys"),
            Driver(short_path, environment, cluster.kubeconfig, *arguments) as driver,
            grpc.insecure_channel(f"unix:{driver.socket}") as channel,
        ):
            claims = [dra_v1_pb2.Claim(namespace="default", name="vm", uid=uid)]
            stub = DRAPluginStub(channel)
            request = dra_v1_pb2.NodePrepareResourcesRequest(claims=claims)
            reply = stub.NodePrepareResources(request, timeout=LIMIT_S).claims[uid]
            assert not reply.error
            assert link.resolve().name == "vfio-pci"

            def watched() -> bool:
                """Whether an error of another GPU is seen; NVML does not keep what happens while nobody waits."""
                node.control("xid", 5, code=79)
                return "reports xid 79" in driver.log.read_text()

            wait_for(watched)
            gone = dra_v1_pb2.NodeUnprepareResourcesRequest(claims=claims)
            assert not stub.NodeUnprepareResources(gone, timeout=LIMIT_S).claims[uid].error
            assert link.resolve().name == "nvidia"
            assert driver.stop() == 0, driver.log.read_text()
        core.close()
