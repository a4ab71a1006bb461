"""A cluster with RBAC as users and drivers see it: kubectl, a client certificate, a service account."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kubectl import run_kubectl
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.authentication_v1 import SelfSubjectReview
from lightkube.resources.core_v1 import Node, Pod, ServiceAccount

from kube_emulator import Cluster, Options
from kube_emulator.apiserver.auth.ledger import Permission
from kube_emulator.errors import UsageError

pytestmark = pytest.mark.slow
Kubectl = Callable[..., str]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(Options(directory=tmp_path / "c", rbac=True)) as cluster:
        yield cluster


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    def run(*arguments: str, file: Path | None = None, text: str = "") -> str:
        done = run_kubectl(file or cluster.kubeconfig, tmp_path, *arguments, text=text)
        return (done.stdout + done.stderr).strip()

    return run


def client(file: Path) -> Client:
    return Client(KubeConfig.from_file(file), trust_env=False)


def denial(file: Path) -> str:
    with client(file) as asking, pytest.raises(ApiError, match="forbidden") as caught:
        list(asking.list(Pod, namespace="default"))
    assert caught.value.status.code == 403
    return caught.value.status.message or ""


def test_kubectl_auth_whoami_and_can_i(cluster: Cluster, kubectl: Kubectl) -> None:
    driver = cluster.kubeconfig_of("driver")
    assert "system:authenticated" in kubectl("auth", "whoami", file=driver)
    assert kubectl("auth", "can-i", "list", "pods", file=driver) == "no"
    assert kubectl("auth", "can-i", "list", "pods") == "yes"
    assert kubectl("auth", "can-i", "list", "pods", "--as", "system:serviceaccount:default:x") == "no"
    assert "selfsubjectreviews.authentication.k8s.io" in kubectl("auth", "can-i", "--list", file=driver)


def test_kubectl_grants_roles_and_creates_tokens(cluster: Cluster, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "agent")
    kubectl("create", "clusterrole", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "reader", "--clusterrole=reader", "--serviceaccount=default:agent")
    token = kubectl("create", "token", "agent", "--bound-object-kind=Node", "--bound-object-name=node-0")
    assert token.count(".") == 2
    agent = cluster.kubeconfig_for_serviceaccount("default", "agent", node="node-0")
    assert kubectl("get", "pods", file=agent) == "No resources found in default namespace."
    assert 'cannot list resource "nodes"' in kubectl("get", "nodes", file=agent)
    assert "authentication.kubernetes.io/node-name" in kubectl("auth", "whoami", file=agent)


def test_used_and_denied_permissions_of_a_service_account_are_recorded(cluster: Cluster) -> None:
    with client(cluster.kubeconfig) as admin:
        admin.create(ServiceAccount(metadata=ObjectMeta(name="agent", namespace="default")))
    agent = cluster.kubeconfig_for_serviceaccount("default", "agent")
    assert denial(agent).endswith('cannot list resource "pods" in API group "" in the namespace "default"')
    user = "system:serviceaccount:default:agent"
    assert cluster.permissions_denied(user) == [Permission("", "pods", "", "list", "default", "")]
    assert cluster.permissions_used(user) == []


def test_a_client_certificate_authenticates(cluster: Cluster) -> None:
    jane = cluster.kubeconfig_with_certificate("jane")
    assert 'User "jane" cannot list' in denial(jane)
    root = cluster.kubeconfig_with_certificate("root", ["system:masters"])
    with client(root) as asking:
        assert [node.metadata.name for node in asking.list(Node) if node.metadata] == ["node-0"]


def test_a_kubelet_reads_its_own_node(cluster: Cluster, kubectl: Kubectl) -> None:
    kubelet = cluster.kubeconfig_of("system:node:node-0")
    assert "node-0" in kubectl("get", "node", "node-0", file=kubelet)
    assert "cannot read all nodes, only its own Node object" in kubectl("get", "nodes", file=kubelet)


def test_files_are_for_this_user_only(cluster: Cluster) -> None:
    for file in (cluster.kubeconfig, cluster.kubeconfig_with_certificate("a/b")):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_for_nobody_is_refused(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match='service account default/no: serviceaccounts "no" not found'):
        cluster.kubeconfig_for_serviceaccount("default", "no")


def test_the_audit_has_refused_requests_and_reviews(cluster: Cluster) -> None:
    denial(cluster.kubeconfig_of("driver"))
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "guessed"
    stranger = cluster.kubeconfig.with_name("stranger")
    stranger.write_text(json.dumps(config))
    with client(stranger) as asking, pytest.raises(ApiError, match="Unauthorized"):
        list(asking.list(Pod, namespace="default"))
    with client(cluster.kubeconfig) as asking:
        asking.create(SelfSubjectReview())
    asked = [(r.user, r.verb, r.plural, r.code, r.sent) for r in cluster.requests()]
    assert asked == [
        ("driver", "list", "pods", 403, b""),
        ("", "list", "pods", 401, b""),
        ("admin", "create", "selfsubjectreviews", 201, b""),
    ]
