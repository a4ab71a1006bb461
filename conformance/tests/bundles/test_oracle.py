"""The second opinion: verdicts from recorded bytes and objects, without the suite's stubs and rules."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from dra_api.kubelet._generated import dra_v1_pb2, registration_pb2
from dra_conformance.bundles import oracle, wire
from dra_conformance.bundles.oracle import RULES, second_opinions
from dra_conformance.bundles.wire import WireError, fields


def grpc(what: str, request: Any, answer: Any) -> dict[str, Any]:
    """A recorded call."""
    raw = {
        "request bytes": request.SerializeToString().hex(),
        "answer bytes": answer.SerializeToString().hex(),
    }
    return {"at": 0, "kind": "grpc", "what": what, **raw}


def get_info(**fields: Any) -> dict[str, Any]:
    return grpc("GetInfo", registration_pb2.InfoRequest(), registration_pb2.PluginInfo(**fields))


def prepare(asked: list[str], answered: list[str]) -> dict[str, Any]:
    request = dra_v1_pb2.NodePrepareResourcesRequest(
        claims=[dra_v1_pb2.Claim(namespace="n", name=f"name-{uid}", uid=uid) for uid in asked]
    )
    entry = dra_v1_pb2.NodePrepareResourceResponse(error="")
    return grpc(
        "NodePrepareResources",
        request,
        dra_v1_pb2.NodePrepareResourcesResponse(claims=dict.fromkeys(answered, entry)),
    )


def a_slice(**spec: Any) -> dict[str, Any]:
    text = json.dumps({"kind": "ResourceSlice", "spec": {"nodeName": "n"} | spec})
    return {"at": 0, "kind": "object", "what": "slice", "object": text}


def problems(requirement_id: str, *steps: dict[str, Any]) -> list[str]:
    """What the opinion on a requirement says of STEPS."""
    check = {"requirements": [requirement_id], "evidence": list(steps)}
    [found] = second_opinions([check], {requirement_id: "pass"})
    return list(found.problems)


@pytest.mark.parametrize(
    ("requirement_id", "step", "problem"),
    [
        ("REG-003", get_info(type="DRAPlugin"), []),
        ("REG-003", get_info(type="CSIPlugin"), ["type ['CSIPlugin']"]),
        ("REG-007", get_info(supported_versions=["v2.DRAPlugin", "v1.DRAPlugin"]), []),
        ("REG-007", get_info(supported_versions=["1.0.0"]), ["supported_versions ['1.0.0']"]),
        ("PREP-001", prepare(["a", "b"], ["b", "a"]), []),
        ("PREP-001", prepare(["a", "b"], ["a"]), ["no entry for ['b']"]),
        ("PREP-002", prepare(["a"], ["a"]), []),
        ("PREP-002", prepare(["a"], ["a", "c"]), ["entries for ['c']"]),
        ("RSL-002", a_slice(), []),
        ("RSL-002", a_slice(allNodes=True), ["has ['nodeName', 'allNodes']"]),
        ("RSL-009", a_slice(devices=[{"name": "d"}] * 128), []),
        ("RSL-009", a_slice(devices=[{"name": "d"}] * 129), ["129 devices, at most 128"]),
        ("RSL-009", a_slice(devices=[{"name": "d", "taints": [{}]}] * 65), ["65 devices, at most 64"]),
    ],
)
def test_what_the_evidence_shows(requirement_id: str, step: dict[str, Any], problem: list[str]) -> None:
    assert problems(requirement_id, step) == problem


def test_an_opinion_disagrees_with_a_verdict_that_the_evidence_does_not_carry() -> None:
    bad = {"requirements": ["REG-003"], "evidence": [get_info(type="CSIPlugin")]}
    good = {"requirements": ["REG-003"], "evidence": [get_info(type="DRAPlugin")]}
    for check, verdict, agrees in (
        (bad, "fail", True),
        (bad, "exempt", True),
        (bad, "pass", False),
        (good, "pass", True),
        (good, "fail", False),
    ):
        [found] = second_opinions([check], {"REG-003": verdict})
        assert found.agrees is agrees, verdict


def test_without_evidence_there_is_no_opinion() -> None:
    cut = get_info(type="DRAPlugin") | {"answer bytes": "0a09... (40000 characters)"}
    assert second_opinions([{"requirements": ["REG-003"], "evidence": [cut]}], {"REG-003": "pass"}) == []
    assert second_opinions([{"requirements": ["REG-003"], "evidence": []}], {"REG-003": "pass"}) == []


def test_an_answer_that_is_no_message_is_a_problem() -> None:
    step = get_info(type="DRAPlugin") | {"answer bytes": "0aff"}
    assert problems("REG-003", step) == [
        "the answer is no message: field 1 ends after the message"
    ] or problems("REG-003", step) == ["the answer is no message: no number at byte 2"]


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\xff" * 11, b"\x0b", b"\x0d\x01"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(WireError, match=r"no number|ends after|unknown kind"):
        list(fields(data))


def test_the_second_opinion_shares_nothing_with_the_checks() -> None:
    allowed = {"dra_conformance.bundles.wire"}
    for module in (oracle, wire):
        tree = ast.parse(Path(str(module.__file__)).read_bytes())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name for name in imported if name and name.startswith("dra_")} <= allowed
    assert len(RULES) >= 7
