"""Which requirements a check proves, read from the source of the suite.

Collecting the suite with pytest gives the same answer, but imports gRPC and every check: too slow for ``list``. A test
compares both.
"""

import ast
from pathlib import Path

from dra_conformance.rules import cdi, clusters, features, manifests, slices

SUITE = Path(__file__).parent / "suite"


def covered_ids() -> set[str]:
    """The ids in ``@requirement(...)`` of all checks, and those of the rules that checks are parametrized with."""
    rules = {**slices.RULES, **features.RULES, **cdi.RULES, **manifests.RULES}
    found = {*rules, *(proof.requirement for proof in clusters.PROOFS)}
    for path in SUITE.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "requirement"
            ):
                found.update(str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))
    return found
