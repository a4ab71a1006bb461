"""The requirements: 505 rules on drivers and clusters, one YAML file per area, each with level, basis and source; and our own.

``level`` is MUST, SHOULD or MAY. ``basis`` says why it is a rule: *stated* by upstream, *inferred* from how Kubernetes
behaves, *practice* of good drivers, or needed by upstream's *helper* library. ``feature`` is ``core`` or the feature
gate that brings it. A catalogue with a duplicate id or an unknown level, basis or section does not load.
"""

import fnmatch
import functools
import hashlib
from collections.abc import Iterable
from importlib import resources
from typing import Literal

import msgspec

from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.extensions import id_problem, requirement_folders

OWN = ("mnl",)
"""Namespaces of this suite itself, each a folder here: what no upstream document states as a whole."""


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    Attributes:
        section: who must obey: the driver or the cluster.
        how: how it can be observed from outside.
        source: where upstream says it.
        argument: of a rule that upstream does not state: what breaks without it, and where that was seen; of one that was
            lowered: why it is no MUST.
        namespace: of third parties, or one of ``OWN``; empty for what Kubernetes and CDI demand.
        no_check: why no check can prove it from outside; empty for all others.
    """

    id: str
    section: Literal["driver", "cluster"]
    level: Literal["MUST", "SHOULD", "MAY"]
    basis: Literal["stated", "inferred", "practice", "helper"]
    feature: str
    statement: str
    how: str
    source: str
    no_check: str = ""
    argument: str = ""
    area: str = ""
    namespace: str = ""


@functools.cache
def load_catalogue() -> dict[str, Requirement]:
    """{id: requirement}, by area and id.

    Raises:
        HarnessError: a file of the catalogue is broken.
    """
    found: dict[str, Requirement] = {}
    here = resources.files(__package__)
    folders = {"": here, **{name: here / name for name in OWN}, **requirement_folders()}
    for namespace, folder in folders.items():
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".yaml"):
                add_file(found, namespace, path.name, path.read_bytes())
    return found


def add_file(found: dict[str, Requirement], namespace: str, name: str, text: bytes) -> None:
    """Add the requirements of one file.

    Raises:
        HarnessError: it is broken.
    """
    try:
        listed = msgspec.yaml.decode(text, type=list[Requirement])
    except msgspec.MsgspecError as error:
        message = f"catalogue file {name}: {error}"
        raise HarnessError(message) from error
    area = name.removesuffix(".yaml")
    for item in listed:
        problem = id_problem(namespace, item.id) if namespace else ""
        if item.id in found:
            problem = f"requirement {item.id} is listed twice"
        if problem:
            message = f"catalogue file {name}: {problem}"
            raise HarnessError(message)
        foreign = namespace and namespace not in OWN
        found[item.id] = msgspec.structs.replace(
            item, namespace=namespace, area=f"{namespace}-{area}" if foreign else area
        )


def catalogue_digest() -> str:
    """The digest of all requirements: two runs with the same one were judged by the same rules."""
    text = msgspec.json.encode(list(load_catalogue().values()))
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def one(requirement_id: str) -> Requirement:
    """The requirement with that id.

    Raises:
        UsageError: there is none; the text names the nearest.
    """
    import difflib

    catalogue = load_catalogue()
    if requirement_id.upper() in catalogue:
        return catalogue[requirement_id.upper()]
    near = difflib.get_close_matches(requirement_id.upper(), catalogue, n=3)
    message = f"unknown requirement {requirement_id!r}; " + (
        f"did you mean {', '.join(near)}?" if near else "dra-conformance list shows all"
    )
    raise UsageError(message)


def select(expression: str) -> set[str]:
    """The ids that EXPRESSION chooses: comma-separated ids, patterns (``REG-*``), areas, features, levels or sections.

    A term that begins with ``!`` excludes. An empty expression, or one that only excludes, starts from all.

    Raises:
        UsageError: a term matches nothing.
    """
    catalogue = load_catalogue()
    terms = [term.strip() for term in expression.split(",") if term.strip()]
    plus = [term for term in terms if not term.startswith("!")]
    chosen = matching(plus, catalogue.values()) if plus else set(catalogue)
    return chosen - matching([term[1:] for term in terms if term.startswith("!")], catalogue.values())


def matching(terms: Iterable[str], requirements: Iterable[Requirement]) -> set[str]:
    """The ids that any of TERMS names."""
    requirements = list(requirements)
    chosen: set[str] = set()
    for term in terms:
        found = {
            r.id
            for r in requirements
            if term in (r.area, r.feature, r.level, r.section) or fnmatch.fnmatchcase(r.id, term.upper())
        }
        if not found:
            message = f"--select {term!r} matches no requirement; wanted an id, a pattern like REG-*, an area, a feature, a level, driver or cluster"
            raise UsageError(message)
        chosen |= found
    return chosen
