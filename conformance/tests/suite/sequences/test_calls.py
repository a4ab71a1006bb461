"""What a scheduler gives to the claims of a sequence, and how a step is shown."""

from dra_api.identifiers import ClaimUid
from dra_conformance.harness.answers import Device
from dra_conformance.harness.harness import Claim
from dra_conformance.suite.sequences.calls import Model, Step, text_of

DEVICES = [("pool", f"gpu-{index}") for index in range(3)]


def test_a_device_is_given_to_one_claim_that_exists() -> None:
    model = Model(DEVICES)
    model.known["a"].claim, model.known["a"].exists = made("a", 0), True
    assert model.free("b") == [DEVICES[1]]
    assert model.free("c") == DEVICES[1:]
    model.known["a"].exists = False
    assert model.free("b") == [DEVICES[0]]


def test_a_claim_that_is_gone_and_still_prepared_contests_its_devices() -> None:
    model = Model(DEVICES)
    model.known["a"].claim, model.known["b"].claim = made("a", 0), made("b", 0)
    assert not model.contested("b")
    model.known["a"].answer = (Device(("r0",), "pool", "gpu-0", ()),)
    assert model.contested("b")


def test_a_step_is_shown_as_a_call_with_devices() -> None:
    model = Model(DEVICES)
    model.known["a"].claim = made("a", 0)
    assert text_of(Step("prepare", ("a", "b")), model) == "prepare a(gpu-0), b"
    assert text_of(Step("kill", ()), model) == "SIGKILL, start"


def made(name: str, device: int) -> Claim:
    return Claim("default", name, ClaimUid(name), (DEVICES[device],))
