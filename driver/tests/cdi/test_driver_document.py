"""What containers get of NVIDIA's driver. That it is what nvidia-ctk gives them is a story (e2e/test_nvidia_ctk.py)."""

import json
from pathlib import Path
from typing import Any

import pytest
from claim_service import DRIVER

from dra_driver.cdi.driver_document import DriverDocument
from dra_driver.cdi.driver_files import find_driver_files
from dra_driver.errors import EnvironmentFault

VERSION, HOOK = "580.105.08", "/usr/bin/nvidia-cdi-hook"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A driver root with one library, one program and firmware of two versions."""
    found = tmp_path / "root"
    for path in (
        f"usr/lib64/libcuda.so.{VERSION}",
        "usr/lib64/libcuda.so.570.1",
        "usr/bin/nvidia-smi",
        f"lib/firmware/nvidia/{VERSION}/gsp_a.bin",
        "lib/firmware/nvidia/570.1/gsp_a.bin",
    ):
        (found / path).parent.mkdir(parents=True, exist_ok=True)
        (found / path).touch()
    (found / "usr/lib64/libcuda.so.1").symlink_to(f"libcuda.so.{VERSION}")
    (found / "lib64").symlink_to("usr/lib64")
    (tmp_path / "cdi").mkdir()
    return found


def document(root: Path) -> DriverDocument:
    return DriverDocument(root.parent / "cdi", DRIVER, root, HOOK)


def edits(root: Path) -> Any:
    spec = json.loads((root.parent / "cdi" / f"{DRIVER}_driver.json").read_text())
    assert spec["kind"] == f"{DRIVER}/driver"
    [device] = spec["devices"]
    return device["containerEdits"]


def test_files_of_the_running_version_only_and_each_once(root: Path) -> None:
    found = find_driver_files(root, VERSION)
    assert found.libraries == (f"/usr/lib64/libcuda.so.{VERSION}",)
    assert found.programs == ("/usr/bin/nvidia-smi",)
    assert found.firmware == (f"/lib/firmware/nvidia/{VERSION}/gsp_a.bin",)
    assert set(found.links) == {
        ("libcuda.so.1", "/usr/lib64/libcuda.so"),
        (f"libcuda.so.{VERSION}", "/usr/lib64/libcuda.so.1"),
    }


def test_the_document_is_written_once_for_each_version_and_again_when_it_is_gone(root: Path) -> None:
    made = document(root)
    made.update(None)
    assert made.ids() == ()
    made.update(VERSION)
    assert made.ids() == (f"{DRIVER}/driver=all",)
    before = edits(root)
    assert {
        "hostPath": f"{root}/usr/bin/nvidia-smi",
        "containerPath": "/usr/bin/nvidia-smi",
    }.items() <= before["mounts"][2].items()
    (root.parent / "cdi" / f"{DRIVER}_driver.json").unlink()
    made.ids()
    assert edits(root) == before
    made.update("570.1")
    assert edits(root) != before


def test_without_the_hook_there_is_no_document(root: Path) -> None:
    made = DriverDocument(root.parent / "cdi", DRIVER, root, "")
    made.update(VERSION)
    assert made.ids() == ()
    assert list((root.parent / "cdi").iterdir()) == []


def test_a_document_that_cannot_be_written_is_an_error_of_the_claim(root: Path) -> None:
    made = document(root)
    made.update(VERSION)
    for path in (root.parent / "cdi").iterdir():
        path.unlink()
    (root.parent / "cdi").rmdir()
    with pytest.raises(EnvironmentFault, match="cannot write CDI file .*_driver.json: No such file"):
        made.ids()
