"""A ComputeDomain as a user sees it: what the controller makes for it, its status, and how it goes."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from compute_domains import LABEL, NAMESPACE, Domains, account_kubeconfig, connected, install
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from story import wait_until

from dra_clusters.provider import Cluster

pytestmark = pytest.mark.slow


@pytest.fixture
def domains(
    cluster: Cluster, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> Iterator[Domains]:
    """A cluster in which the controller runs."""
    with connected(cluster) as api:
        install(api)
        kubeconfig = account_kubeconfig(cluster, api, "compute-domain-controller", tmp_path / "kubeconfig")
        start(
            *("dra-driver", "--kubeconfig", str(kubeconfig)),
            *("controller", "--namespace", NAMESPACE, "--daemon-image", "example.com/driver:1"),
        )
        leases = client.CoordinationV1Api(api)
        wait_until(
            lambda: bool(leases.list_namespaced_lease(NAMESPACE).items),
            what="the controller leads",
            timeout_s=40,
        )
        yield Domains(api)


def test_a_domain_gets_its_templates_and_daemons_and_leaves_nothing(domains: Domains) -> None:
    uid = domains.create("job")["metadata"]["uid"]
    wait_until(
        lambda: domains.reason("job") == "NoNodesYet", what="a status", seen=lambda: domains.get("job")
    )
    template = domains.resource.read_namespaced_resource_claim_template("job-channel", "default").to_dict()
    assert template["spec"]["spec"]["devices"]["config"][0]["opaque"]["parameters"]["domainID"] == uid
    daemons = domains.apps.read_namespaced_daemon_set(f"computedomain-daemon-{uid}", NAMESPACE).to_dict()
    assert daemons["spec"]["template"]["spec"]["node_selector"] == {LABEL: uid}
    domains.delete("job")
    wait_until(lambda: not domains.get("job"), what="the domain is gone", seen=lambda: domains.get("job"))
    assert not domains.apps.list_namespaced_daemon_set(NAMESPACE).items
    assert not domains.resource.list_resource_claim_template_for_all_namespaces().items


def test_what_is_deleted_by_hand_comes_back(domains: Domains) -> None:
    uid = domains.create("job")["metadata"]["uid"]
    wait_until(lambda: domains.reason("job") == "NoNodesYet", what="a status")
    before = domains.daemon_set_uids()
    domains.apps.delete_namespaced_daemon_set(f"computedomain-daemon-{uid}", NAMESPACE)

    wait_until(lambda: bool(domains.daemon_set_uids() - before), what="another DaemonSet")


def test_a_domain_cannot_be_changed_and_needs_a_template(domains: Domains) -> None:
    with pytest.raises(ApiException, match="resourceClaimTemplate"):
        domains.create("none", channel={})
    domains.create("job")
    wait_until(lambda: domains.reason("job") == "NoNodesYet", what="a status")
    with pytest.raises(ApiException, match="cannot be changed"):
        domains.patch("job", {"spec": {"numNodes": 3}})


def test_two_domains_of_one_template_name_do_not_take_each_others(domains: Domains) -> None:
    channel = {"channel": {"resourceClaimTemplate": {"name": "shared"}}}
    first = domains.create("one", **channel)["metadata"]["uid"]
    wait_until(lambda: domains.reason("one") == "NoNodesYet", what="a status")
    domains.create("two", **channel)
    wait_until(lambda: domains.reason("two") == "TemplateNameTaken", what="a refusal")
    domains.delete("two")
    wait_until(lambda: not domains.get("two"), what="the second domain is gone")
    kept = domains.resource.read_namespaced_resource_claim_template("shared", "default").to_dict()
    assert kept["metadata"]["labels"][LABEL] == first
