"""Parameters and admin access: to which devices of a claim they apply, seen in what containers get (resource/v1, 1.37)."""

import json

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.harness.kubelet import Entry
from dra_conformance.suite.prepare.claims import expect_refused


def views(harness: Harness, claim: Claim) -> dict[str, str]:
    """What a container gets with each device of a claim, without the claim's UID, so that claims can be compared."""
    found = {}
    for device in harness.kubelet.prepared(claim):
        edits = [harness.cdi.edits(name) for name in harness.without_permanent(device.cdi_ids)]
        found[device.device] = json.dumps(edits, sort_keys=True).replace(claim.uid, "(uid)")
    return found


def changed(harness: Harness, requests: list[str], *, config_for: list[str]) -> list[bool]:
    """Whether parameters for the requests CONFIG_FOR change what a container gets, for a device of each of REQUESTS."""
    parameters = harness.descriptor.visible_config
    if parameters is None:
        not_applicable("the descriptor names no visibleConfig")
    devices = harness.require_devices(len(requests))
    opaque = {"driver": harness.descriptor.driver, "parameters": parameters}
    entry: JsonObject = {"source": "FromClaim", "requests": config_for, "opaque": opaque}
    seen = []
    for configs in ((), (entry,)):
        claim = harness.claim(*devices, requests=requests, raw_configs=configs)
        seen.append(views(harness, claim))
        harness.release(claim)
    return [seen[0][name] != seen[1][name] for _, name in devices]


@requirement("CFG-002", why="users leave out the requests when they mean all")
def test_parameters_without_requests_are_for_all(harness: Harness) -> None:
    """Parameters without requests apply to the devices of every request."""
    found = changed(harness, ["a", "b"], config_for=[])
    expect(found == [True, True], wanted="both devices changed", found=found, where="requests a and b")


@requirement("CFG-003", why="one container's settings would change another's device")
def test_parameters_are_for_their_requests(harness: Harness) -> None:
    """Parameters for one request apply to its device and to no other."""
    found = changed(harness, ["a", "b"], config_for=["a"])
    expect(found == [True, False], wanted="a changed, b not", found=found, where="parameters for a")


@requirement("CFG-004", why="the user's settings are lost as soon as a request has alternatives")
def test_parameters_for_a_request_are_for_its_subrequests(harness: Harness) -> None:
    """Parameters for the request "a" apply to the device of its subrequest "a/large", beside another request."""
    found = changed(harness, ["a/large", "b"], config_for=["a"])
    expect(found == [True, False], wanted="a/large changed, b not", found=found, where="parameters for a")


@requirement("CFG-005", why="the settings of the large device may be wrong for the small one")
def test_parameters_for_a_subrequest_are_for_no_other(harness: Harness) -> None:
    """Parameters for "a/large" apply neither to the device of "a/small" nor to that of another request."""
    found = changed(harness, ["a/small", "b"], config_for=["a/large"])
    expect(found == [False, False], wanted="nothing changed", found=found, where="parameters for a/large")


@requirement("ADM-003", why="a user's container would get an administrator's rights over its device")
def test_admin_access_is_decided_by_result(harness: Harness) -> None:
    """In a claim with admin access to one device, a container gets the other device as it gets it in any claim."""
    devices = harness.require_devices(2)
    name = devices[1][1]
    seen = []
    for admin in ((), ("admin",)):
        claim = harness.claim(*devices, requests=["admin", "plain"], admin=admin)
        seen.append(views(harness, claim)[name])
        harness.release(claim)
    expect(seen[0] == seen[1], wanted=seen[0], found=seen[1], where=f"{name} beside admin access")


@requirement("CFG-007", why="a configuration that is ignored is a surprise in production")
def test_unknown_config_is_refused(harness: Harness) -> None:
    """Opaque parameters that the driver does not know are refused."""
    bad = harness.descriptor.bad_config
    if bad is None:
        not_applicable("the descriptor names no badConfig")
    expect_refused(harness, harness.claim(config=dict(bad)), "unknown parameters")


def ids_of(harness: Harness, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]


@requirement("ADM-001", "ADM-002", "ADM-007", why="administrators inspect devices that users work with")
def test_admin_access_to_a_device_in_use(harness: Harness) -> None:
    """Admin access is given beside the user's claim, changes nothing of it, and each can be unprepared by itself."""
    device = harness.require_devices(1)[0]
    user, admin = harness.claim(device), harness.claim(device, admin=True)
    ids = ids_of(harness, user)
    edits = [harness.cdi.edits(name) for name in ids]
    entry = harness.kubelet.attempt(admin).get(admin.uid, Entry((), "no entry"))
    after = [harness.cdi.edits(name) for name in ids]
    harness.kubelet.unprepared(user)
    left = harness.still_defined(ids)
    harness.release(admin, user)
    expect(not entry.error and bool(entry.devices), wanted="prepared", found=entry, where="admin access")
    expect(after == edits, wanted=edits, found=after, where="the user's CDI edits")
    each(left, wanted="the user's claim unprepared", where="beside admin access")


@requirement("CFG-001", why="claims of several drivers carry the parameters of each")
def test_foreign_parameters_are_ignored(harness: Harness) -> None:
    """Parameters of another driver, whatever is in them, do not hinder prepare."""
    garbage = {
        "source": "FromClaim",
        "opaque": {"driver": "other.example.com", "parameters": {"kind": [{"x": None}]}},
    }
    claim = harness.claim(raw_configs=[garbage])
    harness.kubelet.prepared(claim)
    harness.release(claim)


@requirement("CFG-014", why="Kubernetes may add other kinds of configuration")
def test_unknown_kinds_of_configuration_do_no_harm(harness: Harness) -> None:
    """A configuration entry without the member opaque is ignored or refused; the driver lives."""
    claim = harness.claim(raw_configs=[{"source": "FromClass", "requests": ["gpu"]}])
    harness.kubelet.attempt(claim)
    harness.release(claim)
    expect(harness.driver.running, wanted="running", found=f"exit {harness.driver.exit_code}", where="driver")
    harness.kubelet.prepare()
