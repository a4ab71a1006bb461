"""Unprepare that cannot clean up: whose claim fails, and whether a retry does the work (api.proto, e2e_node dra_test.go)."""

from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import prepared_ids


class Obstructed:
    """CDI files of a claim with folders in their place, which cannot be unlinked."""

    def __init__(self, harness: Harness, claim: Claim) -> None:
        self._texts = {f.path: f.text for f in harness.cdi.files() if claim.uid in f.path.name}
        if not self._texts:
            not_applicable("the driver writes no CDI file that is named after its claim")
        for path in self._texts:
            path.unlink()
            path.mkdir()
            (path / "in-the-way").touch()

    def end(self) -> None:
        """Put the files back."""
        for path, text in self._texts.items():
            if path.is_dir():
                for inside in path.iterdir():
                    inside.unlink()
                path.rmdir()
            path.write_text(text)

    def left(self) -> list[str]:
        """The names of those that are there."""
        return [path.name for path in self._texts if Path(path).exists()]


@requirement("UNPR-007", why="the end of one pod would be stuck because of another pod's files")
def test_failed_cleanup_for_one_claim_fails_no_other(harness: Harness) -> None:
    """In a batch whose second claim's CDI file cannot be removed, the others are unprepared."""
    claims = [harness.claim(device) for device in harness.require_devices(3)]
    ids = [prepared_ids(harness, claim) for claim in claims]
    obstructed = Obstructed(harness, claims[1])
    try:
        answer = harness.kubelet.attempt_unprepare(*claims)
    finally:
        obstructed.end()
    left = harness.still_defined([*ids[0], *ids[2]])
    harness.release(*claims)
    errors = [answer[claim.uid].error for claim in (claims[0], claims[2])]
    each([error for error in errors if error], wanted="no error", where="the other claims of the batch")
    each(left, wanted="the other claims unprepared", where="CDI folder")


@requirement("UNPR-008", why="a claim that is forgotten before it is cleaned up keeps its device for good")
def test_failed_cleanup_is_done_by_the_retry(harness: Harness) -> None:
    """When a CDI file that could not be removed can be, unprepare removes it and its device is free."""
    device = harness.require_devices(1)[0]
    claim, other = harness.claim(device), harness.claim(device)
    harness.kubelet.prepared(claim)
    obstructed = Obstructed(harness, claim)
    try:
        first = harness.kubelet.attempt_unprepare(claim)
    finally:
        obstructed.end()
    harness.evidence.add("cdi", "the file can be removed again", first=first)
    harness.kubelet.unprepared(claim)
    left = obstructed.left()
    ids = prepared_ids(harness, other)
    harness.release(claim, other)
    each(left, wanted="the file removed", where="CDI folder after the retry")
    expect(bool(ids), wanted="its device for another claim", found=ids, where="after the retry")
