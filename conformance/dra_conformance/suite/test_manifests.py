"""What is shipped with a driver: rights, pods, policies, device classes. Nothing of it is installed."""

from collections.abc import Iterator
from typing import Any

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.manifests import shipped_with
from dra_conformance.rules.manifests import RULES, Shipped
from dra_conformance.suite.slices.published import stray

CLASSES = "/apis/resource.k8s.io/v1/deviceclasses"


@pytest.fixture(scope="session")
def shipped(pytestconfig: pytest.Config) -> Shipped:
    """The objects that the vendor ships; checks do not apply without them."""
    return shipped_with(load_descriptor(pytestconfig.getoption("--dra-driver")))


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(name, why=why), id=name) for name, (rule, why) in RULES.items()],
)
def test_shipped_objects_follow_the_rule(shipped: Shipped, rule: Any) -> None:
    """The objects that the vendor ships follow a rule that can be seen in them."""
    each(list(rule(shipped)), wanted=rule.__doc__, where="shipped objects")


@pytest.fixture
def classes(shipped: Shipped, harness: Harness) -> Iterator[list[str]]:
    """The names of the vendor's device classes, which the API server has."""
    found = [dict(item) for item in shipped.of("DeviceClass")]
    if not found:
        not_applicable("no DeviceClass is shipped")
    names = [item["metadata"]["name"] for item in found]
    refused = []
    for item in found:
        code, answer = harness.api.request("POST", CLASSES, item)
        refused += [f"{item['metadata']['name']}: {code} {answer.get('message')}"] if code >= 300 else []
    try:
        each(refused, wanted="accepted by the API server", where="shipped device classes")
        yield names
    finally:
        for name in names:
            harness.api.request("DELETE", f"{CLASSES}/{name}")


def reasons(harness: Harness, class_name: str) -> dict[str, str]:
    """{driver/pool/device: why a claim of a class does not get it, empty if it does}."""
    spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": class_name}}]}}
    claim = {"metadata": {"name": f"for-{class_name}"[:63], "namespace": "default"}, "spec": spec}
    stored = harness.api.create_claim(claim, None)
    try:
        return harness.api.choices("default", stored["metadata"]["name"])
    finally:
        harness.api.delete_claim("default", stored["metadata"]["name"])


@requirement("SEC-013", why="a claim of the class would get another vendor's device")
def test_classes_select_the_drivers_own_devices(harness: Harness, classes: list[str]) -> None:
    """A device of another driver with the attributes of an own one is not selected by a shipped class."""
    own = harness.devices()[0][2]
    copy = {**own, "name": "copy-0"}
    item = stray(harness, "copies", driver="other.example.com", devices=[copy])
    stored = harness.api.create_slice(item)
    try:
        taken = [
            f"{name}: {device}"
            for name in classes
            for device, reason in reasons(harness, name).items()
            if device.endswith("/copy-0") and not reason
        ]
    finally:
        harness.api.delete_slice(stored["metadata"]["name"])
    each(taken, wanted="no device of another driver", where="shipped device classes")


@requirement(
    "SEC-014", why="no pod with a claim of the class would be scheduled while one device lacks the attribute"
)
def test_classes_can_be_evaluated_for_all_devices(harness: Harness, classes: list[str]) -> None:
    """The selectors of shipped classes are accepted by the API server, and fail at run time for no own device."""
    failed = [
        f"{name}: {device}: {reason}"
        for name in classes
        for device, reason in reasons(harness, name).items()
        if "error" in reason.lower() or "no such key" in reason
    ]
    each(failed, wanted="true or false for every device", where="shipped device classes")
    expect(bool(classes), wanted="a class", found=classes, where="shipped objects")
