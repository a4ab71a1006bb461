"""What the API server serves and stores: versions of the API, and fields whose feature gate is off (registry strategies, 1.37)."""

from typing import Any

import pytest

from dra_api.objects import JsonObject
from dra_clusters.check import seen_at
from dra_clusters.checks.context import CheckContext
from dra_clusters.provider import ObservableCluster
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, not_applicable
from dra_conformance.harness.clusters import Clusters, Flavour
from dra_conformance.harness.evidence import Evidence

pytestmark = tier("node", "cluster")
BETAS = ("resource.k8s.io/v1beta1", "resource.k8s.io/v1beta2")
DRIVER = "gated.dra-conformance.dev"
Path = tuple[str | int, ...]
GATED: dict[str, tuple[str, Path, Any]] = {
    "DRADeviceTaints": (
        "resourceslices",
        ("spec", "devices", 0, "taints"),
        [{"key": "example.com/sick", "effect": "NoSchedule"}],
    ),
    "DRAConsumableCapacity": ("resourceslices", ("spec", "devices", 0, "allowMultipleAllocations"), True),
    "DRADeviceBindingConditions": ("resourceslices", ("spec", "devices", 0, "bindsToNode"), True),
    "DRAOptionalNodeOperations": ("resourceslices", ("spec", "skipNodeOperations"), ["*"]),
    "DRANodeAllocatableResources": (
        "resourceslices",
        ("spec", "devices", 0, "nodeAllocatableResources"),
        {"cpu": {"overhead": {"perPod": "1"}}},
    ),
    "DRADerivedAttributes": (
        "resourceclaims",
        ("spec", "devices", "requests", 0, "exactly", "derivedAttributes"),
        [{"name": "derived/one", "expression": "1"}],
    ),
}
"""{gate: (plural, place, value)} of a field that it brings; which of the gates are on depends on the release."""


def an_object(context: CheckContext, plural: str) -> JsonObject:
    """A slice or a claim without any gated field; a constraint names the attribute that may be derived."""
    metadata = {"name": context.name()}
    if plural == "resourceclaims":
        request = {"name": "r", "exactly": {"deviceClassName": "none"}}
        spec = {"devices": {"requests": [request], "constraints": [{"matchAttribute": "derived/one"}]}}
        return {"metadata": metadata, "spec": spec}
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    device = {"name": "d0", "attributes": {"profile": {"string": "x"}}}
    return {
        "metadata": metadata,
        "spec": {"driver": DRIVER, "pool": pool, "allNodes": True, "devices": [device]},
    }


def put_in(item: JsonObject, place: Path, value: Any) -> None:
    """Set the field at PLACE."""
    found: Any = item
    for step in place[:-1]:
        found = found[step]
    found[place[-1]] = value


def has(item: JsonObject, place: Path) -> bool:
    """Whether there is a field at PLACE."""
    found: Any = item
    for step in place[:-1]:
        found = found[step]
    return place[-1] in found


@requirement("API-001", why="clients of old versions work in one cluster and fail in the next")
def test_betas_are_served_only_when_enabled(clusters: Clusters, evidence: Evidence) -> None:
    """A cluster whose administrator enabled nothing serves resource.k8s.io/v1 and none of its beta versions."""
    if not clusters.switchable:
        not_applicable("an existing cluster is used as it is, and what was enabled there is not known")
    cluster = clusters.cluster(Flavour(betas=False))
    seen = seen_at(cluster.kubeconfig)
    served = sorted(name for name in seen if name.startswith("resource.k8s.io/"))
    evidence.add("api", "GET /apis/resource.k8s.io", served=served)
    wanted = "resource.k8s.io/v1 and no beta"
    good = "resource.k8s.io/v1" in served and not set(served) & set(BETAS)
    expect(good, wanted=wanted, found=served, where="versions served by default")


@requirement("API-003", why="a driver believes to have published what the cluster does not know")
@pytest.mark.parametrize("gate", GATED)
def test_fields_are_stored_where_their_gate_is_on(clusters: Clusters, evidence: Evidence, gate: str) -> None:
    """A field whose feature gate is off is dropped when an object is created; with the gate on it is stored."""
    plural, place, value = GATED[gate]
    subject = clusters.subject()
    if not any(name.startswith("gate:") for name in subject.capabilities):
        not_applicable("the cluster does not say which feature gates are on")
    on = f"gate:{gate}" in subject.capabilities
    with clusters.context(subject, evidence) as context:
        item = an_object(context, plural)
        put_in(item, place, value)
        stored = context.create(plural, item)
    found = "stored" if has(stored, place) else "dropped"
    expect(
        has(stored, place) == on,
        wanted="stored" if on else "dropped",
        found=found,
        where=f"{'.'.join(map(str, place))} with the gate {gate} {'on' if on else 'off'}",
    )


@requirement("API-003", why="switching a gate off makes every later write destroy what is in use")
def test_fields_in_use_are_kept(clusters: Clusters, evidence: Evidence) -> None:
    """A field that is stored already stays when the object is updated with its gate off."""
    cluster, subject = clusters.cluster(), clusters.subject()
    if not isinstance(cluster, ObservableCluster):
        not_applicable(f"provider {cluster.name} cannot hold an object from before a gate was switched off")
    gate = next((gate for gate in GATED if f"gate:{gate}" not in subject.capabilities), "")
    if not gate:
        not_applicable("every gate that brings a field is on")
    plural, place, value = GATED[gate]
    with clusters.context(subject, evidence) as context:
        stored = context.create(plural, an_object(context, plural))
        put_in(stored, place, value)
        cluster.plant(plural, stored)
        name = stored["metadata"]["name"]
        old = context.get(plural, name).expect(200)
        old["metadata"]["labels"] = {"updated": "yes"}
        new = context.put(plural, old).expect(200)
    expect(
        has(new, place), wanted="kept", found="dropped", where=f"{'.'.join(map(str, place))} after an update"
    )
