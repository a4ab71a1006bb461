"""Pure: what CDI files give to a container, merged the way container runtimes do (CDI specification 1.1)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml


class UnresolvedDevice(Exception):
    """An id has no device in the CDI files, or more than one."""


def load(folder: Path) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """{qualified name: (edits of the device, edits of its file)} of a folder; ambiguous names are left out."""
    found: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".json", ".yaml"):
            continue
        text = path.read_text()
        spec = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        for device in spec.get("devices") or []:
            edits = (device.get("containerEdits") or {}, spec.get("containerEdits") or {})
            found.setdefault(f"{spec['kind']}={device['name']}", []).append(edits)
    return {name: edits[0] for name, edits in found.items() if len(edits) == 1}


def container_view(folder: Path, ids: Iterable[str]) -> dict[str, Any]:
    """What a container with the CDI devices IDS gets: environment, devices, mounts.

    Raises:
        UnresolvedDevice: an id is not there.
    """
    known = load(folder)
    environment: dict[str, str] = {}
    devices: dict[str, dict[str, Any]] = {}
    mounts: dict[str, dict[str, Any]] = {}
    for qualified in ids:
        if qualified not in known:
            message = f"unresolvable CDI device {qualified}: {folder} has no file that defines it once"
            raise UnresolvedDevice(message)
        for edits in known[qualified]:
            environment |= dict(entry.split("=", 1) for entry in edits.get("env") or [])
            devices |= {node["path"]: node for node in edits.get("deviceNodes") or []}
            mounts |= {mount["containerPath"]: mount for mount in edits.get("mounts") or []}
    return {"environment": environment, "devices": list(devices.values()), "mounts": list(mounts.values())}
