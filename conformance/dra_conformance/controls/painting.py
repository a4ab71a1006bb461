"""The parameters of widgets, which users and administrators write: a color, and gold for administrators."""

import re
from typing import Any

OLD, NEW = "widgets.dra-conformance.dev/v1alpha1", "widgets.dra-conformance.dev/v1"
MEMBERS = {"apiVersion", "kind", "color", "gold"}
WORD = re.compile(r"[a-z]{1,20}")


def problem_of(parameters: dict[str, Any], source: str, defect: str) -> str:
    """Why parameters cannot be used; empty if they can."""
    if parameters.get("kind") != "Paint":
        return f"widgets have no parameters {parameters}"
    old = parameters.get("apiVersion") == OLD
    if old and defect == "forgets-old-parameters":
        return f"unknown version {OLD}"
    unknown = parameters.keys() - MEMBERS - ({"colour"} if old else set())
    if unknown and defect != "lenient-parameters":
        return f"unknown members {sorted(unknown)}"
    if not WORD.fullmatch(str(color_of(parameters) or "none")) and defect != "trusts-parameters":
        return "a color is one word"
    if parameters.get("gold") and source != "FromClass" and defect != "users-get-gold":
        return "gold is for administrators, in the parameters of a class"
    return ""


def color_of(parameters: dict[str, Any]) -> str:
    """The color; in the old version its name was spelled otherwise."""
    return str(parameters.get("color") or parameters.get("colour") or "")
