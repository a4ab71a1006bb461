"""NVIDIA's generator as another program: what is taken of its answer, what doctor says of it, and what happens when it fails."""

import json
from pathlib import Path
from typing import Any

import pytest
from claim_service import DRIVER

from dra_api.identifiers import NodeName
from dra_driver.admin.doctor import Level, of_generator
from dra_driver.cdi.driver_document import driver_document
from dra_driver.errors import EnvironmentFault
from dra_driver.settings import Settings

VERSION, HOOK = "580.105.08", "/usr/bin/nvidia-cdi-hook"
MOUNT = {"hostPath": "/r/libcuda.so.1", "containerPath": "/libcuda.so.1", "options": ["ro"]}
CALL = {"hookName": "createContainer", "path": HOOK, "args": ["nvidia-cdi-hook", "x"], "env": ["A=B"]}
ANSWER = {
    "cdiVersion": "0.7.0",
    "kind": "nvidia.com/gpu",
    "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}]}}],
    "containerEdits": {
        "env": ["NVIDIA_VISIBLE_DEVICES=void", "NVIDIA_CTK_LIBCUDA_DIR=/x"],
        "deviceNodes": [{"path": "/dev/nvidiactl"}],
        "mounts": [MOUNT],
        "hooks": [CALL],
        "additionalGids": [1],
    },
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A node with an empty driver root, on whose PATH the program is not yet."""
    for name in ("bin", "cdi", "root"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return settings_of(tmp_path)


def settings_of(folder: Path, **others: Any) -> Settings:
    return Settings(
        driver_name=DRIVER,
        node_name=NodeName("n"),
        kubeconfig=None,
        registry_dir=folder,
        plugins_dir=folder,
        cdi_dir=folder / "cdi",
        driver_root=folder / "root",
        cdi_hook=HOOK,
        **others,
    )


def install(folder: Path, script: str) -> None:
    program = folder / "bin/nvidia-ctk"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
    program.chmod(0o755)


def answering(folder: Path) -> None:
    (folder / "answer").write_text(json.dumps(ANSWER))
    install(folder, f'while read -r line; do echo "$line"; done < {folder}/answer; echo "$line"')


def written(folder: Path) -> Any:
    spec = json.loads((folder / "cdi" / f"{DRIVER}_driver.json").read_text())
    [device] = spec["devices"]
    return device["containerEdits"]


def test_its_files_hooks_and_variables_are_taken_and_no_device(settings: Settings, tmp_path: Path) -> None:
    answering(tmp_path)
    made = driver_document(settings)
    made.update(VERSION)
    assert written(tmp_path) == {"env": ["NVIDIA_CTK_LIBCUDA_DIR=/x"], "mounts": [MOUNT], "hooks": [CALL]}
    asked = (tmp_path / "asked").read_text()
    assert f"--driver-root {tmp_path}/root --dev-root / --nvidia-cdi-hook-path {HOOK}" in asked


def test_it_is_asked_once_for_each_version_of_the_driver(settings: Settings, tmp_path: Path) -> None:
    answering(tmp_path)
    made = driver_document(settings)
    made.update(VERSION)
    (tmp_path / "cdi" / f"{DRIVER}_driver.json").unlink()
    assert made.ids() == (f"{DRIVER}/driver=all",)
    assert written(tmp_path)["mounts"] == [MOUNT]
    made.update(VERSION)
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
    made.update("590.1")
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo no GPU >&2; exit 3", "nvidia-ctk ended with 3: no GPU"),
        ("echo rubbish", "nvidia-ctk gives no CDI document"),
        ("echo '{}'", "nvidia-ctk gives no CDI document: .*containerEdits"),
    ],
)
def test_where_it_fails_the_files_that_are_found_are_taken_unless_it_was_asked_for(
    settings: Settings, tmp_path: Path, script: str, message: str
) -> None:
    install(tmp_path, script)
    driver_document(settings).update(VERSION)
    assert written(tmp_path)["mounts"] == []
    with pytest.raises(EnvironmentFault, match=message):
        driver_document(settings_of(tmp_path, cdi_generator="nvidia-ctk")).update(VERSION)


def test_own_asks_nobody(settings: Settings, tmp_path: Path) -> None:
    answering(tmp_path)
    driver_document(settings_of(tmp_path, cdi_generator="own")).update(VERSION)
    assert written(tmp_path)["mounts"] == []
    assert not (tmp_path / "asked").exists()


def test_a_program_that_was_asked_for_and_is_not_there_is_said_at_the_start(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentFault, match="--cdi-generator nvidia-ctk: it is not on the PATH"):
        driver_document(settings_of(tmp_path, cdi_generator="nvidia-ctk"))
    driver_document(settings).update(VERSION)
    assert written(tmp_path)["mounts"] == []


def test_doctor_names_the_generator_with_its_path_and_version(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/nvidia-ctk"
    own = "the driver's own"
    assert str(of_generator("auto", None)) == (
        f"ok       CDI generator: {own}, because nvidia-ctk is not on the PATH"
    )
    assert "nvidia-ctk is not on the PATH; install" in str(of_generator("nvidia-ctk", None))
    install(tmp_path, 'echo "NVIDIA Container Toolkit CLI version 1.18.0"; echo "commit: 1"')
    assert str(of_generator("auto", program)) == f"ok       CDI generator: {program}, version 1.18.0"
    assert str(of_generator("own", program)) == f"ok       CDI generator: {own}, as --cdi-generator says"


@pytest.mark.parametrize(("wanted", "level"), [("auto", Level.WARNING), ("nvidia-ctk", Level.ERROR)])
def test_doctor_says_that_the_generator_does_not_run(tmp_path: Path, wanted: str, level: Level) -> None:
    (tmp_path / "bin").mkdir()
    install(tmp_path, "echo no library >&2; exit 1")
    found = of_generator(wanted, tmp_path / "bin/nvidia-ctk")
    assert found.level is level
    assert "nvidia-ctk ended with 1: no library" in found.detail
