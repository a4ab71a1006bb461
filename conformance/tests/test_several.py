"""Several releases in one run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dra_conformance.several import worst


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 3], 3), ([3, 1], 1), ([1, 130], 130), ([1, 2], 2), ([], 0)]
)
def test_the_worst_exit_code_is_that_of_all(codes: list[int], code: int) -> None:
    assert worst(codes) == code


@pytest.mark.slow
def test_each_release_has_its_report_and_the_differences_are_listed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dra_conformance", "run", "control", "--kubernetes", "1.34,1.37"]
    done = subprocess.run(
        [*command, "--select", "REG-003", "-n", "1", "--output", "r"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 requirements differ between the releases" in done.stdout
    index = json.loads((tmp_path / "r" / "versions.json").read_text())
    assert list(index["releases"]) == ["1.34", "1.37"]
    for release, row in index["releases"].items():
        report = json.loads((tmp_path / "r" / release / "report.json").read_text())
        assert report["environment"]["kubernetes"] == release
        assert (tmp_path / "r" / row["report"]).exists()


@pytest.mark.slow
def test_a_release_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dra_conformance", "run", "control", "--kubernetes", "1.2,1.37"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100, check=False)
    assert done.returncode == 2
    assert "'1.2': wanted one of 1.34" in done.stderr
