"""How real programs are found and built; that they run is tested by test_behaviours."""

import os
from pathlib import Path

import pytest

from dra_clusters import ClusterOptions, start_cluster
from dra_clusters.binaries.build import build, find, module_file, newest_patch, packages
from kube_emulator.errors import EnvironmentFault, UsageError

UPSTREAM = """module k8s.io/kubernetes

go 1.26.0

require (
	github.com/google/cel-go v0.26.0
	go.etcd.io/etcd/client/v3 v3.6.8
	k8s.io/api v0.0.0
	k8s.io/klog/v2 v2.140.0
	k8s.io/streaming v0.0.0
)
"""


def test_the_newest_patch_is_taken_by_number() -> None:
    versions = ["v1.36.0", "v1.36.9", "v1.36.10", "v1.37.0", "v1.36.11-rc.0"]
    assert newest_patch(versions, "1.36") == "1.36.10"


def test_a_release_that_is_not_published_is_reported() -> None:
    with pytest.raises(EnvironmentFault, match=r"no release of Kubernetes 1\.99"):
        newest_patch(["v1.36.0"], "1.99")


def test_staging_modules_are_replaced_by_those_of_the_release() -> None:
    lines = module_file(UPSTREAM, "1.36.3").splitlines()
    assert [line for line in lines if line.startswith("replace")] == [
        "replace k8s.io/api => k8s.io/api v0.36.3",
        "replace k8s.io/streaming => k8s.io/streaming v0.36.3",
    ]
    assert "require go.etcd.io/etcd/server/v3 v3.6.8" in lines


def test_the_api_server_is_always_built() -> None:
    assert list(packages(["scheduler"])) == ["etcd", "kube-apiserver", "kube-scheduler"]


def test_the_error_for_missing_binaries_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    with pytest.raises(UsageError, match=r"run: dra-cluster binaries build --kubernetes 1\.36"):
        find("1.36")


def test_the_newest_build_in_the_cache_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    for version in ("1.36.9", "1.36.10"):
        folder = tmp_path / "dra-conformance" / "binaries" / version
        folder.mkdir(parents=True)
        for name in ("etcd", "kube-apiserver"):
            (folder / name).touch()
    assert find("1.36").folder.name == "1.36.10"
    assert find("1.36").parts == {"api"}


def test_assets_without_programs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(UsageError, match="where etcd and kube-apiserver are not both"):
        find("1.36")


def test_building_needs_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="needs a Go toolchain"):
        build("1.36", ["api"])


@pytest.mark.slow
def test_a_program_that_ends_at_once_is_reported_and_the_others_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    programs = {
        "etcd": f"echo $$ > {pid}; exec sleep 600",
        "kube-apiserver": '[ "$1" = --version ] && echo Kubernetes v1.36.3 && exit 0; echo no licence; exit 3',
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    options = ClusterOptions(directory=tmp_path / "c", kubernetes="1.36")
    for _ in range(2):  # the second time proves that the folder was released
        with (
            pytest.raises(EnvironmentFault, match=r"kube-apiserver ended with code 3; .*no licence"),
            start_cluster(options, provider="binaries"),
        ):
            pass
        with pytest.raises(ProcessLookupError, match="No such process"):
            os.kill(int(pid.read_text()), 0)
