"""The table of failures in docs/COMPUTE-DOMAINS.md: every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs/COMPUTE-DOMAINS.md"
FOLDERS = ("driver/tests/computedomain", "driver/tests/webhook", "e2e")


def test_every_failure_has_a_test_that_exists() -> None:
    rows = [line for line in TABLE.read_text().splitlines() if re.match(r"\| (?!failure|input|-)[^|]", line)]
    assert len(rows) > 20
    without = [row for row in rows if not re.search(r"`test_\w+` *(,|\|$)", row)]
    assert without == []
    known = {
        name
        for folder in FOLDERS
        for path in (ROOT / folder).glob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert {name for row in rows for name in re.findall(r"`(test_\w+)`", row)} - known == set()
