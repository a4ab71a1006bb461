"""The page that says which defect is caught by which requirement."""

import sys
from pathlib import Path

import pytest

from dra_conformance import kill_matrix
from dra_conformance.controls.defects import DEFECTS
from dra_conformance.errors import UsageError
from dra_conformance.kill_matrix import cell, declared, page, shown
from dra_conformance.selftest import judge_mutant, run_selftest

PAGE = Path(__file__).parents[2] / "docs" / "KILL-MATRIX.md"
CAUGHT = [judge_mutant(defect, dict.fromkeys(defect.violates, "fail")) for defect in DEFECTS.values()]


def test_the_page_of_a_selftest_that_caught_everything_is_the_one_in_the_documentation() -> None:
    assert page(shown(CAUGHT)) == PAGE.read_text()


def test_a_defect_that_was_not_caught_is_seen_in_the_page() -> None:
    first = next(iter(DEFECTS.values()))
    missed = judge_mutant(first, dict.fromkeys(first.violates, "pass"))
    found = page(shown([missed, *CAUGHT[1:]]))
    assert f"| `{first.name}` | {cell(first.what)} | nothing |" in found


def test_a_requirement_has_all_defects_that_it_catches() -> None:
    found = page(declared())
    [row] = [line for line in found.splitlines() if line.startswith("| [PREP-006]") and " MUST " in line]
    assert "`hangs-in-prepare`" in row
    assert "`garbage-devices`" in row


def test_a_stale_page_is_named_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kill_matrix, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(sys, "argv", ["kill_matrix", "--check"])
    assert kill_matrix.main() == 1
    assert "run python -m dra_conformance.kill_matrix" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["kill_matrix"])
    assert kill_matrix.main() == 0
    assert (tmp_path / "page.md").read_text() == PAGE.read_text()


def test_a_page_of_a_part_of_the_defects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--matrix needs all known-bad drivers"):
        run_selftest(as_json=True, every=3, matrix=tmp_path / "page.md")
