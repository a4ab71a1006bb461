"""Headers out of files and commands: when they are made again, and what a failure says."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from dra_driver.connection.credentials import CommandToken, TokenFile
from dra_driver.connection.kubeconfig import Command, TokenPath
from dra_driver.errors import ApiError

V1 = "client.authentication.k8s.io/v1"


async def test_a_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old\n")
    source = TokenFile(TokenPath(path))
    assert await source.header() == "Bearer old"
    path.write_text("new\n")
    assert await source.header() == "Bearer old"
    assert await source.header(refused="Bearer old") == "Bearer new"
    assert await source.header(refused="Bearer old") == "Bearer new", "another call replaced it already"


async def test_a_file_is_read_again_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    source = TokenFile(TokenPath(path), reread_s=0)
    assert await source.header() == "Bearer old"
    path.write_text("new")
    assert await source.header() == "Bearer new"


@pytest.mark.parametrize(
    ("text", "message"), [(None, "No such file"), ("", "is empty"), ("a\nb", "has line breaks")]
)
async def test_a_file_without_token_is_an_error_of_the_api_and_not_the_end(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "token").write_text(text)
    with pytest.raises(ApiError, match=f"no token for the API server: token .*{message}"):
        await TokenFile(TokenPath(tmp_path / "token")).header()


class Login:
    """A command that counts its runs and prints a file, in which ``@RUN`` is the number of the run."""

    def __init__(self, folder: Path, printed: object, *, code: int = 0) -> None:
        self.runs = folder / "runs"
        self.info = folder / "info"
        (folder / "printed").write_text(printed if isinstance(printed, str) else json.dumps(printed))
        self._program = folder / "login"
        self._program.write_text(
            f"#!/bin/sh\necho run >>{self.runs}\n"
            f'echo "$KUBERNETES_EXEC_INFO" >{self.info}\n'
            f"sed s/@RUN/$(wc -l <{self.runs})/ {folder / 'printed'}\necho from $NAME >&2\nexit {code}\n"
        )
        self._program.chmod(0o700)
        self.certificates: list[tuple[str, str]] = []

    def source(self, *, with_cluster: bool = False) -> CommandToken:
        command = Command((str(self._program),), (("NAME", "me"),), V1, with_cluster)
        return CommandToken(command, {"server": "https://s"}, self._take)

    def _take(self, certificate: str, key: str) -> None:
        self.certificates.append((certificate, key))


def credential(version: str = V1, kind: str = "ExecCredential", **status: str) -> dict[str, object]:
    return {"apiVersion": version, "kind": kind, "status": status}


async def test_a_command_runs_once_until_its_token_is_refused(tmp_path: Path) -> None:
    login = Login(tmp_path, credential(token="t@RUN"))
    source = login.source()
    assert [*await asyncio.gather(source.header(), source.header())] == ["Bearer t1"] * 2
    assert await asyncio.gather(*(source.header(refused="Bearer t1") for _ in range(3))) == ["Bearer t2"] * 3
    assert await source.header() == "Bearer t2"


async def test_a_command_runs_again_when_its_token_has_ended(tmp_path: Path) -> None:
    ended = Login(tmp_path, credential(token="t@RUN", expirationTimestamp="2020-01-01T00:00:00Z")).source()
    assert [await ended.header(), await ended.header()] == ["Bearer t1", "Bearer t2"]
    lasting = Login(tmp_path, credential(token="t@RUN", expirationTimestamp="2999-01-01T00:00:00Z")).source()
    assert [await lasting.header(), await lasting.header()] == ["Bearer t3", "Bearer t3"]


@pytest.mark.parametrize("with_cluster", [False, True])
async def test_a_command_is_told_the_version_and_the_cluster_if_it_wants(
    tmp_path: Path, with_cluster: bool
) -> None:
    login = Login(tmp_path, credential(token="t"))
    await login.source(with_cluster=with_cluster).header()
    info = json.loads(login.info.read_text())
    assert (info["apiVersion"], info["kind"]) == (V1, "ExecCredential")
    cluster = {"cluster": {"server": "https://s"}} if with_cluster else {}
    assert info["spec"] == {"interactive": False, **cluster}


async def test_a_command_that_prints_a_certificate_has_no_header(tmp_path: Path) -> None:
    login = Login(tmp_path, credential(clientCertificateData="c", clientKeyData="k"))
    assert await login.source().header() is None
    assert login.certificates == [("c", "k")]


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("secret", "did not print an ExecCredential: JSON is malformed"),
        ("[]", "did not print an ExecCredential: Expected `object`"),
        (
            credential("client.authentication.k8s.io/v1beta1", token="secret"),
            "wanted ExecCredential of .*/v1$",
        ),
        (credential(kind="Other", token="secret"), "printed Other of"),
        ({"apiVersion": V1, "kind": "ExecCredential"}, "printed neither a token nor a certificate"),
        (credential(), "printed neither a token nor a certificate"),
        (credential(clientCertificateData="secret"), "printed one of certificate and key"),
        (
            credential(token="secret", expirationTimestamp="soon"),
            "did not print an ExecCredential: Invalid RFC3339",
        ),
        (credential(token="secret", expirationTimestamp="2020-01-01T00:00:00"), "without a time zone"),
        (credential(token="sec\nret"), "printed a token that has line breaks"),
    ],
)
async def test_what_is_no_credential_is_said_without_quoting_it(
    tmp_path: Path, printed: object, message: str
) -> None:
    with pytest.raises(ApiError, match=f"no credentials: command '{tmp_path}/login' .*{message}") as failed:
        await Login(tmp_path, printed).source().header()
    assert "secret" not in str(failed.value)
    assert failed.value.__suppress_context__


async def test_a_command_that_fails_is_quoted_by_what_it_says_to_people(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="ended with 3: from me$"):
        await Login(tmp_path, "secret", code=3).source().header()


async def test_a_command_that_is_gone_is_an_error_of_the_api(tmp_path: Path) -> None:
    source = CommandToken(Command((str(tmp_path / "none"),), (), V1, with_cluster=False), {}, print)
    with pytest.raises(ApiError, match="no credentials: command .*none' .*No such file"):
        await source.header()


async def test_a_command_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dra_driver.connection.credentials.COMMAND_S", 0.2)
    source = CommandToken(Command(("/bin/sleep", "100"), (), V1, with_cluster=False), {}, print)
    with pytest.raises(ApiError, match="did not end within 0.2 s"):
        await source.header()
    with pytest.raises(ChildProcessError):  # none is left, and none is a zombie
        os.waitpid(-1, os.WNOHANG)  # noqa: ASYNC222 # it does not wait
