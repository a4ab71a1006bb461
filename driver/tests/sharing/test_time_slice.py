"""Time slices through nvidia-smi, as a program that answers what a board without them does."""

from pathlib import Path

import pytest

from dra_driver.errors import EnvironmentFault
from dra_driver.sharing.programs import Programs
from dra_driver.sharing.time_slice import set_time_slice


@pytest.fixture
def unsupporting(tmp_path: Path) -> Programs:
    program = tmp_path / "usr/bin/nvidia-smi"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'Setting time-slice is not supported for GPU 0'\nexit 3\n")
    program.chmod(0o755)
    return Programs(tmp_path)


def test_the_default_time_slice_of_a_gpu_without_time_slices_is_no_failure(unsupporting: Programs) -> None:
    set_time_slice(unsupporting, "GPU-0", 0)


def test_another_time_slice_of_such_a_gpu_is_an_error(unsupporting: Programs) -> None:
    with pytest.raises(EnvironmentFault, match="not supported"):
        set_time_slice(unsupporting, "GPU-0", 2)
