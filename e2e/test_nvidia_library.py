"""The real libnvidia-ml.so.1 and libcuda.so.1 on a machine without a GPU, and ours without a daemon: they agree.

That is all that can be known of the real ones without hardware, and it is a good deal: every symbol, every text, what is
answered before init, and in which order a call is refused.
"""

import ctypes
import json
import subprocess
import sys
from pathlib import Path

import pytest
from debian import RELEASES, fetch

from fake_nvml import build

NVIDIA = "usr/lib/x86_64-linux-gnu/nvidia/current"
BY_HAND = {"nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags", "nvmlErrorString", "nvmlSystemGetNVMLVersion"}
ERRORS = (0, 1, 2, 3, 46, 100, 101, 201, 801, 999, 4711)

IN_CHILD = """
import ctypes, json, sys
library, names = ctypes.CDLL(sys.argv[1]), json.load(sys.stdin)
library.nvmlErrorString.restype = ctypes.c_char_p
texts = {code: library.nvmlErrorString(code).decode() for code in [*range(40), 999, 1000]}
print(json.dumps({
    "texts": texts,
    "before init": {name: getattr(library, name)(*[None] * 8) for name in names},
    "init": [library.nvmlInit_v2(), library.nvmlInitWithFlags(0), library.nvmlInitWithFlags(8), library.nvmlInit()],
    "shutdown": [library.nvmlShutdown(), library.nvmlShutdown()],
}))
"""
"""Asks a library for everything without a driver and prints the answers; in a process of its own, because it may crash."""

CUDA_IN_CHILD = """
import ctypes, json, sys
cuda, number, text, pointer = ctypes.CDLL(sys.argv[1]), ctypes.c_int(), ctypes.c_char_p(), ctypes.c_void_p()
def shown(name, code):
    return getattr(cuda, name)(code, ctypes.byref(text)), text.value and text.value.decode()
print(json.dumps({
    "before": cuda.cuDeviceGetCount(ctypes.byref(number)),
    "init": [cuda.cuInit(1), cuda.cuInit(0)],
    "after": [
        cuda.cuDeviceGetCount(ctypes.byref(number)), cuda.cuDeviceGet(ctypes.byref(number), 0),
        cuda.cuCtxGetCurrent(ctypes.byref(pointer)), cuda.cuCtxSynchronize(), cuda.cuCtxDestroy_v2(None),
        cuda.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(10)), cuda.cuMemFree_v2(None),
    ],
    "errors": [[shown(name, code) for name in ("cuGetErrorName", "cuGetErrorString")] for code in json.load(sys.stdin)],
}))
"""


@pytest.fixture(scope="module", params=sorted(RELEASES))
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NVIDIA's libnvidia-ml.so.1."""
    folder = tmp_path_factory.mktemp("ml")
    return fetch(folder, "libnvidia-ml1", request.param) / NVIDIA / build.SONAME


def symbols(library: Path) -> dict[str, str]:
    """{function: its symbol version} of a library; an empty version is none."""
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True
    )
    names = [line.split()[-1] for line in listed.stdout.splitlines()]
    return {
        n.partition("@")[0]: n.partition("@")[2]
        for n in names
        if n.startswith("nvml") and "Internal" not in n
    }


def answers(program: str, library: Path, given: object, tmp_path: Path) -> object:
    """What PROGRAM says of LIBRARY where there is no driver."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(library)],
        input=json.dumps(given), env={"FAKE_NVML_DIR": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_real_symbol_is_ours_and_like_it_has_no_symbol_version(real: Path) -> None:
    theirs, ours = symbols(real), symbols(build.library())
    assert len(theirs) > 300
    assert theirs.keys() - ours.keys() == set()
    assert {ours[name] for name in theirs} == set(theirs.values()) == {""}


def test_without_a_driver_both_libraries_answer_alike(real: Path, tmp_path: Path) -> None:
    names = sorted(symbols(real).keys() - BY_HAND)
    theirs = answers(IN_CHILD, real, names, tmp_path)
    ours = answers(IN_CHILD, build.library(), names, tmp_path)
    assert isinstance(theirs, dict)
    if real.resolve().name.endswith("535.261.03"):  # which does not know these two yet
        assert isinstance(ours, dict)
        for known in ("28", "29"):
            theirs["texts"].pop(known)
            ours["texts"].pop(known)
    assert ours == theirs


def test_the_version_of_the_library_can_be_had_before_init(real: Path) -> None:
    text = ctypes.create_string_buffer(80)
    assert ctypes.CDLL(str(real)).nvmlSystemGetNVMLVersion(text, 80) == 0
    assert text.value.startswith(b"12.5")


def test_without_a_driver_both_libcuda_answer_alike(tmp_path: Path) -> None:
    real = fetch(tmp_path, "libcuda1", "550.163.01") / NVIDIA / build.CUDA
    theirs = answers(CUDA_IN_CHILD, real, ERRORS, tmp_path)
    assert answers(CUDA_IN_CHILD, build.library(build.CUDA), ERRORS, tmp_path) == theirs
