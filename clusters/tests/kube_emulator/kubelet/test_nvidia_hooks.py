"""NVIDIA's own CDI hooks, unmodified, in a container: the library that a CDI file mounts is found by its name."""

import os
import subprocess
from pathlib import Path

import pytest
from emulated_node import EmulatedNode
from go_program import go_program
from hooked_pod import run_pod

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="update-ldcache mounts a proc file system, which needs root"
    ),
]
LIBRARY, FOLDER = "libmadeup.so.1.2.3", "/opt/driver/lib"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The hooks' program."""
    module = "github.com/NVIDIA/nvidia-container-toolkit"
    return str(go_program(module, "v1.20.2", "nvidia-cdi-hook", tmp_path_factory.mktemp("go")))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with a soname, as drivers have it."""
    source = tmp_path / "madeup.c"
    source.write_text("int answer(void) { return 42; }\n")
    path = tmp_path / LIBRARY
    command = ["cc", "-shared", "-Wl,-soname,libmadeup.so.1", "-o", str(path), str(source)]
    subprocess.run(command, check=True)  # a fixture without a loop
    return path


def machine_files() -> tuple[int, bool]:
    """What would be different if the hooks had worked on the machine's own files."""
    return Path("/etc/ld.so.cache").stat().st_mtime_ns, Path("/opt/driver").exists()


async def test_a_library_that_is_made_visible_is_found_by_the_loader_and_by_its_links(
    node_env: EmulatedNode, program: str, library: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    link = f"libmadeup.so.1::{FOLDER}/libmadeup.so"
    hooks = [
        {"hookName": "createContainer", "path": program, "args": ["nvidia-cdi-hook", *arguments]}
        for arguments in (["create-symlinks", "--link", link], ["update-ldcache", "--folder", FOLDER])
    ]
    mount = {"hostPath": str(library), "containerPath": f"{FOLDER}/{LIBRARY}", "options": ["ro", "bind"]}
    ask = f"import ctypes; print(ctypes.CDLL('libmadeup.so.1').answer(), ctypes.CDLL('{FOLDER}/libmadeup.so').answer())"
    before = machine_files()
    state = await run_pod(
        node_env,
        hooks,
        f'python3 -c "{ask}" > {out} 2>&1; readlink {FOLDER}/libmadeup.so >> {out}',
        mounts=[mount],
        env=[f"LD_LIBRARY_PATH={tmp_path}/none"],
    )
    assert state["terminated"]["exitCode"] == 0, state
    assert out.read_text() == "42 42\nlibmadeup.so.1\n"
    assert machine_files() == before
