"""What containers get of NVIDIA's driver is what NVIDIA's own generator gives them, ``nvidia-ctk`` built from its Go module."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from go_program import go_program

from dra_driver.cdi.driver_files import find_driver_files
from dra_driver.cdi.driver_spec import driver_edits
from dra_driver.cdi.nvidia_ctk import NvidiaCtk

HOOK = "/usr/bin/nvidia-cdi-hook"
OURS_NOT = {"update-application-profile"}
"""A hook for graphics, which toolkits before 1.20 do not have."""
MARKER = "/var/run/nvidia-container-devices/void"
"""For NVIDIA's own runtime, which we tell by NVIDIA_VISIBLE_DEVICES only."""


@pytest.fixture(scope="module")
def nvidia_ctk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    module = "github.com/NVIDIA/nvidia-container-toolkit"
    return go_program(module, "v1.20.2", "nvidia-ctk", tmp_path_factory.mktemp("go"))


def installed(root: Path) -> str:
    """Make the fake driver root more like that of a package; the version of its driver."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    [cuda] = libraries.glob("libcuda.so.*.*")
    version = cuda.name.removeprefix("libcuda.so.")
    for name in ("libcuda.so", "libnvidia-ml.so"):
        (libraries / f"{name}.1").unlink()
        (libraries / f"{name}.1").symlink_to(f"{name}.{version}")
    (libraries / "libnvidia-ml.so").symlink_to("libnvidia-ml.so.1")
    (libraries / "vdpau").mkdir()
    (libraries / f"vdpau/libvdpau_nvidia.so.{version}").write_bytes(cuda.read_bytes())
    firmware = root / "lib/firmware/nvidia" / version
    firmware.mkdir(parents=True)
    for name in ("gsp_ga10x.bin", "gsp_tu10x.bin", "ucodes_x.bin", "other.bin"):
        (firmware / name).touch()
    for name in ("nvidia-persistenced", "nvidia-fabricmanager"):
        (root / "run" / name).mkdir(parents=True)
        (root / "run" / name / "socket").touch()
    return version


def files_of(edits: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """{path in the container: (path on the host, options)}."""
    return {each["containerPath"]: (each["hostPath"], each["options"]) for each in edits["mounts"]}


def hooks_of(edits: dict[str, Any]) -> dict[str, tuple[str, str, list[str]]]:
    """{hook: (when, program, sorted arguments)}."""
    return {
        each["args"][1]: (each["hookName"], each["path"], sorted(each["args"][2:])) for each in edits["hooks"]
    }


def test_the_driver_s_files_and_hooks_are_those_of_nvidia_ctk(machine_dir: Path, nvidia_ctk: Path) -> None:
    root = machine_dir / "root"
    version = installed(root)
    environment = {"LD_LIBRARY_PATH": str(machine_dir / "lib"), "FAKE_NVML_DIR": str(machine_dir)}
    command = [str(nvidia_ctk), "cdi", "generate", "--mode", "nvml", "--format", "json"]
    flags = ["--driver-root", str(root), "--dev-root", str(root), "--nvidia-cdi-hook-path", HOOK]
    done = subprocess.run(
        [*command, *flags], env={**os.environ, **environment}, capture_output=True, text=True, check=True, timeout=120
    )  # fmt: skip
    theirs = json.loads(done.stdout)["containerEdits"]
    ours: dict[str, Any] = json.loads(json.dumps(driver_edits(find_driver_files(root, version), root, HOOK)))

    wanted = files_of(theirs)
    del wanted[MARKER]
    assert files_of(ours) == wanted
    assert hooks_of(ours) == {name: hook for name, hook in hooks_of(theirs).items() if name not in OURS_NOT}
    assert set(ours["env"]) | {"NVIDIA_VISIBLE_DEVICES=void"} == set(theirs["env"])


def test_what_the_driver_takes_of_nvidia_ctk_is_all_that_it_says_of_files(
    machine_dir: Path, nvidia_ctk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the driver asks it, with the driver's own environment; what it finds without the program is the same."""
    root = machine_dir / "root"
    version = installed(root)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(machine_dir / "lib"))
    monkeypatch.setenv("FAKE_NVML_DIR", str(machine_dir))
    taken: dict[str, Any] = dict(NvidiaCtk(nvidia_ctk, root=root, dev_root=root, hook=HOOK).edits())
    found: dict[str, Any] = dict(driver_edits(find_driver_files(root, version), root, HOOK))
    assert files_of(taken).keys() - files_of(found).keys() == {MARKER}
    assert hooks_of(taken).keys() - hooks_of(found).keys() <= OURS_NOT
    assert set(taken["env"]) == set(found["env"])
