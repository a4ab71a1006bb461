"""On a node that isolates, a process sees the GPUs and MIG devices whose device nodes it sees."""

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from fake_nvml import machines
from fake_nvml.abi import table
from fake_nvml.calls import compute_instances
from fake_nvml.calls import mig as calls
from fake_nvml.calls.registry import Caller
from fake_nvml.calls.visibility import View, mig_minor, perform_in_view, view_of
from fake_nvml.cuda_devices import visible
from fake_nvml.model import Gpu, Node, resolve
from fake_nvml.saved import load_node
from fake_nvml.session import Session

ROOT = Caller(pid=1, privileged=True)
TWO = View(frozenset({1, 4}), frozenset())
IN_CONTAINER = """
import pynvml
pynvml.nvmlInit()
handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
print([(pynvml.nvmlDeviceGetIndex(h), pynvml.nvmlDeviceGetMinorNumber(h)) for h in handles])
"""


@pytest.fixture
def node() -> Node:
    return load_node(*machines.load("dgx-b200"), Path("/nonexistent"))


def ask(view: View, node: Node, name: str, *arguments: int | str) -> tuple[int, int]:
    """(return code, value) of a call by a process with VIEW."""
    raw = b"".join(
        len(a).to_bytes(4, "little") + a.encode() if isinstance(a, str) else a.to_bytes(8, "little")
        for a in arguments
    )
    answer = perform_in_view(view, node, ROOT, table.functions()[name], raw)
    return int.from_bytes(answer[:4], "little"), int.from_bytes(answer[4:], "little")


def test_gpus_are_counted_among_those_that_are_seen(node: Node) -> None:
    assert ask(TWO, node, "nvmlDeviceGetCount_v2") == (pynvml.NVML_SUCCESS, 2)
    code, handle = ask(TWO, node, "nvmlDeviceGetHandleByIndex_v2", 1)
    assert (code, handle) == (pynvml.NVML_SUCCESS, Gpu(node, 4).handle)
    assert ask(TWO, node, "nvmlDeviceGetIndex", handle) == (pynvml.NVML_SUCCESS, 1)
    assert ask(TWO, node, "nvmlDeviceGetHandleByIndex_v2", 2)[0] == pynvml.NVML_ERROR_INVALID_ARGUMENT


@pytest.mark.parametrize("attribute", ["uuid", "bus_id"])
def test_a_gpu_that_is_not_seen_cannot_be_named(node: Node, attribute: str) -> None:
    function = {"uuid": "nvmlDeviceGetHandleByUUID", "bus_id": "nvmlDeviceGetHandleByPciBusId_v2"}[attribute]
    seen, hidden = (getattr(Gpu(node, index), attribute) for index in (4, 0))
    assert ask(TWO, node, function, seen) == (pynvml.NVML_SUCCESS, Gpu(node, 4).handle)
    assert ask(TWO, node, function, hidden)[0] == pynvml.NVML_ERROR_NOT_FOUND


def test_a_mig_device_needs_the_capabilities_of_both_its_instances(node: Node) -> None:
    node.replace(1, mig=True, mig_pending=True)
    gpu = Gpu(node, 1)
    for _ in range(2):
        compute_instances.create_compute(ROOT, resolve(node, calls.create(ROOT, gpu, 19)), 0)
    _, second = gpu.mig_devices()
    both = {mig_minor(1, second.gi.id, None), mig_minor(1, second.gi.id, 0)}
    some = View(frozenset({1}), frozenset(both))
    assert ask(some, node, "nvmlDeviceGetMigDeviceHandleByIndex", gpu.handle, 0) == (0, second.handle)
    assert (
        ask(some, node, "nvmlDeviceGetMigDeviceHandleByIndex", gpu.handle, 1)[0]
        == pynvml.NVML_ERROR_NOT_FOUND
    )
    assert [device.handle for device in visible(node, None, some)] == [second.handle]
    half = View(frozenset({1}), frozenset({mig_minor(1, second.gi.id, None)}))
    assert visible(node, None, half) == []


def test_a_process_that_cannot_be_inspected_sees_nothing(tmp_path: Path) -> None:
    assert view_of(1, processes=tmp_path) == View(frozenset(), frozenset())


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Session]:
    root = tmp_path / "root"
    with Session("dgx-b200", tmp_path / "node", driver_root=root, isolate=True) as session:
        yield session


def test_in_a_mount_namespace_only_its_device_nodes_count(isolated: Session, tmp_path: Path) -> None:
    for index in (0, 1, 2, 4, 5, 7):
        (tmp_path / "root/dev" / f"nvidia{index}").unlink()
    unshare = shutil.which("unshare")
    if unshare is None or ctypes.CDLL(None).unshare(0) != 0:
        pytest.skip("no unshare here to make a mount namespace with")
    script = f'mount --bind {tmp_path}/root/dev /dev && exec {sys.executable} -c "$0"'
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, IN_CONTAINER],
        env=isolated.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this kernel lets us make no mount namespace: {done.stderr.strip()}")
    assert done.stdout == "[(0, 3), (1, 6)]\n", done.stderr
