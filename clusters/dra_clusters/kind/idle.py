"""The image of the behaviours' pods as an archive."""

import shutil
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.images.archive import write_archive
from dra_clusters.node.real_node import node_image, pause_program


def idle_archive(folder: Path) -> Path:
    """Write the archive into FOLDER.

    Raises:
        EnvironmentFault: no compiler or no static busybox.
    """
    lacking = [f"{package} ({name})" for name, package in NEEDED.items() if shutil.which(name) is None]
    if lacking:
        message = f"the image of pods is made of what is not here: {', '.join(lacking)}; install it"
        raise EnvironmentFault(message)
    image = node_image(pause_program(folder), Path(shutil.which("busybox") or "").read_bytes())
    write_archive(folder / "idle.tar", [image])
    return folder / "idle.tar"


NEEDED = {"cc": "gcc", "busybox": "busybox-static"}
"""{program: Debian's package}."""
