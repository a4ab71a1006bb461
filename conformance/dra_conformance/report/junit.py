"""Pure: a printable report as JUnit XML as GitHub and GitLab read it: a requirement is a case, an area is a suite.

What makes the exit code 1 is a *failure*, what could not be judged an *error*. Everything else that is not a pass is
*skipped* with its verdict as the message, as pytest reports an expected failure.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

BODY_MAX = 2000
NAME_MAX = 250


def junit(report: dict[str, Any]) -> bytes:
    """``junit.xml``."""
    rows = report["requirements"]
    name = f"dra-conformance {report['subject']['driver']}"
    root = ET.Element("testsuites", {"name": name, **counts(rows, report)})
    areas: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        areas.setdefault(row["area"], []).append(row)
    for area, members in areas.items():
        attributes = {"name": area, "timestamp": report["suite"]["date"][:19], **counts(members, report)}
        suite = ET.SubElement(root, "testsuite", attributes)
        suite.extend(case(row, report) for row in members)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def counts(rows: Sequence[dict[str, Any]], report: dict[str, Any]) -> dict[str, str]:
    """The attributes of a suite that count."""
    kinds = [kind_of(row, report["profile"]) for row in rows]
    seconds = sum(seconds_of(row, report) for row in rows)
    return {
        "tests": str(len(rows)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": f"{seconds:.3f}",
    }


def kind_of(row: dict[str, Any], profile: str) -> str:
    """The element that says what became of a requirement; empty for a pass."""
    match row["verdict"]:
        case "pass":
            return ""
        case "fail" if profile in row["profiles"]:
            return "failure"
        case "error":
            return "error"
        case _:
            return "skipped"


def seconds_of(row: dict[str, Any], report: dict[str, Any]) -> float:
    """How long its checks took."""
    return sum(report["checks"][index]["seconds"] for index in row["checks"])


def case(row: dict[str, Any], report: dict[str, Any]) -> ET.Element:
    """One requirement."""
    name = f"{row['id']} {row['statement']}"[:NAME_MAX]
    element = ET.Element("testcase", classname=row["area"], name=name, time=f"{seconds_of(row, report):.3f}")
    kind = kind_of(row, report["profile"])
    reason = row["reason"][:BODY_MAX]
    if kind == "skipped":
        ET.SubElement(element, "skipped", message=f"{row['verdict']}: {reason}")
    elif kind:
        same = f"same observation as {row['sameAs']}\n" if row["sameAs"] else ""
        body = f"{row['statement']}\n{same}{reason}\n{row['source']}\nreport.html#{row['id']}"
        ET.SubElement(element, kind, message=reason, type=row["level"]).text = body
    return element
