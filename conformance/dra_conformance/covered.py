"""Which requirements a check proves, read from the source of the suite.

Collecting the suite with pytest gives the same answer, but imports gRPC and every check: too slow for ``list``. A test
compares both.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from dra_conformance.extensions import check_folders
from dra_conformance.rules import cdi, clusters, features, manifests, slices
from dra_conformance.rules.sequences import REASONS

SUITE = Path(__file__).parent / "suite"


def covered_ids() -> set[str]:
    """The ids in ``@requirement(...)`` of all checks, and those of the rules that checks are parametrized with."""
    rules = {**slices.RULES, **features.RULES, **cdi.RULES, **manifests.RULES, **REASONS}
    return {*rules, *(proof.requirement for proof in clusters.PROOFS), *checks_of()}


def checks_of() -> dict[str, list[str]]:
    """{requirement: the checks that name it, as ``test_cdi.py::test_file_names``}, third parties' too."""
    found: dict[str, list[str]] = {}
    for folder in (SUITE, *check_folders()):
        for path in sorted(folder.rglob("test_*.py")):
            for function in checks_in(ast.parse(path.read_bytes())):
                for name in ids_of(function):
                    found.setdefault(name, []).append(f"{path.name}::{function.name}")
    return found


def checks_in(body: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The functions of a module and of its classes, where pytest looks; a walk through all of the tree is what takes time."""
    for item in body.body:
        if isinstance(item, ast.FunctionDef):
            yield item
        elif isinstance(item, ast.ClassDef):
            yield from checks_in(item)


def ids_of(function: ast.FunctionDef) -> set[str]:
    """The ids in the marks of a check and of its parameters."""
    return {
        str(argument.value)
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "requirement"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
