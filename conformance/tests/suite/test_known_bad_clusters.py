"""Known-bad clusters: for each of these defects, built into the emulator, a check on the cluster fails at its requirement.

A defect replaces one deciding function, so that the cluster breaks one rule and works otherwise. A cluster whose release
has a feature gate off is another kind: it is a real one that lacks what the gate brings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dra_clusters.checks import client
from dra_clusters.checks.behaviour import REGISTERED
from dra_clusters.checks.catalogue import behaviours
from dra_conformance.expectations import Violation
from dra_conformance.harness.clusters import Clusters
from dra_conformance.harness.evidence import Evidence
from dra_conformance.rules.clusters import PROOFS, behaviours_of

pytestmark = pytest.mark.slow
LISTED = [item.id for item in behaviours()]
PATIENCE_S = 2.0
"""What does not come in this time, on a cluster that is known to be bad, never comes."""
API, SCHEDULER, CONTROLLERS = (
    f"kube_emulator.{part}" for part in ("apiserver", "scheduler.framework", "controllers")
)


def none(*_: Any, **__: Any) -> None:
    return None


def nothing(*_: Any, **__: Any) -> tuple[()]:
    return ()


def no(*_: Any, **__: Any) -> bool:
    return False


def empty(*_: Any, **__: Any) -> str:
    return ""


def ready(*_: Any, **__: Any) -> str:
    return "ready"


def no_claims(*_: Any, **__: Any) -> tuple[list[Any], list[Any]]:
    return [], []


@dataclass(frozen=True, slots=True)
class Defect:
    """A function of the emulator that is replaced.

    Attributes:
        requirement: what the cluster breaks then.
        where: the dotted name of what is replaced.
        caught: the behaviours that see it; all of them must.
    """

    requirement: str
    where: str
    instead: Any
    caught: tuple[str, ...]


DEFECTS = (
    Defect(
        "API-002",
        f"{API}.validation.resource_kinds.slices.slice_spec",
        nothing,
        ("slices/129-devices", "slices/device-name-is-a-label", "slices/one-node-selection"),
    ),
    Defect("API-003", f"{API}.validation.drops.drop", none, ("slices/list-attributes-are-dropped",)),
    Defect(
        "API-004",
        f"{API}.validation.allocations.immutable",
        nothing,
        ("statuses/allocation-is-immutable",),
    ),
    Defect(
        "API-005",
        f"{API}.validation.drops._drop_deallocated",
        none,
        ("statuses/devices-are-dropped-on-deallocation",),
    ),
    Defect("API-010", f"{API}.validation.claims._selector", nothing, ("claims/selector-compiles",)),
    Defect("API-012", f"{API}.admission.quota.Quota.check", none, ("quotas/number-of-claims",)),
    Defect(
        "SCH-004",
        f"{SCHEDULER}.pools.problem_of",
        empty,
        ("pooling/doubled-names-make-it-invalid", "pooling/counter-set-must-exist"),
    ),
    Defect(
        "SCH-006",
        f"{SCHEDULER}.allocator.violated",
        none,
        (
            "scheduling/match-attribute",
            "scheduling/match-attribute-must-be-there",
            "scheduling/match-attribute-compares-types",
        ),
    ),
    Defect(
        "SCH-007",
        f"{SCHEDULER}.allocator.violated",
        none,
        ("scheduling/distinct-attribute", "scheduling/distinct-attribute-is-pairwise"),
    ),
    Defect("SCH-012", f"{SCHEDULER}.counters.CounterSets.shortage", none, ("pooling/counters-limit",)),
    Defect("SCH-013", f"{SCHEDULER}.allocator.shortage", none, ("pooling/shared-device-is-full",)),
    Defect(
        "SCH-014",
        f"{SCHEDULER}.allocator.preventing",
        none,
        ("scheduling/taint-keeps-away", "scheduling/no-execute-keeps-away", "device-taints/rule-keeps-away"),
    ),
    Defect(
        "SCH-015",
        "kube_emulator.scheduler.scheduler.state_of",
        ready,
        ("pooling/binding-conditions-delay", "pooling/failed-binding-frees-the-device"),
    ),
    Defect("SCH-016", f"{SCHEDULER}.cycle.requests_and_mappings", no_claims, ("pooling/extended-resource",)),
    Defect("SCH-018", f"{SCHEDULER}.allocator.Search.busy", no, ("scheduling/no-device-twice",)),
    Defect("SCH-020", f"{SCHEDULER}.results.selector_of", none, ("scheduling/allocation-binds-to-the-node",)),
    Defect(
        "SCH-021", f"{SCHEDULER}.counters.CounterSets.estranged", empty, ("pooling/compatibility-groups",)
    ),
    Defect(
        "CTL-001",
        f"{CONTROLLERS}.resourceclaim.ResourceClaimController._claim_for",
        none,
        ("controllers/claim-from-template",),
    ),
    Defect(
        "CTL-005",
        f"{CONTROLLERS}.rule_status.RuleStatus.write",
        none,
        ("device-taints/rule-of-other-effect",),
    ),
)


@contextmanager
def clusters_of(folder: Path, release: str = "1.37") -> Iterator[Clusters]:
    """Clusters of an emulator as it is now."""
    found = Clusters(folder, provider_name="embedded", kubernetes=release, seed=0)
    try:
        yield found
    finally:
        found.close()


def fails(clusters: Clusters, name: str) -> None:
    """The behaviour NAME must be a violation: an error would say nothing of the cluster."""
    with pytest.raises(Violation, match="wanted"):
        clusters.run(REGISTERED[name], Evidence())


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.requirement}-{defect.where}")
def test_a_defect_is_caught(defect: Defect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = {proof.requirement: list(behaviours_of(proof, LISTED)) for proof in PROOFS}
    assert set(defect.caught) <= set(proofs[defect.requirement])
    monkeypatch.setattr(defect.where, defect.instead)
    monkeypatch.setattr(client, "PATIENCE_S", PATIENCE_S)
    with clusters_of(tmp_path) as clusters:
        for name in defect.caught:
            fails(clusters, name)


BEHIND_GATES = {
    "DRADeviceTaints": ("scheduling/taint-keeps-away", "slices/taint-gets-a-time"),
    "DRAPartitionableDevices": ("pooling/counters-limit", "slices/8-counter-sets"),
    "DRAConsumableCapacity": ("pooling/shared-device", "scheduling/distinct-attribute"),
    "DRADeviceBindingConditions": ("pooling/binding-conditions-delay", "slices/4-binding-conditions"),
    "DRAExtendedResource": ("pooling/extended-resource",),
}


@pytest.mark.parametrize("gate", BEHIND_GATES)
def test_a_cluster_without_the_gate_is_caught(
    gate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr("dra_conformance.harness.clusters.reason_to_skip", empty)  # 1.35 has the gates off
    with clusters_of(tmp_path, "1.35") as clusters:
        for name in BEHIND_GATES[gate]:
            fails(clusters, name)
