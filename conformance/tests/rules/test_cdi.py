"""Rules on CDI files as objects."""

from typing import Any

import pytest

from dra_conformance.rules.cdi import RULES


def cdi(spec: dict[str, Any], rule_id: str, name: str = "v.example.com/gpu=a") -> list[str]:
    whole = {
        "cdiVersion": "0.5.0",
        "kind": "v.example.com/gpu",
        "devices": [{"name": "a", "containerEdits": {"env": ["A=b"]}}],
    }
    return list(RULES[rule_id][0]([name], [("f.json", "{}", whole | spec)]))


@pytest.mark.parametrize("rule_id", RULES)
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
