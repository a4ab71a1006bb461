"""Pure: rules on CDI files and ids, from the CDI specification (1.1) and its Go implementation's validation.

Each rule takes (ids that the driver returned, the files, each as (name, text, document or None)) and yields a text for
each violation.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Spec = dict[str, Any]
File = tuple[str, str, Spec | None]
Rule = Callable[[list[str], list[File]], Iterator[str]]
RELEASED = ("0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0")
ID = re.compile(
    r"[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?=[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?"
)
TOP = {"cdiVersion", "kind", "annotations", "devices", "containerEdits"}
DEVICE = {"name", "annotations", "containerEdits"}
EDITS = {"env", "deviceNodes", "netDevices", "hooks", "mounts", "intelRdt", "additionalGids"}
NODE = {"path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"}
MOUNT = {"hostPath", "containerPath", "options", "type"}
HOOK = {"hookName", "path", "args", "env", "timeout"}
HOOKS = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}


def specs(files: list[File]) -> Iterator[tuple[str, Spec]]:
    """The files that can be parsed."""
    yield from ((name, spec) for name, _, spec in files if spec is not None)


def all_edits(files: list[File]) -> Iterator[tuple[str, Spec]]:
    """(where, edits) of every device and file."""
    for name, spec in specs(files):
        if spec.get("containerEdits"):
            yield name, spec["containerEdits"]
        for device in spec.get("devices") or []:
            yield f"{name} {device.get('name')}", device.get("containerEdits") or {}


def members(kind: str, files: list[File]) -> Iterator[tuple[str, Spec]]:
    """(where, item) of every deviceNodes, mounts or hooks entry."""
    for where, edits in all_edits(files):
        yield from ((where, item) for item in edits.get(kind) or [])


def ids_are_qualified(ids: list[str], files: list[File]) -> Iterator[str]:
    """Each id is vendor/class=name."""
    yield from (name for name in ids if not ID.fullmatch(name))


def ids_resolve(ids: list[str], files: list[File]) -> Iterator[str]:
    """Each id is defined by exactly one device of one valid file."""
    known = Counter(
        f"{spec.get('kind')}={d.get('name')}" for _, spec in specs(files) for d in spec.get("devices") or []
    )
    yield from (f"{name} is defined {known[name]} times" for name in ids if known[name] != 1)
    yield from (f"{name} cannot be parsed" for name, _, spec in files if spec is None)


def versions_are_released(ids: list[str], files: list[File]) -> Iterator[str]:
    """CdiVersion is released and at least what the members need."""
    for name, spec in specs(files):
        version = str(spec.get("cdiVersion"))
        if version not in RELEASED or number(version) < number(minimum(spec)):
            yield f"{name} says {version}, needs {minimum(spec)}"


def versions_are_minimal(ids: list[str], files: list[File]) -> Iterator[str]:
    """CdiVersion is the lowest that the members need, 0.5.0 or below being read by every runtime with DRA."""
    for name, spec in specs(files):
        lowest = max(number(minimum(spec)), number("0.5.0"))
        if number(str(spec.get("cdiVersion"))) > lowest:
            yield f"{name} says {spec.get('cdiVersion')}, {minimum(spec)} is enough"


def number(version: str) -> tuple[int, ...]:
    """A version to compare; unreadable ones are lowest."""
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d+(\.\d+)*", version) else (0,)


def minimum(spec: Spec) -> str:
    """The lowest cdiVersion for what SPEC uses."""
    devices = spec.get("devices") or []
    edits = [spec.get("containerEdits") or {}, *(device.get("containerEdits") or {} for device in devices)]
    if any(edit.get("netDevices") for edit in edits):
        return "1.1.0"
    if any(edit.get("intelRdt") or edit.get("additionalGids") for edit in edits):
        return "0.7.0"
    if (
        spec.get("annotations")
        or any(d.get("annotations") for d in devices)
        or "." in spec.get("kind", "").rpartition("/")[2]
    ):
        return "0.6.0"
    digits = any(str(device.get("name", "a"))[:1].isdigit() for device in devices)
    if digits or any("hostPath" in node for edit in edits for node in edit.get("deviceNodes") or []):
        return "0.5.0"
    return (
        "0.4.0" if any("type" in mount for edit in edits for mount in edit.get("mounts") or []) else "0.3.0"
    )


def fields_are_known(ids: list[str], files: list[File]) -> Iterator[str]:
    """Files have no members that the specification does not know."""
    for name, spec in specs(files):
        yield from (f"{name}: {field}" for field in spec.keys() - TOP)
        yield from (
            f"{name}: devices[].{field}" for d in spec.get("devices") or [] for field in d.keys() - DEVICE
        )
    for where, edits in all_edits(files):
        yield from (f"{where}: {field}" for field in edits.keys() - EDITS)
    for kind, known in (("deviceNodes", NODE), ("mounts", MOUNT), ("hooks", HOOK)):
        yield from (
            f"{where}: {kind}[].{field}"
            for where, item in members(kind, files)
            for field in item.keys() - known
        )


def kinds_agree(ids: list[str], files: list[File]) -> Iterator[str]:
    """The kind of the files is that of the ids."""
    kinds = {spec.get("kind") for _, spec in specs(files)}
    yield from (name for name in ids if name.partition("=")[0] not in kinds)


def devices_have_edits(ids: list[str], files: list[File]) -> Iterator[str]:
    """Every device has edits."""
    for name, spec in specs(files):
        yield from (
            f"{name}: {d.get('name')}"
            for d in spec.get("devices") or []
            if not any((d.get("containerEdits") or {}).values())
        )


def names_are_unique(ids: list[str], files: list[File]) -> Iterator[str]:
    """No qualified name is defined twice."""
    known = Counter(
        f"{spec.get('kind')}={d.get('name')}" for _, spec in specs(files) for d in spec.get("devices") or []
    )
    yield from (f"{name} is defined {count} times" for name, count in known.items() if count > 1)


def environment_is_well_formed(ids: list[str], files: list[File]) -> Iterator[str]:
    """Environment edits are NAME=value."""
    for where, edits in all_edits(files):
        yield from (
            f"{where}: {entry!r}" for entry in edits.get("env") or [] if not re.match(r"[^=]+=", entry)
        )


def device_nodes_are_well_formed(ids: list[str], files: list[File]) -> Iterator[str]:
    """Device nodes have a path, a known type and permissions out of r, w, m."""
    for where, node in members("deviceNodes", files):
        known = node.get("type", "") in ("", "b", "c", "u", "p") and set(node.get("permissions", "")) <= set(
            "rwm"
        )
        if not node.get("path") or not known:
            yield f"{where}: {node}"


def mounts_are_well_formed(ids: list[str], files: list[File]) -> Iterator[str]:
    """Mounts have both paths, and the host path exists."""
    for where, mount in members("mounts", files):
        if not mount.get("containerPath") or not Path(mount.get("hostPath") or "/no/path").exists():
            yield f"{where}: {mount}"


def hooks_are_well_formed(ids: list[str], files: list[File]) -> Iterator[str]:
    """Hooks have a known name and an absolute path that exists."""
    for where, hook in members("hooks", files):
        path = Path(hook.get("path") or "relative")
        if hook.get("hookName") not in HOOKS or not path.is_absolute() or not path.exists():
            yield f"{where}: {hook}"


def file_names_are_safe(ids: list[str], files: list[File]) -> Iterator[str]:
    """File names have at most 255 bytes."""
    yield from (name for name, _, _ in files if len(name.encode()) > 255)


def text_is_clean(ids: list[str], files: list[File]) -> Iterator[str]:
    """Files have no control characters."""
    yield from (name for name, text, _ in files if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|\\u00[01]", text))


RULES: dict[str, tuple[Rule, str]] = {
    "CDI-001": (ids_are_qualified, "the runtime cannot parse the id and the container does not start"),
    "CDI-002": (ids_resolve, "the container does not start"),
    "CDI-004": (versions_are_released, "the runtime refuses the file"),
    "CDI-005": (versions_are_minimal, "older runtimes refuse the file"),
    "CDI-006": (fields_are_known, "the runtime refuses the file"),
    "CDI-007": (kinds_agree, "the id does not resolve"),
    "CDI-008": (devices_have_edits, "the runtime refuses the file"),
    "CDI-009": (names_are_unique, "the runtime drops both devices"),
    "CDI-010": (environment_is_well_formed, "the runtime refuses the file"),
    "CDI-011": (device_nodes_are_well_formed, "the runtime refuses the file"),
    "CDI-012": (mounts_are_well_formed, "the container does not start"),
    "CDI-013": (hooks_are_well_formed, "the container does not start"),
    "CDI-025": (file_names_are_safe, "the file cannot be written"),
    "CDI-030": (text_is_clean, "YAML and JSON readers disagree"),
}
"""{requirement: (rule, why it matters)}."""
