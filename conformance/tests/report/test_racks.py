"""The picture of racks on the page."""

import json
from typing import Any

from dra_conformance.report.racks import SHOWN, rack_views
from dra_conformance.steps import RACKS


def device(name: str, *jobs: str, health: str = "well") -> dict[str, Any]:
    holders = [{"claim": f"{job}-claim", "pods": [f"{job}-0"], "job": job} for job in jobs]
    return {
        "name": name,
        "health": health,
        "faults": ["a/b:NoSchedule"] if health != "well" else [],
        "holders": holders,
    }


def picture(*devices: dict[str, Any]) -> str:
    node = {"name": "n0", "clique": "c.0", "fault": "", "devices": devices, "domains": ["ns/d"], "pods": []}
    domain = {"name": "ns/d", "status": "Ready", "reason": "NodesReady", "nodes": [["n0", "Ready"]]}
    rack = {"name": "rack-0", "fabric": "c", "nodes": [node]}
    return json.dumps({"racks": [rack], "fabrics": [], "domains": [domain], "waiting": []})


def check(name: str, text: str, outcome: str = "passed") -> dict[str, Any]:
    evidence = [{"kind": "object", "what": RACKS, "picture": text}, {"kind": "api", "what": "GET nodes"}]
    return {"name": name, "rule": "a rule", "outcome": outcome, "evidence": evidence}


def test_a_device_has_the_colour_of_its_job_on_every_node() -> None:
    [view] = rack_views({"checks": [check("t", picture(device("a", "x"), device("b", "y"), device("c")))]})
    [card] = view.racks[0].nodes
    jobs = [chip.job for chip in card.chips]
    assert [job and job.name for job in jobs] == ["x", "y", None]
    assert jobs[0] is not None
    assert jobs[1] is not None
    assert jobs[0].hue != jobs[1].hue
    assert card.domains == [("ns/d", "Ready")]
    assert view.domains == [("ns/d", "Ready", "NodesReady")]


def test_violated_checks_come_first_then_those_in_which_most_happens_and_few_are_shown() -> None:
    full, idle = picture(device("a", "x")), picture(device("a"))
    checks = [
        check("idle", idle),
        check("full", full),
        check("bad", idle, "violated"),
        *[check("more", idle)] * 5,
    ]
    views = rack_views({"checks": checks})
    assert [view.check for view in views][:2] == ["bad", "full"]
    assert len(views) == SHOWN


def test_a_run_without_racks_and_a_picture_that_was_cut_show_nothing() -> None:
    assert rack_views({"checks": []}) == []
    assert rack_views({"checks": [check("cut", picture()[:20])]}) == []


def test_faults_of_a_device_are_named() -> None:
    [view] = rack_views({"checks": [check("t", picture(device("a", health="sick")))]})
    [chip] = view.racks[0].nodes[0].chips
    assert (chip.health, chip.faults) == ("sick", "a/b:NoSchedule")
