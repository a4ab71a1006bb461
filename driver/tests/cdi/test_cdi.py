"""CDI files: their content, and which of them are removed."""

import json
from pathlib import Path

import pytest
from claim_service import DRIVER, gpu

from dra_api.identifiers import ClaimUid, DeviceName
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import claim_spec, device_id
from dra_driver.errors import EnvironmentFault

UID = ClaimUid("u1")


def test_a_spec_has_a_device_per_gpu_and_the_control_nodes_once() -> None:
    spec = claim_spec(DRIVER, UID, [gpu(3), gpu(1)], ["/dev/nvidia-uvm-tools"])
    assert [device["name"] for device in spec["devices"]] == ["u1-gpu-1", "u1-gpu-3"]
    assert spec["devices"][0]["containerEdits"] == {
        "env": ["DRA_GPU_1=GPU-1"],
        "deviceNodes": [{"path": "/dev/nvidia1"}],
    }
    assert spec["containerEdits"] == {
        "env": ["NVIDIA_VISIBLE_DEVICES=void"],
        "deviceNodes": [
            {"path": path} for path in ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
        ],
    }
    assert device_id(DRIVER, UID, DeviceName("gpu-1")) == f"{spec['kind']}={spec['devices'][0]['name']}"


def test_a_file_is_written_whole_and_removing_it_twice_is_no_error(tmp_path: Path) -> None:
    files = CdiFiles(tmp_path / "a" / "b", DRIVER)
    spec = claim_spec(DRIVER, UID, [gpu(0)], [])
    files.write(UID, spec)
    assert json.loads(files.path(UID).read_text()) == spec
    assert list(files.path(UID).parent.iterdir()) == [files.path(UID)]
    files.remove(UID)
    files.remove(UID)
    assert not files.path(UID).exists()


def test_stale_files_and_interrupted_writes_of_this_driver_are_removed(tmp_path: Path) -> None:
    for name in ("claim-u1.json", "claim-u2.json", "claim-u1.tmp"):
        (tmp_path / f"{DRIVER}-{name}").touch()
    (tmp_path / "other-claim-u2.json").touch()
    assert len(CdiFiles(tmp_path, DRIVER).remove_stale({UID})) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{DRIVER}-claim-u1.json",
        "other-claim-u2.json",
    ]


def test_a_folder_that_is_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    (tmp_path / "cdi").touch()
    with pytest.raises(EnvironmentFault, match="cannot make the CDI folder .*--cdi-dir"):
        CdiFiles(tmp_path / "cdi", DRIVER)


def test_a_folder_in_the_place_of_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    files = CdiFiles(tmp_path, DRIVER)
    files.path(UID).mkdir()
    with pytest.raises(EnvironmentFault, match="cannot write CDI file"):
        files.write(UID, claim_spec(DRIVER, UID, [], []))
    with pytest.raises(EnvironmentFault, match="cannot remove CDI file"):
        files.remove(UID)
    with pytest.raises(EnvironmentFault, match="cannot remove the stale CDI file"):
        files.remove_stale(set())
