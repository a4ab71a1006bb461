"""CDI files: their content, and which of them are removed."""

import json
from pathlib import Path

import pytest
from claim_service import DRIVER

from dra_api.identifiers import ClaimUid, DeviceName, DriverName
from dra_driver.cdi.files import CdiFiles
from dra_driver.cdi.spec import Entry, claim_spec, device_id, devices_in
from dra_driver.errors import EnvironmentFault

UID = ClaimUid("u1")


def entry(minor: int) -> Entry:
    return Entry(name=f"gpu-{minor}", uuid=f"GPU-{minor}", nodes=(f"/dev/nvidia{minor}",))


def test_a_spec_has_a_device_per_gpu_and_the_control_nodes_once() -> None:
    spec = claim_spec(DRIVER, UID, [entry(1), entry(3)], present=["/dev/nvidia-uvm-tools"])
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
    assert device_id(DRIVER, UID, DeviceName("gpu-1"), None) == f"{spec['kind']}={spec['devices'][0]['name']}"


def test_devices_of_one_gpu_have_nodes_of_their_own() -> None:
    """Two MIG devices share the GPU's node and have capabilities of their own."""
    parts = [
        Entry(
            name=f"mig-{number}",
            uuid=f"MIG-{number}",
            nodes=("/dev/nvidia0", f"/dev/nvidia-caps/nvidia-cap{number}"),
        )
        for number in (1, 2)
    ]
    spec = claim_spec(DRIVER, UID, parts)
    found = [[node["path"] for node in device["containerEdits"]["deviceNodes"]] for device in spec["devices"]]
    assert found == [["/dev/nvidia0", f"/dev/nvidia-caps/nvidia-cap{number}"] for number in (1, 2)]


def test_a_file_is_written_whole_and_removing_it_twice_is_no_error(tmp_path: Path) -> None:
    files = CdiFiles(tmp_path / "a" / "b", DRIVER)
    spec = claim_spec(DRIVER, UID, [entry(0)])
    files.write(UID, spec)
    assert json.loads(files.path(UID).read_text()) == spec
    assert list(files.path(UID).parent.iterdir()) == [files.path(UID)]
    files.remove(UID)
    files.remove(UID)
    assert not files.path(UID).exists()


def test_the_files_of_unknown_claims_are_found_and_those_of_other_drivers_are_not(tmp_path: Path) -> None:
    files, longer = CdiFiles(tmp_path, DRIVER), DriverName(f"{DRIVER}-claim-x")
    for uid in ("u1", "u2"):
        files.write(ClaimUid(uid), claim_spec(DRIVER, ClaimUid(uid), [entry(0)]))
    CdiFiles(tmp_path, longer).write(UID, claim_spec(longer, UID, [entry(0)]))
    (tmp_path / f"{DRIVER}-claim-who.json").write_text("{")
    damaged = ClaimUid("a1b2c3d4-0000-4000-8000-0123456789ab")
    files.path(damaged).write_text("{")
    found = dict(files.unrecorded({UID}))
    assert found.keys() == {"u2", damaged}
    document = found[ClaimUid("u2")]
    assert document is not None
    assert devices_in(document, ClaimUid("u2")) == ["gpu-0"]
    assert found[damaged] is None


def test_interrupted_writes_of_this_driver_are_removed(tmp_path: Path) -> None:
    names = [f"{DRIVER}_u1.tmp", f"{DRIVER}-x_u1.tmp", "other.tmp"]
    for name in names:
        (tmp_path / name).touch()
    CdiFiles(tmp_path, DRIVER).remove_unfinished()
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]


def test_a_folder_that_is_gone_is_an_error_with_a_reason(tmp_path: Path) -> None:
    files = CdiFiles(tmp_path / "cdi", DRIVER)
    (tmp_path / "cdi").rmdir()
    with pytest.raises(EnvironmentFault, match="cannot list the CDI folder"):
        list(files.unrecorded(()))


def test_a_folder_that_is_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    (tmp_path / "cdi").touch()
    with pytest.raises(EnvironmentFault, match="cannot make the CDI folder .*--cdi-dir"):
        CdiFiles(tmp_path / "cdi", DRIVER)


def test_a_folder_in_the_place_of_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    files = CdiFiles(tmp_path, DRIVER)
    files.path(UID).mkdir()
    with pytest.raises(EnvironmentFault, match="cannot write CDI file"):
        files.write(UID, claim_spec(DRIVER, UID, []))
    with pytest.raises(EnvironmentFault, match="cannot remove CDI file"):
        files.remove(UID)
