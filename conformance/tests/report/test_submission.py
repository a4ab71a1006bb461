"""Reports in the forms that others collect."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue
from dra_conformance.report.build import Run, document, judgements_of
from dra_conformance.report.junit import junit
from dra_conformance.report.model import Report
from dra_conformance.report.submission import ITEMS, ai_conformance, badge, conformance_report
from dra_conformance.verdict import CheckResult

SUITE = {
    "name": "dra-conformance",
    "version": "1.2",
    "catalogue": "sha256:0",
    "date": "2026-01-01T00:00:00+00:00",
}


def report(profile: str = "core", **outcomes: Any) -> Report:
    """A report of checks by id, as REG_003="violated"; they are all that is covered."""
    names = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    head = {
        "date": "2026-01-01",
        "profile": profile,
        "covered": list(names),
        "subject": {
            "name": "n",
            "driver": "d.example.com",
            "digest": "",
            "command": ["x"],
            "features": [],
            "exemptions": [],
        },
        "suite": SUITE | {"seed": 0, "select": "", "command": [], "tier": "node"},
        "environment": {"kubernetes": "1.37", "provider": "p", "machine": "", "python": "3", "kernel": "6"},
    }
    results = [
        CheckResult(name=name, requirements=(name,), outcome=outcome, seconds=0.25, message=f"m {name}")
        for name, outcome in names.items()
    ]
    run = Run(head=head, results=results, interrupted=False, seconds=1)
    return document(run, judgements_of(run))


def test_a_conformance_report_names_profiles_versions_and_what_failed() -> None:
    found = conformance_report(report(REG_003="violated", REG_001="passed", IDEM_003="violated"))
    assert (found["kind"], found["kubernetesVersion"], found["suite"]["version"]) == (
        "ConformanceReport",
        "1.37",
        "1.2",
    )
    core, robust = found["profiles"]
    assert (core["name"], core["result"], core["failedRequirements"]) == (
        "core",
        "not conformant",
        ["REG-003"],
    )
    assert core["statistics"]["passed"] == 1
    assert robust["failedRequirements"] == ["IDEM-003", "REG-003"]
    assert "exemptRequirements" not in core
    assert msgspec.yaml.decode(msgspec.yaml.encode(found)) == found


@pytest.mark.parametrize(
    ("profile", "outcomes", "message", "colour"),
    [
        ("core", {"REG_003": "passed"}, "conformant, 1/1", "brightgreen"),
        ("core", {"REG_003": "violated", "REG_001": "passed"}, "not conformant, 1/2", "red"),
        ("core", {"REG_003": "error"}, "incomplete, 0/1", "lightgrey"),
        ("robust", {"IDEM_003": "violated"}, "not robust, 0/1", "orange"),
    ],
)
def test_a_badge_says_what_the_exit_code_says(
    profile: str, outcomes: dict[str, str], message: str, colour: str
) -> None:
    found = badge(report(profile, **outcomes))
    assert (found["message"], found["color"], found["schemaVersion"]) == (message, colour, 1)
    assert found["label"] == f"DRA {profile}, Kubernetes 1.37, suite 1.2"


def test_rows_for_ai_conformance_have_their_evidence() -> None:
    outcomes: dict[str, Any] = {name.replace("-", "_"): "passed" for name in ITEMS[1].requirements}
    found = {row["id"]: row for row in ai_conformance(report(**outcomes))["spec"]["accelerators"]}
    access = found["secure_accelerator_access"]
    assert (access["level"], access["status"]) == ("MUST", "Implemented")
    assert access["evidence"] == [f"file://junit.xml#{name}" for name in ITEMS[1].requirements]
    assert "Not shown by this run: a pod without a claim on a real node" in access["notes"]
    assert found["dra_support"]["status"] == "N/A"
    broken = ai_conformance(report(**outcomes | {"CDI_020": "violated"}))["spec"]["accelerators"][1]
    assert broken["status"] == "Not Implemented"
    assert "broken CDI-020 fail" in broken["notes"]
    del outcomes["CDI_020"]
    assert ai_conformance(report(**outcomes))["spec"]["accelerators"][1]["status"] == "Partially Implemented"


def test_the_rows_name_requirements_that_exist() -> None:
    assert {name for item in ITEMS for name in item.requirements} <= load_catalogue().keys()


def test_junit_fails_where_the_exit_code_does_and_counts_what_it_has(tmp_path: Path) -> None:
    made = report(
        REG_003="violated", IDEM_003="violated", REG_005="violated", REG_001="error", PREP_001="passed"
    )
    root = ET.fromstring(junit(msgspec.to_builtins(made)))
    elements = {str(case.get("name"))[:8].strip(): next(iter(case), None) for case in root.iter("testcase")}
    kinds = {name: None if element is None else element.tag for name, element in elements.items()}
    wanted = {
        "REG-003": "failure",
        "IDEM-003": "skipped",
        "REG-005": "skipped",
        "REG-001": "error",
        "PREP-001": None,
    }
    assert wanted.items() <= kinds.items()
    skipped = elements["IDEM-003"]
    assert skipped is not None
    assert skipped.get("message") == "fail: m IDEM-003"
    for suite in [root, *root.iter("testsuite")]:
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(suite.get(attribute, "-1")) == len(list(suite.iter(tag)))
    assert float(root.get("time", "0")) == 1.25
