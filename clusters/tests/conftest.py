"""Fixtures that several test files use."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from a_node import ANode


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short: that of a socket has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="n") as name:
        yield Path(name)


@pytest.fixture
async def world(short_path: Path) -> AsyncIterator[ANode]:
    """A node of the newest release."""
    async with ANode(short_path) as world:
        yield world
