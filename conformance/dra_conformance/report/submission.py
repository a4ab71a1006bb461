"""Pure: a report in the forms that others collect: ConformanceReport, a badge, rows for CNCF's AI conformance."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from dra_conformance.profiles import Profile
from dra_conformance.report.model import Report, Row

API_VERSION = "dra-conformance.dev/v1"
COLOURS = {
    "conformant": "brightgreen",
    "robust": "brightgreen",
    "conformant with exemptions": "yellow",
    "incomplete": "lightgrey",
    "not robust": "orange",
    "not conformant": "red",
}


def conformance_report(report: Report) -> dict[str, Any]:
    """One object in the manner of Gateway API's ConformanceReport: versions, implementation, and the result by profile."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ConformanceReport",
        "date": report.suite.date,
        "kubernetesVersion": report.environment.kubernetes,
        "suite": {
            "name": report.suite.name,
            "version": report.suite.version,
            "requirements": report.suite.catalogue,
            "provider": report.environment.provider,
            "seed": report.suite.seed,
            "selection": report.suite.select,
        },
        "implementation": {
            "driver": report.subject.driver,
            "descriptor": report.subject.name,
            "supportedFeatures": sorted(report.subject.features),
        },
        "profiles": [profile_row(profile) for profile in report.profiles],
    }


def profile_row(profile: Profile) -> dict[str, Any]:
    """The result by one profile."""
    lists = {
        "failedRequirements": profile.failed,
        "exemptRequirements": profile.exempt,
        "unjudgedRequirements": profile.unjudged,
        "skippedRequirements": profile.not_selected,
        "uncoveredRequirements": profile.not_covered,
    }
    return {
        "name": profile.name,
        "result": profile.result,
        "statistics": {
            "passed": profile.proven,
            "failed": len(profile.failed),
            "skipped": len(profile.not_selected) + len(profile.unjudged) + len(profile.exempt),
            "uncovered": len(profile.not_covered),
        },
        **{name: list(ids) for name, ids in lists.items() if ids},
    }


def badge(report: Report) -> dict[str, Any]:
    """The endpoint document that shields.io makes a badge of (https://shields.io/badges/endpoint-badge)."""
    chosen = next(one for one in report.profiles if one.name == report.profile)
    judged = chosen.total - len(chosen.not_covered)
    return {
        "schemaVersion": 1,
        "label": f"DRA {chosen.name}, Kubernetes {report.environment.kubernetes}, suite {report.suite.version}",
        "message": f"{chosen.result}, {chosen.proven}/{judged}",
        "color": COLOURS[chosen.result],
        "isError": bool(chosen.failed),
    }


class Item(NamedTuple):
    """A row of CNCF's checklist, and the requirements that are evidence for it.

    Attributes:
        open: what a node-tier run cannot show.
    """

    id: str
    level: str
    description: str
    requirements: tuple[str, ...]
    open: str


ITEMS = (
    Item(
        "dra_support",
        "MUST",
        "Dynamic Resource Allocation works with the driver of the platform's accelerators.",
        ("REG-001", "RSL-001", "PREP-001", "PREP-006", "UNPR-001", "CDI-002"),
        "the API of the platform itself, which Kubernetes' own conformance covers",
    ),
    Item(
        "secure_accelerator_access",
        "MUST",
        "A container reaches the accelerators of its own claims only.",
        ("CDI-018", "CDI-020", "PREP-009", "PREP-010", "UNPR-006", "SEC-012"),
        "a pod without a claim on a real node",
    ),
    Item(
        "gpu_sharing",
        "SHOULD",
        "An accelerator can be shared by several workloads.",
        ("PREP-034", "CDI-021", "CCAP-001", "CCAP-004"),
        "how well workloads are isolated on the hardware",
    ),
)


def ai_conformance(report: Report) -> dict[str, Any]:
    """Rows for ``spec.accelerators`` of PRODUCT.yaml in cncf/k8s-ai-conformance; evidence is this run's junit.xml."""
    rows = {row.id: row for row in report.requirements}
    found = []
    for item in ITEMS:
        members = [rows[name] for name in item.requirements if name in rows]
        judged = [row for row in members if row.verdict in ("pass", "fail", "non-strict", "exempt")]
        found.append(
            {
                "id": item.id,
                "description": item.description,
                "level": item.level,
                "status": status_of(judged, members),
                "evidence": [f"file://junit.xml#{row.id}" for row in judged],
                "notes": notes(item, judged, report),
            }
        )
    return {"spec": {"accelerators": found}}


def status_of(judged: Sequence[Row], members: Sequence[Row]) -> str:
    """The checklist's word: implemented if all that concerns the driver was judged and passes."""
    if not judged:
        return "N/A"
    if any(row.verdict != "pass" for row in judged):
        return "Not Implemented"
    concerned = [row for row in members if row.verdict != "not-applicable"]
    return "Implemented" if len(judged) == len(concerned) else "Partially Implemented"


def notes(item: Item, judged: Iterable[Row], report: Report) -> str:
    """What the status rests on."""
    passed = [row.id for row in judged if row.verdict == "pass"]
    broken = [f"{row.id} {row.verdict}" for row in judged if row.verdict != "pass"]
    return (
        f"{report.suite.name} {report.suite.version}, tier {report.suite.tier}, Kubernetes {report.environment.kubernetes}: "
        f"pass {', '.join(passed) or 'none'}; broken {', '.join(broken) or 'none'}. Not shown by this run: {item.open}."
    )
