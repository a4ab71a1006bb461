"""Bad input to every subcommand: one line with the remedy, exit code 2 for the caller's faults and 1 for the machine's."""

import re
from pathlib import Path

import pytest

from dra_clusters.cli import main

WITHOUT_CONTEXT = "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: []\nclusters: []\nusers: []\n"
NOT_CONNECTED = """{apiVersion: v1, kind: Config, current-context: a,
contexts: [{name: a, context: {cluster: a, user: a}}],
clusters: [{name: a, cluster: {server: "http://127.0.0.1:1"}}], users: [{name: a, user: {token: t}}]}
"""
KUBECONFIGS = {
    "missing": (None, "does not exist; name a kubeconfig file"),
    "not-yaml": ("a: [b", "is not YAML; name a kubeconfig file"),
    "empty": ("", "; name a kubeconfig file"),
    "text": ("hello", "; name a kubeconfig file"),
    "list": ("[1, 2]", "; name a kubeconfig file"),
    "binary": (b"\xff\xfe\x00", "; name a kubeconfig file"),
    "no-context": (WITHOUT_CONTEXT, "Expected object with name a in .*contexts.*; name a kubeconfig file"),
    "bad-authority": (
        NOT_CONNECTED.replace("http://127.0.0.1:1", "https://127.0.0.1:1").replace(
            "server:", "certificate-authority-data: eA==, server:"
        ),
        "; name a kubeconfig file",
    ),
}


def assert_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], code: int, text: str) -> None:
    try:
        found = main(argv)
    except SystemExit as error:
        found = error.code if isinstance(error.code, int) else 1
    printed = capsys.readouterr()
    assert (found, printed.out, printed.err.count("\n")) == (code, "", 1), printed
    assert re.search(text, printed.err), printed.err


@pytest.fixture(params=[*KUBECONFIGS, "folder"])
def kubeconfig(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A kubeconfig that cannot be used, and what is said about it."""
    path = tmp_path / "kubeconfig"
    if request.param == "folder":
        path.mkdir()
        return path, "is a folder; name a kubeconfig file"
    content, text = KUBECONFIGS[request.param]
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path, text


def test_check_refuses_a_kubeconfig_that_cannot_be_used(
    kubeconfig: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, text = kubeconfig
    assert_one_line(capsys, ["check", "--kubeconfig", str(path)], 2, text)


def test_explain_refuses_a_kubeconfig_that_cannot_be_used(
    kubeconfig: tuple[Path, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, text = kubeconfig
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert_one_line(capsys, ["explain", "c"], 2, text)


def test_explain_without_a_kubeconfig_names_the_default_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert_one_line(capsys, ["explain", "c"], 2, "kubeconfig ~/.kube/config does not exist")


def test_a_cluster_that_does_not_answer_is_the_machines_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(NOT_CONNECTED)
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert_one_line(capsys, ["explain", "c"], 1, "no answer from 127.0.0.1:1: .*refused")
    assert_one_line(capsys, ["check", "--kubeconfig", str(path)], 1, "no cluster to check at .*refused")


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (
            ["up", "--kubernetes", "1.2", "--", "true"],
            2,
            r"unknown Kubernetes version '1\.2'; there are: 1\.34",
        ),
        (["check", "--kubernetes", "1.2"], 2, r"unknown Kubernetes version '1\.2'"),
        (["diff", "embedded", "embedded", "--kubernetes", "1.2"], 2, r"unknown Kubernetes version '1\.2'"),
        (["binaries", "build", "--kubernetes", "1.2"], 2, r"unknown Kubernetes version '1\.2'"),
        (["binaries", "build", "--parts", "api,nope"], 2, r"unknown parts \['nope'\]"),
        (["up", "--provider", "nope", "--", "true"], 2, "unknown provider 'nope'; there are: "),
        (["check", "--provider", "nope"], 2, "unknown provider 'nope'"),
        (["diff", "embedded", "nope"], 2, "unknown provider 'nope'"),
        (["diff", "nope"], 2, "unknown provider 'nope'"),
        (["up", "--dir", "/proc/nope", "--", "true"], 1, "cannot start a cluster in /proc/nope: "),
        (["up", "--dir", "/dev/null", "--", "true"], 1, "cannot start a cluster in /dev/null: "),
        (["check", "--dir", "/proc/nope"], 1, "cannot start a cluster in /proc/nope: "),
        (["up", "--parts", "api", "--", "nosuch"], 2, "cannot run nosuch: No such file or directory"),
        (["up", "--parts", "api", "--", "/"], 2, "cannot run /: Permission denied"),
        (["up", "--nodes", "many"], 2, "'many': wanted a number of nodes"),
        (["up", "--parts", "nope", "--", "true"], 2, r"unknown parts \['nope'\]"),
        (["up", "--feature-gates", "Nope=true", "--", "true"], 2, "feature gate Nope cannot be switched on"),
        (["explain"], 2, "arguments are required: CLAIM"),
        (["nope"], 2, "invalid choice: 'nope'"),
        ([], 2, "arguments are required: COMMAND"),
    ],
)
def test_wrong_arguments_are_one_line(
    capsys: pytest.CaptureFixture[str], argv: list[str], code: int, text: str
) -> None:
    assert_one_line(capsys, argv, code, text)


def test_a_cache_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    go.touch(mode=0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nope")
    assert_one_line(capsys, ["binaries", "build"], 1, "cannot write /proc/nope.*; set XDG_CACHE_HOME")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("dra-cluster 0.")


def test_the_configuration_of_kind_is_that_of_the_provider_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--print-config"]) == 2
    assert "give --provider kind" in capsys.readouterr().err


@pytest.mark.slow
def test_an_archive_that_is_not_there_is_refused_before_kind_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["up", "--provider", "kind", "--load", "/nonexistent.tar", "--print-config"]) == 2
    assert (
        "--load: no archive /nonexistent.tar; write one with: dra-cluster image build"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "flags", [["--gpus", "t4"], ["--keep"], ["--name", "lab"], ["--node-image", "a:b"], ["--load", "a.tar"]]
)
def test_what_only_kind_clusters_have_is_refused_by_other_providers(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", *flags, "--", "true"]) == 2
    assert "these are for kind clusters (--provider kind)" in capsys.readouterr().err
