"""Processes on libcuda.so.1, each with the device nodes of a container: what tests of shared memory are made of."""

import contextlib
import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fake_nvml import build
from fake_nvml.session import Session

AGENT = Path(__file__).with_name("cuda_agent.py")
CHANNELS = "nvidia-caps-imex-channels"
SIZE = 2 << 20
"""The smallest allocation."""
OUT = ("out", 0)
FABRIC, NO_HANDLE = 8, 0
READ_ONLY, READ_WRITE = 1, 3
SUCCESS, INVALID_VALUE, OUT_OF_MEMORY, INVALID_DEVICE, INVALID_CONTEXT = 0, 1, 2, 101, 201
INVALID_HANDLE, CONTAINED, NOT_PERMITTED, NOT_SUPPORTED = 400, 721, 800, 801


def prop(device: int = 0, handle_types: int = FABRIC, *, kind: int = 1, location: int = 1) -> tuple[str, str]:
    """A CUmemAllocationProp of pinned memory on a device."""
    return ("data", struct.pack("<iiiiQ8x", kind, handle_types, location, device, 0).hex())


def access(device: int = 0, flags: int = READ_WRITE) -> tuple[str, str]:
    """A CUmemAccessDesc."""
    return ("data", struct.pack("<iii", 1, device, flags).hex())


def data(content: bytes) -> tuple[str, str]:
    """Bytes that a call reads."""
    return ("data", content.hex())


class Refused(Exception):
    """A call that did not return success."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name}: CUresult {code}")
        self.code = code


@dataclass
class CudaProcess:
    """A process of a container; calls that fail raise Refused."""

    process: "subprocess.Popen[str]"

    def code(self, name: str, *arguments: Any) -> int:
        """What a call returns."""
        return int(self._ask(name, arguments)[0])

    def call(self, name: str, *arguments: Any) -> Any:
        """What a call gives in its only place for it."""
        code, *made = self._ask(name, arguments)
        if code:
            raise Refused(name, code)
        return made[0] if made else None

    def _ask(self, name: str, arguments: tuple[Any, ...]) -> list[Any]:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps([name, arguments]), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line and self.process.poll() is not None and self.process.stderr:
            pytest.fail(self.process.stderr.read())
        found: list[Any] = json.loads(line)
        return found

    def create(self, device: int = 0, size: int = SIZE) -> int:
        """Memory for the fabric."""
        return int(self.call("cuMemCreate", OUT, size, prop(device), 0))

    def export(self, handle: int) -> bytes:
        """Its handle for other nodes."""
        return bytes.fromhex(self.call("cuMemExportToShareableHandle", ("room", 64), handle, FABRIC, 0)[:128])

    def take(self, shared: bytes) -> int:
        """Import memory."""
        return int(self.call("cuMemImportFromShareableHandle", OUT, data(shared), FABRIC))

    def mapped(self, handle: int, device: int = 0, size: int = SIZE) -> int:
        """The address at which memory is mapped, for reading and writing."""
        address = int(self.call("cuMemAddressReserve", OUT, size, 0, 0, 0))
        self.call("cuMemMap", address, size, 0, handle, 0)
        self.call("cuMemSetAccess", address, size, access(device), 1)
        return address

    def write(self, address: int, content: bytes) -> None:
        """Copy to the device."""
        self.call("cuMemcpyHtoD_v2", address, data(content), len(content))

    def read(self, address: int, length: int) -> bytes:
        """Copy from the device."""
        return bytes.fromhex(self.call("cuMemcpyDtoH_v2", ("room", length), address, length))


def can_mount() -> bool:
    """Whether this machine lets a process have a /dev of its own."""
    probe = ["unshare", "--user", "--map-root-user", "--mount", "mount", "--bind", "/tmp", "/dev"]
    return shutil.which("unshare") is not None and subprocess.run(probe, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(
    ctypes.CDLL(None).unshare(0) != 0 or not can_mount(), reason="no mount namespaces here"
)


@contextlib.contextmanager
def container(
    node: Session, root: Path, channels: tuple[int, ...] = (0,), gpus: tuple[int, ...] = (0, 1, 2, 3)
) -> Iterator[CudaProcess]:
    """A process that has these channels and GPUs of a node with the driver root ROOT, and a context on its first GPU."""
    number = len(list(root.parent.glob("container-*")))
    dev = root.parent / f"container-{number}"
    (dev / CHANNELS).mkdir(parents=True)
    for name in [f"{CHANNELS}/channel{one}" for one in channels] + [f"nvidia{one}" for one in gpus]:
        os.link(root / "dev" / name, dev / name)
    script = f'mount --bind "{dev}" /dev && exec {sys.executable} "{AGENT}" "{node.folder}/lib/{build.CUDA}"'
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=node.environment,
        text=True,
    )
    made = CudaProcess(process)
    try:
        made.call("cuInit", 0)
        made.call("cuCtxCreate_v2", OUT, 0, 0)
        yield made
    finally:
        process.kill()
        process.communicate()
