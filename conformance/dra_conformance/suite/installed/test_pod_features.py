"""What pods can ask for beyond a plain device: admin access, alternatives, extended resources, tainted devices."""

from dataclasses import dataclass

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, not_applicable
from dra_conformance.harness import pods
from dra_conformance.harness.installed import Installed, Pod
from dra_conformance.harness.probe import Inside
from dra_conformance.harness.target import TAINT_RULES, taint_rules_version

pytestmark = tier("cluster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A device that a user and an administrator have, each by a pod that runs.

    Attributes:
        chosen: the CEL expression of the device.
        claim: the user's.
    """

    chosen: str
    node: str
    claim: str
    user: Pod
    admin: Pod


def watched(installed: Installed) -> Watched:
    """A device with a user, and then with an administrator."""
    installed.admit_administrators()
    device = installed.require_devices(1)[0]
    chosen = installed.chooser(device)
    claim = installed.claim(installed.request("gpu", chosen))
    user = installed.pod_with(claim, node=device.node)
    installed.running(user)
    looking = installed.claim(installed.request("gpu", chosen, adminAccess=True))
    admin = installed.pod_with(looking, node=device.node)
    installed.running(admin)
    return Watched(chosen=chosen, node=device.node, claim=claim, user=user, admin=admin)


@requirement("ADM-001", why="nobody can look at a device that is in use")
def test_a_device_in_use_is_prepared_for_an_administrator(installed: Installed) -> None:
    """A pod with admin access to a device runs while another pod has the device."""
    watched(installed)


@requirement("ADM-002", why="monitoring takes the device from its user")
def test_an_administrator_leaves_the_user_alone(installed: Installed, plain: Inside) -> None:
    """When the administrator's pod is gone, another pod of the user's claim gets what the first one has."""
    found = watched(installed)
    before = installed.seen_by(found.user)["main"].beyond(plain)
    installed.end(found.admin)
    after = installed.seen_by(installed.pod_with(found.claim, node=found.node))["main"].beyond(plain)
    expect(after == before, wanted=sorted(before), found=sorted(after), where="a second pod of the claim")


@requirement("ADM-007", why="monitoring keeps the device occupied after its user")
def test_a_user_leaves_before_the_administrator(installed: Installed) -> None:
    """When the user's pod goes while the administrator's runs, the next user gets the device."""
    found = watched(installed)
    installed.end(found.user)
    installed.context.delete("resourceclaims", found.claim)
    claim = installed.claim(installed.request("gpu", found.chosen))
    installed.running(installed.pod_with(claim, node=found.node))


@requirement("PRIO-001", "PRIO-002", why="the pod with alternatives never starts")
def test_a_claim_with_alternatives_is_prepared(installed: Installed, plain: Inside) -> None:
    """Of two alternatives, of which no device fits the first, the pod gets the second, under the name of the request."""
    alternatives = [
        {"name": "none", "deviceClassName": installed.device_class, "selectors": pods.cel("false")},
        {"name": "some", "deviceClassName": installed.device_class},
    ]
    claim = installed.claim({"name": "gpu", "firstAvailable": alternatives})
    seen = installed.seen_by(installed.pod({"main": [("it", "gpu")]}, claims={"it": claim}))
    found = [result["request"] for result in installed.results(claim)]
    expect(found == ["gpu/some"], wanted=["gpu/some"], found=found, where=f"claim {claim}")
    direct = installed.seen_by(installed.pod_with(installed.claim()))["main"].beyond(plain)
    given = seen["main"].beyond(plain)
    expect(
        bool(given) == bool(direct),
        wanted="something, as without alternatives",
        found=sorted(given),
        where="the container with the request",
    )


@requirement("EXT-001", "EXT-002", "EXT-003", "EXT-005", why="pods that ask for example.com/gpu never start")
def test_an_extended_resource_is_a_device(installed: Installed, plain: Inside) -> None:
    """Two containers that each ask for one of an extended resource get a device each, without a claim in the pod's spec."""
    installed.require_devices(2)
    resource = f"{installed.context.stem}.example.com/device"
    expression = pods.class_selector(installed.driver, installed.descriptor.device_class.types)
    spec = {"selectors": pods.cel(expression), "extendedResourceName": resource}
    item = {"metadata": {"name": installed.context.name()}, "spec": spec}
    if "extendedResourceName" not in installed.context.create("deviceclasses", item)["spec"]:
        not_applicable("the cluster drops extendedResourceName: its feature gate DRAExtendedResource is off")

    def ask(item: JsonObject) -> None:
        for container in item["spec"]["containers"]:
            container["resources"] = {"limits": {resource: "1"}}

    seen = installed.seen_by(installed.pod({"a": [], "b": []}, change=ask))
    given = {name: inside.beyond(plain) for name, inside in seen.items()}
    direct = installed.seen_by(installed.pod_with(installed.claim()))["main"].beyond(plain)
    expect(
        not direct or (bool(given["a"] - given["b"]) and bool(given["b"] - given["a"])),
        wanted="something of its own in each",
        found={name: sorted(found) for name, found in given.items()},
        where="containers",
    )


@requirement("TNT-010", why="nobody can test a device that was taken out of service")
def test_a_tainted_device_is_prepared_for_who_tolerates_it(installed: Installed) -> None:
    """A claim that tolerates the taint of a DeviceTaintRule gets the device that the rule is about, and its pod runs."""
    version = taint_rules_version(installed.context.client)
    if not version:
        not_applicable("the cluster serves no DeviceTaintRules")
    device = installed.require_devices(1)[0]
    key = f"{installed.context.stem}.example.com/out-of-service"
    selector = {"driver": installed.driver, "pool": device.pool, "device": device.name}
    rule = {"deviceSelector": selector, "taint": {"key": key, "value": "x", "effect": "NoSchedule"}}
    item = {"metadata": {"name": installed.context.name()}, "spec": rule}
    installed.context.post(TAINT_RULES, item, api=version).expect(201)
    tolerations = [{"key": key, "operator": "Exists"}]
    chosen = installed.request("gpu", installed.chooser(device), tolerations=tolerations)
    claim = installed.claim(chosen)
    installed.running(installed.pod_with(claim, node=device.node))
    found = [(result["pool"], result["device"]) for result in installed.results(claim)]
    expect(found == [(device.pool, device.name)], wanted=device.name, found=found, where=f"claim {claim}")
