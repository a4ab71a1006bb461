"""PodDisruptionBudgets and evictions. Answers are those of kube-apiserver 1.36.3, compared with a real one."""

from typing import Any

import pytest
from control_plane import BareControlPlane, controllers
from http_client import MERGE, Answer, Caller

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.verbs.budgets import status_of

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
SPENT: JsonObject = {"observedGeneration": 1, "disruptionsAllowed": 0, "desiredHealthy": 1, "expectedPods": 1}
FAILED = {"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "boo"}


def guarded(call: Caller, name: str, status: JsonObject | None, **pod: Any) -> None:
    """A ready pod NAME with a budget that has STATUS."""
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "n"}
    call("POST", PODS, {"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
    call("PATCH", f"{PODS}/{name}/status", {"status": READY | pod}, kind=MERGE)
    budget(call, name, name)
    if status is not None:
        call("PATCH", f"{BUDGETS}/{name}/status", {"status": status}, kind=MERGE)


def budget(call: Caller, name: str, app: str) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}}
    call("POST", BUDGETS, {"metadata": {"name": name}, "spec": spec})


def evict(call: Caller, name: str, query: str = "", **more: Any) -> Answer:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **more}
    return call("POST", f"{PODS}/{name}/eviction{query}", body)


@pytest.mark.parametrize(
    ("name", "status", "cause"),
    [
        ("new", None, "is still being processed by the server."),
        ("few", SPENT | {"currentHealthy": 1}, "needs 1 healthy pods and has 1 currently"),
        ("odd", SPENT | {"currentHealthy": 2}, "does not allow evicting pods currently"),
        (
            "failed",
            SPENT | {"currentHealthy": 2, "conditions": [FAILED]},
            "does not allow evicting pods currently because it failed sync: boo",
        ),
    ],
)
def test_a_budget_that_allows_nothing_refuses_with_its_cause(
    call: Caller, name: str, status: JsonObject | None, cause: str
) -> None:
    guarded(call, name, status)
    answer = evict(call, name)
    assert (answer.code, answer.body["reason"]) == (429, "TooManyRequests")
    assert answer.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert answer.body["details"]["causes"] == [
        {"reason": "DisruptionBudget", "message": f"The disruption budget {name} {cause}"}
    ]
    assert answer.headers.get("retry-after") == ("10" if status is None else None)


def test_an_eviction_spends_the_budget_and_marks_the_pod(call: Caller) -> None:
    guarded(call, "spend", SPENT | {"disruptionsAllowed": 1, "currentHealthy": 2})
    assert evict(call, "spend", "?dryRun=All").code == 201
    assert call("GET", f"{BUDGETS}/spend").body["status"]["disruptionsAllowed"] == 1
    assert evict(call, "spend").body["status"] == "Success"
    status = call("GET", f"{BUDGETS}/spend").body["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["spend"])
    assert status["conditions"][0]["reason"] == "InsufficientPods"
    pod = call("GET", f"{PODS}/spend").body
    assert "deletionTimestamp" in pod["metadata"]
    assert pod["status"]["conditions"][-1]["reason"] == "EvictionByEvictionAPI"


def test_two_budgets_are_an_error_and_a_pod_that_is_not_ready_may_go(call: Caller) -> None:
    guarded(call, "both", None)
    budget(call, "other", "both")
    answer = evict(call, "both")
    assert (answer.code, answer.body["message"][:46]) == (
        500,
        "This pod has more than one PodDisruptionBudget",
    )
    guarded(call, "ill", SPENT | {"currentHealthy": 1}, conditions=[{"type": "Ready", "status": "False"}])
    assert evict(call, "ill").code == 201


def test_an_eviction_of_another_name_is_a_bad_request(call: Caller) -> None:
    answer = call("POST", f"{PODS}/x/eviction", {"metadata": {"name": "y"}})
    assert (answer.code, answer.body["message"]) == (
        400,
        "name in URL does not match name in Eviction object",
    )


async def test_the_controller_counts_healthy_pods() -> None:
    async with BareControlPlane(controllers) as plane:
        spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}
        metadata = {"name": "b", "namespace": "default"}
        plane.api.create("poddisruptionbudgets", {"metadata": metadata, "spec": spec})
        for name in ("p", "q"):
            containers = [{"name": "c", "image": "i"}]
            place = {"name": name, "namespace": "default", "labels": {"app": "a"}}
            made = plane.api.create("pods", {"metadata": place, "spec": {"containers": containers}}).value
            plane.api.update("pods", {**made, "status": READY}, subresource="status")
        await plane.settle()
        status = plane.get("poddisruptionbudgets", "b")["status"]
        assert (status["currentHealthy"], status["disruptionsAllowed"], status["expectedPods"]) == (2, 1, 2)
        assert status["conditions"][0]["reason"] == "SufficientPods"


@pytest.mark.parametrize(
    ("spec", "scale", "desired"),
    [
        ({"minAvailable": "50%"}, 3, 2),
        ({"maxUnavailable": 1}, 3, 2),
        ({"maxUnavailable": "34%"}, 3, 1),
        ({"maxUnavailable": 5}, 3, 0),
    ],
)
def test_amounts_are_numbers_or_percent_rounded_up(spec: JsonObject, scale: int, desired: int) -> None:
    status = status_of({"metadata": {"name": "b"}, "spec": spec}, [], scale, "now")
    assert (status["desiredHealthy"], status["expectedPods"]) == (desired, scale)
