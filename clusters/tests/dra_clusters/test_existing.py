"""The provider ``existing``: what it finds out about a cluster, and which clusters it refuses, with the reason."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dra_api.objects import JsonObject
from dra_clusters.choose import start_cluster
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.existing import fresh_parts, with_absolute_paths
from dra_clusters.provider import AuthorizingCluster, Cluster, ClusterOptions
from dra_clusters.raw_client import RawClient

NOW = datetime.datetime(2026, 11, 28, 12, 0, tzinfo=datetime.UTC)


def lease(name: str, renewed: str) -> JsonObject:
    """A leader's lease."""
    return {"metadata": {"name": name}, "spec": {"renewTime": renewed}}


@pytest.mark.parametrize(
    ("leases", "parts"),
    [
        ([lease("kube-scheduler", "2026-11-28T11:59:58.123456Z")], {"scheduler"}),
        ([lease("kube-controller-manager", "2026-11-28T11:59:01Z")], {"controllers"}),
        ([lease("kube-scheduler", "2026-11-28T11:58:59Z"), lease("other", "2026-11-28T12:00:00Z")], set()),
        ([{"metadata": {"name": "kube-scheduler"}}], set()),
    ],
)
def test_a_part_is_there_while_its_leader_renews_the_lease(leases: list[JsonObject], parts: set[str]) -> None:
    assert set(fresh_parts(leases, NOW)) == parts


def test_files_of_a_kubeconfig_are_found_from_another_folder() -> None:
    document: JsonObject = {
        "clusters": [{"cluster": {"certificate-authority": "ca.crt"}}],
        "users": [{"user": {"client-key": "/etc/key", "token": "ca.crt"}}],
    }
    found = with_absolute_paths(document, Path("/home/me/.kube"))
    assert found["clusters"][0]["cluster"] == {"certificate-authority": "/home/me/.kube/ca.crt"}
    assert found["users"][0]["user"] == {"client-key": "/etc/key", "token": "ca.crt"}


@pytest.fixture
def running() -> Iterator[Cluster]:
    """A cluster that somebody else started."""
    with start_cluster(ClusterOptions(rbac=True, parts=frozenset({"api"}))) as cluster:
        yield cluster


def existing(**options: object) -> ClusterOptions:
    """Options of the provider."""
    return ClusterOptions(**options)  # type: ignore[arg-type]


def test_a_cluster_that_runs_is_used_and_left_running(running: Cluster) -> None:
    for _ in range(2):
        with start_cluster(existing(kubeconfig=running.kubeconfig), provider="existing") as cluster:
            assert (cluster.name, cluster.kubernetes) == ("existing", running.kubernetes)
            assert {"api", "rbac"} <= cluster.capabilities
            assert cluster.nodes == ()


def test_another_context_is_a_private_kubeconfig_that_leaves_the_original_as_it_is(
    running: Cluster, tmp_path: Path
) -> None:
    document = yaml.safe_load(running.kubeconfig.read_text())
    document["contexts"].append({**document["contexts"][0], "name": "second"})
    document["current-context"] = "nowhere"
    original = tmp_path / "config"
    original.write_text(yaml.safe_dump(document))
    options = existing(kubeconfig=original, context="second", directory=tmp_path)
    with start_cluster(options, provider="existing") as cluster:
        assert yaml.safe_load(cluster.kubeconfig.read_text())["current-context"] == "second"
        assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(original.read_text())["current-context"] == "nowhere"


def test_an_unknown_context_is_a_usage_error_that_lists_the_known_ones(
    running: Cluster, tmp_path: Path
) -> None:
    options = existing(kubeconfig=running.kubeconfig, context="nope", directory=tmp_path)
    with (
        pytest.raises(UsageError, match=r"no context 'nope' in .*; there are: \w+"),
        start_cluster(options, provider="existing"),
    ):
        pass


def test_a_missing_kubeconfig_is_a_usage_error(tmp_path: Path) -> None:
    options = existing(kubeconfig=tmp_path / "none")
    with (
        pytest.raises(UsageError, match="no kubeconfig .*none; give one"),
        start_cluster(options, provider="existing"),
    ):
        pass


def test_switches_of_a_cluster_that_runs_already_are_refused(tmp_path: Path) -> None:
    options = existing(kubeconfig=tmp_path / "none", gates={"DRAPartitionableDevices": True})
    with (
        pytest.raises(UsageError, match="used as it is: no feature gates"),
        start_cluster(options, provider="existing"),
    ):
        pass


def test_missing_rights_are_named_before_anything_is_created(running: Cluster) -> None:
    assert isinstance(running, AuthorizingCluster)
    with RawClient(running.kubeconfig) as client:
        account = {"metadata": {"name": "nobody"}}
        client.send("POST", "/api/v1/namespaces/default/serviceaccounts", account).expect(201)
    kubeconfig = running.kubeconfig_for_serviceaccount("default", "nobody")
    with (
        pytest.raises(
            EnvironmentFault, match=r"not allowed to create namespaces, .*create nodes, .*bind a role"
        ),
        start_cluster(existing(kubeconfig=kubeconfig), provider="existing"),
    ):
        pass


def test_a_cluster_without_dra_is_refused_with_the_reason(tmp_path: Path) -> None:
    off = {"resource.k8s.io/v1": False}
    with start_cluster(ClusterOptions(parts=frozenset({"api"}), runtime_config=off)) as cluster:
        options = existing(kubeconfig=cluster.kubeconfig)
        with (
            pytest.raises(EnvironmentFault, match=r"does not serve resource\.k8s\.io/v1"),
            start_cluster(options, provider="existing"),
        ):
            pass
