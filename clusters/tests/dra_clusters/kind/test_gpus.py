"""Fake GPUs on the nodes of a cluster: the manifest, and when every node serves."""

import subprocess
from typing import Any

import pytest
import yaml

from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.images.build import RECIPES
from dra_clusters.kind import gpus


def container() -> Any:
    (found,) = gpus.documents("gb200-nvl72", ["a", "b"])[-1]["spec"]["template"]["spec"]["containers"]
    return found


def test_every_node_serves_the_machine_and_knows_its_tray() -> None:
    values = {variable["name"]: variable.get("value") for variable in container()["env"]}
    assert values == {"FAKE_NVML_MACHINE": "gb200-nvl72", "FAKE_NVML_NODE_NAMES": "a,b", "NODE_NAME": None}


def test_the_image_is_one_that_is_built_here() -> None:
    assert gpus.IMAGE in RECIPES
    assert container()["image"] == f"localhost/dra-conformance/{gpus.IMAGE}:latest"


def test_the_node_has_only_the_rights_that_it_uses() -> None:
    rights = container()["securityContext"]
    assert not rights.get("privileged")
    assert rights["capabilities"]["drop"] == ["ALL"]


def test_the_manifest_can_be_applied_as_it_is() -> None:
    kinds = [document["kind"] for document in yaml.safe_load_all(gpus.MANIFEST.read_text())]
    assert kinds == ["Namespace", "DaemonSet"]


def pod(node: str, *, ready: bool, **state: Any) -> Any:
    status = {"phase": "Running", "containerStatuses": [{"ready": ready, **state}]}
    return {"metadata": {}, "spec": {"nodeName": node}, "status": status}


def test_a_node_that_does_not_serve_says_what_its_pod_says() -> None:
    waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": "no such image"}}
    found = gpus.not_serving([pod("a", ready=True), pod("b", ready=False, state=waiting)], ["a", "b", "c"])
    assert found == {"b": "ErrImageNeverPull no such image", "c": "it has no pod"}


def test_a_pod_that_is_going_away_serves_nothing() -> None:
    leaving = pod("a", ready=True)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-28T12:00:00Z"
    assert gpus.not_serving([leaving], ["a"]) == {"a": "it has no pod"}


def test_a_pod_that_is_about_to_be_replaced_does_not_count() -> None:
    old, new = pod("a", ready=True), pod("b", ready=True)
    old["metadata"]["labels"], new["metadata"]["labels"] = (
        {"pod-template-generation": "1"},
        {"pod-template-generation": "2"},
    )
    assert gpus.current([old, new], "2") == [new]


def test_waiting_for_nodes_that_never_serve_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "READY_S", 0.0)
    with pytest.raises(EnvironmentFault, match="nodes without fake GPUs after 0 s: a: it has no pod"):
        gpus.wait_serving(list, ["a"])


@pytest.mark.slow
def test_an_unknown_machine_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UsageError, match="--gpus: .*dgx-9.* there are: dgx-a100"):
        gpus.check_machine("dgx-9")


@pytest.mark.slow
def test_print_config_says_which_cluster_kind_is_given(tmp_path: Any) -> None:
    command = ["dra-cluster", "up", "--provider", "kind", "--name", "UPPER", "--print-config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--name 'UPPER': wanted" in done.stderr
