"""Pools: generations and the number of slices (resource/v1, 1.37)."""

import time

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.slices.published import names_of, stray, wait_published


@requirement("POOL-006", "POOL-008", why="the scheduler believes the highest generation")
def test_generation_never_falls(isolated: Harness) -> None:
    """With an own slice of generation 1000 left over, the pool continues above it, and the old slice is removed."""
    isolated.start_registered()
    names = names_of(isolated.api.own_slices())
    pool = isolated.api.first_slice()["spec"]["pool"]["name"]
    isolated.driver.terminate()
    left = {"name": pool, "generation": 1000, "resourceSliceCount": 1}
    isolated.api.create_slice(stray(isolated, "old", pool=left))
    isolated.kubelet.disconnect()
    isolated.start()
    isolated.kubelet.register()
    slices = wait_published(isolated, names, "beside a slice of generation 1000")
    found = [item["spec"]["pool"]["generation"] for item in slices]
    seen = [
        r.body["spec"]["pool"]["generation"]
        for r in isolated.api.driver_writes()
        if r.body and "spec" in r.body and r.verb in ("create", "update")
    ]
    good = bool(found) and (min(found) >= 1000 or seen == sorted(seen))
    expect(
        good,
        wanted="generations of at least 1000, or the old slice deleted first",
        found=found,
        where=f"pool {pool}",
    )


@requirement("POOL-013", why="duplicates make the pool invalid")
def test_no_duplicate_slices_are_made(isolated: Harness) -> None:
    """Publishing, and publishing again after a deletion, creates each slice once."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    isolated.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(isolated, names_of(slices), "after a deletion")
    time.sleep(0.3)
    created = [r for r in isolated.api.driver_writes() if r.verb == "create" and r.code == 201]
    expect(
        len(created) <= len(slices) + 1,
        wanted=f"{len(slices) + 1} creations",
        found=len(created),
        where="slices",
    )
