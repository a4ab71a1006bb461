"""Feature gates as capabilities: what a cluster says of its gates, and which behaviours that lets run."""

from pathlib import Path

from dra_clusters.check import gates_in, reason_to_skip, subject_of
from dra_clusters.checks.behaviour import REGISTERED
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.choose import provider
from dra_clusters.provider import ClusterOptions, switchable

assert behaviours()
METRICS = """# HELP kubernetes_feature_enabled [BETA] This metric records the data about the stage and enablement of a k8s feature.
# TYPE kubernetes_feature_enabled gauge
kubernetes_feature_enabled{name="DRAAdminAccess",stage=""} 1
kubernetes_feature_enabled{name="DRADerivedAttributes",stage="ALPHA"} 0
kubernetes_feature_enabled{name="DRADeviceTaintRules",stage="BETA"} 1
other{name="DRADerivedAttributes"} 1
"""


def test_gates_are_read_from_the_metrics_of_a_real_server() -> None:
    assert gates_in(METRICS) == {"gate:DRAAdminAccess", "gate:DRADeviceTaintRules"}


def test_a_behaviour_of_a_gate_runs_where_the_gate_is_on(tmp_path: Path) -> None:
    item = REGISTERED["scheduling/list-attributes-intersect"]
    reasons = []
    for name, gates in (("off", {}), ("on", {"DRAListTypeAttributes": True})):
        folder = tmp_path / name
        folder.mkdir()
        options = ClusterOptions(
            directory=folder, nodes=(), parts=frozenset({"api", "scheduler"}), gates=gates
        )
        with provider("embedded").up(options) as cluster:
            reasons.append(reason_to_skip(item, subject_of(cluster)))
    assert reasons == ["needs gate:DRAListTypeAttributes", ""]


def test_gates_that_a_release_knows_can_be_switched() -> None:
    gates = ("DRAListTypeAttributes", "DRADerivedAttributes", "NoSuchGate")
    assert switchable("1.35", gates) == frozenset()
    assert switchable("1.36", gates) == {"DRAListTypeAttributes"}
    assert switchable("1.37", gates) == {"DRAListTypeAttributes", "DRADerivedAttributes"}
