"""A client of a fake node inside the test process: NVIDIA's bindings on the fake library."""

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pynvml
import pytest

from fake_nvml import build
from fake_nvml.session import Session


@pytest.fixture
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A node: ``dgx-b200``, or the machine that a test gives as indirect parameter."""
    machine = getattr(request, "param", "dgx-b200")
    with Session(machine, tmp_path / "node") as session:
        yield session


@pytest.fixture
def become_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Session], ModuleType]]:
    """Make this process a client of a node; returns ``pynvml``, initialised."""
    began = False

    def become(session: Session) -> ModuleType:
        nonlocal began
        monkeypatch.setenv("FAKE_NVML_DIR", str(session.folder))
        monkeypatch.setattr(
            pynvml, "nvmlLib", ctypes.CDLL(os.path.realpath(session.folder / "lib" / build.SONAME))
        )
        pynvml._nvmlGetFunctionPointer_cache.clear()
        pynvml.nvmlInit()
        began = True
        module: ModuleType = pynvml
        return module

    yield become
    if began:
        pynvml.nvmlShutdown()
    pynvml._nvmlGetFunctionPointer_cache.clear()


@pytest.fixture
def nvml(node: Session, become_client: Callable[[Session], ModuleType]) -> ModuleType:
    """``pynvml`` as a client of ``node``."""
    return become_client(node)
