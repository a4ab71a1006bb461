"""Default priority classes, which the behaviours of clusters leave alone. Expected texts are those of kube-apiserver 1.37.2."""

from collections.abc import Iterator
from typing import Any

import pytest
from http_client import Caller

from kube_emulator import Cluster, Options

pytestmark = pytest.mark.slow
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def call() -> Iterator[Caller]:
    with Cluster(Options(parts=frozenset({"api"}))) as cluster:
        yield Caller(cluster)


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}], **spec}}


def default(name: str, **members: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "value": 9, "globalDefault": True, **members}


def test_a_pod_without_a_class_gets_the_default_one(call: Caller) -> None:
    call("POST", CLASSES, default("usual", preemptionPolicy="Never"))
    spec = call("POST", PODS, pod()).body["spec"]
    assert (spec["priorityClassName"], spec["priority"], spec["preemptionPolicy"]) == ("usual", 9, "Never")


def test_the_client_does_not_own_the_class_that_it_was_given(call: Caller) -> None:
    call("POST", CLASSES, default("usual"))
    (entry,) = call("POST", PODS, pod()).body["metadata"]["managedFields"]
    assert "f:priorityClassName" not in entry["fieldsV1"]["f:spec"]


def test_there_is_one_default_class(call: Caller) -> None:
    first = call("POST", CLASSES, default("usual")).body
    refused = call("POST", CLASSES, default("second"))
    assert (refused.code, refused.body["message"]) == (
        403,
        (
            'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default.'
            " Only one default can exist"
        ),
    )
    assert call("PUT", f"{CLASSES}/usual", {**first, "description": "x"}).code == 200
    other = call("POST", CLASSES, default("second", globalDefault=False)).body
    assert call("PUT", f"{CLASSES}/second", {**other, "globalDefault": True}).code == 403


def test_a_pod_without_any_class_cannot_choose_its_priority(call: Caller) -> None:
    refused = call("POST", PODS, pod(priority=5))
    assert (refused.code, refused.body["message"]) == (
        403,
        (
            'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission'
            " controller computed 0 from the given PriorityClass name"
        ),
    )
