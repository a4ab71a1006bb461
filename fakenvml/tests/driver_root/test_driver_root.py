"""The files around the library, and the programs among them: nvidia-smi, the MPS control daemon, IMEX."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_nvml import build, driver_root
from fake_nvml.machines import load
from fake_nvml.saved import load_node
from fake_nvml.session import Session

pytestmark = pytest.mark.slow


@pytest.fixture
def rooted(tmp_path: Path) -> Iterator[Session]:
    """An H100 node with a driver root in ``root`` of its folder."""
    with Session("dgx-h100", tmp_path / "node", driver_root=tmp_path / "node" / "root") as session:
        yield session


def run(node: Session, program: str, *argv: str, stdin: str = "", **environment: str) -> tuple[int, str]:
    """(exit code, output) of a program of the driver root."""
    done = subprocess.run(
        [str(node.folder / "root/usr/bin" / program), *argv],
        env={**os.environ, "FAKE_NVML_DIR": str(node.folder), **environment},
        input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_root_has_what_nvidias_components_read(tmp_path: Path) -> None:
    node = load_node(*load("gb200-nvl72", 3), tmp_path / "state.json")
    driver_root.make(tmp_path, node, build.libraries())
    for name in (
        "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", "usr/lib/x86_64-linux-gnu/libcuda.so.580.173.02", "usr/bin/nvidia-smi",
        "dev/nvidia3", "dev/nvidiactl", "dev/nvidia-caps/nvidia-cap0", "dev/nvidia-caps-imex-channels/channel2047", "proc/driver/nvidia/version",
        "proc/driver/nvidia/capabilities/fabric-imex-mgmt", "proc/driver/nvidia-caps/mig-minors", "sys/module/nvidia/version",
    ):  # fmt: skip
        assert (tmp_path / name).exists(), name
    devices = (tmp_path / "proc/devices").read_text()
    assert "Block devices:" in devices
    assert "nvidia-caps-imex-channels" in devices


def test_the_pci_bus_leads_to_the_root_port_of_each_gpu(tmp_path: Path) -> None:
    node = load_node(*load("dgx-b200"), tmp_path / "state.json")
    driver_root.make(tmp_path, node, build.libraries())
    device = (tmp_path / "sys/bus/pci/devices/0000:8f:00.0").resolve()
    assert [(device / name).read_text().strip() for name in ("vendor", "device", "numa_node")] == [
        "0x10de",
        "0x2901",
        "0",
    ]
    assert "pci0000:80" in str(device)


def test_capabilities_follow_the_mig_instances(rooted: Session) -> None:
    capabilities = rooted.folder / "root/proc/driver/nvidia/capabilities"
    run(rooted, "nvidia-smi", "-i", "0", "-mig", "1")
    run(rooted, "nvidia-smi", "mig", "-i", "0", "-cgi", "19", "-C")
    assert (capabilities / "gpu0/mig/gi13/ci0/access").read_text().startswith("DeviceFileMinor: 121\n")
    assert (rooted.folder / "root/dev/nvidia-caps/nvidia-cap120").exists()
    run(rooted, "nvidia-smi", "mig", "-i", "0", "-dci")
    run(rooted, "nvidia-smi", "mig", "-i", "0", "-dgi")
    assert not (capabilities / "gpu0/mig/gi13/access").exists()
    assert not (rooted.folder / "root/dev/nvidia-caps/nvidia-cap120").exists()


def test_nvidia_smi_divides_a_gpu(rooted: Session) -> None:
    run(rooted, "nvidia-smi", "-i", "0", "-mig", "1")
    code, text = run(rooted, "nvidia-smi", "mig", "-i", "0", "-cgi", "9,19", "-C")
    assert (code, text.count("Successfully created")) == (0, 4)
    code, text = run(rooted, "nvidia-smi", "mig", "-i", "0", "-cgi", "0")
    assert (code, "Insufficient Resources" in text) == (23, True)
    code, text = run(rooted, "nvidia-smi", "mig", "-i", "0", "-dgi")
    assert (code, "In use by another client" in text) == (19, True)


@pytest.mark.parametrize(
    ("argv", "code", "printed"),
    [
        (["-L"], 0, "GPU 7: NVIDIA H100 80GB HBM3 (UUID: GPU-"),
        ([], 0, "No running processes found"),
        (["topo", "-m"], 0, "NV18"),
        (["nvlink", "-s", "-i", "0"], 0, "Link 17: 26.562 GB/s"),
        (["-i", "1", "-pl", "50"], 2, "should be between 200.00 W and 700.00 W"),
        (["-i", "1", "-pl", "300"], 0, "was set to 300.00 W from 700.00 W"),
        (["-i", "1", "-c", "EXCLUSIVE_PROCESS"], 0, "Set compute mode to EXCLUSIVE_PROCESS"),
        (["-i", "1", "-c", "ODD"], 2, "Invalid compute mode"),
        (["-i", "99"], 6, "No devices were found"),
        (["--query-gpu=bogus", "--format=csv"], 2, 'Field "bogus" is not a valid field'),
        (["--bogus"], 2, "unrecognized arguments: --bogus"),
        (
            ["compute-policy", "-i", "2", "--set-timeslice", "2"],
            0,
            "Successfully set timeslice policy with value Medium",
        ),
        (["-i", "2", "-r"], 0, "was successfully reset"),
        (["-i", "2", "-pm", "0"], 0, "Disabled persistence mode"),
        (["mig", "-lgi"], 0, "No MIG-enabled devices found"),
        (["--version"], 0, "DRIVER version      : 580.105.08"),
    ],
)
def test_nvidia_smi_says_what_it_did(rooted: Session, argv: list[str], code: int, printed: str) -> None:
    found, text = run(rooted, "nvidia-smi", *argv)
    assert (found, printed in text) == (code, True), text


def test_nvidia_smi_reports_in_xml(rooted: Session) -> None:
    _, text = run(rooted, "nvidia-smi", "-q", "-x")
    tree = ET.fromstring(text)
    assert [gpu.findtext("fb_memory_usage/total") for gpu in tree.iter("gpu")] == ["81559 MiB"] * 8


def test_without_a_driver_nvidia_smi_says_so(rooted: Session, tmp_path: Path) -> None:
    code, text = run(rooted, "nvidia-smi", FAKE_NVML_DIR=str(tmp_path))
    assert (code, "couldn't communicate with the NVIDIA driver" in text) == (9, True)


def test_mps_limits_its_clients(rooted: Session, tmp_path: Path) -> None:
    pipes = {"CUDA_MPS_PIPE_DIRECTORY": str(tmp_path / "p"), "CUDA_MPS_LOG_DIRECTORY": str(tmp_path / "log")}
    control = "nvidia-cuda-mps-control"
    assert run(rooted, control, "-d", **pipes)[0] == 0
    try:
        assert "already running" in run(rooted, control, "-d", **pipes)[1]
        verbs = "set_default_active_thread_percentage 30\nset_default_device_pinned_mem_limit 0 2G\n"
        assert run(rooted, control, stdin=verbs, **pipes) == (0, "30.0\n")
        run(rooted, "nvidia-smi", "-i", "0", "-c", "EXCLUSIVE_PROCESS")
        environment = {**rooted.environment, **pipes}
        workload = [sys.executable, "-m", "fake_nvml.cli", "workload", "--memory"]
        worker = [*workload, "1000", "--percent", "90"]
        with subprocess.Popen(
            worker, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert json.loads(process.stdout.readline())["total"] == 2 << 30
            _, apps = run(rooted, "nvidia-smi", "-i", "0")
            _, servers = run(rooted, control, stdin="get_server_list\n", **pipes)
            _, clients = run(rooted, control, stdin=f"get_client_list {servers.strip()}\n", **pipes)
            process.stdin.close()
        assert "M+C" in apps
        assert " 30%" in apps
        assert clients.strip() == str(process.pid)
        done = subprocess.run(
            [*workload, "3000"], env=environment, input="", capture_output=True, text=True, check=False
        )
        assert "CUDA_ERROR_OUT_OF_MEMORY" in done.stderr
    finally:
        assert run(rooted, control, stdin="quit\n", **pipes)[0] == 0
    code, text = run(rooted, control, stdin="get_server_list\n", **pipes)
    assert (code, "Cannot find MPS control daemon process" in text) == (1, True)


def test_imex_is_ready_while_it_runs(rooted: Session, tmp_path: Path) -> None:
    config = tmp_path / "config.cfg"
    (tmp_path / "nodes.cfg").write_text("127.0.0.2\n127.0.0.3\n")
    config.write_text(
        f"IMEX_NODE_CONFIG_FILE={tmp_path / 'nodes.cfg'}\nSERVER_PORT=0\n"
        f"IMEX_CMD_UNIX_DOMAIN_PATH={tmp_path / 'imex.sock'}\n"
    )
    assert run(rooted, "nvidia-imex-ctl", "-c", str(config), "-q")[0] == 1
    daemon = subprocess.Popen([str(rooted.folder / "root/usr/bin/nvidia-imex"), "-c", str(config)])
    try:
        while run(rooted, "nvidia-imex-ctl", "-c", str(config), "-q")[0]:
            assert daemon.poll() is None
        assert run(rooted, "nvidia-imex-ctl", "-c", str(config), "-q") == (0, "READY\n")
        nodes = json.loads(run(rooted, "nvidia-imex-ctl", "-c", str(config), "-N", "-j")[1])["nodes"]
        assert [node["host"] for node in nodes.values()] == ["127.0.0.2", "127.0.0.3"]
    finally:
        daemon.terminate()
        daemon.wait(10)
