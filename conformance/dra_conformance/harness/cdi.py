"""The CDI folder as a container runtime sees it, read strictly and without trust in the driver."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file; ``spec`` is None if it cannot be parsed."""

    path: Path
    text: str
    spec: dict[str, Any] | None


class CdiView:
    """A node's CDI folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def listing(self) -> list[str]:
        """The names of everything in it."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    def files(self) -> list[SpecFile]:
        """The files that runtimes load, by name."""
        found = []
        for name in self.listing():
            path = self.folder / name
            if path.suffix in (".json", ".yaml") and path.is_file():
                try:
                    text = path.read_bytes().decode(errors="replace")
                except FileNotFoundError:  # removed since it was listed
                    continue
                found.append(SpecFile(path, text, parse(path.suffix, text)))
        return found

    def names(self) -> frozenset[str]:
        """Every qualified name that is defined."""
        return frozenset(
            f"{file.spec.get('kind')}={device.get('name')}"
            for file in self.files()
            if file.spec is not None
            for device in file.spec.get("devices") or []
        )

    def definitions(self, qualified: str) -> list[tuple[SpecFile, dict[str, Any]]]:
        """Where a qualified name is defined: (file, device) each time."""
        return [
            (file, device)
            for file in self.files()
            if file.spec is not None
            for device in file.spec.get("devices") or []
            if f"{file.spec.get('kind')}={device.get('name')}" == qualified
        ]

    def edits(self, qualified: str) -> list[dict[str, Any]]:
        """The edits that a container with the device gets; empty if the name is not defined exactly once."""
        found = self.definitions(qualified)
        if len(found) != 1:
            return []
        file, device = found[0]
        return [
            edit for edit in (device.get("containerEdits"), (file.spec or {}).get("containerEdits")) if edit
        ]


def parse(suffix: str, text: str) -> dict[str, Any] | None:
    """A file's document; None if it cannot be parsed, or is no CDI document by its shape, which no runtime loads."""
    try:
        document = json.loads(text) if suffix == ".json" else yaml.safe_load(text)
    except (json.JSONDecodeError, yaml.YAMLError):
        return None
    return document if is_object(document) and well_shaped(document) else None


def well_shaped(document: dict[str, Any]) -> bool:
    """Whether members are objects, lists and texts where the specification says so; what is in them is for rules."""
    devices = document.get("devices") or []
    if not isinstance(devices, list) or not all(map(is_object, devices)):
        return False
    edits = [document.get("containerEdits"), *(device.get("containerEdits") for device in devices)]
    named = [document.get("kind"), document.get("cdiVersion"), *(device.get("name") for device in devices)]
    return all(isinstance(text, str) for text in named) and all(
        edit is None or has_lists(edit) for edit in edits
    )


def has_lists(edits: Any) -> bool:
    """Whether edits are an object of lists: texts in env, objects in the others that rules look into."""
    if not is_object(edits):
        return False
    kinds = {"env": is_text, "deviceNodes": is_object, "mounts": is_object, "hooks": is_object}
    return all(
        edits.get(name) is None or (isinstance(edits[name], list) and all(map(is_kind, edits[name])))
        for name, is_kind in kinds.items()
    )


def is_object(value: Any) -> bool:
    """Whether VALUE is a JSON object."""
    return isinstance(value, dict)


def is_text(value: Any) -> bool:
    """Whether VALUE is a text."""
    return isinstance(value, str)
