"""Claims on a fake node: what is verified and restored, what of others is left alone, and that limits of MPS bite."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from claim_service import DRIVER, claim, results_of
from node_calls import OWN, Node, configured, share

from dra_api.objects import OpaqueConfiguration, ResourceClaim
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.step import BindVfio

pytestmark = pytest.mark.slow
MIG = "gpu-0-mig-1g-0"
GIB = 1024


def call(verb: str, uid: str = "u1", name: str = "c") -> list[str]:
    return [verb, name, uid]


def env_of(node: Node, uid: str, device: str) -> dict[str, str]:
    """The environment that a container with the device gets, with paths of the host."""
    spec = json.loads((node.folder / "cdi" / f"{DRIVER}-claim-{uid}.json").read_text())
    [edits] = [entry["containerEdits"] for entry in spec["devices"] if device in entry["name"]]
    env = dict(variable.split("=", 1) for variable in edits["env"])
    paths = {mount["containerPath"]: mount["hostPath"] for mount in edits.get("mounts", [])}
    return {name: str(paths.get(value, value)) for name, value in env.items()}


@contextlib.contextmanager
def workload(node: Node, memory_mib: int, **environment: str) -> Iterator[str]:
    """A CUDA program on the first device that it sees; its first line, or its error."""
    command = [sys.executable, "-m", "fake_nvml.cli", "workload", "--memory", str(memory_mib)]
    process = subprocess.Popen(
        command,
        env={**node.session.environment, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_a_device_that_a_process_still_uses_is_not_given_to_the_next_claim(clean: Node) -> None:
    claims = {"c": claim("u1", "gpu-0")}
    with workload(clean, 64):
        [refused] = clean.run(claims, call("prepare"))
    assert "device gpu-0 is still used by process" in refused
    assert clean.run(claims, call("prepare")) == [["gpu-0"]]
    with workload(clean, 64):  # its own process does not stop the kubelet from asking again
        assert clean.run(claims, call("prepare")) == [["gpu-0"]]


def test_a_mig_device_that_was_destroyed_is_made_again(clean: Node) -> None:
    claims = {"c": claim("u1", MIG)}
    clean.run(claims, call("prepare"))
    before = clean.gpus()
    subprocess.run(
        [clean.root / "usr/bin/nvidia-smi", "mig", "-i", "0", "-dci"],
        env=clean.session.environment,
        check=True,
    )
    assert clean.gpus() != before
    clean.run(claims, ["maintain"])
    assert clean.gpus() == before
    assert clean.run(claims, call("prepare"), call("unprepare")) == [[MIG], []]


def test_a_mig_instance_of_somebody_else_is_named_and_left_alone(clean: Node) -> None:
    smi = [clean.root / "usr/bin/nvidia-smi"]
    options: dict[str, Any] = {"env": clean.session.environment, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([*smi, "-i", "0", "-mig", "1"], **options)
    subprocess.run([*smi, "mig", "-i", "0", "-cgi", "19:0", "-C"], **options)
    before = clean.gpus()
    [refused] = clean.run({"c": claim("u1", MIG)}, call("prepare"))
    assert "this driver did not make it" in refused
    assert clean.gpus() == before
    subprocess.run([*smi, "mig", "-i", "0", "-dci"], **options)
    subprocess.run([*smi, "mig", "-i", "0", "-dgi"], **options)
    subprocess.run([*smi, "-i", "0", "-mig", "0"], **options)


def test_a_refusal_to_switch_mig_mode_is_the_claim_s_error_and_nothing_is_left(clean: Node) -> None:
    """Pynvml raises for a refused call; NVIDIA's driver took the other result of this call for the error."""
    before = clean.gpus()
    clean.session.control("fault", 0, function="nvmlDeviceSetMigMode", code="IN_USE", times=0)
    try:
        [refused] = clean.run({"c": claim("u1", MIG)}, call("prepare"))
    finally:
        clean.session.control("heal")
    assert "switching MIG mode on" in refused
    assert (clean.gpus(), clean.cdi()) == (before, [])
    assert clean.run({"c": claim("u1", MIG)}, call("prepare"), call("unprepare")) == [[MIG], []]


def test_mig_mode_stays_on_while_a_sibling_lives(clean: Node) -> None:
    sibling = "gpu-0-mig-1g-1"
    claims = {"c": claim("u1", MIG), "other": claim("u2", sibling, name="other")}
    clean.run(claims, call("prepare"), call("prepare", "u2", "other"), call("unprepare"))
    shown = clean.gpus()[0]
    assert shown["mig"]
    assert len(shown["instances"]) == 1
    assert clean.run(claims, call("prepare", "u2", "other"), call("unprepare", "u2", "other")) == [
        [sibling],
        [],
    ]
    assert not clean.gpus()[0]["mig"]


def test_a_failed_start_of_mps_leaves_no_mount_and_no_compute_mode(clean: Node) -> None:
    program = clean.root / "usr/bin/nvidia-cuda-mps-control"
    mounts, before = Path("/proc/self/mounts").read_text(), clean.gpus()
    claims = {"c": claim("u1", "gpu-0", config=configured("GpuConfig", strategy="MPS"))}
    hidden = program.rename(program.with_name("hidden"))
    try:
        for _ in range(2):
            [refused] = clean.run(claims, call("prepare"))
            assert "nvidia-cuda-mps-control" in refused
    finally:
        hidden.rename(program)
    assert (Path("/proc/self/mounts").read_text(), clean.gpus(), clean.cdi()) == (mounts, before, [])
    assert clean.run(claims, call("prepare"), call("unprepare")) == [["gpu-0"], []]


def test_admin_access_to_a_mig_device_neither_makes_nor_destroys_it(clean: Node) -> None:
    admin = claim("u2", MIG, name="admin")
    results_of(admin)[0]["adminAccess"] = True
    claims = {"c": claim("u1", MIG), "admin": admin}
    [nothing] = clean.run(claims, call("prepare", "u2", "admin"))
    assert "is no MIG device yet" in nothing
    clean.run(claims, call("prepare"), call("prepare", "u2", "admin"))
    assert env_of(clean, "u1", MIG) == env_of(clean, "u2", MIG)
    before = clean.gpus()
    clean.run(claims, call("unprepare", "u2", "admin"))
    assert clean.gpus() == before


def test_the_time_slice_is_set_and_reset(clean: Node) -> None:
    config = configured("GpuConfig", strategy="TimeSlicing", timeSlicingConfig={"interval": "Long"})
    claims = {"c": claim("u1", "gpu-0", config=config)}
    clean.run(claims, call("prepare"))
    assert [gpu["timeslice"] for gpu in clean.gpus()] == [3, 0]
    clean.run(claims, call("unprepare"))
    assert [gpu["timeslice"] for gpu in clean.gpus()] == [0, 0]


def vfio(**iommu: Any) -> ResourceClaim:
    parameters = {"apiVersion": OWN, "kind": "VfioDeviceConfig", "iommu": iommu}
    opaque: OpaqueConfiguration = {"driver": DRIVER, "parameters": parameters}
    return claim("u1", "gpu-vfio-0", config=[{"source": "FromClaim", "opaque": opaque}] if iommu else None)


def nodes_of(node: Node) -> list[str]:
    """The device nodes of the claim u1."""
    spec = json.loads((node.folder / "cdi" / f"{DRIVER}-claim-u1.json").read_text())
    [device] = spec["devices"]
    assert "deviceNodes" not in spec["containerEdits"], "no control nodes of NVIDIA's driver"
    return [each["path"] for each in device["containerEdits"]["deviceNodes"]]


def test_a_function_for_a_virtual_machine_is_bound_to_vfio_pci_and_given_back(clean: Node) -> None:
    before = clean.drivers()
    clean.run({"c": vfio()}, call("prepare"))
    assert clean.drivers() == ["vfio-pci vfio-pci", before[1]]
    assert nodes_of(clean) == ["/dev/vfio/1000", "/dev/vfio/vfio"]
    assert env_of(clean, "u1", "gpu-vfio-0")["DRA_GPU_VFIO_0"].startswith("0000:")
    clean.run({"c": vfio()}, call("unprepare"))
    assert [each.split()[0] for each in clean.drivers()] == ["nvidia", "nvidia"]


def test_the_api_s_own_node_is_left_out_if_it_is_not_wanted(clean: Node) -> None:
    clean.run({"c": vfio(enableAPIDevice=False)}, call("prepare"))
    assert nodes_of(clean) == ["/dev/vfio/1000"]


def test_a_function_that_somebody_unbound_is_bound_again(clean: Node) -> None:
    clean.run({"c": vfio()}, call("prepare"))
    functions = PciFunctions(clean.root / "sys")
    [function, *_] = sorted(path.name for path in (clean.root / "sys/bus/pci/devices").iterdir())
    functions.unbind(BindVfio(function, "nvidia"))
    clean.run({"c": vfio()}, ["maintain"])
    assert functions.driver(function) == "vfio-pci"


def test_a_function_with_others_in_its_group_is_refused_and_nothing_is_changed(clean: Node) -> None:
    before = clean.drivers()
    group = clean.root / "sys/kernel/iommu_groups/1000/devices"
    [_, other, *_] = sorted((clean.root / "sys/bus/pci/devices").iterdir())
    (group / other.name).symlink_to(other.resolve())
    [refused] = clean.run({"c": vfio()}, call("prepare"))
    (group / other.name).unlink()
    assert f"{other.name} of the same IOMMU group is bound to nvidia; unbind it" in refused
    assert [each.split()[0] for each in clean.drivers()] == [each.split()[0] for each in before]


def test_a_node_without_the_module_says_what_to_do(clean: Node) -> None:
    folder = clean.root / "sys/bus/pci/drivers"
    (folder / "vfio-pci").rename(folder / "hidden")
    [refused] = clean.run({"c": vfio()}, call("prepare"))
    (folder / "hidden").rename(folder / "vfio-pci")
    assert "the module is not loaded; run modprobe vfio-pci" in refused


def mps(device: str, kind: str = "GpuConfig", **values: Any) -> ResourceClaim:
    return claim("u1", device, config=configured(kind, strategy="MPS", mpsConfig=values))


@pytest.mark.parametrize(("device", "kind"), [("gpu-0", "GpuConfig"), (MIG, "MigDeviceConfig")])
def test_the_limits_of_mps_bite_and_a_neighbour_is_unharmed(clean: Node, device: str, kind: str) -> None:
    claims = {"c": mps(device, kind, defaultPinnedDeviceMemoryLimit="2Gi", defaultActiveThreadPercentage=30)}
    clean.run(claims, call("prepare"))
    env = env_of(clean, "u1", device)
    visible = next(value for name, value in env.items() if name.startswith("DRA_"))
    inside = {**env, "CUDA_VISIBLE_DEVICES": visible}
    with workload(clean, GIB, **inside) as neighbour:
        assert "CUDA_ERROR" not in neighbour
        with workload(clean, 3 * GIB, **inside) as greedy:
            assert "CUDA_ERROR_OUT_OF_MEMORY" in greedy
        with workload(clean, GIB, **inside) as second:
            assert "CUDA_ERROR" not in second


def test_the_memory_that_a_claim_consumes_is_its_limit_without_any_configuration(clean: Node) -> None:
    second = share("gpu-0", "6Gi") | {"metadata": {**claim("u2", "gpu-0", name="d")["metadata"]}}
    claims = {"c": share("gpu-0", "2Gi"), "d": second}
    results_of(second)[0]["shareID"] = "s-2"
    clean.run(claims, call("prepare"), call("prepare", "u2", "d"))
    environments = {uid: env_of(clean, uid, "gpu-0") for uid in ("u1", "u2")}
    assert environments["u1"] != environments["u2"]
    for uid, fits, too_much in (("u1", 1, 3), ("u2", 5, 7)):
        with workload(clean, fits * GIB, **environments[uid]) as inside:
            assert "CUDA_ERROR" not in inside
        with workload(clean, too_much * GIB, **environments[uid]) as greedy:
            assert "CUDA_ERROR_OUT_OF_MEMORY" in greedy


def test_a_daemon_of_mps_that_died_is_started_again(clean: Node) -> None:
    claims = {"c": mps("gpu-0", defaultPinnedDeviceMemoryLimit="2Gi")}
    clean.run(claims, call("prepare"))
    [pid] = (clean.folder / "mps").glob("*/pid")
    os.kill(int(pid.read_text()), signal.SIGKILL)
    clean.run(claims, ["maintain"])
    with workload(clean, 3 * GIB, **env_of(clean, "u1", "gpu-0")) as greedy:
        assert "CUDA_ERROR_OUT_OF_MEMORY" in greedy
    assert not Path(f"/proc/{pid}").exists()
