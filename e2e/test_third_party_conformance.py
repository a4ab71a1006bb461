"""The suite on a driver that was not written with it in mind: upstream's example has these faults, and no others.

Each entry is explained, with its place in the driver's source, in ``conformance/README.md``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_driver import NAME, example_driver

pytestmark = pytest.mark.slow

WORKERS = 8
"""The driver mends its slices after 30 to 60 s; workers that wait cost nothing."""

RUN_S = 600
BROKEN = ("fail", "non-strict", "info", "error")
FAULTS = {
    "ADM-003": ("fail", "admin access is decided by claim"),
    "CFG-004": ("fail", "parameters are matched by the text of the request"),
    "IDEM-003": ("fail", "a claim that the checkpoint knows gets no CDI file again"),
    "NODE-001": ("fail", "so pods do not start after a reboot"),
    "NODE-004": ("fail", "the helper reads the Node object's UID once"),
    "PREP-013": ("fail", "the pool of a result is not looked at"),
    "PREP-037": ("fail", "nor that it is another node's"),
    "OBS-003": ("non-strict", "unprepare logs no claim"),
    "PREP-014": ("non-strict", "nobody asks whether another claim has the device"),
    "REC-004": ("non-strict", "unprepare with a checkpoint that cannot be read ends the driver"),
    "REC-006": ("non-strict", "temporary files stay forever"),
    "UNPR-018": ("non-strict", "claims that are gone are not looked for"),
}


def test_the_example_driver_has_exactly_the_faults_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / NAME).symlink_to(example_driver(tmp_path))
    command = [
        sys.executable,
        "-m",
        "dra_conformance",
        "run",
        "dra-example-driver",
        "--workers",
        str(WORKERS),
    ]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "report")],
        env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    rows = json.loads((tmp_path / "report" / "report.json").read_text())["requirements"]
    found = {row["id"]: (row["verdict"], row["reason"]) for row in rows if row["verdict"] in BROKEN}
    wanted = {name: verdict for name, (verdict, _) in FAULTS.items()}
    assert {name: verdict for name, (verdict, _) in found.items()} == wanted, found
    assert done.returncode == 1
