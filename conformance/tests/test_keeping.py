"""Copies of nodes whose driver failed."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dra_conformance.keeping import FILE_MAX, left_out

CONTROL = Path(__file__).parents[1] / "dra_conformance" / "drivers" / "control.yaml"


def test_sockets_and_floods_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    (tmp_path / "flood.log").write_bytes(bytes(FILE_MAX + 1))
    (tmp_path / "cdi").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert sorted(left_out(str(tmp_path), ["state.json", "flood.log", "cdi", "s"])) == ["flood.log", "s"]


@pytest.mark.slow
def test_a_failed_check_leaves_a_copy_of_its_node(tmp_path: Path) -> None:
    descriptor = yaml.safe_load(CONTROL.read_text())
    descriptor["start"]["command"].append("--defect=garbage-cdi")
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(descriptor))
    command = [sys.executable, "-m", "dra_conformance", "run", "bad.yaml", "--select", "CDI-002", "-n", "1"]
    done = subprocess.run(
        [*command, "--profile", "robust", "--keep-on-failure"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    [node] = (tmp_path / "dra-report" / "kept").glob("*/node-0")
    assert {"cdi", "plugins", "plugins_registry"} <= {path.name for path in node.iterdir()}
    assert any(path.stat().st_size for path in node.glob("driver-*.log"))
    assert not [path for path in node.rglob("*") if path.is_socket()]
