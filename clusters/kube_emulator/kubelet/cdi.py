"""Pure but for reading files: what CDI files give to a container, merged the way container runtimes merge them.

The rules are those of the CDI library that containerd and CRI-O use (container-device-interface v1.1.0, pkg/cdi
``Cache.refresh``, ``Cache.InjectDevices`` and ``ContainerEdits.Apply``): a file that cannot be read is as if it were
not there; a name that two files of one folder define belongs to nobody; the edits of a file come once, before those of
its first device; of environment, device nodes and mounts the last one with a name wins, and takes the last place;
mounts are ordered by the depth of their path; hooks add up.
"""

import json
import posixpath
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import yaml

Edits = Mapping[str, Any]


FILE_MAX = 16 << 20
"""Bytes of a CDI file."""


class Injected(TypedDict):
    """What CDI devices, and the container's own spec, put into a container."""

    environment: dict[str, str]
    devices: list[Edits]
    mounts: list[Edits]
    hooks: list[Edits]
    netDevices: list[Edits]
    intelRdt: Edits | None
    additionalGids: list[int]
    cdiDevices: list[str]


class ContainerView(Injected):
    """All that a container sees: what the node's folder has about it as ``containers/POD/CONTAINER.json``."""

    image: str
    command: list[str]
    workingDir: str
    hostname: str


class InjectionError(Exception):
    """A container with these CDI devices cannot be made."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a CDI file: its own edits, and those of the file that it comes from."""

    path: Path
    file_edits: Edits
    edits: Edits


def load(folder: Path) -> dict[str, Device]:
    """{qualified name: device} of a folder."""
    found: dict[str, Device] = {}
    conflicts: set[str] = set()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        spec = read(path) if path.suffix in (".json", ".yaml") else None
        for device in (spec or {}).get("devices") or []:
            name = f"{(spec or {})['kind']}={device['name']}"
            if name in found:
                conflicts.add(name)
            edits = device.get("containerEdits") or {}
            found[name] = Device(path, (spec or {}).get("containerEdits") or {}, edits)
    return {name: device for name, device in found.items() if name not in conflicts}


def read(path: Path) -> Mapping[str, Any] | None:
    """A CDI file, or None if it is none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_MAX:
            return None
        text = path.read_text()
        spec = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        names = [device["name"] for device in spec["devices"]]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, RecursionError):
        return None
    return (
        spec if isinstance(spec.get("kind"), str) and all(isinstance(name, str) for name in names) else None
    )


def container_view(
    folder: Path, ids: Sequence[str], environment: Mapping[str, str] = {}, mounts: Sequence[Edits] = ()
) -> Injected:
    """What a container gets that has ENVIRONMENT and MOUNTS of its own and the CDI devices IDS.

    Raises:
        InjectionError: an id is in no file, or in several, or its edits are none.
    """
    try:
        return injected(folder, ids, environment, mounts)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"CDI device injection failed: malformed edits of {', '.join(ids)}: {error!r}"
        raise InjectionError(message) from error


def injected(
    folder: Path, ids: Sequence[str], environment: Mapping[str, str], mounts: Sequence[Edits]
) -> Injected:
    """What ``container_view`` returns, provided that the edits are well-formed."""
    known = load(folder)
    if unresolved := [name for name in ids if name not in known]:
        message = f"CDI device injection failed: unresolvable CDI devices {', '.join(unresolved)}"
        raise InjectionError(message)
    every = edits_in_order(known[name] for name in ids)
    env = merged(
        ((entry.partition("=")[0], entry.partition("=")[2]) for entry in each(every, "env")), environment
    )
    nodes = merged((node["path"], filled(node)) for node in each(every, "deviceNodes"))
    places = merged(
        ((mount["containerPath"], mount) for mount in each(every, "mounts")),
        {mount["containerPath"]: mount for mount in mounts},
    )
    rdt = [edits["intelRdt"] for edits in every if edits.get("intelRdt")]
    groups = dict.fromkeys(group for group in each(every, "additionalGids") if group != 0)
    return {
        "environment": env,
        "devices": list(nodes.values()),
        "mounts": sorted(places.values(), key=lambda mount: depth(mount["containerPath"])),
        "hooks": list(each(every, "hooks")),
        "netDevices": list(each(every, "netDevices")),
        "intelRdt": rdt[-1] if rdt else None,
        "additionalGids": list(groups),
        "cdiDevices": list(ids),
    }


def edits_in_order(devices: Iterable[Device]) -> list[Edits]:
    """The edits of each device, a file's own ones before those of its first device."""
    found: list[Edits] = []
    files: set[Path] = set()
    for device in devices:
        if device.path not in files:
            files.add(device.path)
            found.append(device.file_edits)
        found.append(device.edits)
    return found


def each(every: Iterable[Edits], field: str) -> Iterable[Any]:
    """The entries of FIELD in all edits."""
    return (entry for edits in every for entry in edits.get(field) or [])


def merged(entries: Iterable[tuple[str, Any]], start: Mapping[str, Any] = {}) -> dict[str, Any]:
    """ENTRIES over START; who comes again moves to the end."""
    found = dict(start)
    for name, value in entries:
        found.pop(name, None)
        found[name] = value
    return found


def filled(node: Edits) -> Edits:
    """A device node with its defaults. Whether the host has it shows when a container is started as a process."""
    return {
        **node,
        "hostPath": node.get("hostPath") or node["path"],
        "permissions": node.get("permissions") or "rwm",
    }


def depth(path: str) -> int:
    """Components of a path."""
    return posixpath.normpath(path).count("/")
