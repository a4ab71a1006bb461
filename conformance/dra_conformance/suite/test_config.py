"""Parameters and admin access: to which devices of a claim they apply, seen in what containers get (resource/v1, 1.37)."""

import json

from dra_conformance.expect import expect, not_applicable
from dra_conformance.harness.world import Claim, Object, World
from dra_conformance.requirement import requirement


def views(world: World, claim: Claim) -> dict[str, str]:
    """What a container gets with each device of a claim, without the claim's UID, so that claims can be compared."""
    found = {}
    for device in world.kubelet.prepared(claim):
        edits = [world.cdi.edits(name) for name in world.own(device.cdi_ids)]
        found[device.device] = json.dumps(edits, sort_keys=True).replace(claim.uid, "(uid)")
    return found


def changed(world: World, words: list[str], *, config_for: list[str]) -> list[bool]:
    """Whether parameters for the requests CONFIG_FOR change what a container gets, for a device of each request of WORDS."""
    parameters = world.descriptor.visible_config
    if parameters is None:
        not_applicable("the descriptor names no visibleConfig")
    devices = world.need(len(words))
    opaque = {"driver": world.descriptor.driver, "parameters": parameters}
    entry: Object = {"source": "FromClaim", "requests": config_for, "opaque": opaque}
    seen = []
    for configs in ((), (entry,)):
        claim = world.claim(*devices, requests=words, raw_configs=configs)
        seen.append(views(world, claim))
        world.drop(claim)
    return [seen[0][name] != seen[1][name] for _, name in devices]


@requirement("CFG-002", why="users leave out the requests when they mean all")
def test_parameters_without_requests_are_for_all(world: World) -> None:
    """Parameters without requests apply to the devices of every request."""
    found = changed(world, ["a", "b"], config_for=[])
    expect(found == [True, True], wanted="both devices changed", found=found, where="requests a and b")


@requirement("CFG-003", why="one container's settings would change another's device")
def test_parameters_are_for_their_requests(world: World) -> None:
    """Parameters for one request apply to its device and to no other."""
    found = changed(world, ["a", "b"], config_for=["a"])
    expect(found == [True, False], wanted="a changed, b not", found=found, where="parameters for a")


@requirement("CFG-004", why="the user's settings are lost as soon as a request has alternatives")
def test_parameters_for_a_request_are_for_its_subrequests(world: World) -> None:
    """Parameters for the request "a" apply to the device of its subrequest "a/large", beside another request."""
    found = changed(world, ["a/large", "b"], config_for=["a"])
    expect(found == [True, False], wanted="a/large changed, b not", found=found, where="parameters for a")


@requirement("CFG-005", why="the settings of the large device may be wrong for the small one")
def test_parameters_for_a_subrequest_are_for_no_other(world: World) -> None:
    """Parameters for "a/large" apply neither to the device of "a/small" nor to that of another request."""
    found = changed(world, ["a/small", "b"], config_for=["a/large"])
    expect(found == [False, False], wanted="nothing changed", found=found, where="parameters for a/large")


@requirement("ADM-003", why="a user's container would get an administrator's rights over its device")
def test_admin_access_is_decided_by_result(world: World) -> None:
    """In a claim with admin access to one device, a container gets the other device as it gets it in any claim."""
    devices = world.need(2)
    name = devices[1][1]
    seen = []
    for admin in ((), ("admin",)):
        claim = world.claim(*devices, requests=["admin", "plain"], admin=admin)
        seen.append(views(world, claim)[name])
        world.drop(claim)
    expect(seen[0] == seen[1], wanted=seen[0], found=seen[1], where=f"{name} beside admin access")
