"""Parameters and admin access: to which devices of a claim they apply, seen in what containers get (resource/v1, 1.37)."""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import allocation_status, entry_of, expect_refused, views


def entry(
    harness: Harness, parameters: JsonObject, *, requests: Sequence[str] = (), source: str = "FromClaim"
) -> JsonObject:
    """An entry of an allocation's config."""
    opaque = {"driver": harness.descriptor.driver, "parameters": parameters}
    return {"source": source, "requests": list(requests), "opaque": opaque}


def visible(harness: Harness) -> JsonObject:
    """Parameters that change what a container gets."""
    found = harness.descriptor.visible_config
    if found is None:
        not_applicable("the descriptor names no visibleConfig")
    return found


def seen(harness: Harness, requests: Sequence[str], *configs: JsonObject) -> list[str]:
    """What a container gets with a device of each of REQUESTS, of a claim with CONFIGS."""
    devices = harness.require_devices(len(requests))
    claim = harness.claim(*devices, requests=requests, raw_configs=configs)
    found = views(harness, claim)
    harness.release(claim)
    return [found[name] for _, name in devices]


def changed(
    harness: Harness, requests: Sequence[str], *, config_for: Sequence[str], source: str = "FromClaim"
) -> list[bool]:
    """Whether parameters for the requests CONFIG_FOR change what a container gets, for a device of each of REQUESTS."""
    config = entry(harness, visible(harness), requests=config_for, source=source)
    plain, with_config = seen(harness, requests), seen(harness, requests, config)
    return [one != other for one, other in zip(plain, with_config, strict=True)]


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


@requirement("CFG-003", why="with two entries in a claim, one user's settings would reach the other's device")
def test_several_parameters_each_reach_their_own_request(harness: Harness) -> None:
    """Of two entries, one for request a and one for request b, each reaches its own device, and none that of c."""
    first = visible(harness)
    second = harness.descriptor.other_visible_config or first
    configs = [entry(harness, first, requests=["a"]), entry(harness, second, requests=["b"])]
    requests = ("a", "b", "c")
    alone = [seen(harness, requests, config)[index] for index, config in enumerate(configs)]
    wanted = [*alone, seen(harness, requests)[2]]
    found = seen(harness, requests, *configs)
    expect(found == wanted, wanted=wanted, found=found, where="entries for a and for b, devices of a, b, c")


@requirement("CFG-006", why="the administrator's defaults for a class would not take effect")
def test_parameters_of_a_class_take_effect(harness: Harness) -> None:
    """Parameters with the source FromClass apply as those of a claim do."""
    found = changed(harness, ["a"], config_for=["a"], source="FromClass")
    expect(found == [True], wanted="the device changed", found=found, where="parameters FromClass")


@requirement("CFG-006", why="the user's choice would be overruled by the default of the class")
def test_parameters_of_a_claim_win_over_those_of_its_class(harness: Harness) -> None:
    """Where class and claim set one setting, the container gets what the claim says."""
    of_class, of_claim = visible(harness), harness.descriptor.other_visible_config
    if of_claim is None:
        not_applicable("the descriptor names no otherVisibleConfig")
    claim = entry(harness, of_claim, requests=["a"])
    wanted = seen(harness, ["a"], claim)
    found = seen(harness, ["a"], entry(harness, of_class, requests=["a"], source="FromClass"), claim)
    expect(found == wanted, wanted=wanted, found=found, where="an entry FromClass and one FromClaim")


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


@requirement("ADM-004", why="every user could get an administrator's rights by asking for them")
def test_admin_access_is_not_decided_by_what_was_asked_for(harness: Harness) -> None:
    """Where the claim asks for admin access and its allocation does not give it, a container gets the plain device."""
    device = harness.require_devices(1)[0]
    plain = harness.claim(device)
    wanted = views(harness, plain)
    harness.release(plain)
    asking = harness.claim(device, admin=True)
    harness.api.set_claim_status(asking.namespace, asking.name, allocation_status(harness, device))
    found = views(harness, asking)
    harness.release(asking)
    expect(found == wanted, wanted=wanted, found=found, where="adminAccess in spec, not in the allocation")


@requirement("ADM-005", why="a monitoring pod for a whole node does not start while somebody works there")
def test_admin_access_to_all_devices(harness: Harness) -> None:
    """A claim with admin access to every plain device is prepared with all of them, though one is in use."""
    devices = harness.require_devices(min(len(harness.devices()), 32))
    user = harness.claim(devices[0])
    harness.kubelet.prepared(user)
    everything = harness.claim(*devices, admin=True)
    found = entry_of(harness.kubelet.attempt(everything), everything)
    harness.release(everything, user)
    given = pairs(found.devices)
    expect(given == sorted(devices), wanted=sorted(devices), found=found.error or given, where="all devices")


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
    given = entry_of(harness.kubelet.attempt(admin), admin)
    after = [harness.cdi.edits(name) for name in ids]
    harness.kubelet.unprepared(user)
    left = harness.still_defined(ids)
    harness.release(admin, user)
    expect(not given.error and bool(given.devices), wanted="prepared", found=given, where="admin access")
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
