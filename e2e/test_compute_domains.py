"""A ComputeDomain as a user sees it: what the controller makes for it, its status, and how it goes."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from kubernetes import client, config, utils
from kubernetes.client.exceptions import ApiException
from story import wait_until

from dra_clusters.provider import Cluster

pytestmark = pytest.mark.slow
DEPLOY = Path(__file__).parents[1] / "driver/deploy"
DEFINITIONS, RIGHTS = DEPLOY / "crds/compute-domains.yaml", DEPLOY / "compute-domain-controller.yaml"
NAMESPACE, ACCOUNT = "dra-driver", "compute-domain-controller"
WHERE = ("resource.nvidia.com", "v1beta1", "default", "computedomains")
LABEL = "resource.nvidia.com/computeDomain"


class Domains:
    """ComputeDomains through the API, and what is made for them."""

    def __init__(self, api: client.ApiClient) -> None:
        self._objects = client.CustomObjectsApi(api)
        self.core = client.CoreV1Api(api)
        self.apps = client.AppsV1Api(api)
        self.resource = client.ResourceV1Api(api)

    def create(self, name: str, **spec: Any) -> dict[str, Any]:
        """Create a domain; without a channel in SPEC its workload's template is NAME-channel."""
        body = {
            "apiVersion": "resource.nvidia.com/v1beta1",
            "kind": "ComputeDomain",
            "metadata": {"name": name},
            "spec": {"channel": {"resourceClaimTemplate": {"name": f"{name}-channel"}}, **spec},
        }
        return cast(dict[str, Any], self._objects.create_namespaced_custom_object(*WHERE, body))

    def patch(self, name: str, patch: dict[str, Any]) -> None:
        """Merge PATCH into a domain."""
        self._objects.patch_namespaced_custom_object(*WHERE, name, patch)

    def get(self, name: str) -> dict[str, Any]:
        """A domain; empty if it is gone."""
        listed = cast(dict[str, Any], self._objects.list_namespaced_custom_object(*WHERE))
        return next((item for item in listed["items"] if item["metadata"]["name"] == name), {})

    def delete(self, name: str) -> None:
        """Delete a domain."""
        self._objects.delete_namespaced_custom_object(*WHERE, name)

    def daemon_set_uids(self) -> set[str]:
        """UIDs of the DaemonSets in the driver's namespace."""
        found = self.apps.list_namespaced_daemon_set(NAMESPACE).to_dict()["items"]
        return {item["metadata"]["uid"] for item in found}

    def reason(self, name: str, kind: str = "Ready") -> str:
        """The reason of a condition; empty if it is not there."""
        conditions = (self.get(name).get("status") or {}).get("conditions") or []
        return next((one["reason"] for one in conditions if one["type"] == kind), "")


def account_kubeconfig(cluster: Cluster, api: client.ApiClient, path: Path) -> Path:
    """A kubeconfig of the controller's service account, with the rights that the manifest gives it and no others."""
    for manifest in (DEFINITIONS, RIGHTS):
        utils.create_from_yaml(api, str(manifest))
    asked = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[]))
    made = client.CoreV1Api(api).create_namespaced_service_account_token(ACCOUNT, NAMESPACE, asked).to_dict()
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"] = [
        {"name": user["name"], "user": {"token": made["status"]["token"]}} for user in content["users"]
    ]
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture
def domains(
    cluster: Cluster, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> Iterator[Domains]:
    """A cluster in which the controller runs."""
    settings = client.Configuration()
    config.load_kube_config(str(cluster.kubeconfig), client_configuration=settings)
    with client.ApiClient(settings) as api:
        kubeconfig = account_kubeconfig(cluster, api, tmp_path / "kubeconfig")
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
