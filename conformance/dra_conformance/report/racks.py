"""Pure: who is where on the racks of a run, for the page: racks, their nodes with devices, and the jobs and domains that have them.

A check on racks records a picture of them when it ends (``steps.RACKS``). The page shows those in which most happens, those of
violated checks first; the others are in report.json.
"""

import json
from typing import Any, NamedTuple

from dra_conformance.steps import RACKS

SHOWN = 4
HUES = 360
FIRST, GOLDEN = 210, 137
"""The colour of the first job, and degrees between the colours of two jobs: neighbours differ, however many there are."""


class Job(NamedTuple):
    """A job, and its colour as a hue."""

    name: str
    hue: int


class Chip(NamedTuple):
    """A device: who has it, None if nobody; ``faults`` are taints."""

    name: str
    job: Job | None
    health: str
    faults: str


class NodeCard(NamedTuple):
    """A node; ``domains`` are (name, status there)."""

    name: str
    clique: str
    fault: str
    chips: list[Chip]
    domains: list[tuple[str, str]]
    pods: list[str]


class Rack(NamedTuple):
    """Nodes of one NVLink domain."""

    name: str
    nodes: list[NodeCard]


class RackView(NamedTuple):
    """The racks at the end of one check; ``domains`` are (name, status, reason), ``waiting`` (pod, why)."""

    check: str
    rule: str
    outcome: str
    racks: list[Rack]
    domains: list[tuple[str, str, str]]
    waiting: list[tuple[str, str]]

    @property
    def weight(self) -> tuple[bool, int]:
        """Violated checks first, then those with the most devices and domains in use."""
        cards = [card for rack in self.racks for card in rack.nodes]
        used = sum(chip.job is not None for card in cards for chip in card.chips)
        return self.outcome == "violated", used + sum(len(card.domains) for card in cards)


def rack_views(report: dict[str, Any]) -> list[RackView]:
    """The pictures that are shown; none for a run without racks."""
    found = [
        view(check, picture)
        for check in report["checks"]
        for step in check["evidence"]
        if step["kind"] == "object" and step["what"] == RACKS
        if (picture := decoded(step.get("picture", ""))) is not None
    ]
    return sorted(found, key=lambda one: one.weight, reverse=True)[:SHOWN]


def decoded(text: str) -> dict[str, Any] | None:
    """A picture; None if it was cut, because it was too large to keep."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def view(check: dict[str, Any], picture: dict[str, Any]) -> RackView:
    """The picture of one check."""
    jobs = jobs_of(picture)
    statuses = {domain["name"]: dict(domain["nodes"]) for domain in picture["domains"]}
    return RackView(
        check["name"],
        check["rule"],
        check["outcome"],
        [
            Rack(rack["name"], [card(node, jobs, statuses) for node in rack["nodes"]])
            for rack in picture["racks"]
        ],
        [(domain["name"], domain["status"], domain["reason"]) for domain in picture["domains"]],
        [(pod["name"], pod["why"]) for pod in picture["waiting"]],
    )


def jobs_of(picture: dict[str, Any]) -> dict[str, Job]:
    """{name: job}, in the order in which they are first seen."""
    devices = [device for rack in picture["racks"] for node in rack["nodes"] for device in node["devices"]]
    names = dict.fromkeys(holder["job"] for device in devices for holder in device["holders"])
    return {name: Job(name, (FIRST + number * GOLDEN) % HUES) for number, name in enumerate(names)}


def card(node: dict[str, Any], jobs: dict[str, Job], statuses: dict[str, dict[str, str]]) -> NodeCard:
    """One node."""
    chips = [
        Chip(
            device["name"],
            jobs[device["holders"][0]["job"]] if device["holders"] else None,
            device["health"],
            ", ".join(device["faults"]),
        )
        for device in node["devices"]
    ]
    domains = [(name, statuses[name].get(node["name"], "")) for name in node["domains"]]
    return NodeCard(node["name"], node["clique"], node["fault"], chips, domains, list(node["pods"]))
