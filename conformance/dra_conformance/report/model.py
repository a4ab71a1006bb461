"""The report's document as types: what ``report.json`` has, and the source of its published JSON schema.

A check appears once, in ``checks``, with its evidence; requirements refer to checks by their index. If one observation
condemns several requirements, ``sameAs`` of all but the first names the first.
"""

from typing import Any, Literal

import msgspec

from dra_conformance.profiles import Profile
from dra_conformance.verdict import Outcome, Tier, Verdict

SCHEMA = "dra-conformance/report/v2"


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all parts: names are camelCase in JSON."""


class ExemptionRow(Shape, frozen=True, kw_only=True):
    """A failure that the vendor accepted until a date."""

    id: str
    reason: str
    owner: str
    expires: str


class Subject(Shape, frozen=True, kw_only=True):
    """The driver that was judged; ``digest`` is that of its program, empty if it is not known."""

    name: str
    driver: str
    digest: str
    command: list[str]
    features: list[str]
    exemptions: list[ExemptionRow]


class Suite(Shape, frozen=True, kw_only=True):
    """What judged it.

    Attributes:
        catalogue: digest of the requirements.
        command: the arguments that started the run.
        tier: the tiers of its checks, e.g. ``node`` or ``node,cluster``.
        seconds: how long it took.
    """

    name: str
    version: str
    catalogue: str
    date: str
    seed: int
    select: str
    command: list[str]
    tier: str
    interrupted: bool
    seconds: float


class Surroundings(Shape, frozen=True, kw_only=True):
    """Where it was judged."""

    kubernetes: str
    provider: str
    machine: str
    python: str
    kernel: str


class CheckRow(Shape, frozen=True, kw_only=True):
    """One check that ran, see ``verdict.CheckResult``."""

    name: str
    requirements: tuple[str, ...]
    outcome: Outcome
    tier: Tier
    rule: str
    why: str
    wanted: str
    found: str
    where: str
    message: str
    seconds: float
    seen_after: int | None
    reruns: int
    driver_log: str
    evidence: tuple[dict[str, Any], ...]


class Row(Shape, frozen=True, kw_only=True):
    """One requirement.

    Attributes:
        profiles: those that it decides.
        tier: the highest one that proved it; empty if it is not proven.
        same_as: the requirement that the same observation condemned first; empty if this one is it.
        checks: indices into the report's checks.
    """

    id: str
    section: Literal["driver", "cluster"]
    level: Literal["MUST", "SHOULD", "MAY"]
    basis: str
    area: str
    feature: str
    profiles: list[str]
    statement: str
    how: str
    argument: str
    source: str
    verdict: Verdict
    tier: Tier | Literal[""]
    reason: str
    same_as: str
    checks: list[int]


class Report(Shape, frozen=True, kw_only=True):
    """``report.json``.

    Attributes:
        profile: the one that decides the exit status.
        summary: {verdict: count} over all requirements.
        levels: the same for each level.
    """

    schema: str
    subject: Subject
    suite: Suite
    environment: Surroundings
    profile: str
    profiles: list[Profile]
    summary: dict[str, int]
    levels: dict[str, dict[str, int]]
    requirements: list[Row]
    checks: list[CheckRow]
