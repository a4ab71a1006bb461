"""What the checks of NodePrepareResources share: entries of answers, refusals, CDI ids."""

import json
from typing import Any

from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import Entry
from dra_conformance.harness.harness import Claim, Harness


def entry_of(answer: dict[str, Entry], claim: Claim) -> Entry:
    """A claim's entry; a missing one counts as an error."""
    return answer.get(claim.uid, Entry((), "(no entry for this claim)"))


def expect_refused(harness: Harness, claim: Claim, why: str) -> str:
    """The claim must be refused, by its entry or by the call, without devices; returns the error text."""
    entry = entry_of(harness.kubelet.attempt(claim), claim)
    leftovers = [name for name in harness.cdi.listing() if claim.uid in name]
    harness.release(claim)
    expect(
        bool(entry.error) and not entry.devices,
        wanted=f"an error: {why}",
        found=entry,
        where=f"claim {claim.name}",
    )
    each(leftovers, wanted="no CDI file for a refused claim", where=str(harness.cdi.folder))
    return entry.error


def prepared_ids(harness: Harness, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]


def allocation_status(harness: Harness, device: tuple[str, str]) -> dict[str, Any]:
    """A status that allocates one device."""
    result = {"request": "gpu", "driver": harness.descriptor.driver, "pool": device[0], "device": device[1]}
    return {"allocation": {"devices": {"results": [result]}}}


def views(harness: Harness, claim: Claim) -> dict[str, str]:
    """What a container gets with each device of a claim, without its UID and name, so that claims can be compared."""
    found = {}
    for device in harness.kubelet.prepared(claim):
        edits = [harness.cdi.edits(name) for name in harness.without_permanent(device.cdi_ids)]
        text = json.dumps(edits, sort_keys=True).replace(claim.uid, "(uid)")
        found[device.device] = text.replace(claim.name, "(name)")
    return found
