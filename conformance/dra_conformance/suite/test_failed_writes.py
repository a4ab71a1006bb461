"""CDI files that cannot be written: whose claim fails, and what a retry answers (CDI specification 1.1, kubelet cm/dra)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.answers import Entry
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import entry_of, prepared_ids


@requirement("CDI-027", "REC-011", why="the pod would start without its device")
def test_failed_write_is_an_error(isolated: Harness) -> None:
    """If the CDI file cannot be written, prepare and its retry report an error; when it can be again, prepare succeeds."""
    isolated.start_registered()
    folder = isolated.cdi.folder
    aside = folder.rename(folder.with_name("cdi-aside"))
    folder.write_text("in the way")
    claim = isolated.claim()
    entries = [entry_of(isolated.kubelet.attempt(claim), claim) for _ in range(2)]
    folder.unlink()
    aside.rename(folder)
    expect(bool(entries[0].error), wanted="an error", found=entries[0], where="prepare without a CDI folder")
    expect(bool(entries[1].error), wanted="an error again", found=entries[1], where="its retry")
    each(unresolved(isolated, prepared_ids(isolated, claim)), wanted="every id defined", where="CDI folder")


@requirement("PREP-004", "CDI-027", why="one file that cannot be written would stop everybody's pods")
def test_failed_write_for_one_claim_fails_no_other(harness: Harness) -> None:
    """In a batch whose second claim's CDI file cannot be written, the others are prepared; so it is when repeated."""
    devices = harness.require_devices(3)
    paths = claim_files(harness, devices[1])
    claims = [harness.claim(device) for device in devices]
    with in_the_way(path_for(claims[1]) for path_for in paths):
        for batch in ("first batch", "repeated batch"):
            answer = harness.kubelet.attempt(*claims)
            for claim in (claims[0], claims[2]):
                expect_prepared(harness, entry_of(answer, claim), f"{claim.name} in the {batch}")
            failed = entry_of(answer, claims[1])
            if not failed.error:  # it may have found another way
                expect_prepared(harness, failed, f"the claim without a file in the {batch}")
    ids = prepared_ids(harness, claims[1])
    lost = unresolved(harness, ids)
    harness.release(*claims)
    each(lost, wanted="every id defined", where="the failed claim, when its file can be written")


class ClaimFile:
    """A CDI file of one claim, by which the file of another claim with the same device is found."""

    def __init__(self, path: Path, uid: str) -> None:
        self._path = path
        self._uid = uid

    def __call__(self, claim: Claim) -> Path:
        """Where CLAIM's file will be."""
        return self._path.with_name(self._path.name.replace(self._uid, claim.uid))


def claim_files(harness: Harness, device: tuple[str, str]) -> list[ClaimFile]:
    """How the driver names the CDI files of a claim with DEVICE, seen with a claim that is released again."""
    probe = harness.claim(device)
    harness.kubelet.prepared(probe)
    found = [ClaimFile(f.path, probe.uid) for f in harness.cdi.files() if probe.uid in f.path.name]
    harness.release(probe)
    if not found:
        not_applicable("the driver writes no CDI file that is named after its claim")
    return found


@contextmanager
def in_the_way(paths: Iterator[Path]) -> Iterator[None]:
    """Folders that are not empty where files shall be written: they can be neither replaced nor opened for writing."""
    made = list(paths)
    for path in made:
        path.mkdir()
        (path / "in-the-way").touch()
    try:
        yield
    finally:
        for path in made:
            if path.is_dir():
                shutil.rmtree(path)


def expect_prepared(harness: Harness, entry: Entry, where: str) -> None:
    """The entry has devices, no error, and CDI ids that resolve."""
    expect(bool(entry.devices) and not entry.error, wanted="prepared", found=entry, where=where)
    ids = [name for device in entry.devices for name in device.cdi_ids]
    each(unresolved(harness, ids), wanted="every id defined", where=where)


def unresolved(harness: Harness, ids: list[str]) -> list[str]:
    """The ids that are not defined exactly once."""
    return [name for name in ids if len(harness.cdi.definitions(name)) != 1]
