"""``dra-driver cleanup``: what a driver that is not coming back leaves on a node and in the API is removed.

Slices always. Files only if no claim is prepared, because the containers of a claim need its CDI file, MIG device and MPS
daemon until the kubelet unprepares it. A driver that runs is not disturbed.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from dra_driver.admin.stored import living_instances, stored_records
from dra_driver.errors import EnvironmentFault
from dra_driver.publish.client import ApiClient
from dra_driver.settings import Settings

SHOWN = 5


async def clean_up(settings: Settings, api: ApiClient, say: Callable[[str], None]) -> None:
    """Remove the slices of this node, then the driver's files.

    Raises:
        EnvironmentFault: the driver runs, claims are prepared, or a file cannot be removed.
        ApiError: the API server does not answer, or refuses.
    """
    if living := living_instances(settings.data_dir):
        message = f"{len(living)} driver processes run with {settings.data_dir}; stop them first"
        raise EnvironmentFault(message)
    slices, _ = await api.list_slices()
    for item in slices:
        await api.delete_slice(item["metadata"]["name"])
    say(f"removed {len(slices)} ResourceSlices of {settings.driver_name} on node {settings.node_name}")
    records = stored_records(settings.data_dir)
    if records:
        names = ", ".join(f"{record.namespace}/{record.name} ({record.uid})" for record in records[:SHOWN])
        message = f"{len(records)} claims are still prepared: {names}; start the driver, delete their pods, stop it, and call this again"
        raise EnvironmentFault(message)
    for path in files_of(settings):
        remove(path)
        say(f"removed {path}")


def files_of(settings: Settings) -> list[Path]:
    """What is there of the driver, and of no other."""
    name = settings.driver_name
    candidates = [
        *sorted(settings.cdi_dir.glob(f"{name}_*.tmp")),
        *sorted(settings.cdi_dir.glob(f"{name}_metadata_*.json")),
        settings.cdi_dir / f"{name}_driver.json",
        settings.registration_socket,
        settings.data_dir,
    ]
    return [path for path in candidates if path.exists() or path.is_symlink()]


def remove(path: Path) -> None:
    """Remove a file, or a folder with everything in it.

    Raises:
        EnvironmentFault: it cannot be removed.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot remove {error.filename or path}: {error.strerror}"
        raise EnvironmentFault(message) from error
