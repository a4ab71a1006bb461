"""The suite on drivers that were not written with it in mind: upstream's example, NVIDIA's and the CPU driver have these faults, and no others.

Each entry is explained, with its place in the driver's source, in ``conformance/README.md``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from checkout_program import checkout_program
from example_driver import example_driver

from dra_conformance import load_descriptor
from dra_conformance.drivers.programs import driver_program

pytestmark = pytest.mark.slow

WORKERS = 8
"""The driver mends its slices after 30 to 60 s; workers that wait cost nothing."""

RUN_S = 600
BROKEN = ("fail", "non-strict", "info", "blocked", "error")
FAULTS = {
    "ADM-003": ("fail", "admin access is decided by claim"),
    "CFG-004": ("fail", "parameters are matched by the text of the request"),
    "IDEM-003": ("fail", "a claim that the checkpoint knows gets no CDI file again"),
    "NODE-001": ("fail", "so pods do not start after a reboot"),
    "NODE-004": ("fail", "the helper reads the Node object's UID once"),
    "PREP-013": ("fail", "the pool of a result is not looked at"),
    "PREP-037": ("fail", "nor that it is another node's"),
    "SCL-002": (
        "fail",
        "a device for two requests of a claim is twice in its CDI file, which the CDI library refuses",
    ),
    "OBS-003": ("non-strict", "unprepare logs no claim"),
    "PREP-014": ("non-strict", "nobody asks whether another claim has the device"),
    "REC-004": ("non-strict", "unprepare with a checkpoint that cannot be read ends the driver"),
    "REC-006": ("non-strict", "temporary files stay forever"),
    "UNPR-018": ("non-strict", "claims that are gone are not looked for"),
    "REG-030": ("info", "the helper makes its registration socket once"),
}


NVIDIA_FAULTS = {
    "IDEM-003": ("fail", "a claim that the checkpoint holds as completed gets no CDI file again"),
    "NODE-003": ("fail", "a completed claim that is gone is not looked for"),
    "NODE-004": ("fail", "the helper reads the Node object's UID once"),
    "PREP-013": ("fail", "the pool of a result is not looked at"),
    "PREP-037": ("fail", "nor that it is another node's"),
    "UNPR-008": ("fail", "a CDI file that could not be removed is forgotten with its claim"),
    "UNPR-017": ("fail", "as NODE-003"),
    "IDEM-009": ("non-strict", "the checkpoint answers, not the claim"),
    "REC-006": ("non-strict", "temporary files stay forever"),
    "RSL-038": ("non-strict", "devices are in the order of a map"),
    "UNPR-018": ("non-strict", "as NODE-003"),
}


CPU_FAULTS = {
    "NODE-004": ("fail", "the helper reads the Node object's UID once"),
    "PREP-013": ("fail", "the pool of a result is not looked at"),
    "PREP-037": ("fail", "nor that it is another node's"),
    "UNPR-017": ("fail", "only unprepare gives CPUs back"),
    "CDI-005": ("non-strict", "the version of CDI files is a constant"),
    "CDI-015": ("non-strict", "the vendor of ids is dra.k8s.io"),
    "DIS-009": ("non-strict", "attributes have the driver's domain"),
    "IDEM-009": ("non-strict", "a new allocation is refused"),
    "OBS-001": ("non-strict", "the probe looks at no socket"),
    "REC-006": ("non-strict", "temporary files stay forever"),
    "UNPR-018": ("non-strict", "as UNPR-017"),
    "OBS-005": ("info", "the duration of an unprepare is not measured"),
    "REG-030": ("info", "the helper makes its registration socket once"),
}


def broken(descriptor: str, program: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """{requirement: (verdict, reason)} of all that the suite finds in a driver; it must find something."""
    (folder / "bin").mkdir()
    (folder / "bin" / driver_program(load_descriptor(descriptor))).symlink_to(program)
    command = [sys.executable, "-m", "dra_conformance", "run", descriptor, "--workers", str(WORKERS)]
    done = subprocess.run(
        [*command, "--output", str(folder / "report")],
        env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    rows = json.loads((folder / "report" / "report.json").read_text())["requirements"]
    return {row["id"]: (row["verdict"], row["reason"]) for row in rows if row["verdict"] in BROKEN}


def verdicts(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    """{requirement: verdict}."""
    return {name: verdict for name, (verdict, _) in found.items()}


def test_the_example_driver_has_exactly_the_faults_that_are_known(tmp_path: Path) -> None:
    found = broken("dra-example-driver", example_driver(tmp_path), tmp_path)
    assert verdicts(found) == verdicts(FAULTS), found


def test_nvidias_driver_has_exactly_the_faults_that_are_known(tmp_path: Path) -> None:
    program = checkout_program("gpu-kubelet-plugin", "DRA_NVIDIA_DRIVER_SOURCE", tmp_path)
    found = broken("nvidia-gpu", program, tmp_path)
    assert verdicts(found) == verdicts(NVIDIA_FAULTS), found


@pytest.mark.skipif(os.geteuid() != 0, reason="the descriptor mounts, which needs root")
def test_the_cpu_driver_has_exactly_the_faults_that_are_known(tmp_path: Path) -> None:
    program = checkout_program("dracpu", "DRA_CPU_DRIVER_SOURCE", tmp_path)
    found = broken("dra-driver-cpu", program, tmp_path)
    assert verdicts(found) == verdicts(CPU_FAULTS), found
