"""The pytest fixture ``fake_nvml``: a fake GPU node for one test.

    def test_it(fake_nvml: SessionFactory) -> None:
        with fake_nvml("dgx-b200") as node:
            subprocess.run([...], env=node.environment)

Everything heavy is imported when the fixture is used: this module is loaded by every pytest run.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fake_nvml.session import SessionFactory


@pytest.fixture
def fake_nvml(tmp_path_factory: pytest.TempPathFactory) -> "SessionFactory":
    """Make sessions of fake machines by name; ``fake-nvml list`` prints the names, ``Session`` has the options."""
    from fake_nvml.session import Session

    def make(machine: str = "dgx-b200", folder: Path | None = None, **options: Any) -> Session:
        return Session(machine, folder or tmp_path_factory.mktemp("nvml"), **options)

    return make
