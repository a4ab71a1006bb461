"""What ``kubectl get`` prints; the texts were compared with those of a real server."""

from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.tables.table import table

NOW = 1_800_000_000.0
BEFORE = "2027-01-15T07:59:55Z"
"""Five seconds before NOW."""


def row(key: str, item: JsonObject) -> dict[str, Any]:
    """The cells of ITEM by column."""
    shown = table(key, [{"metadata": {"name": "a", "creationTimestamp": BEFORE}} | item], now=NOW)
    names = [column["name"] for column in shown["columnDefinitions"]]
    return dict(zip(names, shown["rows"][0]["cells"], strict=True))


def pod(
    *containers: JsonObject, inits: tuple[JsonObject, ...] = (), sidecar: str = "", **status: Any
) -> JsonObject:
    """A pod whose containers have these statuses."""
    spec = {
        "containers": [{"name": f"c{index}"} for index, _ in enumerate(containers)],
        "initContainers": [
            {"name": each["name"], **({"restartPolicy": "Always"} if each["name"] == sidecar else {})}
            for each in inits
        ],
    }
    base = {"phase": "Running", "containerStatuses": [*containers], "initContainerStatuses": [*inits]}
    return {"spec": spec, "status": base | status}


def ended(code: int, reason: str = "", **fields: Any) -> JsonObject:
    return {"name": "c", "state": {"terminated": {"exitCode": code, "reason": reason}}, **fields}


RUNS: JsonObject = {"name": "c", "ready": True, "state": {"running": {}}}
WAITS: JsonObject = {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
READY: Any = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("item", "ready", "shown"),
    [
        (pod(RUNS, RUNS), "2/2", "Running"),
        (pod(RUNS, WAITS), "1/2", "CrashLoopBackOff"),
        (pod(ended(0, "Completed"), phase="Succeeded"), "0/1", "Completed"),
        (pod(RUNS, ended(0, "Completed"), **READY), "1/2", "Running"),
        (pod(RUNS, ended(0, "Completed")), "1/2", "NotReady"),
        (pod(ended(1, "Error"), ended(0, "Completed")), "0/2", "Error"),
        (pod(ended(3)), "0/1", "ExitCode:3"),
        (pod({"name": "c"}, inits=({"name": "i"},), phase="Pending"), "0/1", "Init:0/1"),
        (pod({"name": "c"}, inits=(ended(2, "Error") | {"name": "i"},)), "0/1", "Init:Error"),
        (pod(RUNS, inits=(RUNS | {"name": "s", "started": True},), sidecar="s"), "2/2", "Running"),
        (pod(phase="Failed", reason="Evicted"), "0/0", "Evicted"),
    ],
)
def test_a_pod_shows_what_its_containers_do(item: JsonObject, ready: str, shown: str) -> None:
    cells = row("pods", item)
    assert (cells["Ready"], cells["Status"]) == (ready, shown)


def test_a_deleted_pod_is_terminating_until_it_has_ended() -> None:
    going = {"metadata": {"name": "a", "deletionTimestamp": BEFORE}}
    assert row("pods", pod(RUNS) | going)["Status"] == "Terminating"
    assert row("pods", pod(ended(0, "Completed"), phase="Succeeded") | going)["Status"] == "Completed"


def test_restarts_show_when_the_last_one_was() -> None:
    again = RUNS | {"restartCount": 3, "lastState": {"terminated": {"finishedAt": BEFORE}}}
    assert row("pods", pod(again))["Restarts"] == "3 (5s ago)"


def test_the_row_of_a_pod_that_ended_has_a_condition() -> None:
    item = {"metadata": {"name": "a"}} | pod(ended(1), phase="Failed")
    (found,) = table("pods", [item], now=NOW)["rows"]
    assert [(c["reason"], c["message"]) for c in found["conditions"]] == [("Failed", "The pod failed.")]


def test_a_job_shows_how_long_it_runs() -> None:
    item = {"spec": {"completions": 1}, "status": {"startTime": BEFORE}}
    cells = row("jobs", item)
    assert (cells["Status"], cells["Completions"], cells["Duration"]) == ("Running", "0/1", "5s")


def test_an_event_shows_its_source_and_count() -> None:
    item = {
        "involvedObject": {"kind": "Pod", "name": "p"},
        "source": {"component": "kubelet", "host": "n"},
        "count": 3,
        "firstTimestamp": BEFORE,
        "message": " hello\n",
    }
    cells = row("events", item)
    assert [cells[name] for name in ("Object", "Source", "Count", "Last Seen", "Message")] == [
        "pod/p",
        "kubelet, n",
        3,
        "5s",
        "hello",
    ]


def test_endpoints_show_three_of_them() -> None:
    addresses = [{"ip": f"10.0.0.{n}"} for n in range(5)]
    item = {"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    assert row("endpoints", item)["Endpoints"] == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."


def test_a_binding_shows_its_subjects() -> None:
    subjects = [
        {"kind": "User", "name": "u"},
        {"kind": "ServiceAccount", "namespace": "n", "name": "a"},
        {"kind": "ServiceAccount", "namespace": "n", "name": "b"},
    ]
    cells = row("rolebindings", {"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects})
    assert [cells[name] for name in ("Role", "Users", "Groups", "ServiceAccounts")] == [
        "Role/r",
        "u",
        "",
        "n/a, n/b",
    ]
