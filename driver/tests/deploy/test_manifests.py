"""The rendered manifests in an API server that enforces them: what the driver may do there, and nothing else."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube import Client, KubeConfig, codecs
from lightkube.core.exceptions import ApiError as ServerError
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from dra_api.identifiers import DriverName, NodeName
from dra_api.objects import ResourceSliceInput
from dra_driver.connection.route import find_route
from dra_driver.publish.client import ApiClient
from kube_emulator import Cluster, Options

MANIFESTS = Path(__file__).parents[2] / "deploy/manifests_generated.yaml"
DRIVER, ACCOUNT = "gpu.dra-conformance.dev", ("kube-system", "dra-driver")
USER = "system:serviceaccount:kube-system:dra-driver"
NODE, OTHER = "node-0", "node-1"
LIMIT_S = 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster with roles, into which the manifests were applied."""
    with Cluster(Options(parts=frozenset({"api"}), nodes=(NODE, OTHER), rbac=True)) as started:
        with client_of(started.kubeconfig) as admin:
            for item in codecs.load_all_yaml(MANIFESTS.read_text()):
                admin.create(item)
        yield started


def client_of(kubeconfig: Path) -> Client:
    return Client(config=KubeConfig.from_file(kubeconfig), namespace="default")


@pytest.fixture
def driver(cluster: Cluster) -> Iterator[Client]:
    """The driver in a pod on NODE."""
    with client_of(cluster.kubeconfig_for_serviceaccount(*ACCOUNT, node=NODE)) as client:
        yield client


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Client]:
    with client_of(cluster.kubeconfig) as client:
        yield client


def slice_of(name: str, **where: object) -> Any:
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": DRIVER, "pool": pool, "devices": [{"name": "d"}], **where}
    return ResourceSlice.from_dict({"metadata": {"name": name}, "spec": spec})


def refused(write: Callable[[], object], message: str) -> None:
    """WRITE is refused with MESSAGE; a policy acts a moment after it was created."""
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            write()
        except ServerError as error:
            if message in str(error):
                return
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, f"not refused: {message}"


ELSEWHERE: dict[str, Any] = {
    "of another node": {"nodeName": OTHER},
    "of all nodes": {"allNodes": True},
    "of chosen nodes": {
        "nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("which", ELSEWHERE)
def test_a_driver_may_not_write_a_slice_beyond_its_node(driver: Client, admin: Client, which: str) -> None:
    message = "the driver of node node-0 may only write slices of this node"
    name = f"slice-{len(which)}"

    def create() -> None:
        driver.create(slice_of(name, **ELSEWHERE[which]))
        driver.delete(ResourceSlice, name)  # it was not refused yet

    refused(create, message)
    theirs = admin.create(slice_of(name, **ELSEWHERE[which]))
    theirs.spec.devices[0].name = "other"
    refused(lambda: driver.replace(theirs), message)
    refused(lambda: driver.delete(ResourceSlice, name), message)
    admin.delete(ResourceSlice, name)


@pytest.mark.slow
def test_a_token_that_names_no_node_may_write_no_slice(cluster: Cluster, admin: Client) -> None:
    with client_of(cluster.kubeconfig_for_serviceaccount(*ACCOUNT)) as unbound:

        def create() -> None:
            unbound.create(slice_of("unbound", nodeName=NODE))
            admin.delete(ResourceSlice, "unbound")

        refused(create, "the token of this user names no node; it must be bound to a pod")


@pytest.mark.slow
def test_slices_of_others_are_no_business_of_the_policy(admin: Client) -> None:
    admin.create(slice_of("by-admin", nodeName=OTHER))
    admin.delete(ResourceSlice, "by-admin")


@pytest.mark.slow
async def test_the_role_has_what_the_driver_does_and_nothing_else(cluster: Cluster, admin: Client) -> None:
    claim = {
        "metadata": {"name": "c", "namespace": "default"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": DRIVER}}]}},
    }
    created: Any = ResourceClaim.from_dict(claim)
    admin.create(created)
    route = find_route(cluster.kubeconfig_for_serviceaccount(*ACCOUNT, node=NODE), {})
    api = ApiClient(route=route, driver_name=DriverName(DRIVER), node_name=NodeName(NODE))
    await api.get_node()
    await api.get_claim("default", "c")
    _, version = await api.list_slices()
    wanted: ResourceSliceInput = slice_of("mine", nodeName=NODE).to_dict()
    stored = await api.put_slice(wanted)
    wanted["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
    await api.put_slice(wanted)
    await api.delete_slice("mine")
    async with contextlib.aclosing(api.watch_slices(version)) as events:
        await asyncio.wait_for(anext(events), LIMIT_S)
    await api.close()
    assert cluster.permissions_denied(USER) == []
    [role] = [each for each in yaml.safe_load_all(MANIFESTS.read_text()) if each["kind"] == "ClusterRole"]
    granted = {
        (verb, resource) for rule in role["rules"] for verb in rule["verbs"] for resource in rule["resources"]
    }
    used = {(each.verb, each.resource) for each in cluster.permissions_used(USER)}
    assert used == granted


def test_the_chart_has_the_version_of_the_distribution() -> None:
    chart = yaml.safe_load((MANIFESTS.parent / "chart/Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == version("dra-conformance")


def test_a_pod_of_an_update_serves_before_the_old_one_ends_and_both_have_sockets_of_their_own() -> None:
    [pods] = [each for each in yaml.safe_load_all(MANIFESTS.read_text()) if each["kind"] == "DaemonSet"]
    assert pods["spec"]["updateStrategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    [container] = pods["spec"]["template"]["spec"]["containers"]
    assert "--instance=$(POD_UID)" in container["args"]


def test_every_argument_of_the_pod_is_a_flag_of_the_driver() -> None:
    from dra_driver.cli import check, make_parser, settings_of

    [pods] = [each for each in yaml.safe_load_all(MANIFESTS.read_text()) if each["kind"] == "DaemonSet"]
    [container] = pods["spec"]["template"]["spec"]["containers"]
    values = {"$(NODE_NAME)": "n", "$(POD_UID)": "0" * 8}
    arguments = [
        next((a.replace(name, value) for name, value in values.items() if name in a), a)
        for a in container["args"]
    ]
    parsed = make_parser().parse_args(arguments)
    check(parsed)
    assert settings_of(parsed).driver_name == DRIVER
