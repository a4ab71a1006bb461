"""Catalogue, descriptors, verdicts and reports: everything that can be said without a driver."""

import datetime
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue, one, select
from dra_conformance.controls.defects import DEFECTS
from dra_conformance.drivers.descriptor import Exemption, load_descriptor
from dra_conformance.errors import UsageError
from dra_conformance.harness.watching import made_in
from dra_conformance.report.build import exit_code, read_log
from dra_conformance.report.write import write_reports
from dra_conformance.rules.cdi import RULES as CDI_RULES
from dra_conformance.rules.slices import RULES as SLICE_RULES
from dra_conformance.rules.slices import explicit_false
from dra_conformance.verdict import CheckResult, judge, judge_all

TODAY = datetime.date(2026, 1, 1)


def result(outcome: Any, *ids: str, message: str = "") -> CheckResult:
    return CheckResult(name="t::x", requirements=ids, outcome=outcome, seconds=0.1, message=message)


def verdict(requirement_id: str, *checks: CheckResult, **how: Any) -> str:
    options: dict[str, Any] = {"covered": True, "features": (), "exemptions": (), "today": TODAY} | how
    return judge(one(requirement_id), checks, **options).verdict


def test_the_catalogue_is_complete_and_every_entry_has_a_source() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) == 505
    assert all(item.source and item.how and item.statement for item in catalogue.values())


@pytest.mark.parametrize(
    ("requirement_id", "outcome", "wanted"),
    [
        ("REG-003", "passed", "pass"),
        ("REG-003", "violated", "fail"),
        ("REG-005", "violated", "non-strict"),
        ("REG-030", "violated", "info"),
        ("REG-003", "error", "error"),
        ("REG-003", "not-applicable", "not-applicable"),
    ],
)
def test_outcomes_become_verdicts_by_level(requirement_id: str, outcome: str, wanted: str) -> None:
    assert verdict(requirement_id, result(outcome, requirement_id)) == wanted


def test_a_requirement_is_as_good_as_its_worst_check() -> None:
    good, bad, broken = (result(outcome, "REG-003") for outcome in ("passed", "violated", "error"))
    assert verdict("REG-003", good, broken) == "error"
    assert verdict("REG-003", good, broken, bad) == "fail"


def test_what_a_blocked_check_blames_fails_and_the_check_says_nothing() -> None:
    blocked = msgspec.structs.replace(result("blocked", "REG-003", message="no socket"), blames=("REG-001",))
    judged = judge_all(
        load_catalogue(),
        [blocked, blocked],
        covered=["REG-001", "REG-003"],
        features=[],
        exemptions=[],
        today=TODAY,
    )
    verdicts = {item.requirement.id: item.verdict for item in judged}
    assert (verdicts["REG-001"], verdicts["REG-003"]) == ("fail", "blocked")


def test_a_requirement_that_is_blamed_fails_although_its_own_check_passed() -> None:
    blocked = msgspec.structs.replace(result("blocked", "REG-003"), blames=("REG-001",))
    passed = result("passed", "REG-001")
    judged = judge_all(
        load_catalogue(), [passed, blocked], covered=["REG-001"], features=[], exemptions=[], today=TODAY
    )
    assert {item.requirement.id: item.verdict for item in judged}["REG-001"] == "fail"


def test_a_run_with_blocked_checks_never_exits_with_0() -> None:
    assert exit_code({"pass": 200, "blocked": 1}) == 3
    assert exit_code({"pass": 200, "blocked": 1, "fail": 1}) == 1


def test_what_was_not_judged_is_never_a_pass() -> None:
    assert verdict("REG-003") == "disabled"
    assert verdict("REG-003", covered=False) == "not-covered"
    assert verdict("MV-004", result("passed", "MV-004")) == "not-applicable"
    assert verdict("MV-004", result("passed", "MV-004"), features=["DRAConsumableCapacity"]) == "pass"


def test_an_exemption_holds_until_its_day() -> None:
    exemption = Exemption(id="REG-003", reason="known", owner="me", expires=TODAY)
    bad = result("violated", "REG-003")
    assert verdict("REG-003", bad, exemptions=[exemption]) == "exempt"
    assert verdict("REG-003", bad, exemptions=[exemption], today=datetime.date(2026, 1, 2)) == "fail"


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("REG-*", "REG-001", "CDI-001"),
        ("cdi, prepare", "PREP-001", "REG-001"),
        ("!MUST", "REG-005", "REG-001"),
        ("REG-*,!REG-003", "REG-001", "REG-003"),
    ],
)
def test_selections(expression: str, inside: str, outside: str) -> None:
    chosen = select(expression)
    assert inside in chosen
    assert outside not in chosen


def test_unknown_ids_are_reported_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        one("REG-00")
    with pytest.raises(UsageError, match="matches no requirement"):
        select("REG-*,nope")


GOOD = """
schema: dra-conformance/driver/v1
name: mine
driver: x.example.com
start: {command: [x, "{node}"]}
deviceClass: {name: x}
"""


def test_a_small_descriptor_is_enough(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(GOOD)
    assert load_descriptor(str(tmp_path / "d.yaml")).budgets.start_seconds == 10


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: mine", "nmae: mine", "unknown field `nmae`"),
        ("v1\n", "v9\n", "schema is"),
        ("{node}", "{nodename}", "unknown placeholder 'nodename'"),
        ("command: [x", "command: [[x]", r"\$.start.command"),
        ("driver: x.example.com\n", "", "missing required field `driver`"),
        ("schema:", "schema: [", "descriptor"),
    ],
)
def test_malformed_descriptors_are_reported_with_the_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=message):
        load_descriptor(str(path))


def test_a_descriptor_that_does_not_exist_is_reported_with_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match="control, dra-example-driver, nvidia-gpu, reference"):
        load_descriptor("nope")


HEAD = {
    "type": "run",
    "date": "2026-01-01",
    "covered": ["REG-001", "REG-003", "REG-005"],
    "subject": {"name": "n", "driver": "d", "command": ["x"], "features": [], "exemptions": []},
    "suite": {
        "name": "dra-conformance",
        "version": "0",
        "date": "2026-01-01",
        "seed": 0,
        "select": "",
        "tier": "node",
    },
    "environment": {
        "kubernetes": "1.37",
        "provider": "embedded",
        "machine": "",
        "python": "3",
        "kernel": "6",
    },
}


def write_log(path: Path, *results: CheckResult, end: bool = True) -> Path:
    rows: list[Any] = [HEAD, {"type": "start", "time": 1.0}]
    rows += [{"type": "check", **msgspec.to_builtins(item)} for item in results]
    rows += [{"type": "end", "time": 2.5, "interrupted": False}] if end else []
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_reports_agree_and_name_every_requirement_once(tmp_path: Path) -> None:
    bad = result("violated", "REG-003", message="wanted <DRAPlugin>")
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"), bad)
    report, _ = write_reports(read_log(log), tmp_path)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert len({row["id"] for row in report["requirements"]}) == len(report["requirements"]) == 505
    assert report["summary"] == {"pass": 1, "fail": 1, "disabled": 1, "not-covered": 502}
    assert exit_code(report["summary"]) == 1
    suites = ET.fromstring((tmp_path / "junit.xml").read_text())
    [failure] = suites.iter("failure")
    assert failure.get("message") == "wanted <DRAPlugin>"
    page = (tmp_path / "report.html").read_text()
    assert "wanted &lt;DRAPlugin&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_log_without_an_end_is_an_interrupted_run(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"), end=False)
    assert read_log(log).interrupted


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    with pytest.raises(UsageError, match="is not the log of a run"):
        read_log(tmp_path / "x")


def broken_slice(**changes: Any) -> dict[str, Any]:
    device = {"name": "gpu-0", "attributes": {"a": {"int": 1}}, "capacity": {"m": {"value": "1Gi"}}}
    spec = {
        "driver": "d.example.com",
        "nodeName": "node-0",
        "pool": {"name": "node-0", "generation": 1, "resourceSliceCount": 1},
        "devices": [{**device, **changes.pop("device", {})}],
    }
    owner = {"kind": "Node", "name": "node-0"}
    return {"metadata": {"name": "s", "ownerReferences": [owner]}, "spec": {**spec, **changes}}


def problems(rule_id: str, item: dict[str, Any]) -> list[str]:
    return list(SLICE_RULES[rule_id][0]([item], "d.example.com", "node-0"))


@pytest.mark.parametrize("rule_id", SLICE_RULES)
def test_a_good_slice_breaks_no_rule(rule_id: str) -> None:
    assert problems(rule_id, broken_slice()) == []


@pytest.mark.parametrize(
    ("rule_id", "changes"),
    [
        ("RSL-002", {"allNodes": True}),
        ("RSL-003", {"nodeName": "other"}),
        ("RSL-005", {"pool": {"name": "a//b", "generation": 1, "resourceSliceCount": 1}}),
        ("RSL-007", {"device": {"name": "GPU"}}),
        ("RSL-008", {"devices": [{"name": "a"}, {"name": "a"}]}),
        ("RSL-009", {"devices": [{"name": f"a{n}"} for n in range(129)]}),
        ("RSL-011", {"device": {"attributes": {"a-b": {"int": 1}}}}),
        ("RSL-012", {"device": {"attributes": {f"a{n}": {"int": 1} for n in range(40)}}}),
        ("RSL-013", {"device": {"attributes": {"a": {"int": 1, "bool": True}}}}),
        ("RSL-014", {"device": {"attributes": {"a": {"string": "x" * 65}}}}),
        ("RSL-015", {"device": {"attributes": {"a": {"version": "1.02.3"}}}}),
        ("RSL-016", {"device": {"capacity": {"m": {"value": "1024Mi"}}}}),
        ("RSL-021", {"device": {"nodeName": "node-0"}}),
        ("RSL-022", {"pool": {"name": "a", "generation": -1, "resourceSliceCount": 1}}),
        ("RSL-041", {"device": {"attributes": {"a": {"string": "x" * (2 << 20)}}}}),
        ("POOL-001", {"pool": {"name": "a", "generation": 1, "resourceSliceCount": 2}}),
        (
            "DIS-005",
            {"device": {"attributes": {"resource.kubernetes.io/pciBusID": {"string": "0000:00:00.0"}}}},
        ),
        ("DIS-006", {"device": {"attributes": {"resource.kubernetes.io/pciBusID": {"string": "00:00"}}}}),
        ("DIS-007", {"device": {"attributes": {"numaNode": {"int": 0}}}}),
        ("DIS-008", {"device": {"attributes": {"k8s.io/x": {"int": 0}}}}),
        ("DIS-009", {"device": {"attributes": {"d.example.com/x": {"int": 0}}}}),
        ("DIS-010", {"device": {"attributes": {"driverVersion": {"string": "1.2.3"}}}}),
        ("DIS-011", {"device": {"attributes": {"memory": {"string": "80 GiB"}}}}),
        ("DIS-012", {"device": {"attributes": {"path": {"string": "/etc/passwd"}}}}),
    ],
)
def test_each_broken_slice_breaks_its_rule(rule_id: str, changes: dict[str, Any]) -> None:
    assert problems(rule_id, broken_slice(**changes)) != []


def cdi(spec: dict[str, Any], rule_id: str, name: str = "v.example.com/gpu=a") -> list[str]:
    whole = {
        "cdiVersion": "0.5.0",
        "kind": "v.example.com/gpu",
        "devices": [{"name": "a", "containerEdits": {"env": ["A=b"]}}],
    }
    return list(CDI_RULES[rule_id][0]([name], [("f.json", "{}", whole | spec)]))


@pytest.mark.parametrize("rule_id", CDI_RULES)
def test_a_good_cdi_file_breaks_no_rule(rule_id: str) -> None:
    assert cdi({}, rule_id) == []


def with_edits(**edits: Any) -> dict[str, Any]:
    return {"devices": [{"name": "a", "containerEdits": edits}]}


@pytest.mark.parametrize(
    ("rule_id", "spec"),
    [
        ("CDI-002", {"devices": []}),
        ("CDI-004", {"cdiVersion": "9.0.0"}),
        ("CDI-004", {"cdiVersion": "0.3.0"} | with_edits(additionalGids=[1])),
        ("CDI-005", {"cdiVersion": "1.1.0"}),
        ("CDI-006", {"vendor": "x"}),
        ("CDI-006", with_edits(deviceNodes=[{"path": "/dev/x", "mode": 1}])),
        ("CDI-007", {"kind": "other/gpu"}),
        ("CDI-008", with_edits()),
        ("CDI-009", {"devices": [{"name": "a"}, {"name": "a"}]}),
        ("CDI-010", with_edits(env=["novalue"])),
        ("CDI-011", with_edits(deviceNodes=[{"path": "/dev/x", "permissions": "x"}])),
        ("CDI-012", with_edits(mounts=[{"hostPath": "/no/such/path", "containerPath": "/x"}])),
        ("CDI-013", with_edits(hooks=[{"hookName": "never", "path": "/bin/sh"}])),
    ],
)
def test_each_broken_cdi_file_breaks_its_rule(rule_id: str, spec: dict[str, Any]) -> None:
    assert cdi(spec, rule_id) != []


def test_an_unqualified_id_breaks_its_rule() -> None:
    assert cdi({}, "CDI-001", "gpu-0") != []


def test_every_defect_breaks_requirements_that_exist() -> None:
    for defect in DEFECTS.values():
        assert defect.violates
        assert all(one(requirement_id).section == "driver" for requirement_id in defect.violates)


def test_only_placement_booleans_may_not_be_false() -> None:
    device = {"name": "d", "allowMultipleAllocations": False, "bindsToNode": False}
    assert list(explicit_false({"nodeName": "n", "devices": [device]})) == []
    spec = {"allNodes": False, "devices": [device | {"allNodes": False}]}
    assert list(explicit_false(spec)) == ["allNodes is false", "d: allNodes is false"]


def test_files_are_seen_although_they_are_gone(tmp_path: Path) -> None:
    with made_in(tmp_path) as made:
        (tmp_path / "spec.1.tmp").write_text("{}")
        (tmp_path / "spec.1.tmp").rename(tmp_path / "claim.json")
    assert made == [tmp_path / "spec.1.tmp"]
