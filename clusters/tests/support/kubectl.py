"""The program kubectl against a cluster, as people run it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def run_kubectl(
    kubeconfig: Path, home: Path, *arguments: str, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run kubectl with ARGUMENTS and TEXT as its input; skips the test where there is none."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed")
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(home)}
    return subprocess.run(
        [program, *arguments],
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
