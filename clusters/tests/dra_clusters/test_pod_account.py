"""In a pod, the service account is the kubeconfig."""

import os
from pathlib import Path

import pytest
import yaml

from dra_clusters import pod_account
from dra_clusters.existing import chosen_kubeconfig
from dra_clusters.provider import ClusterOptions

SERVICE = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The folder that the kubelet mounts into a pod."""
    folder = tmp_path / "account"
    folder.mkdir()
    for name, text in (("token", "secret"), ("ca.crt", "certificates"), ("namespace", "mine\n")):
        (folder / name).write_text(text)
    return folder


def test_a_process_is_in_a_pod_if_it_has_the_server_and_a_token(account: Path) -> None:
    assert pod_account.is_in_pod(SERVICE, account)
    assert not pod_account.is_in_pod({}, account)
    (account / "token").unlink()
    assert not pod_account.is_in_pod(SERVICE, account)
    assert pod_account.namespace_of(account) == "mine"


@pytest.mark.parametrize(
    ("host", "server"), [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_the_kubeconfig_names_the_files_and_holds_no_secret(
    account: Path, tmp_path: Path, host: str, server: str
) -> None:
    environment = {**SERVICE, "KUBERNETES_SERVICE_HOST": host}
    file = pod_account.write_kubeconfig(tmp_path / "config", environment, account)
    document = yaml.safe_load(file.read_text())
    assert document["clusters"][0]["cluster"] == {
        "server": server,
        "certificate-authority": str(account / "ca.crt"),
    }
    assert document["users"][0]["user"] == {"tokenFile": str(account / "token")}
    assert "secret" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_kubeconfig_that_is_named_or_at_home_comes_before_the_account(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SERVICE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(pod_account.is_in_pod, "__defaults__", (account,))
    options = ClusterOptions(directory=tmp_path)
    assert chosen_kubeconfig(options) == tmp_path / "pod.kubeconfig"
    home = tmp_path / ".kube/config"
    home.parent.mkdir()
    home.touch()
    assert chosen_kubeconfig(options) == home
    monkeypatch.setenv("KUBECONFIG", os.devnull)
    named = tmp_path / "named"
    named.touch()
    assert chosen_kubeconfig(ClusterOptions(directory=tmp_path, kubeconfig=named)) == named
