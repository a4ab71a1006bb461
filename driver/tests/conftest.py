"""Fixtures of the driver's tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import claim_service
import pytest


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what the test opened."""
    with claim_service.OPEN:
        yield


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary folder with a short path, as the address of a UNIX socket must be."""
    with tempfile.TemporaryDirectory(prefix="dra-") as folder:
        yield Path(folder)
