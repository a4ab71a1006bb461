"""Pure: a finding in five lines, on the terminal and through pytest."""

from dra_conformance.printable import printable
from dra_conformance.steps import before_violation, sentence
from dra_conformance.verdict import Judgement

STEPS = 6


def finding(judgement: Judgement) -> list[str]:
    """The rule, what was done until the violation was seen, what came back, why it matters, where to read."""
    requirement = judgement.requirement
    worst = next((c for c in judgement.checks if c.outcome in ("violated", "error")), None)
    did = (sentence(before_violation(worst), STEPS) or worst.name) if worst else ""
    lines = [
        f"{judgement.verdict.upper()} {requirement.id} ({requirement.level}) {requirement.statement}",
        f"  did:     {did}",
        f"  found:   {judgement.reason}",
        f"  matters: {worst.why if worst else ''}",
        f"  read:    {requirement.source}",
    ]
    return [printable(line) for line in lines]
