"""The objects that checks of the tier ``cluster`` create."""

from dra_conformance.harness.pods import RUN_ANNOTATION, chooser, class_selector, container, pod
from kube_emulator.kubelet import runtime

DRIVER = "gpu.example.com"


def test_the_embedded_kubelet_runs_the_commands_of_the_pods() -> None:
    assert RUN_ANNOTATION == runtime.RUN_ANNOTATION


def test_a_class_is_of_plain_devices() -> None:
    assert class_selector(DRIVER, []) == 'device.driver == "gpu.example.com"'
    assert class_selector(DRIVER, ["gpu"]).endswith('device.attributes["gpu.example.com"].type in ["gpu"]')


def test_a_device_is_chosen_by_an_attribute_that_no_other_has() -> None:
    one = {"attributes": {"model": {"string": "x"}, "uuid": {"string": "u-1"}, "a.b/c": {"string": "y"}}}
    other = {"attributes": {"model": {"string": "x"}, "uuid": {"string": "u-2"}}}
    found = chooser(DRIVER, one, [other])
    assert found.endswith('device.attributes["gpu.example.com"].uuid == "u-1"')
    assert chooser(DRIVER, one, [other, one]) == ""


def test_a_pod_names_its_claims_and_containers_their_requests() -> None:
    containers = [container("a", "i", "it", ("it", "r")), container("b", "i")]
    found = pod("p", containers, claims={"it": "c"}, templates={"own": "t"})["spec"]
    assert found["resourceClaims"] == [
        {"name": "it", "resourceClaimName": "c"},
        {"name": "own", "resourceClaimTemplateName": "t"},
    ]
    uses = [one["resources"] for one in found["containers"]]
    assert uses == [{"claims": [{"name": "it"}, {"name": "it", "request": "r"}]}, {}]
