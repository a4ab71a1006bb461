"""What is wrong with a ComputeDomain when it is written. Pure.

The definition refuses most of it, too; here each problem has the path of its field, and a server with NVIDIA's definition, whose
rules are fewer, refuses the same.
"""

import re
from collections.abc import Iterator
from typing import Any

from dra_driver.computedomain.requests import MODES

LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
NAME_MAX = 253
NODES_MAX = 2**31 - 1


def domain_problems(domain: Any) -> Iterator[str]:
    """What is wrong with a ComputeDomain, each with its field's path."""
    spec = domain.get("spec") if isinstance(domain, dict) else None
    if not isinstance(spec, dict):
        yield "spec: wanted an object with a channel"
        return
    number = spec.get("numNodes", 0)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= NODES_MAX:
        yield f"spec.numNodes: {number!r}; wanted how many nodes have to be ready, 0 for those that join"
    channel = spec.get("channel")
    if not isinstance(channel, dict):
        yield "spec.channel: wanted an object with a resourceClaimTemplate"
        return
    mode = channel.get("allocationMode", MODES[0])
    if mode not in MODES:
        yield f"spec.channel.allocationMode: {mode!r}; wanted one of {', '.join(MODES)}"
    template = channel.get("resourceClaimTemplate")
    name = template.get("name") if isinstance(template, dict) else None
    if not isinstance(name, str) or len(name) > NAME_MAX or not SUBDOMAIN.fullmatch(name):
        yield (
            f"spec.channel.resourceClaimTemplate.name: {name!r}; wanted the name of the template that is made for the workload "
            "(a-z, 0-9, '-' and '.')"
        )
