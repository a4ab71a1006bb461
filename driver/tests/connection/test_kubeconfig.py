"""What a kubeconfig says, and each of its faults as one line that names the entry and no secret."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dra_driver.connection.kubeconfig import Access, Command, Header, TokenPath, read_access
from dra_driver.errors import ConfigError

SECRET = "s3cret-token"
Change = Callable[[dict[str, Any]], object]


def document() -> dict[str, Any]:
    """A kubeconfig with one of each."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "current-context": "c",
        "clusters": [{"name": "k", "cluster": {"server": "https://10.0.0.1:6443"}}],
        "users": [{"name": "u", "user": {"token": SECRET}}],
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    }


def write(folder: Path, change: Change = lambda _: None) -> Path:
    content = document()
    change(content)
    path = folder / "config"
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def cluster(**members: object) -> Change:
    return lambda content: content["clusters"][0]["cluster"].update(
        {name.replace("_", "-"): value for name, value in members.items()}
    )


def user(**members: object) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["users"][0]["user"] = {name.replace("_", "-"): value for name, value in members.items()}

    return change


def command(**members: object) -> Change:
    entry = {"apiVersion": "client.authentication.k8s.io/v1", "command": "true", "interactiveMode": "Never"}
    return user(exec={**entry, **members})


def access(folder: Path, change: Change) -> Access:
    return read_access(write(folder, change), {})


def test_server_and_token_are_those_of_the_current_context(tmp_path: Path) -> None:
    found = access(tmp_path, lambda _: None)
    assert (found.server, found.identity) == ("https://10.0.0.1:6443", Header(f"Bearer {SECRET}"))


def test_a_secret_is_in_no_representation(tmp_path: Path) -> None:
    found = access(tmp_path, lambda _: None)
    assert SECRET not in f"{found!r} {found.identity!r} {found}"


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("ca", "certificate", "key"):
        (tmp_path / "pki" / name).write_text(f"text of {name}")
    (tmp_path / "token").write_text("t\n")
    monkeypatch.chdir("/")
    write(
        tmp_path,
        lambda content: (
            cluster(certificate_authority="pki/ca")(content),
            user(tokenFile="token", client_certificate="pki/certificate", client_key="pki/key")(content),
        ),
    )
    monkeypatch.chdir(tmp_path)
    found = read_access(Path("config"), {})
    assert found.authority == "text of ca"
    assert found.certificate == ("text of certificate", "text of key")
    assert found.identity == TokenPath(tmp_path / "token")


def test_text_in_the_kubeconfig_wins_over_a_path(tmp_path: Path) -> None:
    data = base64.encodebytes(b"text " * 30).decode()  # with line breaks, as base64 prints it
    found = access(tmp_path, cluster(certificate_authority="/none", certificate_authority_data=data))
    assert found.authority == "text " * 30


def test_a_command_is_found_on_the_path_or_beside_the_kubeconfig(tmp_path: Path) -> None:
    program = tmp_path / "login"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    found = access(tmp_path, command(command="./login", args=["--x"], env=[{"name": "A", "value": "b"}]))
    assert found.identity == Command(
        (str(program), "--x"), (("A", "b"),), "client.authentication.k8s.io/v1", with_cluster=False
    )
    assert isinstance(access(tmp_path, command(command="true")).identity, Command)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("users") and content["contexts"][0]["context"].pop("user"),
        lambda content: content["users"][0].pop("user"),
        lambda content: content.update(users=[{"name": "u", "user": None}]),
    ],
    ids=["no users", "no content", "null"],
)
def test_a_context_without_user_is_anonymous(tmp_path: Path, change: Change) -> None:
    assert access(tmp_path, change).identity is None


def test_name_and_password_are_basic_authentication(tmp_path: Path) -> None:
    found = access(tmp_path, user(username="n", password="p"))
    assert found.identity == Header("Basic " + base64.b64encode(b"n:p").decode())


FAULTS: dict[str, tuple[Change, str]] = {
    "no context": (lambda c: c.pop("current-context"), "it has no current-context; wanted one of 'c'"),
    "null context": (lambda c: c.update({"current-context": None}), "it has no current-context"),
    "wrong context": (
        lambda c: c.update({"current-context": "x"}),
        "current-context 'x' is not one of its contexts: 'c'",
    ),
    "null contexts": (lambda c: c.update(contexts=None), "is not one of its contexts: none"),
    "wrong cluster": (
        lambda c: c["contexts"][0]["context"].update(cluster="x"),
        "context 'c': cluster 'x' is not one of its clusters: 'k'",
    ),
    "wrong user": (
        lambda c: c["contexts"][0]["context"].update(user="x"),
        "context 'c': user 'x' is not one of its users: 'u'",
    ),
    "clusters of another type": (lambda c: c.update(clusters={}), "Expected `array | null`, got `object`"),
    "no name": (lambda c: c["clusters"][0].pop("name"), "missing required field `name`"),
    "number as token": (user(token=12345), "Expected `str`, got `int` - at `$.users[0].user.token`"),
    "no server": (cluster(server=""), "server '' of cluster 'k': wanted https://HOST:PORT"),
    "no scheme": (cluster(server="10.0.0.1:6443"), "wanted https://HOST:PORT"),
    "wrong port": (cluster(server="https://h:99999"), "wanted https://HOST:PORT"),
    "password in server": (cluster(server=f"https://u:{SECRET}@h:1"), "server 'h:1' of cluster 'k'"),
    "socks": (cluster(proxy_url="socks5://h:1"), "proxy-url is not supported; wanted http://HOST:PORT"),
    "insecure with authority": (
        cluster(insecure_skip_tls_verify=True, certificate_authority="/x"),
        "cluster 'k' has insecure-skip-tls-verify and a certificate-authority",
    ),
    "no base64": (cluster(certificate_authority_data="%%"), "certificate-authority-data is not base64"),
    "binary": (cluster(certificate_authority_data="/w=="), "certificate-authority-data is not base64"),
    "no file": (cluster(certificate_authority="none"), "certificate-authority {folder}/none: No such file"),
    "no key": (user(client_certificate_data="eA=="), "one of client-certificate and client-key"),
    "no token file": (user(tokenFile="none"), "tokenFile {folder}/none: No such file"),
    "line break": (user(token=f"{SECRET}\n{SECRET}"), "the token of its user has line breaks"),
    "blank token": (user(token="  "), "the token of its user is empty"),
    "another user": (user(**{"as": "root"}), "impersonation (users[].user.as) is not supported"),
    "provider": (user(auth_provider={"name": "gcp"}), "auth-provider is not supported; wanted exec"),
    "old exec": (
        command(apiVersion="client.authentication.k8s.io/v1alpha1"),
        "exec.apiVersion 'client.authentication.k8s.io/v1alpha1': wanted one of",
    ),
    "terminal": (command(interactiveMode="Always"), "the driver has no terminal"),
    "no command": (command(command=""), "exec.command is empty"),
    "missing command": (
        command(command="no-such-login", installHint="get it\nat example.com"),
        "exec.command 'no-such-login' is not a program here; its installHint: get it at example.com",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_names_the_entry(tmp_path: Path, fault: str) -> None:
    change, wanted = FAULTS[fault]
    with pytest.raises(ConfigError, match="^cannot use kubeconfig .*; give a kubeconfig file with") as failed:
        access(tmp_path, change)
    message = str(failed.value)
    assert wanted.format(folder=tmp_path) in message
    assert "\n" not in message
    assert SECRET not in message


def test_yaml_that_is_none_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"users:\n  token: {SECRET}: x\n")
    with pytest.raises(ConfigError, match="not YAML: .* in line 2") as failed:
        read_access(tmp_path / "config", {})
    assert SECRET not in str(failed.value)


def test_a_list_of_files_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(ConfigError, match="a list of files is not supported; wanted one"):
        read_access(Path(f"{path}:{path}"), {})


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="more than 4194304 bytes"):
        read_access(Path("/dev/zero"), {})


SERVICE = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}


def test_a_pod_has_its_service_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_text("text")
    found = read_access(None, SERVICE, tmp_path)
    assert (found.server, found.authority) == ("https://[fd00::1]:443", "text")
    assert found.identity == TokenPath(tmp_path / "token")


@pytest.mark.parametrize(
    ("environment", "files", "message"),
    [
        ({}, ("token", "ca.crt"), "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"),
        (SERVICE, ("ca.crt",), "token: No such file"),
        (SERVICE, ("token",), "ca.crt: No such file"),
    ],
)
def test_what_a_pod_lacks_is_named(
    tmp_path: Path, environment: dict[str, str], files: tuple[str, ...], message: str
) -> None:
    for name in files:
        (tmp_path / name).write_text("t")
    with pytest.raises(ConfigError, match="cannot use the service account of the pod: .*") as failed:
        read_access(None, environment, tmp_path)
    assert message in str(failed.value)
