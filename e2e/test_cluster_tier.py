"""The reference driver in a cluster that runs, judged by ``dra-conformance run --cluster existing``: pods, containers, objects.

On the embedded cluster the driver is a process beside it; on kind it is a DaemonSet, see the recipe in conformance/README.md.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from story import Story

pytestmark = pytest.mark.slow
LIMIT_S = 900
SELECT = "REG-*,PREP-*,UNPR-*,CDI-*,RSL-*,POOL-*,DIS-*,ADM-*,PRIO-*,EXT-*,TNT-*,META-*,STAT-*,HLT-*,CFG-*"
LEAST = 75
"""How many requirements are proven at least; a check that silently does not apply any more would be missed otherwise."""


@pytest.fixture
def feature_gates() -> str:
    """What the descriptor of the driver claims."""
    return "DeviceMetadata=true,DeviceStatus=true"


@pytest.fixture
def driver_flags() -> tuple[str, ...]:
    """Slices are mended soon."""
    return ("--rescan-seconds=1",)


def test_the_reference_driver_passes_at_the_tier_cluster(story: Story, tmp_path: Path) -> None:
    """Nothing fails, nothing could not be judged, and what proves a requirement are pods and objects of the cluster."""
    command = [sys.executable, "-m", "dra_conformance", "run", "reference", "--cluster", "existing"]
    command += ["--kubeconfig", str(story.cluster.kubeconfig), "--select", SELECT, "--json", "-n", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    report = json.loads(done.stdout)
    wrong = {
        row["id"]: row["reason"]
        for row in report["requirements"]
        if row["verdict"] in ("fail", "non-strict", "error", "blocked")
    }
    assert wrong == {}
    proven = {row["id"]: row["tier"] for row in report["requirements"] if row["verdict"] == "pass"}
    assert set(proven.values()) == {"cluster"}
    assert len(proven) >= LEAST
    assert story.pods() == []
