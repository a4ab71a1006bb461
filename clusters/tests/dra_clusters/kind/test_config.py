"""kind's configuration, and the network that nodes of our own image get."""

from pathlib import Path
from typing import Any

import yaml

from dra_clusters.kind import config
from dra_clusters.kind.config import KindSettings, NodeNetwork

NAMES = ("dra-control-plane", "dra-worker")


def document(**changes: Any) -> Any:
    settings: dict[str, Any] = {
        "name": "dra",
        "image": "docker.io/kindest/node:v1.37.0",
        "nodes": NAMES,
        "folders": {name: Path(f"/c/nodes/{name}") for name in NAMES},
        "gates": {},
        "runtime_config": {},
    }
    return config.cluster_config(KindSettings(**{**settings, **changes}))


def test_the_first_node_is_the_control_plane() -> None:
    assert [node["role"] for node in document()["nodes"]] == ["control-plane", "worker"]


def test_a_driver_on_this_machine_is_found_by_the_kubelet_at_the_path_that_it_names() -> None:
    mounts = {each["hostPath"]: each["containerPath"] for each in document()["nodes"][1]["extraMounts"]}
    assert mounts == {
        "/c/nodes/dra-worker": "/c/nodes/dra-worker",
        "/c/nodes/dra-worker/plugins": "/var/lib/kubelet/plugins",
        "/c/nodes/dra-worker/plugins_registry": "/var/lib/kubelet/plugins_registry",
        "/c/nodes/dra-worker/cdi": "/run/cdi",
    }


def test_gates_and_served_versions_are_passed_on_in_the_form_that_kind_reads() -> None:
    found = document(gates={"DRAListTypeAttributes": True}, runtime_config={"api/all": True})
    assert found["featureGates"] == {"DRAListTypeAttributes": True}
    assert found["runtimeConfig"] == {"api/all": "true"}


def test_a_published_image_keeps_its_network() -> None:
    assert "networking" not in document()
    assert "restrict_oom_score_adj" not in document()["containerdConfigPatches"][0]


def test_our_own_image_has_no_network_daemon_and_runs_without_rights_to_lower_scores() -> None:
    found = document(own_image=True)
    assert found["networking"] == {"disableDefaultCNI": True, "kubeProxyMode": "nftables"}
    assert "restrict_oom_score_adj = true" in found["containerdConfigPatches"][0]


def test_the_kubelet_starts_on_cgroup_v1_too() -> None:
    assert yaml.safe_load(document()["kubeadmConfigPatches"][0])["failCgroupV1"] is False


def test_a_node_reaches_the_pods_of_every_other_node() -> None:
    networks = [
        NodeNetwork(name="a", address="10.89.0.2", pod_range="10.244.0.0/24"),
        NodeNetwork(name="b", address="10.89.0.3", pod_range="10.244.1.0/24"),
    ]
    assert config.routes(networks, "a") == ["10.244.1.0/24 via 10.89.0.3"]


def test_a_node_has_a_network_when_the_controllers_gave_it_a_range() -> None:
    addresses = [{"type": "InternalIP", "address": "10.89.0.2"}]
    node = {"metadata": {"name": "a"}, "status": {"addresses": addresses}}
    assert config.network_of(node) is None
    node["spec"] = {"podCIDR": "10.244.0.0/24"}
    assert config.network_of(node) == NodeNetwork(name="a", address="10.89.0.2", pod_range="10.244.0.0/24")
