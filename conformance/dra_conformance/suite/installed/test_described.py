"""What a driver says of the devices that a pod has: metadata files in the container, the claim's status, health in the pod's status."""

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.installed import Installed
from dra_conformance.harness.probe import Inside
from dra_conformance.rules import device_status
from dra_conformance.rules.metadata import ROOT, devices_in, documents_in, odd_versions
from dra_conformance.suite.features.offered import require

pytestmark = tier("cluster")
HEALTH_S = 30.0
STATUS, HEALTH, METADATA = "DRAResourceClaimDeviceStatus", "ResourceHealthStatus", "DeviceMetadata"


@pytest.fixture
def described(installed: Installed) -> tuple[str, Inside]:
    """A claim with metadata, and what its container sees."""
    claim = installed.claim()
    seen = installed.seen_by(installed.pod_with(claim))["main"]
    nothing = f"a container with a claim has no file below {ROOT}"
    require(installed, METADATA, bool(seen.files), "META-002", nothing)
    return claim, seen


@requirement("META-001", "META-002", why="workloads do not find the file, or can change what others read")
def test_metadata_is_where_workloads_look(installed: Installed, described: tuple[str, Inside]) -> None:
    """The file of a claim is below the claim's and the request's name, and mounted read-only."""
    claim, seen = described
    place = f"{ROOT}/resourceclaims/{claim}/gpu/{installed.driver}-metadata.json"
    expect(
        list(seen.files) == [place], wanted=[place], found=sorted(seen.files), where="files in the container"
    )
    mounted = [
        path
        for path in seen.mounts
        if place == path or (place.startswith(f"{path}/") and path.startswith("/var/run/"))
    ]
    mounted += [path for path in seen.mounts if path == place.replace("/var/run/", "/run/", 1)]
    options = {path: seen.mounts[path] for path in mounted}
    good = bool(options) and all("ro" in one.split(",") for one in options.values())
    expect(good, wanted="a read-only mount", found=options, where="mounts of metadata")


@requirement("META-003", why="a workload that knows one version cannot read the file")
def test_metadata_is_a_stream_of_versions(described: tuple[str, Inside]) -> None:
    """A file has one document per version, newest first, each with apiVersion and kind."""
    odd = [odd_versions(documents_in(text)) for text in described[1].files.values()]
    each([one for one in odd if one], wanted="DeviceMetadata, newest first", where="metadata files")


@requirement("META-004", why="a workload takes a device for its own that it was not given")
def test_metadata_is_of_the_allocated_device(installed: Installed, described: tuple[str, Inside]) -> None:
    """Driver, pool and device in a file are those of the allocation."""
    claim, seen = described
    wanted = [(one["driver"], one["pool"], one["device"]) for one in installed.results(claim)]
    found = [devices_in(document) for text in seen.files.values() for document in documents_in(text)]
    each([one for one in found if one != wanted], wanted=wanted, where="metadata files")


@pytest.fixture
def reported(installed: Installed) -> tuple[JsonObject, list[JsonObject]]:
    """A claim of a pod that runs, and the driver's entries in its status."""
    claim = installed.claim()
    installed.running(installed.pod_with(claim))

    def entries() -> list[JsonObject]:
        listed = installed.read("resourceclaims", claim)["status"].get("devices") or []
        return [one for one in listed if one["driver"] == installed.driver]

    if STATUS in installed.descriptor.features:
        expect_soon(
            lambda: bool(entries()),
            within_s=installed.limit_s,
            wanted="an entry of the driver",
            found=lambda: "none; is the cluster's feature gate off?",
            where=f"status.devices of claim {claim}",
        )
    if not (found := entries()):
        not_applicable("the driver writes no status.devices, and does not claim to")
    return installed.read("resourceclaims", claim), found


@requirement("STAT-001", "STAT-002", why="users read of a device that the claim does not have")
def test_the_status_is_of_allocated_devices(reported: tuple[JsonObject, list[JsonObject]]) -> None:
    """Each entry of the driver is about a device of the allocation."""
    item, entries = reported
    results = item["status"]["allocation"]["devices"]["results"]
    each(
        list(device_status.unallocated(entries, results)), wanted="allocated devices", where="status.devices"
    )


@requirement("STAT-006", why="the API server refuses the status")
def test_data_is_small(reported: tuple[JsonObject, list[JsonObject]]) -> None:
    """The data of an entry is an object of at most 10 KiB."""
    each(
        list(device_status.odd_data(reported[1])),
        wanted=device_status.odd_data.__doc__,
        where="status.devices",
    )


@requirement("STAT-007", why="programs that wait for a condition read it wrongly")
def test_conditions_are_complete(reported: tuple[JsonObject, list[JsonObject]]) -> None:
    """Conditions have different types and all their fields."""
    problems = list(device_status.odd_conditions(reported[1]))
    each(problems, wanted=device_status.odd_conditions.__doc__, where="status.devices")


@requirement("STAT-008", why="the API server refuses the status")
def test_network_data_is_canonical(reported: tuple[JsonObject, list[JsonObject]]) -> None:
    """Network data has names within their limits and canonical addresses."""
    problems = list(device_status.odd_network(reported[1]))
    each(problems, wanted=device_status.odd_network.__doc__, where="status.devices")


@requirement("HLT-001", "HLT-003", why="users see a pod that fails, and not that its device is broken")
def test_health_reaches_the_pod(installed: Installed) -> None:
    """The status of a container with a claim says that its device is Healthy."""
    if HEALTH not in installed.descriptor.features:
        not_applicable(f"the descriptor does not claim {HEALTH}")
    pod = installed.pod_with(installed.claim())
    installed.running(pod)

    def healths() -> list[str]:
        statuses = installed.read("pods", pod.name)["status"].get("containerStatuses") or []
        return [
            resource.get("health", "")
            for status in statuses
            for entry in status.get("allocatedResourcesStatus") or []
            for resource in entry.get("resources") or []
        ]

    if not healths():
        not_applicable("the kubelet puts no device health into pods: its feature gate is off")
    expect_soon(
        lambda: set(healths()) == {"Healthy"},
        within_s=HEALTH_S,
        wanted="Healthy",
        found=healths,
        where="allocatedResourcesStatus",
    )
