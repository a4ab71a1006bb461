"""Which files of this Python environment a program needs: our own packages, and distributions with what they require.

Nothing is imported: packages are found by name, so that no program's package becomes a part of this one.
"""

import importlib.metadata
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dra_clusters.errors import EnvironmentFault

SKIPPED = re.compile(
    r"(^|/)(__pycache__|tests?|testing|include|examples)/|\.(pyc|pyi|pxd|pyx|c|h|cpp|hpp|a)$"
)
"""Files that no program reads when it runs; C sources of our own packages are read, and are not filtered."""

METADATA = frozenset({"METADATA", "entry_points.txt"})
"""The files of ``*.dist-info`` that are read when a program runs; the others name folders of this machine."""


def required(names: Iterable[str]) -> list[str]:
    """NAMES and all distributions that they require here, in their normal form.

    Raises:
        EnvironmentFault: one is not installed.
    """
    found: set[str] = set()
    waiting = [normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += filter(None, map(required_name, distribution(name).requires or ()))
    return sorted(found)


def required_name(requirement: str) -> str | None:
    """The distribution of a requirement that holds here; None if it is for other environments or an extra."""
    text, _, marker = requirement.partition(";")
    match = re.match(r"[A-Za-z0-9._-]+", text.strip())
    if match is None or "extra" in marker:
        return None
    name = normal(match[0])
    if not marker.strip():
        return name
    # whoever installed the environment has evaluated the marker: what does not hold is not installed
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return name


def distribution(name: str) -> importlib.metadata.Distribution:
    """An installed distribution.

    Raises:
        EnvironmentFault: it is not installed.
    """
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        message = f"the distribution {name} is not installed; run: pip install dra-conformance"
        raise EnvironmentFault(message) from error


def normal(name: str) -> str:
    """A distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files_of(name: str) -> Iterator[tuple[str, Path]]:
    """(path in site-packages, file) of a distribution."""
    found = distribution(name)
    for entry in found.files or ():
        path = str(entry)
        outside = path.startswith(("/", ".."))
        metadata = ".dist-info/" in path
        if outside or (SKIPPED.search(path) and not metadata) or (metadata and entry.name not in METADATA):
            continue
        file = Path(str(found.locate_file(entry)))
        if file.is_file():
            yield path, file


def package_files(package: str) -> Iterator[tuple[str, Path]]:
    """(path in site-packages, file) of one of our own packages, from a wheel or from the sources.

    Raises:
        EnvironmentFault: there is no such package.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"the package {package} is not installed; run: pip install dra-conformance"
        raise EnvironmentFault(message)
    folder = Path(next(iter(spec.submodule_search_locations)))
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{package}/{file.relative_to(folder)}", file
