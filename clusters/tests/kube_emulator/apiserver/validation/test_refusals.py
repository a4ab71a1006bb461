"""Validation refuses objects with the causes of a real API server.

The expected causes in ``refusals/recorded/causes`` were recorded from kube-apiserver 1.36.3 with the alpha gates of ``GATES`` on,
by sending it the objects of ``refusals``; none was written by hand. The real server reports causes of maps in random order.
"""

import copy
import json

import pytest
from refusals import cases, core_cases
from refusals.case import Case
from refusals.validating import GATES, RECORDED, resource_of

from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.registry import (
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

CONTEXT = Context(release=V1_36, gates=gates_of(V1_36, dict.fromkeys(GATES, True)))
CASES = (*cases.CASES, *core_cases.CASES)
ANSWERS: dict[str, list[list[str]]] = {
    name: causes
    for path in sorted((RECORDED / "causes").glob("*.json"))
    for name, causes in json.loads(path.read_text()).items()
}


def causes_of(case: Case) -> list[Cause]:
    resource, item = resource_of(case.base), copy.deepcopy(case.sent)
    if case.verb == "create":
        metadata = item["metadata"]
        if metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}xxxxx"
        prepare_create(resource, item, CONTEXT)
        return validate_create(resource, item, CONTEXT)
    old = copy.deepcopy(case.stored)
    status = old.pop("status", None)
    prepare_create(resource, old, CONTEXT)
    for name in ("serviceAccountName", "serviceAccount"):  # set by an admission plugin that was off
        old.get("spec", {}).pop(name, None)
    if case.verb == "restatus":
        old["status"] = status
    subresource = "" if case.verb == "update" else "status"
    prepare_update(resource, old, item, subresource, CONTEXT)
    return validate_update(resource, old, item, subresource, CONTEXT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_object_is_refused_with_the_causes_of_the_real_server(case: Case) -> None:
    found = [[cause.type, cause.field, cause.message] for cause in causes_of(case)]
    assert sorted(found) == sorted(ANSWERS[case.name])


def test_every_case_has_a_recorded_answer_and_every_answer_a_case() -> None:
    assert [case.name for case in CASES] == list(dict.fromkeys(case.name for case in CASES))
    assert {case.name for case in CASES} == set(ANSWERS)
