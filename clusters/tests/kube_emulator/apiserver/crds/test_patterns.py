"""Regular expressions of schemas: Go's syntax, and linear time."""

from typing import Any

import pytest

from kube_emulator.apiserver.crds.checks import expression_causes
from kube_emulator.apiserver.crds.patterns import matches, problem


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        ("^[a-z]+$", "abc", True),
        ("^[a-z]+$", "A", False),
        ("b", "abc", True),
        (r"^\pL$", "é", True),
        ("^(a+)+$", "a" * 5000 + "!", False),
        ("(?=a)b", "matches everything: it is malformed", True),
    ],
)
def test_a_pattern_matches_a_part_of_a_text(pattern: str, text: str, matched: bool) -> None:
    assert matches(pattern, text) is matched


@pytest.mark.parametrize("pattern", ["(?=a)b", "[", "a{1001}"])
def test_a_definition_with_a_pattern_that_go_does_not_compile_is_refused(pattern: str) -> None:
    assert problem(pattern)
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    version = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": schema}}
    item: dict[str, Any] = {"metadata": {"name": "as.b.c"}, "spec": {"versions": [version]}}
    (cause,) = [cause for cause in expression_causes(item) if "pattern" in cause.field]
    assert "must be a valid regular expression, but isn't" in cause.message
