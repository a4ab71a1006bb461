"""Feature gates and versions of the API that a cluster is asked for."""

from pathlib import Path
from typing import Any

import pytest

from dra_clusters import cli
from dra_clusters.embedded import EmbeddedProvider
from dra_clusters.provider import ClusterOptions
from kube_emulator import switches
from kube_emulator.apiserver.served_versions import builtin_registry, is_served
from kube_emulator.errors import UsageError
from kube_emulator.releases.release import Release

DRA = "resource.k8s.io"


def test_switches_are_read_and_written_as_kubernetes_flags_are() -> None:
    assert switches.read("A=true, B=false,C", "--flag") == {"A": True, "B": False, "C": True}
    assert switches.shown({"A": True, "B": False}) == "A=true,B=false"


@pytest.mark.parametrize("text", ["A=maybe", "=true"])
def test_a_switch_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--flag: wanted NAME=true or NAME=false"):
        switches.read(text, "--flag")


@pytest.mark.parametrize(
    ("config", "version", "served"),
    [
        ({}, "v1", True),
        ({}, "v1beta1", False),
        ({"api/all": True}, "v1alpha3", True),
        ({"api/beta": True}, "v1beta2", True),
        ({"api/beta": True}, "v1alpha3", False),
        ({"api/all": True, "resource.k8s.io/v1beta1": False}, "v1beta1", False),
        ({"api/all": False, "api/ga": True}, "v1", True),
    ],
)
def test_the_most_special_switch_of_a_version_counts(
    config: dict[str, bool], version: str, served: bool
) -> None:
    assert is_served(DRA, version, config) == served


@pytest.mark.parametrize(("release", "versions"), [("1.36", {"v1beta2", "v1alpha3"}), ("1.37", {"v1"})])
def test_rules_of_taints_are_served_as_the_release_does(release: str, versions: set[str]) -> None:
    config = {} if release == "1.37" else {"api/all": True}
    registry = builtin_registry(Release.parse(release), config)
    names = ("v1", "v1beta2", "v1beta1", "v1alpha3")
    assert {name for name in names if registry.served(DRA, name, "devicetaintrules")} == versions


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--feature-gates", "Foo=true"], "feature gate Foo cannot be switched on: it is absent in 1.37"),
        (["--runtime-config", "resource.k8s.io/v9=true"], "runtime config resource.k8s.io/v9"),
    ],
)
def test_an_unknown_gate_or_version_is_one_line(
    flags: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["up", *flags, "--", "true"]) == 2
    printed = capsys.readouterr().err
    assert why in printed
    assert printed.count("\n") == 1


def test_the_environment_switches_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRA_CLUSTER_FEATURE_GATES", "Foo=true")
    assert cli.main(["up", "--", "true"]) == 2


def test_a_gate_of_the_options_is_on(tmp_path: Path) -> None:
    options = ClusterOptions(
        directory=tmp_path, parts=frozenset({"api"}), gates={"DRAListTypeAttributes": True}
    )
    cluster = EmbeddedProvider().up(options)
    try:
        value: dict[str, Any] = {
            "driver": "d.example.com",
            "nodeName": "n",
            "pool": {"name": "n", "resourceSliceCount": 1},
        }
        value["devices"] = [{"name": "a", "attributes": {"x": {"strings": ["a", "b"]}}}]
        made = cluster._plane.api.create("resourceslices", {"metadata": {"name": "s"}, "spec": value}).value
        assert made["spec"]["devices"][0]["attributes"] == {"x": {"strings": ["a", "b"]}}
    finally:
        cluster.down()
