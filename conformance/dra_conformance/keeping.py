"""``--keep-on-failure``: a copy of the node's folder (state, CDI files, log) as it was when a failed check ended.

What the check cleaned up itself is gone; the timeline has it. A copy, because checks share the node and go on with it. Sockets are left out, and so are large files: a driver may flood
its log.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from dra_conformance.harness.harness import Harness

FOLDER = "kept"
FILE_MAX = 4 << 20


def keep(values: Iterable[object], check: str, output: Path) -> list[Path]:
    """Copy the folders of the harnesses among VALUES, the fixtures of CHECK; the copies."""
    found = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", check)[:150].lstrip(".")
    kept = []
    for harness in found:
        if isinstance(harness, Harness):
            target = output / FOLDER / name / harness.folder.name
            shutil.copytree(harness.folder, target, ignore=left_out, dirs_exist_ok=True, symlinks=True)
            kept.append(target)
    return kept


def left_out(folder: str, names: list[str]) -> list[str]:
    """What of a folder is not copied."""
    found = []
    for name in names:
        path = Path(folder) / name
        plain = path.is_dir() or path.is_symlink()
        if not plain and not (path.is_file() and path.stat().st_size <= FILE_MAX):
            found.append(name)
    return found
