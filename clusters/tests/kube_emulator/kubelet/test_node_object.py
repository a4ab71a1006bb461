"""The Node that a kubelet writes."""

from kube_emulator.kubelet.node_object import node_status
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37

NOW = "2026-01-01T00:00:00Z"


def test_a_node_declares_the_features_of_its_kubelet_that_the_scheduler_must_know() -> None:
    gates = gates_of(V1_37, {"DRAOptionalNodeOperations": True})
    status = node_status("n", 0, release=V1_37, gates=gates, boot_id="b", now=NOW)
    assert status["declaredFeatures"] == ["DRAOptionalNodeOperations"]


def test_a_node_with_the_gates_of_its_release_declares_none() -> None:
    status = node_status("n", 0, release=V1_37, gates=gates_of(V1_37), boot_id="b", now=NOW)
    assert "declaredFeatures" not in status
