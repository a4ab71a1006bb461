"""NVLink domains in an API server that enforces roles: what the controller writes there, and that it may."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from background import running
from lightkube import Client, KubeConfig, codecs
from lightkube.resources.core_v1 import Event, Node
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_driver.computedomain.fabric_controller import FabricController
from dra_driver.computedomain.kube import Kube
from dra_driver.connection.route import find_route
from kube_emulator import Cluster, Options

MANIFEST = Path(__file__).parents[2] / "deploy/compute-domains.yaml"
ACCOUNT = ("dra-driver", "compute-domain-controller")
USER = "system:serviceaccount:dra-driver:compute-domain-controller"
EAST, WEST = "aaaaaaaa-0000-0000-0000-000000000001.1", "bbbbbbbb-0000-0000-0000-000000000002.1"
LIMIT_S = 20
OF_FABRICS = {"nodes", "resourceslices", "resourceclaims", "events"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes, and the manifest's rights."""
    with Cluster(Options(parts=frozenset({"api"}), nodes=("n0", "n1"), rbac=True)) as started:
        with Client(config=KubeConfig.from_file(started.kubeconfig), namespace="default") as admin:
            for item in codecs.load_all_yaml(MANIFEST.read_text()):
                admin.create(item)
        yield started


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Client]:
    with Client(config=KubeConfig.from_file(cluster.kubeconfig), namespace="default") as client:
        yield client


@contextlib.asynccontextmanager
async def controlling(cluster: Cluster) -> AsyncIterator[None]:
    """The controller of fabrics runs with its account's rights."""
    route = find_route(cluster.kubeconfig_for_serviceaccount(*ACCOUNT), {})
    async with running(FabricController(lambda: Kube(route), "NoExecute").run()):
        yield


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until CONDITION holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_S
    while not await asyncio.to_thread(condition):
        assert loop.time() < end, f"waited {LIMIT_S} s for: {what}"


def label(admin: Client, node: str, clique: str | None) -> None:
    admin.patch(
        Node, node, {"metadata": {"labels": {"nvidia.com/gpu.clique": clique, "nvidia.com/gpu.count": "4"}}}
    )


def published(admin: Client) -> dict[str, int]:
    """{pool: free GPUs}."""
    found: list[Any] = list(admin.list(ResourceSlice))
    return {
        item.spec.pool.name: item.spec.devices[0].attributes["free"]["int"]
        for item in found
        if item.spec.pool.name.startswith("nvlink-")
    }


def versions(admin: Client) -> list[str]:
    """The versions of the slices."""
    return [str(item.metadata and item.metadata.resourceVersion) for item in admin.list(ResourceSlice)]


def wanting(name: str, gpus: str) -> Any:
    exactly = {"deviceClassName": "nvlink-domain", "capacity": {"requests": {"gpus": gpus}}}
    spec = {"devices": {"requests": [{"name": "domain", "exactly": exactly}]}}
    return ResourceClaim.from_dict({"metadata": {"name": name, "namespace": "default"}, "spec": spec})


async def test_domains_follow_the_labels_of_nodes_and_say_why_a_claim_waits_with_these_rights_only(
    cluster: Cluster, admin: Client
) -> None:
    label(admin, "n0", EAST)
    label(admin, "n1", WEST)
    both = {f"nvlink-{name}": 4 for clique in (EAST, WEST) for name in (clique, clique.partition(".")[0])}
    async with controlling(cluster):
        await until(lambda: published(admin) == both, "both racks")
        label(admin, "n1", EAST)
        grown = {name: 8 for name in both if EAST.partition(".")[0] in name}
        await until(lambda: published(admin) == grown, "one rack of two nodes")
        before = versions(admin)
        admin.create(wanting("too-much", "9"))
        await until(lambda: bool(list(admin.list(Event))), "an event")
        [event] = admin.list(Event)
        assert event.reason == "NoNVLinkDomainFits"
        assert "wanted 9 GPUs of one NVLink domain: at most 8 of 8 are free" in str(event.message)
        assert versions(admin) == before, "slices were written without a change"
    assert cluster.permissions_denied(USER) == []
    roles = [item for item in yaml.safe_load_all(MANIFEST.read_text()) if item["kind"] == "ClusterRole"]
    [role] = [item for item in roles if item["metadata"]["name"] == ACCOUNT[1]]
    granted = {(verb, name) for rule in role["rules"] for verb in rule["verbs"] for name in rule["resources"]}
    used = {(each.verb, each.resource) for each in cluster.permissions_used(USER)}
    assert used <= granted
    not_for_fabrics = {("get", "nodes"), ("patch", "nodes")}
    assert {one for one in granted if one[1] in OF_FABRICS} - used == not_for_fabrics


async def test_a_rack_that_has_one_gpu_left_is_published(cluster: Cluster, admin: Client) -> None:
    label(admin, "n1", None)
    label(admin, "n0", EAST)
    one = {f"nvlink-{name}": 1 for name in (EAST, EAST.partition(".")[0])}
    async with controlling(cluster):
        admin.patch(Node, "n0", {"metadata": {"labels": {"nvidia.com/gpu.count": "1"}}})
        await until(lambda: published(admin) == one, "one rack of one GPU")
