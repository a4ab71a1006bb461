"""Regular expressions of schemas: Go's syntax, and never a lifetime."""

from typing import Any

import pytest

from kube_emulator.apiserver.crds.checks import definition_causes
from kube_emulator.apiserver.crds.patterns import matches, problem


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("^[a-z]+$", "abc", True),
        ("^[a-z]+$", "A", False),
        ("b", "abc", True),
        (r"^\pL$", "é", True),
        ("^(a+)+$", "a" * 5000 + "!", False),
        ("(?=a)b", "holds for all: it is no expression", True),
    ],
)
def test_a_text_holds_a_pattern(pattern: str, text: str, holds: bool) -> None:
    assert matches(pattern, text) is holds


@pytest.mark.parametrize("pattern", ["(?=a)b", "[", "a{1001}"])
def test_a_pattern_that_go_does_not_know_is_refused_with_the_kind(pattern: str) -> None:
    assert problem(pattern)
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    version = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": schema}}
    item: dict[str, Any] = {"metadata": {"name": "as.b.c"}, "spec": {"versions": [version]}}
    (cause,) = [cause for cause in definition_causes(item) if "pattern" in cause.field]
    assert "must be a valid regular expression, but isn't" in cause.message
