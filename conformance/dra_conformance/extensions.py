"""Requirements and checks of third parties, found by entry points, each in a namespace of its own.

A package that has both declares them in its metadata; the name of the entry point is the namespace::

    [project.entry-points."dra_conformance.requirements"]
    acme = "acme_conformance.requirements"      # a package with YAML files as in our catalogue

    [project.entry-points."dra_conformance.checks"]
    acme = "acme_conformance.checks"            # a package with test_*.py files

Ids begin with the namespace in capitals (``ACME-001``). Such a requirement never decides *core* or *robust*: the
namespace is a profile.
"""

import importlib.util
import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from dra_conformance.errors import UsageError

REQUIREMENTS = "dra_conformance.requirements"
CHECKS = "dra_conformance.checks"
NAMESPACE = re.compile(r"[a-z][a-z0-9]{1,19}")


def requirement_folders() -> dict[str, Path]:
    """{namespace: the folder with its YAML files}."""
    return {point.name: folder_of(point) for point in entry_points(group=REQUIREMENTS)}


def check_folders() -> list[Path]:
    """The folders with checks, by namespace."""
    return [folder_of(point) for point in sorted(entry_points(group=CHECKS))]


def folder_of(point: EntryPoint) -> Path:
    """The folder of a package that an entry point names; nothing of it is imported.

    Raises:
        UsageError: the namespace cannot be one, or there is no such package.
    """
    if not NAMESPACE.fullmatch(point.name):
        message = f"entry point {point.name!r} of {point.group}: wanted a namespace of 2 to 20 small letters and digits"
        raise UsageError(message)
    try:
        spec = importlib.util.find_spec(point.value)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        message = f"entry point {point.name} of {point.group}: {point.value} is no package that can be found"
        raise UsageError(message)
    return Path(next(iter(spec.submodule_search_locations)))


def id_problem(namespace: str, requirement_id: str) -> str:
    """Why an id cannot be one of NAMESPACE; empty if it can."""
    wanted = f"{namespace.upper()}-"
    if requirement_id.startswith(wanted) and re.fullmatch(r"[A-Z0-9-]{4,40}", requirement_id):
        return ""
    return f"requirement {requirement_id!r} of {namespace}: wanted an id such as {wanted}001"
