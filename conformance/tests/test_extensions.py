"""Requirements and checks of third parties."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from dra_conformance.catalogue import load_catalogue, one
from dra_conformance.errors import UsageError
from dra_conformance.extensions import REQUIREMENTS, folder_of, id_problem

YAML = """\
- id: ACME-001
  section: driver
  level: MUST
  basis: stated
  feature: core
  statement: A claim gets two devices.
  how: Prepare a claim.
  source: Acme's handbook, page 7
"""
CHECK = '''
from dra_conformance import Harness, expect, requirement


@requirement("ACME-001", why="Acme sells pairs")
def test_pairs(dra_driver: Harness) -> None:
    """A claim gets two devices."""
    devices = dra_driver.kubelet.prepared(dra_driver.claim())
    expect(len(devices) == 2, wanted="two devices", found=len(devices), where="a claim")
'''


def installed(folder: Path) -> dict[str, str]:
    """An environment in which a package of Acme is installed."""
    for name in ("requirements", "checks"):
        (folder / "acme" / name).mkdir(parents=True)
        (folder / "acme" / name / "__init__.py").touch()
    (folder / "acme" / "__init__.py").touch()
    (folder / "acme" / "requirements" / "pairs.yaml").write_text(YAML)
    (folder / "acme" / "checks" / "test_pairs.py").write_text(CHECK)
    info = folder / "acme-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    groups = (f"[dra_conformance.{name}]\nacme = acme.{name}\n" for name in ("requirements", "checks"))
    (info / "entry_points.txt").write_text("\n".join(groups))
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.slow
def test_a_third_partys_requirement_is_judged_in_its_own_profile(tmp_path: Path) -> None:
    environment = installed(tmp_path / "site")

    def command(*argv: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "dra_conformance", *argv]
        return subprocess.run(
            words, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300, check=False
        )

    said = command("explain", "acme-001").stdout
    assert "profiles     acme" in said
    assert "check        test_pairs.py::test_pairs" in said
    done = command("run", "control", "--select", "ACME-*", "--profile", "acme", "-n", "1", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    profiles = {profile["name"]: profile for profile in report["profiles"]}
    assert (profiles["acme"]["result"], profiles["acme"]["failed"]) == ("not conformant", ["ACME-001"])
    assert profiles["core"]["failed"] == []
    [row] = [row for row in report["requirements"] if row["id"] == "ACME-001"]
    assert row["area"] == "acme-pairs"
    assert any(
        "NodePrepareResources" in step["what"] for step in report["checks"][row["checks"][0]]["evidence"]
    )


@pytest.mark.parametrize("name", ["REG-099", "ACME", "acme-001", "ACMEX-001", "ACME-001/.."])
def test_an_id_outside_of_its_namespace_is_refused(name: str) -> None:
    assert "wanted an id such as ACME-001" in id_problem("acme", name)
    assert id_problem("acme", "ACME-001") == ""


def test_an_entry_point_that_leads_nowhere_is_one_message() -> None:
    with pytest.raises(UsageError, match="no_such_package is no package that can be found"):
        folder_of(EntryPoint("acme", "no_such_package", REQUIREMENTS))
    with pytest.raises(UsageError, match="wanted a namespace"):
        folder_of(EntryPoint("../x", "json", REQUIREMENTS))


def test_what_upstream_demands_has_no_namespace() -> None:
    foreign = {item.id for item in load_catalogue().values() if item.namespace}
    assert foreign
    assert all(name.startswith("MNL-") for name in foreign)
    assert one("REG-003").area == "registration"
