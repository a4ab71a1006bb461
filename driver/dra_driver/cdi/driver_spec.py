"""The CDI document of NVIDIA's driver: its files as mounts, and the hooks that make them usable. Pure.

One document for all claims, because it is the same for all and long. Its one device is named in the reply with the first
device of each request. The hooks are programs of NVIDIA's container toolkit, which must be on the host.
"""

from pathlib import Path

from dra_api.identifiers import DriverName
from dra_driver.cdi.driver_files import DriverFiles
from dra_driver.cdi.spec import VERSION, CdiSpec, ContainerEdits, Hook, Mount

DEVICE = "all"
FILE_OPTIONS = ["ro", "nosuid", "nodev", "rbind", "rprivate"]
SOCKET_OPTIONS = ["nosuid", "nodev", "rbind", "rprivate", "noexec"]


def kind(driver_name: DriverName) -> str:
    """``vendor/class``."""
    return f"{driver_name}/driver"


def device_id(driver_name: DriverName) -> str:
    """The fully qualified name of the device."""
    return f"{kind(driver_name)}={DEVICE}"


def driver_spec(driver_name: DriverName, edits: ContainerEdits) -> CdiSpec:
    """The document, in which EDITS are what its device brings."""
    return {
        "cdiVersion": VERSION,
        "kind": kind(driver_name),
        "devices": [{"name": DEVICE, "containerEdits": edits}],
        "containerEdits": {"env": []},
    }


def driver_edits(files: DriverFiles, root: Path, hook: str) -> ContainerEdits:
    """What makes FILES usable; ROOT is the driver root on the host, HOOK the path of ``nvidia-cdi-hook`` there."""
    return {
        "env": [f"NVIDIA_CTK_LIBCUDA_DIR={':'.join(folders_of(files))}"],
        "mounts": [
            *(
                mount(path, root, FILE_OPTIONS)
                for path in (*files.libraries, *files.firmware, *files.programs)
            ),
            *(mount(path, root, SOCKET_OPTIONS) for path in files.sockets),
        ],
        "hooks": hooks_of(files, hook),
    }


def folders_of(files: DriverFiles) -> list[str]:
    """The folders of the libraries that CUDA needs."""
    names = ("libcuda.so.", "libnvidia-ml.so.")
    found = (str(Path(path).parent) for path in files.libraries if Path(path).name.startswith(names))
    return list(dict.fromkeys(found))


def mount(path: str, root: Path, options: list[str]) -> Mount:
    """A file of the driver at the same place in the container."""
    return {"hostPath": str(root / path.lstrip("/")), "containerPath": path, "options": options}


def hooks_of(files: DriverFiles, hook: str) -> list[Hook]:
    """What is run before a container starts, in this order."""
    folders = list(dict.fromkeys(str(Path(path).parent) for path in files.libraries))
    links = [part for target, path in files.links for part in ("--link", f"{target}::{path}")]
    calls = [
        *([["create-symlinks", *links]] if links else []),
        ["enable-cuda-compat", f"--host-driver-version={files.version}"],
        *(
            [["update-ldcache", *(part for each in folders for part in ("--folder", each))]]
            if folders
            else []
        ),
        ["disable-device-node-modification"],
    ]
    return [
        {"hookName": "createContainer", "path": hook, "args": ["nvidia-cdi-hook", *call]} for call in calls
    ]
