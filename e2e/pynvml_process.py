"""NVML as a user's program sees it: in a process of its own, because a library is loaded once per process."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, pynvml
pynvml.nvmlInit()
found = []
for index in range(pynvml.nvmlDeviceGetCount()):
    gpu = pynvml.nvmlDeviceGetHandleByIndex(index)
    for slot in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
        try:
            found.append(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, slot)))
        except pynvml.NVMLError_NotFound:
            pass
print(json.dumps(found))
"""


def mig_devices(machine_dir: Path) -> set[str]:
    """The UUIDs of the MIG devices of a fake machine."""
    environment = {"LD_LIBRARY_PATH": str(machine_dir / "lib"), "FAKE_NVML_DIR": str(machine_dir)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))
