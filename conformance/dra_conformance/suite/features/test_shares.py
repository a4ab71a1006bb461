"""Devices that several claims share (KEP-5075, consumable capacity; resource/v1, 1.37)."""

import json
import uuid
from dataclasses import dataclass
from fractions import Fraction

import pytest

from dra_api.objects import JsonObject
from dra_api.quantity import of_bytes, parse
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, each, expect, not_applicable
from dra_conformance.harness.answers import Entry
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.rules.device_status import key_of
from dra_conformance.rules.features import whole_steps
from dra_conformance.suite.features.illness import wait_for
from dra_conformance.suite.features.offered import require_in_slices
from dra_conformance.suite.features.test_device_status import REPORT_S, entries_of

FEATURE = "DRAConsumableCapacity"
PARTS = 4
"""A share is about a quarter of the device."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A device that can be shared.

    Attributes:
        capacity: the name of the capacity that shares are of.
        part: the amount of one share, as the device's policy allows.
        more: another amount that it allows.
    """

    pool: str
    name: str
    capacity: str
    whole: str
    part: str
    more: str

    def result(self, harness: Harness, amount: str = "") -> JsonObject:
        """An allocation result with a new share."""
        return {
            "request": "gpu",
            "driver": harness.descriptor.driver,
            "pool": self.pool,
            "device": self.name,
            "shareID": str(uuid.UUID(int=harness.random.getrandbits(128), version=4)),
            "consumedCapacity": {self.capacity: amount or self.part},
        }


def shared_device(harness: Harness) -> Shared:
    """The first device with a capacity that claims request.

    Raises:
        NotApplicable: there is none, and none is claimed.
        Blocked: there is none.
    """
    slices = require_in_slices(harness, FEATURE)
    for item in slices:
        for device in item["spec"].get("devices") or []:
            for name, capacity in (device.get("capacity") or {}).items():
                if device.get("allowMultipleAllocations") and capacity.get("requestPolicy"):
                    part, more = amounts_of(capacity)
                    return Shared(
                        item["spec"]["pool"]["name"], device["name"], name, capacity["value"], part, more
                    )
    return not_applicable("no shared device has a capacity with a request policy")


def amounts_of(capacity: JsonObject) -> tuple[str, str]:
    """Two amounts that a policy allows, about a quarter of the whole or less."""
    policy, quarter = capacity["requestPolicy"], parse(str(capacity["value"])) / PARTS
    if "validValues" in policy:
        values = [str(text) for text in policy["validValues"]]
        return values[0], values[-1]
    allowed = policy.get("validRange") or {}
    low = parse(str(allowed.get("min", policy["default"])))
    step = parse(str(allowed.get("step", "1")))
    part = low + max((quarter - low) // step, 0) * step
    return as_text(part), as_text(part + step)


def as_text(amount: Fraction) -> str:
    """A whole amount as a quantity."""
    return of_bytes(int(amount))


def claim_of(harness: Harness, *results: JsonObject, asked: str = "") -> Claim:
    """A claim with shares."""
    [name] = results[0]["consumedCapacity"]
    capacity = {name: asked} if asked else {}
    return harness.claim(extra_results=results, capacity=capacity)


def edits_of(harness: Harness, entry: Entry) -> list[str]:
    """What containers get with each device of an answer; empty texts for ids that are not defined once."""
    return [
        json.dumps([harness.cdi.edits(name) for name in harness.without_permanent(device.cdi_ids)])
        for device in entry.devices
        if all(len(harness.cdi.definitions(name)) == 1 for name in device.cdi_ids)
    ]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Three claims that share a device, of which the second was unprepared.

    Attributes:
        too_much: the error of a claim for the whole device while three shares were given; empty for success.
        kept: what the containers of the first and the third got, before and after.
        reported: the keys of entries in the status of each claim.
    """

    shared: Shared
    slices: tuple[JsonObject, JsonObject]
    results: list[JsonObject]
    entries: list[Entry]
    too_much: str
    kept: tuple[list[list[str]], list[list[str]]]
    reported: list[list[tuple[str, ...]]]


@pytest.fixture
def sharing(harness: Harness) -> Sharing:
    """Three claims share a device."""
    shared = shared_device(harness)
    before = specs_of(harness)
    results = [shared.result(harness) for _ in range(3)]
    claims = [claim_of(harness, result) for result in results]
    entries = [harness.kubelet.attempt(claim)[claim.uid] for claim in claims]
    reporting = "DRAResourceClaimDeviceStatus" in harness.descriptor.features
    wait_for(lambda: bool(entries_of(harness, claims[-1])), REPORT_S if reporting else 0)
    reported = [[key_of(entry) for entry in entries_of(harness, claim)] for claim in claims]
    whole = claim_of(harness, shared.result(harness, shared.whole))
    too_much = harness.kubelet.attempt(whole)[whole.uid].error
    harness.release(whole)
    first = [edits_of(harness, entry) for entry in entries[::2]]
    after = specs_of(harness)
    harness.release(claims[1])
    second = [edits_of(harness, entry) for entry in entries[::2]]
    harness.release(*claims)
    return Sharing(shared, (before, after), results, entries, too_much, (first, second), reported)


def specs_of(harness: Harness) -> JsonObject:
    """{(pool, device): capacity} of all devices."""
    return {
        f"{item['spec']['pool']['name']}/{device['name']}": device.get("capacity")
        for item in harness.api.own_slices()
        for device in item["spec"].get("devices") or []
    }


@requirement("CCAP-001", why="the second pod with a share of the device does not start")
def test_several_claims_share_a_device(sharing: Sharing) -> None:
    """Three claims with a share each of one device are prepared at the same time."""
    errors = [entry.error or "no devices" for entry in sharing.entries if entry.error or not entry.devices]
    each(errors, wanted="three prepared claims", where=f"shares of device {sharing.shared.name}")


@requirement("CCAP-002", why="the kubelet mixes up the shares of one device")
def test_share_ids_are_returned(harness: Harness) -> None:
    """Two shares of one device in one claim are two devices of the answer, each with its shareID."""
    shared = shared_device(harness)
    results = [shared.result(harness) for _ in range(2)]
    claim = claim_of(harness, *results)
    found = sorted(str(device.share_id) for device in harness.kubelet.prepared(claim, version="v1.DRAPlugin"))
    harness.release(claim)
    wanted = sorted(result["shareID"] for result in results)
    expect(found == wanted, wanted=wanted, found=found, where="share_id of the devices in the answer")


@requirement("CDI-029", why="the container of one share gets the limits of the other")
def test_shares_have_cdi_ids_of_their_own(harness: Harness) -> None:
    """Two shares of one device in one claim, and one in another claim, have CDI ids that differ."""
    shared = shared_device(harness)
    claims = [claim_of(harness, *(shared.result(harness) for _ in range(count))) for count in (2, 1)]
    own = [
        tuple(harness.without_permanent(device.cdi_ids))
        for claim in claims
        for device in harness.kubelet.prepared(claim)
    ]
    harness.release(*claims)
    firsts = {ids[0] for ids in own if ids}
    expect(len(firsts) == len(own) == 3, wanted="three different ids", found=own, where="CDI ids of shares")


@requirement("MV-004", why="on kubelets that speak v1beta1 two shares become one")
def test_shares_differ_in_v1beta1_too(harness: Harness) -> None:
    """Through v1beta1, which has no share ids, two shares of a device are two devices with CDI ids that differ."""
    shared = shared_device(harness)
    if "v1beta1.DRAPlugin" not in harness.kubelet.info().supported_versions:
        not_applicable("the driver does not serve v1beta1")
    claim = claim_of(harness, shared.result(harness), shared.result(harness))
    devices = harness.kubelet.prepared(claim, version="v1beta1.DRAPlugin")
    ids = [tuple(harness.without_permanent(device.cdi_ids)) for device in devices]
    harness.release(claim)
    expect(len(set(ids)) == 2, wanted="two devices with different ids", found=ids, where="answer in v1beta1")


@requirement("CCAP-003", why="a container is given less than the scheduler counted, or more")
def test_the_consumed_amount_counts(harness: Harness) -> None:
    """What a container gets follows the consumed amount of the result, not the requested one of the claim."""
    shared = shared_device(harness)
    seen = []
    for asked, consumed in (
        (shared.part, shared.part),
        (shared.part, shared.more),
        (shared.more, shared.more),
    ):
        result = shared.result(harness, consumed)
        claim = claim_of(harness, result, asked=asked)
        entry = harness.kubelet.attempt(claim)[claim.uid]
        text = "".join(edits_of(harness, entry))
        harness.release(claim)
        if entry.error:
            raise Violation("a prepared claim", entry.error, f"{consumed} of {shared.capacity}")
        seen.append(anonymous(text, claim, result))
    where = f"{shared.more} of {shared.capacity}, of which {shared.part} or {shared.more} were requested"
    expect(seen[1] == seen[2], wanted=seen[2], found=seen[1], where=where)
    if seen[0] == seen[1]:
        not_applicable("containers get the same for different amounts: the driver enforces them elsewhere")


def anonymous(text: str, claim: Claim, result: JsonObject) -> str:
    """TEXT without what differs between claims in any case."""
    share = result["shareID"]
    for found in (claim.uid, claim.name, share, share.replace("-", "_"), share.replace("-", "")):
        text = text.replace(found, "...")
    return text


@requirement("CCAP-004", why="one pod that ends takes the device from the others")
def test_shares_end_one_by_one(sharing: Sharing) -> None:
    """After one of three shares was unprepared, containers with the others still get what they got."""
    before, after = sharing.kept
    good = after == before and all(before)
    expect(good, wanted=before, found=after, where=f"other shares of device {sharing.shared.name}")


@requirement("CCAP-008", why="the scheduler subtracts what is given twice")
def test_capacity_does_not_shrink(sharing: Sharing) -> None:
    """The published capacities are the same while shares are given as before."""
    before, after = sharing.slices
    expect(after == before, wanted=before, found=after, where="capacities while shares are given")


@requirement("CCAP-009", why="a fault of the scheduler lets pods starve each other")
def test_more_than_there_is_is_refused(sharing: Sharing) -> None:
    """While three shares are given, a claim for the whole device is refused."""
    found = "success" if not sharing.too_much else sharing.too_much
    expect(
        bool(sharing.too_much), wanted="an error", found=found, where=f"all of device {sharing.shared.name}"
    )


@requirement("STAT-013", why="nobody can see which share an entry is about")
def test_entries_have_the_share(sharing: Sharing, harness: Harness) -> None:
    """Entries of shared devices in a claim's status have the shareID of the allocation."""
    if "DRAResourceClaimDeviceStatus" not in harness.descriptor.features and not any(sharing.reported):
        not_applicable("the driver does not write the status of claims")
    wanted = [[key_of(result)] for result in sharing.results]
    expect(sharing.reported == wanted, wanted=wanted, found=sharing.reported, where="status.devices")


@requirement("CCAP-010", why="on an older cluster two pods are given a device that neither expects to share")
def test_without_the_gate_the_device_is_exclusive(oldest_kubernetes: Harness, harness: Harness) -> None:
    """Where the API server drops the fields, the device is given to one claim without a share, and not to a second."""
    shared = shared_device(harness)
    old = oldest_kubernetes
    old.start_registered()
    first, second = (old.claim((shared.pool, shared.name)) for _ in range(2))
    error = old.kubelet.attempt(first)[first.uid].error
    expect(not error, wanted="success", found=error, where=f"device {shared.name} without a share")
    error = old.kubelet.attempt(second)[second.uid].error
    expect(bool(error), wanted="an error", found="success", where=f"device {shared.name} for a second claim")


@requirement("CCAP-011", why="an older API server refuses the slice, and no device is there")
def test_fractions_are_for_newer_servers(oldest_kubernetes: Harness, harness: Harness) -> None:
    """What the driver sends to an API server that does not know fractional ranges has none, if it has some for others."""
    require_in_slices(harness, "DRAFractionalCapacityRange")
    oldest_kubernetes.start_registered()
    sent = [{"spec": spec} for spec in oldest_kubernetes.api.sent_specs()]
    each(list(whole_steps(sent, "", "")), wanted=whole_steps.__doc__, where="slices as sent")


@requirement("CCAP-012", why="a claim with both kinds of devices fails, or shares what it has for itself")
def test_shared_and_exclusive_devices_in_one_claim(harness: Harness) -> None:
    """A claim with a share of one device and another device without a share gets both, each as it was allocated."""
    shared = shared_device(harness)
    others = [
        (item["spec"]["pool"]["name"], device["name"])
        for item in harness.api.own_slices()
        for device in item["spec"].get("devices") or []
        if not device.get("allowMultipleAllocations") and not device.get("consumesCounters")
    ]
    if not others:
        not_applicable("every device of the driver can be shared")
    result = shared.result(harness)
    claim = harness.claim(others[0], requests=["whole"], extra_results=[result])
    devices = harness.kubelet.prepared(claim, version="v1.DRAPlugin")
    found = sorted((device.device, device.share_id or "") for device in devices)
    harness.release(claim)
    wanted = sorted([(others[0][1], ""), (shared.name, result["shareID"])])
    expect(found == wanted, wanted=wanted, found=found, where="devices and shares of the answer")
