"""``fake-nvml driver-root DIR``: the files around the library that NVIDIA's components read, under one root.

    usr/lib/x86_64-linux-gnu   libnvidia-ml.so.1 and libcuda.so.1, also by driver version
    usr/bin                    nvidia-smi, nvidia-cuda-mps-control and -server, nvidia-imex and -ctl (stand-ins)
    dev                        nvidia0 ..., nvidiactl, nvidia-uvm, nvidia-caps, IMEX channels
    proc                       driver/nvidia (version, params, gpus, capabilities), driver/nvidia-caps/mig-minors, devices
    sys                        bus/pci/devices, bus/pci/drivers/nvidia, kernel/iommu_groups, module/nvidia

Device nodes are made where the kernel allows it; elsewhere they are empty files of the same names. What depends on MIG
instances and virtual functions is written by ``refresh``, which a daemon started with ``--driver-root`` does after each
change.
"""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from fake_nvml.driver_root.devices import FABRIC_MINOR, write_capability_nodes, write_devices
from fake_nvml.driver_root.files import write
from fake_nvml.driver_root.proc import write_mig_capabilities, write_proc
from fake_nvml.driver_root.sysfs import write_functions, write_sys
from fake_nvml.errors import EnvironmentFault
from fake_nvml.model import Node

LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
PROGRAMS = {
    "nvidia-smi": "fake_nvml.programs.nvidia_smi",
    "nvidia-cuda-mps-control": "fake_nvml.programs.mps_control",
    "nvidia-cuda-mps-server": "fake_nvml.programs.mps_server",
    "nvidia-imex": "fake_nvml.programs.imex",
    "nvidia-imex-ctl": "fake_nvml.programs.imex_ctl",
}
SCRIPT = """\
#!/bin/sh
# Made by fake-nvml driver-root.
root=$(dirname "$(readlink -f "$0")")/../..
export FAKE_NVIDIA_DRIVER_ROOT="$root"
export LD_LIBRARY_PATH="$root/{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec {python} -m {module} "$@"
"""


def _programs(root: Path, version: str, libraries: Mapping[str, Path]) -> None:
    """Libraries are copies, so that the root can be mounted elsewhere; programs find them by where they are."""
    folder = root / LIBRARIES
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in libraries.items():
        target, numbered = folder / name, folder / f"{name.removesuffix('.1')}.{version}"
        shutil.copyfile(source, target)
        target.chmod(0o755)
        numbered.unlink(missing_ok=True)
        numbered.hardlink_to(target)
    for name, module in PROGRAMS.items():
        path = root / "usr/bin" / name
        write(path, SCRIPT.format(libraries=LIBRARIES, python=sys.executable, module=module))
        path.chmod(0o755)


def refresh(root: Path, node: Node) -> None:
    """Write what follows the MIG instances and the virtual functions, for those that exist and for no others."""
    write_capability_nodes(
        root, write_mig_capabilities(root, node) | ({FABRIC_MINOR} if node.machine.rack else set())
    )
    write_functions(root, node)


def make(root: Path, node: Node, libraries: Mapping[str, Path]) -> None:
    """Write the whole root, with the client libraries {name: file} (``build.libraries``).

    Raises:
        EnvironmentFault: it cannot be written.
    """
    try:
        _programs(root, node.machine.driver.version, libraries)
        write_devices(root, node)
        write_proc(root, node)
        write_sys(root, node)
        refresh(root, node)
    except OSError as error:
        message = f"cannot write the driver root {root}: {error}"
        raise EnvironmentFault(message) from error
