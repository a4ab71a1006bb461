"""A GPU on its NVLink fabric as the scan sees it, on a fake rack."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

SCRIPT = """
from dra_driver.devices.scan import take_snapshot
gpu = take_snapshot().gpus[0]
print(gpu.fabric is not None, gpu.fabric_fault, gpu.fabric_degraded)
"""


@pytest.mark.slow
def test_what_is_wrong_with_a_fabric_is_seen_and_gone_when_it_is_whole_again(
    fake_nvml: Callable[..., Any],
) -> None:
    with fake_nvml("gb200-nvl72") as node:

        def seen() -> str:
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT], env=node.environment, capture_output=True, text=True, check=True
            )  # fmt: skip
            return done.stdout.strip()

        assert seen() == "True None None"
        node.control("fabric", 0, state="in_progress")
        assert seen() == "False in-progress None"
        node.control("fabric", 0, state="completed", status=999)
        assert seen() == "True failed-999 None"
        node.control("fabric", 0, status=0, mask="0x1")
        assert seen() == "True None degraded-bandwidth"
        node.control("fabric", 0, mask="0x510")
        assert seen() == "True incorrect-configuration-5 None"
        node.control("fabric", 0, mask="0x110")
        assert seen() == "True route-unhealthy None"
        node.control("fabric", 0, mask="0x12a")
        assert seen() == "True None None"
