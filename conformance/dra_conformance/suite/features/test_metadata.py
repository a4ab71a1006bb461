"""Files that describe a claim's devices to workloads (KEP-5304; kubeletplugin/metadata.go, 1.37)."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.rules.metadata import GROUP, ROOT, devices_in, documents_in, odd_versions
from dra_conformance.suite.features.offered import require

FEATURE = "DeviceMetadata"
POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
REQUESTS = ("gpu", "big/large")


@dataclass(frozen=True, slots=True)
class Mounted:
    """A metadata file as a container would get it; ``text`` is empty if the host has no such file."""

    cdi_id: str
    host: Path
    inside: str
    options: tuple[str, ...]
    text: str

    def documents(self) -> list[Any]:
        """The JSON values of the stream; one text that says so if it is none."""
        return documents_in(self.text)


@dataclass(frozen=True, slots=True)
class Described:
    """A claim and its metadata; ``left`` is what was there after unprepare."""

    claim: Claim
    place: str
    mounts: tuple[Mounted, ...]
    left: tuple[str, ...]


def mounts_of(harness: Harness, claim: Claim) -> tuple[Mounted, ...]:
    """The metadata files of a claim that must be preparable."""
    kind = f"{harness.descriptor.driver}/metadata="
    ids = {
        name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids if name.startswith(kind)
    }
    found = []
    for name in sorted(ids):
        for edits in harness.cdi.edits(name):
            for mount in edits.get("mounts") or []:
                host = Path(str(mount.get("hostPath", "")))
                text = host.read_text(errors="replace") if host.is_file() else ""
                options = tuple(mount.get("options") or ())
                found.append(Mounted(name, host, str(mount.get("containerPath", "")), options, text))
    return tuple(found)


def describe(harness: Harness, template: str) -> Described:
    """Prepare and unprepare a claim with two requests, made from a template if one is given."""
    annotations = {POD_CLAIM: template} if template else {}
    claim = harness.claim(*harness.require_devices(2), requests=REQUESTS, annotations=annotations)
    mounts = mounts_of(harness, claim)
    for mount in mounts:
        harness.evidence.add("file", str(mount.host), text=mount.text, inside=mount.inside)
    harness.kubelet.unprepared(claim)
    left = [str(mount.host) for mount in mounts if mount.host.exists()]
    left += harness.still_defined([mount.cdi_id for mount in mounts])
    harness.release(claim)
    place = f"resourceclaimtemplates/{template}" if template else f"resourceclaims/{claim.name}"
    return Described(claim, place, mounts, tuple(left))


@pytest.fixture
def described(harness: Harness) -> list[Described]:
    """A claim that a pod names, and one from a template."""
    found = [describe(harness, ""), describe(harness, "my-gpu")]
    require(
        harness,
        FEATURE,
        any(each.mounts for each in found),
        "META-002",
        f"no prepared claim has a CDI device of the kind {harness.descriptor.driver}/metadata with a mount",
    )
    return found


@requirement("META-001", why="workloads ask the API server or the hardware what they were given")
def test_metadata_is_offered(described: list[Described]) -> None:
    """Each request of a prepared claim has a metadata file."""
    counts = [len(each.mounts) for each in described]
    expect(counts == [len(REQUESTS)] * 2, wanted="a file for each request", found=counts, where="mounts")


@requirement("META-002", why="workloads do not find the file, or can change what others read")
def test_files_are_mounted_where_workloads_look(described: list[Described], harness: Harness) -> None:
    """Files are mounted read-only below the claim's name, or below its name in the pod for one of a template."""
    problems = []
    for found in described:
        places = {
            f"{ROOT}/{found.place}/{r}/{harness.descriptor.driver}-metadata.json" for r in mains(REQUESTS)
        }
        sub = {f"{ROOT}/{found.place}/{r}/{harness.descriptor.driver}-metadata.json" for r in REQUESTS}
        problems += [f"{m.inside} is at no known place" for m in found.mounts if m.inside not in places | sub]
        problems += [f"{m.inside} has options {m.options}" for m in found.mounts if "ro" not in m.options]
    each(problems, wanted=f"read-only below {ROOT}", where="mounts of metadata")


def mains(requests: tuple[str, ...]) -> list[str]:
    """REQUESTS without subrequests."""
    return [request.partition("/")[0] for request in requests]


@requirement("META-003", why="a workload that knows one version cannot read the file")
def test_files_are_streams_of_versions(described: list[Described]) -> None:
    """A file has one document per version, newest first, each with apiVersion and kind."""
    problems = [
        f"{mount.inside}: {odd}"
        for found in described
        for mount in found.mounts
        if (odd := odd_versions(mount.documents()))
    ]
    each(
        problems, wanted=f"DeviceMetadata of {GROUP}, newest first, each version once", where="metadata files"
    )


@requirement("META-004", why="a workload takes a device for its own that it was not given")
def test_files_have_the_devices_of_their_request(described: list[Described], harness: Harness) -> None:
    """Driver, pool and device names in a file are those of the request's allocation, and no others."""
    problems = []
    for found in described:
        wanted = {
            main: [(harness.descriptor.driver, pool, device)]
            for main, (pool, device) in zip(mains(REQUESTS), found.claim.devices, strict=True)
        }
        for mount in found.mounts:
            for document in mount.documents():
                listed = devices_in(document)
                main = Path(mount.inside).parts[-2] if "/big/large/" not in mount.inside else "big"
                if listed != wanted.get(main):
                    problems.append(f"{mount.inside}: {listed}, wanted {wanted.get(main)}")
    each(problems, wanted="the devices of the request", where="metadata files")


@requirement("META-005", why="a workload would need to know which alternative it was given to find the file")
def test_paths_have_the_main_request(described: list[Described]) -> None:
    """The path of a subrequest's file has the main request; inside, the subrequest may be named."""
    problems = []
    for mount in [mount for found in described for mount in found.mounts]:
        if "/large" in mount.inside:
            problems.append(mount.inside)
        for document in mount.documents():
            names = (
                [r.get("name") for r in document.get("requests") or []] if isinstance(document, dict) else []
            )
            if not set(names) <= {*REQUESTS, *mains(REQUESTS)}:
                problems.append(f"{mount.inside}: requests {names}")
    each(problems, wanted="the main request in paths", where="metadata files")


@requirement("META-006", why="files of claims that are gone fill the disk, and describe devices of others")
def test_files_go_with_the_claim(described: list[Described]) -> None:
    """After unprepare neither the files nor their CDI devices are left."""
    each([left for found in described for left in found.left], wanted="nothing left", where="after unprepare")


@requirement("META-008", why="a workload starts without the file that it was promised")
def test_a_file_that_cannot_be_written_is_reported(isolated: Harness) -> None:
    """Where metadata files cannot be written, prepare fails or the log says so."""
    isolated.start_registered()
    claim = isolated.claim()
    mounts = mounts_of(isolated, claim)
    require(isolated, FEATURE, bool(mounts), "META-002", "no prepared claim has metadata")
    isolated.release(claim)
    folder = mounts[0].host.parents[2]
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("no folder")
    logged = isolated.driver.log_size()
    again = isolated.claim()
    entry = isolated.kubelet.attempt(again)[again.uid]
    text = isolated.driver.log_text(logged).lower()
    folder.unlink()
    expect(
        bool(entry.error) or "metadata" in text,
        wanted="an error, or a log line about metadata",
        found=f"success; the log says {text.strip()[-300:]!r}",
        where=f"prepare while {folder.name} is a file",
    )
