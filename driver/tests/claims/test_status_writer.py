"""``status.devices`` against an emulated API server that checks rights: what is written, when, and what errors do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from claim_service import gpu, inventory_of
from kubernetes import client, config, utils

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, NodeName, PoolName
from dra_driver.claims.checkpoint import DONE, Record
from dra_driver.claims.status_writer import StatusWriter
from dra_driver.claims.step import PreparedDevice
from dra_driver.connection.route import find_route
from dra_driver.health.monitor import State
from dra_driver.publish.client import ApiClient
from kube_emulator import Cluster, Fault, Options

DRIVER, NODE = DriverName("gpu.dra-conformance.dev"), NodeName("node-0")
RIGHTS = Path(__file__).parents[2] / "deploy/manifests_generated.yaml"
STATUS_RULES = [
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims/status"], "verbs": ["patch"]},
    {
        "apiGroups": ["resource.k8s.io"],
        "resources": ["resourceclaims/driver"],
        "resourceNames": [DRIVER],
        "verbs": ["associated-node:patch"],
    },
]
"""What the Helm chart adds with the gate DeviceStatus."""
INVENTORY = inventory_of(gpu(0), gpu(1))
CLAIMS = ("resource.k8s.io", "v1", "default", "resourceclaims")
SICK = {DeviceName("gpu-0"): State(False, "xid 79")}
LIMIT_S = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(parts=frozenset({"api"}), rbac=True)) as started:
        yield started


@pytest.fixture(scope="module")
def admin(cluster: Cluster) -> Iterator[Any]:
    core = config.new_client_from_config(str(cluster.kubeconfig))
    for document in yaml.safe_load_all(RIGHTS.read_text()):
        if document["kind"] == "ClusterRole":
            document["rules"] += STATUS_RULES
        if document["kind"] in ("ServiceAccount", "ClusterRole", "ClusterRoleBinding"):
            utils.create_from_dict(core, document)
    yield client.CustomObjectsApi(core)
    core.close()


class Claims:
    """Claims in the cluster, and the records that the driver has of them."""

    def __init__(self, admin: Any) -> None:
        self.admin = admin
        self.records: dict[ClaimUid, Record] = {}

    def allocated(self, name: str) -> ClaimUid:
        """A claim that has gpu-0 of this driver and a device of another one, and its record."""
        request = {"name": "gpu", "exactly": {"deviceClassName": "gpu", "allocationMode": "All"}}
        item = {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"name": name},
            "spec": {"devices": {"requests": [request]}},
        }
        uid = ClaimUid(self.admin.create_namespaced_custom_object(*CLAIMS, item)["metadata"]["uid"])
        result = {"request": "gpu", "driver": DRIVER, "pool": NODE, "device": "gpu-0"}
        other = {"request": "gpu", "driver": "nic.example.com", "pool": NODE, "device": "nic-0"}
        field = {"key": "metadata.name", "operator": "In", "values": [NODE]}
        where = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        allocation = {"devices": {"results": [result, other]}, "nodeSelector": where}
        status = {"status": {"allocation": allocation, "devices": [status_of(other)]}}
        self.admin.patch_namespaced_custom_object_status(*CLAIMS, name, status)
        device = PreparedDevice(
            requests=("gpu",), pool=PoolName(NODE), device=DeviceName("gpu-0"), cdi_ids=(), gpu="GPU-0"
        )
        self.records[uid] = Record(uid=uid, namespace="default", name=name, state=DONE, devices=(device,))
        return uid

    def devices(self, name: str) -> dict[str, Any]:
        """``status.devices`` by driver."""
        item = self.admin.get_namespaced_custom_object(*CLAIMS, name)
        return {entry["driver"]: entry for entry in item["status"].get("devices", [])}


def status_of(result: dict[str, str]) -> dict[str, Any]:
    return {name: result[name] for name in ("driver", "pool", "device")} | {"data": {"theirs": True}}


@pytest.fixture
async def api(cluster: Cluster, admin: Any) -> AsyncIterator[ApiClient]:
    kubeconfig = cluster.kubeconfig_for_serviceaccount("kube-system", "dra-driver", node=NODE)
    made = ApiClient(route=find_route(kubeconfig, {}), driver_name=DRIVER, node_name=NODE)
    yield made
    await made.close()
    cluster.heal()


@contextlib.asynccontextmanager
async def running(
    api: ApiClient, claims: Claims, health: dict[DeviceName, State] | None = None
) -> AsyncIterator[StatusWriter]:
    writer = StatusWriter(
        driver_name=DRIVER,
        reader=api,
        api=api,
        inventory=lambda: INVENTORY,
        health=lambda: health or {},
        record=claims.records.get,
    )
    task = asyncio.create_task(writer.run())
    yield writer
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await asyncio.to_thread(holds):  # each look is a request, which takes its time
            pass


def writes(cluster: Cluster, name: str) -> list[Any]:
    """(verb, code) of the driver's writes to a claim."""
    return [
        (request.verb, request.code)
        for request in cluster.requests()
        if (request.name, request.subresource) == (name, "status") and "dra-driver" in request.user
    ]


async def test_a_prepared_claim_says_what_it_was_given_with_the_shipped_rights(
    api: ApiClient, admin: Any, cluster: Cluster
) -> None:
    claims = Claims(admin)
    uid = claims.allocated("a")
    before = admin.get_namespaced_custom_object(*CLAIMS, "a")
    async with running(api, claims) as writer:
        writer.refresh([uid])
        await until(lambda: DRIVER in claims.devices("a"))
    after = admin.get_namespaced_custom_object(*CLAIMS, "a")
    found = claims.devices("a")
    assert found["nic.example.com"]["data"] == {"theirs": True}
    assert after["status"]["allocation"] == before["status"]["allocation"]
    [condition] = found[DRIVER]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", "True", "Prepared")
    assert found[DRIVER]["data"] == {
        "type": "gpu",
        "uuid": "GPU-0",
        "pciBusID": "0000:00:00.0",
        "productName": "NVIDIA Test",
    }
    assert cluster.permissions_denied("system:serviceaccount:kube-system:dra-driver") == []


async def test_health_changes_the_condition_and_a_restart_writes_nothing(
    api: ApiClient, admin: Any, cluster: Cluster
) -> None:
    claims = Claims(admin)
    uid = claims.allocated("b")
    async with running(api, claims, SICK) as writer:
        writer.refresh([uid])
        await until(lambda: DRIVER in claims.devices("b"))
    [condition] = claims.devices("b")[DRIVER]["conditions"]
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "False",
        "Unhealthy",
        "xid 79",
    )
    done = writes(cluster, "b")
    marker = claims.allocated("marker")
    async with running(api, claims, SICK) as writer:
        writer.refresh([uid, marker])
        await until(lambda: DRIVER in claims.devices("marker"))
    assert writes(cluster, "b") == done, "what is written already is not written again"


async def test_a_write_that_fails_is_repeated_and_one_that_is_refused_is_reported(
    api: ApiClient, admin: Any, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    claims = Claims(admin)
    uid = claims.allocated("c")
    cluster.inject(Fault(503, 2, frozenset({"patch"}), "resourceclaims"))
    async with running(api, claims) as writer:
        writer.refresh([uid])
        await until(lambda: DRIVER in claims.devices("c"))
        assert caplog.text.count("cannot write the status") == 2
        cluster.inject(Fault(403, 1, frozenset({"patch"}), "resourceclaims"))
        refused = claims.allocated("e")
        writer.refresh([refused])
        await until(lambda: caplog.text.count("cannot write the status") == 3)
    assert DRIVER not in claims.devices("e")


@pytest.mark.parametrize("code", [404, 409])
async def test_a_claim_that_seems_deleted_is_looked_at_again(
    api: ApiClient, admin: Any, cluster: Cluster, code: int
) -> None:
    claims = Claims(admin)
    uid = claims.allocated(f"refused-{code}")
    cluster.inject(Fault(code, 1, frozenset({"patch"}), "resourceclaims"))
    async with running(api, claims) as writer:
        writer.refresh([uid])
        await until(lambda: DRIVER in claims.devices(f"refused-{code}"))


async def test_a_claim_that_is_no_longer_prepared_or_was_replaced_is_left_alone(
    api: ApiClient, admin: Any, cluster: Cluster
) -> None:
    claims = Claims(admin)
    gone, old = claims.allocated("f"), claims.allocated("g")
    record = claims.records.pop(gone)
    assert record.name == "f"
    admin.delete_namespaced_custom_object(*CLAIMS, "g")
    claims.allocated("g")
    marker = claims.allocated("h")
    async with running(api, claims) as writer:
        writer.refresh([gone, old, marker])
        await until(lambda: DRIVER in claims.devices("h"))
    assert writes(cluster, "f") == writes(cluster, "g") == []


async def test_a_server_without_the_field_is_asked_once(
    admin: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gates = {"DRAResourceClaimDeviceStatus": False, "DRAResourceClaimGranularStatusAuthorization": False}
    options = Options(release="1.36", parts=frozenset({"api"}), gates=gates)
    with Cluster(options) as old:
        core = config.new_client_from_config(str(old.kubeconfig))
        claims = Claims(client.CustomObjectsApi(core))
        uids = [claims.allocated(name) for name in ("a", "b")]
        api = ApiClient(route=find_route(old.kubeconfig, {}), driver_name=DRIVER, node_name=NODE)
        async with running(api, claims) as writer:
            writer.refresh(uids)
            await until(lambda: "drops status.devices" in caplog.text)
            writer.refresh(uids)
            await api.get_node()
        await api.close()
        core.close()
        sent = [request for request in old.requests() if request.query.get("force") == "true"]
        assert len(sent) == 1
