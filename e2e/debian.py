"""NVIDIA's own programs and libraries, as Debian ships them for three driver branches, to compare ours with.

The packages are downloaded with apt into a folder of the test's and never installed; where that is not possible the test
is skipped with the reason.
"""

import subprocess
from pathlib import Path

import pytest

from dra_clusters.errors import EnvironmentFault
from dra_clusters.node.debian import unpack

RELEASES = {
    "535.261.03": ("bookworm", "535.261.03-1"),
    "550.163.01": ("trixie", "550.163.01-2"),
    "555.58.02": ("experimental", "555.58.02-4"),
}


def fetch(folder: Path, name: str, version: str) -> Path:
    """The package NAME of a driver VERSION, unpacked below FOLDER; skips where it cannot be had."""
    release, package = RELEASES[version]
    try:
        return unpack(folder, f"{name}={package}", release, "contrib non-free")
    except (EnvironmentFault, subprocess.TimeoutExpired) as error:
        pytest.skip(str(error))
