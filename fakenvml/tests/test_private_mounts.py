"""``fake-nvml run --mount``: a program with paths of its own finds the fake node, and the computer is left as it was."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fake_nvml.session import Session

pytestmark = pytest.mark.slow
RUN = [sys.executable, "-m", "fake_nvml.cli", "run", "--machine", "dgx-h100", "--mount", "--"]
LOOK = """
import json, os, stat
from pathlib import Path
def character(path):
    return stat.S_ISCHR(os.stat(path).st_mode)
devices = Path("/sys/bus/pci/devices")
print(json.dumps({
    "nvidia": sum((d / "vendor").read_text() == "0x10de\\n" for d in devices.iterdir()),
    "device": (devices / "0000:53:00.0/device").read_text(),
    "dangling": [str(d) for d in devices.iterdir() if not d.exists()],
    "module": Path("/sys/module/nvidia/version").read_text(),
    "version": Path("/proc/driver/nvidia/version").read_text(),
    "majors": [line.split()[1] for line in Path("/proc/devices").read_text().splitlines() if "nvidia" in line],
    "mem": "  1 mem" in Path("/proc/devices").read_text(),
    "nodes": [character(f"/dev/{name}") for name in ("nvidia0", "nvidia7", "nvidiactl", "nvidia-uvm", "null", "tty")],
    "uid": os.getuid(),
}))
"""
LESS = ["setpriv", "--bounding-set", "-sys_admin,-mknod", "--inh-caps", "-sys_admin,-mknod"]
"""Root without the two privileges is what an ordinary user is here: it needs a user namespace, and makes no device."""
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv"
)


def look(*prefix: str) -> dict[str, object]:
    """What a program sees that runs inside the node."""
    done = subprocess.run(
        [*prefix, *RUN, sys.executable, "-c", LOOK], capture_output=True, text=True, check=False
    )
    if "allows no private mounts" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def host() -> tuple[str, list[Path], list[Path]]:
    """What must stay as it is."""
    devices = Path("/sys/bus/pci/devices")
    return (
        Path("/proc/self/mountinfo").read_text(),
        sorted(devices.iterdir()) if devices.is_dir() else [],
        sorted(Path("/dev").glob("nvidia*")),
    )


@pytest.mark.parametrize(
    "prefix", [[], pytest.param(LESS, marks=as_root)], ids=["as it is", "user namespace"]
)
def test_a_program_with_paths_of_its_own_finds_the_node(prefix: list[str]) -> None:
    before = host()
    found = look(*prefix)
    assert found == {
        "nvidia": 8,
        "device": "0x2330\n",
        "dangling": [],
        "module": "580.105.08\n",
        "version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.105.08  (fake-nvml)\n",
        "majors": ["nvidia", "nvidia-caps-imex-channels", "nvidia-caps", "nvidia-uvm"],
        "mem": True,
        "nodes": [True] * 6,
        "uid": os.getuid(),
    }
    assert host() == before


def test_what_the_daemon_writes_later_is_seen_inside() -> None:
    look()  # skips where mounts are not allowed
    script = (
        "nvidia-smi -i 0 -mig 1 && nvidia-smi mig -i 0 -cgi 19 -C >/dev/null"
        " && cat /proc/driver/nvidia/capabilities/gpu0/mig/gi13/access && ls /dev/nvidia-caps"
    )
    done = subprocess.run([*RUN, "sh", "-c", script], capture_output=True, text=True, check=True)
    assert "DeviceFileMinor: 120" in done.stdout
    assert "nvidia-cap120" in done.stdout


@as_root
def test_without_namespaces_one_line_says_what_is_missing() -> None:
    forbid = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", *LESS, *RUN, "true"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "allow user namespaces with sysctl user.max_user_namespaces=1000" in done.stderr


def test_a_running_node_can_be_entered_more_than_once_and_the_process_stays_the_same(tmp_path: Path) -> None:
    look()
    root = tmp_path / "root"
    enter = [sys.executable, "-m", "fake_nvml.cli", "enter", str(root), "--", sys.executable, "-c"]
    script = f"import os; print(os.getpid()); {LOOK}"
    with Session("dgx-h100", tmp_path, driver_root=root) as node:
        started = [
            subprocess.Popen([*enter, script], env=node.environment, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        outputs = [(process.pid, process.communicate(timeout=60)[0].splitlines()) for process in started]
    for pid, (first, second) in outputs:
        assert int(first) == pid
        found = json.loads(second)
        assert (found["nvidia"], found["mem"], len(found["majors"])) == (8, True, 4)
    assert [path.name for path in (root / "proc").iterdir() if path.name.startswith(".")] == []


def test_the_exit_code_is_that_of_the_program() -> None:
    look()
    assert subprocess.run([*RUN, "sh", "-c", "exit 41"], check=False).returncode == 41


def test_the_files_of_a_run_are_in_memory_and_gone_with_it(tmp_path: Path) -> None:
    look()
    where = "import os; f = os.environ['FAKE_NVML_DIR']; print(f, os.stat(f).st_dev != os.stat(f + '/root').st_dev)"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [*RUN, sys.executable, "-c", where], capture_output=True, text=True, check=True, env=environment
    )
    folder, separate = done.stdout.split()
    assert (Path(folder).parent, separate) == (tmp_path, "True")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_that_a_run_was_given_has_its_files_afterwards(tmp_path: Path) -> None:
    look()
    command = [*RUN[:-1], "--dir", str(tmp_path / "node"), "--", "true"]
    subprocess.run(command, check=True)
    assert (tmp_path / "node/root/proc/driver/nvidia/version").is_file()
