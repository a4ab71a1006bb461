"""What the doctor decides from facts; the probes are run once, on this machine."""

import dataclasses
import json
from typing import Any

import pytest

from dra_clusters.choose import NAMES
from dra_clusters.cli import main
from dra_clusters.doctor.facts import Facts, Program
from dra_clusters.doctor.verdicts import DECISIONS, verdicts

GO = Program(path="/usr/bin/go", version="go version go1.26.0 linux/amd64")
NO_KUBELET = "no real kubelets: kubelet (dra-cluster binaries build --parts kubelet)"
BARE = Facts(
    python="3.12.4",
    packages={"aiohttp": "3.14.0"},
    kernel="Linux 6.8",
    cgroup="v2",
    uid=1000,
    user_namespaces=True,
    mount_namespaces=False,
    programs={"go": Program()},
    cache="/cache",
    cache_free_mb=9000,
    built={},
)


def verdict_of(provider: str, **changes: Any) -> tuple[bool, str]:
    found = {each.provider: each for each in verdicts(dataclasses.replace(BARE, **changes))}
    return found[provider].usable, found[provider].detail


def test_every_provider_has_a_verdict() -> None:
    assert set(DECISIONS) == set(NAMES)
    assert [verdict.provider for verdict in verdicts(BARE)] == sorted(NAMES)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, (True, "all of it")),
        ({"user_namespaces": False, "mount_namespaces": True}, (True, "all of it")),
        (
            {"user_namespaces": None, "mount_namespaces": None},
            (True, "all but processes of pods: they need root or user namespaces"),
        ),
        (
            {"packages": {"aiohttp": "", "grpcio": "1.80"}},
            (False, "not installed: aiohttp; run: pip install dra-conformance"),
        ),
    ],
)
def test_the_embedded_provider_needs_packages_only(
    changes: dict[str, Any], verdict: tuple[bool, str]
) -> None:
    assert verdict_of("embedded", **changes) == verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, (False, "no programs: set $KUBEBUILDER_ASSETS, or install Go to build them")),
        ({"programs": {"go": GO}}, (False, "no programs; run: dra-cluster binaries build")),
        (
            {"programs": {"go": GO}, "cache_free_mb": 100},
            (False, "no programs, and /cache has 100 MB free of the 4000 MB that a build needs"),
        ),
        (
            {"built": {"1.36.3": ("etcd", "kube-apiserver"), "1.37.2": ("etcd",)}},
            (True, f"Kubernetes 1.36.3 of /cache; {NO_KUBELET}"),
        ),
        (
            {"assets": "/assets", "assets_programs": ("etcd",)},
            (False, "$KUBEBUILDER_ASSETS is /assets, which lacks kube-apiserver"),
        ),
        (
            {"assets": "/assets", "assets_programs": ("etcd", "kube-apiserver")},
            (True, f"etcd, kube-apiserver of /assets; {NO_KUBELET}"),
        ),
        (
            {"built": {"1.37.2": ("etcd", "kube-apiserver", "kubelet")}},
            (True, "Kubernetes 1.37.2 of /cache; real kubelets (--kubelet real)"),
        ),
        (
            {
                "built": {"1.37.2": ("etcd", "kube-apiserver", "kubelet")},
                "node_missing": ("runc (package runc)",),
            },
            (True, "Kubernetes 1.37.2 of /cache; no real kubelets: runc (package runc)"),
        ),
    ],
)
def test_real_binaries_come_from_assets_the_cache_or_a_build(
    changes: dict[str, Any], verdict: tuple[bool, str]
) -> None:
    assert verdict_of("binaries", **changes) == verdict


@pytest.mark.slow
def test_the_command_prints_facts_and_verdicts_of_this_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    assert main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["facts"]["cluster_problem"].startswith("kubeconfig /nonexistent does not exist")
    assert [row["provider"] for row in document["providers"]] == sorted(NAMES)
    assert main(["doctor"]) == 0
    assert any(line.startswith("embedded: usable: ") for line in capsys.readouterr().out.splitlines())
