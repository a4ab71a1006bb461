"""Versions that differ: both DRA services, unknown fields, and an API server that is older than the driver."""

import time

import grpc

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.kubelet import VERSIONS

IDLE_S = 1.0
WRITES_MAX = 3
"""In IDLE_S: one more try is no storm."""


def publish(harness: Harness) -> None:
    """Start the driver and wait for its slices."""
    harness.start()
    harness.kubelet.register()
    found = harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
    expect(bool(found), wanted="slices", found="none", where="the oldest API server")


def dropped(harness: Harness) -> list[str]:
    """The members of devices that the driver set and the API server did not store."""
    stored = {
        device["name"]: device
        for item in harness.api.own_slices()
        for device in item["spec"].get("devices") or []
    }
    return sorted(
        {
            name
            for spec in harness.api.sent_specs()
            for device in spec.get("devices") or []
            for name, value in device.items()
            if value and name not in stored.get(device["name"], device)
        }
    )


@requirement("MV-010", why="a fleet of drivers that fight with the API server is an outage")
def test_dropped_fields_cause_no_storm(oldest_kubernetes: Harness) -> None:
    """On the oldest Kubernetes, whose gates are off, the driver publishes, writes no more afterwards, and serves."""
    publish(oldest_kubernetes)
    oldest_kubernetes.evidence.add("api", "dropped members of devices", names=dropped(oldest_kubernetes))
    time.sleep(0.2)
    start = time.time()
    time.sleep(IDLE_S)
    writes = len(oldest_kubernetes.api.driver_writes(after=start))
    expect(
        writes <= WRITES_MAX,
        wanted=f"at most {WRITES_MAX} writes in {IDLE_S:g} s",
        found=writes,
        where="slices",
    )
    oldest_kubernetes.kubelet.prepared(oldest_kubernetes.claim())


@requirement("MV-011", why="users look for a feature that the cluster silently removed")
def test_dropped_fields_are_logged(oldest_kubernetes: Harness) -> None:
    """Fields of slices that the oldest Kubernetes drops are logged by the driver."""
    publish(oldest_kubernetes)
    names = dropped(oldest_kubernetes)
    if not names:
        not_applicable("the oldest API server stores all that the driver sends")
    log = oldest_kubernetes.driver.log_text()
    silent = [name for name in names if name not in log and "dropped" not in log]
    each(silent, wanted="a message about dropped fields", where="driver log")


def sent_members(harness: Harness) -> dict[str, set[str]]:
    """{device: the members that the driver once sent for it}."""
    found: dict[str, set[str]] = {}
    for spec in harness.api.sent_specs():
        for device in spec.get("devices") or []:
            found.setdefault(device["name"], set()).update(name for name, value in device.items() if value)
    return found


@requirement(
    "MV-012", why="two pods would get one piece of hardware, as two devices that do not know of each other"
)
def test_partitions_without_counters_are_withheld(oldest_kubernetes: Harness) -> None:
    """Where the API server drops counters, devices that were sent with some are not offered in the end."""
    publish(oldest_kubernetes)
    counted = {
        name for name, members in sent_members(oldest_kubernetes).items() if "consumesCounters" in members
    }
    if not counted:
        not_applicable("the driver sends no counters to the oldest API server")

    def uncounted() -> list[str]:
        """The devices that are offered without the counters that they were sent with."""
        devices = [
            d for item in oldest_kubernetes.api.own_slices() for d in item["spec"].get("devices") or []
        ]
        return [d["name"] for d in devices if d["name"] in counted and not d.get("consumesCounters")]

    expect_soon(
        lambda: not uncounted(),
        within_s=oldest_kubernetes.descriptor.budgets.repair_seconds,
        wanted="none of them, or with their counters",
        found=uncounted,
        where="devices on the oldest API server",
    )


@requirement("MV-001", why="kubelets before 1.34 know v1beta1 only")
def test_both_dra_versions_are_served(harness: Harness) -> None:
    """v1 and v1beta1 of DRAPlugin answer an empty prepare."""
    missing = []
    for version in VERSIONS:
        try:
            harness.kubelet.prepare(version=version)
        except grpc.RpcError as error:
            missing.append(f"{version}: {error.code().name}")
    each(missing, wanted="v1 and v1beta1", where="DRA endpoint")


def both_versions(harness: Harness) -> None:
    """End the check if the driver serves one version only."""
    listed = harness.kubelet.info().supported_versions
    if not set(VERSIONS) <= set(listed):
        not_applicable(f"the driver serves {list(listed)} only")


@requirement("MV-002", why="a kubelet upgrade changes the version under running pods")
def test_versions_answer_alike(harness: Harness) -> None:
    """A claim prepared through v1beta1 and repeated through v1 has the same devices, requests and ids."""
    both_versions(harness)
    claim = harness.claim(*harness.require_devices(2), requests=["a", "b"])
    first = harness.kubelet.prepared(claim, version=names.DRA_V1BETA1)
    second = harness.kubelet.prepared(claim, version=names.DRA_V1)
    harness.release(claim)
    expect(first == second, wanted=first, found=second, where="v1beta1 against v1")


@requirement("MV-003", why="pods end after the kubelet was upgraded or downgraded")
def test_claims_cross_versions(harness: Harness) -> None:
    """A claim prepared through one version is unprepared through the other."""
    both_versions(harness)
    for there, back in ((names.DRA_V1, names.DRA_V1BETA1), (names.DRA_V1BETA1, names.DRA_V1)):
        claim = harness.claim()
        ids = [name for device in harness.kubelet.prepared(claim, version=there) for name in device.cdi_ids]
        harness.kubelet.unprepared(claim, version=back)
        left = harness.still_defined(ids)
        harness.release(claim)
        each(left, wanted="no CDI device left", where=f"prepared by {there}, unprepared by {back}")


@requirement("MV-007", why="API servers are newer than drivers")
def test_unknown_json_fields_are_ignored(harness: Harness) -> None:
    """A claim with members that no version knows is prepared."""
    claim = harness.claim(unknown=True)
    harness.kubelet.prepared(claim)
    harness.release(claim)


@requirement("MV-008", why="kubelets are newer than drivers")
def test_unknown_protobuf_fields_are_ignored(harness: Harness) -> None:
    """A prepare request with unknown fields on the wire is answered."""
    _, messages = VERSIONS[names.DRA_V1]
    claim = harness.claim()
    message = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
    body = messages.NodePrepareResourcesRequest(claims=[message]).SerializeToString()
    path = "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources"
    answer = harness.kubelet.raw_call(path, body + b"\xfa\x3e\x03abc")  # field 1007, length-delimited
    harness.release(claim)
    good = isinstance(answer, bytes) and claim.uid.encode() in answer
    expect(good, wanted="an answer with the claim", found=answer, where="request with field 1007")
