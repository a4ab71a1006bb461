"""Claims that the scheduler makes for extended resources (KEP-5004; kube-scheduler extendeddynamicresources.go, 1.37).

Such a claim is of no entry in the pod's ``resourceClaims``: it has an annotation of its own and none with the name of an
entry, and its requests are called ``container-I-request-J``.
"""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.api import GROUP
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import entry_of

ANNOTATION = "resource.kubernetes.io/extended-resource-claim"


def special_claim(
    harness: Harness,
    devices: Sequence[tuple[str, str]],
    requests: Sequence[str],
    configs: Sequence[JsonObject] = (),
) -> Claim:
    """A claim for extended resources that is allocated DEVICES, one for each of REQUESTS."""
    claim = harness.claim(*devices, requests=requests, raw_configs=configs)
    path = f"{GROUP}/namespaces/{claim.namespace}/resourceclaims/{claim.name}"
    patch = {"metadata": {"annotations": {ANNOTATION: "true"}}}
    harness.api.write("PATCH", path, patch, content_type="application/merge-patch+json")
    return claim


@requirement("EXT-001", "EXT-002", why="pods that ask for example.com/gpu: 1 never start")
def test_claims_for_extended_resources_are_prepared(harness: Harness) -> None:
    """A claim for extended resources, which is of no entry of its pod, is prepared and unprepared as any other."""
    device = harness.require_devices(1)[0]
    claim = special_claim(harness, [device], ["container-0-request-0"])
    found = entry_of(harness.kubelet.attempt(claim), claim)
    ids = [name for given in found.devices for name in given.cdi_ids]
    error = entry_of(harness.kubelet.attempt_unprepare(claim), claim).error
    left = harness.still_defined(ids)
    harness.release(claim)
    expect(not found.error and bool(ids), wanted="prepared", found=found, where=ANNOTATION)
    expect(not error and not left, wanted="unprepared", found=(error, left), where=ANNOTATION)


@requirement("EXT-003", why="the kubelet gives the device to another container of the pod, or to none")
def test_each_container_gets_its_own_request(harness: Harness) -> None:
    """Of a claim with a request for each of two containers, each device is returned for its request, by its whole name."""
    devices = harness.require_devices(2)
    requests = ["container-0-request-0", "container-1-request-0"]
    claim = special_claim(harness, devices, requests)
    found = entry_of(harness.kubelet.attempt(claim), claim)
    harness.release(claim)
    named = {given.device: given.requests for given in found.devices}
    wanted = {device: (request,) for (_, device), request in zip(devices, requests, strict=True)}
    expect(named == wanted, wanted=wanted, found=found, where="request_names of two containers")


@requirement("EXT-005", why="who asks for an extended resource has no place for parameters")
def test_devices_work_without_parameters_of_the_claim(harness: Harness) -> None:
    """A claim without any configuration is prepared, and one with that of its class only."""
    visible = harness.descriptor.visible_config
    opaque = {"driver": harness.descriptor.driver, "parameters": visible}
    of_class = [{"source": "FromClass", "requests": [], "opaque": opaque}]
    for configs in ([], *([of_class] if visible else ())):
        claim = special_claim(harness, harness.require_devices(1), ["container-0-request-0"], configs)
        found = entry_of(harness.kubelet.attempt(claim), claim)
        harness.release(claim)
        where = "with configuration of the class" if configs else "without configuration"
        expect(not found.error and bool(found.devices), wanted="prepared", found=found, where=where)
