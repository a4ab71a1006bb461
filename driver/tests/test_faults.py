"""The list of known faults names tests that exist."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_each_fault_has_a_test() -> None:
    rows = [line for line in (HERE / "FAULTS.md").read_text().splitlines() if line.startswith("| ")][1:]
    named = {row: re.findall(r"`(test_\w+)`", row) for row in rows}
    assert not [row for row, tests in named.items() if not tests]
    there = {
        name
        for path in HERE.rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert {name for tests in named.values() for name in tests} - there == set()
