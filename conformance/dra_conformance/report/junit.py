"""Pure: a printable report as JUnit XML: a requirement is a case, with real failure, error and skipped elements."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

SKIPPED = ("not-applicable", "exempt", "disabled", "blocked", "not-covered")


def junit(report: dict[str, Any]) -> bytes:
    """``junit.xml``."""
    root = ET.Element("testsuites", name=f"dra-conformance {report['subject']['driver']}")
    areas: dict[str, list[dict[str, Any]]] = {}
    for row in report["requirements"]:
        areas.setdefault(row["area"], []).append(row)
    for area, rows in areas.items():
        counts = {
            "tests": len(rows),
            "failures": sum(row["verdict"] == "fail" for row in rows),
            "errors": sum(row["verdict"] == "error" for row in rows),
            "skipped": sum(row["verdict"] in SKIPPED for row in rows),
        }
        suite = ET.SubElement(
            root, "testsuite", {"name": area, **{key: str(value) for key, value in counts.items()}}
        )
        for row in rows:
            suite.append(case(row, report["checks"]))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def case(row: dict[str, Any], checks: Sequence[dict[str, Any]]) -> ET.Element:
    """One requirement."""
    seconds = sum(checks[index]["seconds"] for index in row["checks"])
    element = ET.Element(
        "testcase", classname=row["area"], name=f"{row['id']} {row['statement']}"[:250], time=f"{seconds:.3f}"
    )
    reason = row["reason"]
    if row["verdict"] in ("fail", "error"):
        name = "failure" if row["verdict"] == "fail" else "error"
        ET.SubElement(
            element, name, message=reason, type=row["level"]
        ).text = f"{row['statement']}\n{reason}\n{row['source']}"
    elif row["verdict"] in SKIPPED:
        ET.SubElement(element, "skipped", message=f"{row['verdict']}: {reason}")
    elif reason:
        ET.SubElement(element, "system-out").text = f"{row['verdict']}: {reason}"
    return element
