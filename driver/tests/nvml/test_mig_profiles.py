"""MIG on fake boards, as the driver scans and makes it: each profile of each generation, and what others made."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).parents[1] / "support/mig_scan.py"


def scan(session: Any, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        env=session.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-h100", "dgx-b200"])
def test_each_profile_of_a_board_can_be_made_the_whole_board_too(
    fake_nvml: Callable[[str], Any], machine: str
) -> None:
    with fake_nvml(machine) as session:
        scan(session, "on")
        session.control("reset", 0)  # an A100 switches with a reset only
        made = scan(session, "each")
    assert [name for name in made if name.startswith("7g.")]
    assert {name: text for name, text in made.items() if not text.startswith("MIG-")} == {}


def test_a_compute_instance_that_is_smaller_than_its_gpu_instance_stops_no_scan(
    fake_nvml: Callable[[str], Any],
) -> None:
    with fake_nvml("dgx-h100") as session:
        names = scan(session, "uneven")
    assert names == ["gpu-0-mig-1c3g40gb-9-4-ci0"]
