"""The rules answer as a real API server does.

The expected causes in ``refusals/recorded/causes`` were recorded from kube-apiserver 1.36.3 with the alpha gates of ``GATES`` on, by
sending it the very objects of ``refusals``; none was written by hand. Causes of maps come in random order there.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from refusals import cases, core_cases
from refusals.case import Case

from dra_clusters.embedded.gates import gates_of
from dra_clusters.embedded.resources import Resource
from dra_clusters.embedded.rules.causes import Cause
from dra_clusters.embedded.rules.context import Context
from dra_clusters.embedded.rules.registry import (
    prepare_create,
    prepare_update,
    validate_create,
    validate_update,
)

GATES = (
    "DRADeviceTaintRules",
    "DRAListTypeAttributes",
    "DRANodeAllocatableResources",
    "DRAResourcePoolStatus",
)
CONTEXT = Context(kubernetes="1.36", gates=gates_of("1.36", dict.fromkeys(GATES, True)))
CASES = (*cases.CASES, *core_cases.CASES)
WITH_STATUS = ("ResourceClaim", "DeviceTaintRule", "ResourcePoolStatusRequest", "Pod", "Node", "Namespace")
ANSWERS: dict[str, list[list[str]]] = {
    name: causes
    for path in sorted((Path(__file__).parent / "refusals/recorded/causes").glob("*.json"))
    for name, causes in json.loads(path.read_text()).items()
}


def resource_of(item: dict[str, Any]) -> Resource:
    group, _, version = item["apiVersion"].rpartition("/")
    kind, namespaced = item["kind"], "namespace" in item["metadata"]
    return Resource(group, version, f"{kind.lower()}s", kind, namespaced, (), kind in WITH_STATUS)


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
    for name in ("serviceAccountName", "serviceAccount"):  # given by an admission plugin that was off
        old.get("spec", {}).pop(name, None)
    if case.verb == "restatus":
        old["status"] = status
    subresource = "" if case.verb == "update" else "status"
    prepare_update(resource, old, item, subresource, CONTEXT)
    return validate_update(resource, old, item, subresource, CONTEXT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_object_is_refused_for_the_causes_that_the_real_server_tells(case: Case) -> None:
    found = [[cause.type, cause.field, cause.message] for cause in causes_of(case)]
    assert sorted(found) == sorted(ANSWERS[case.name])


def test_there_is_an_answer_for_each_case_and_no_other() -> None:
    assert [case.name for case in CASES] == list(dict.fromkeys(case.name for case in CASES))
    assert {case.name for case in CASES} == set(ANSWERS)
