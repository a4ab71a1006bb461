"""A driver is installed by its descriptor's command, and is there when its pods are Ready."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_clusters.choose import provider
from dra_clusters.provider import ClusterOptions
from dra_clusters.raw_client import RawClient
from dra_conformance.drivers.descriptor import Installation, load_descriptor
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.installing import install, made_for, wait_ready

PODS = "/api/v1/namespaces/default/pods"
CRASHES = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}


def installation(*command: str) -> Installation:
    return Installation(namespace="default", labels={"app": "driver"}, command=list(command) or None)


@pytest.fixture(scope="module")
def client() -> Iterator[RawClient]:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:  # sockets have short names
        options = ClusterOptions(directory=Path(folder), kubernetes="1.37", parts=frozenset({"api"}))
        with provider("embedded").up(options) as cluster, RawClient(cluster.kubeconfig) as made:
            yield made


@pytest.fixture
def pod(client: RawClient) -> Iterator[str]:
    """The path of a pod of the driver that nothing runs."""
    body = {
        "metadata": {"name": "p", "labels": {"app": "driver"}},
        "spec": {"containers": [{"name": "driver", "image": "x"}]},
    }
    client.send("POST", PODS, body).expect(201)
    yield f"{PODS}/p"
    client.send("DELETE", f"{PODS}/p?gracePeriodSeconds=0")


def test_a_descriptor_that_does_not_say_how_is_refused_before_a_cluster_is_made(tmp_path: Path) -> None:
    found = load_descriptor("reference")
    with (
        pytest.raises(UsageError, match=r"reference has no installed.command, by which --cluster kind"),
        made_for(found, machine="", kubernetes="1.37", folder=tmp_path),
    ):
        pass


def test_the_command_gets_the_cluster_in_its_environment(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    install(installation("sh", "-c", f'echo "$KUBECONFIG" > {seen}'), Path("/there/admin.kubeconfig"))
    assert seen.read_text() == "/there/admin.kubeconfig\n"


def test_a_command_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"installed.command of the descriptor: sh .*no such chart"):
        install(installation("sh", "-c", "echo no such chart >&2; exit 1"), tmp_path)


def test_a_driver_is_there_when_all_its_pods_are_ready(client: RawClient, pod: str) -> None:
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    with pytest.raises(HarnessError, match=r"pod default/p is not Ready after 0 s"):
        wait_ready(installation(), client, limit_s=0)
    client.patch("merge", f"{pod}/status", ready).expect(200)
    wait_ready(installation(), client, limit_s=0)


def test_what_keeps_a_pod_from_being_ready_is_named(client: RawClient, pod: str) -> None:
    status = {
        "name": "driver",
        "image": "x",
        "imageID": "",
        "ready": False,
        "restartCount": 3,
        "state": CRASHES,
    }
    client.patch("merge", f"{pod}/status", {"status": {"containerStatuses": [status]}}).expect(200)
    with pytest.raises(
        HarnessError, match=r"container driver: CrashLoopBackOff back-off 10s; its log ends: "
    ):
        wait_ready(installation(), client, limit_s=0)


def test_labels_that_no_pod_has_are_a_fault_of_the_descriptor(client: RawClient) -> None:
    with pytest.raises(
        HarnessError, match=r"no pod in namespace default has the labels app=driver after 0 s"
    ):
        wait_ready(installation(), client, limit_s=0)
