"""A fake node for the tests that carry out steps on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from claim_service import claim
from node_calls import Node
from pci_kernel import kernel

from fake_nvml import Session


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("root")
    session = Session("dgx-h100", tmp_path_factory.mktemp("node"), driver_root=root)
    with session, kernel(root / "sys"):
        yield session, root


@pytest.fixture
def clean(node: Any, short_path: Path) -> Iterator[Node]:
    session, root = node
    made = Node(session, short_path, root)
    before = (made.gpus(), made.drivers())
    yield made
    made.run({"c": claim("u1", "gpu-0")}, *(["unprepare", "c", uid] for uid in ("u1", "u2", "u3")))
    assert ((made.gpus(), made.drivers()), made.cdi(), made.daemons()) == (before, [], [])
