"""What ``nvidia-imex-ctl -N`` prints, as text and as JSON. Pure. After outputs of real domains on 570 and 580."""

import json
from collections.abc import Sequence
from datetime import datetime

from fake_nvml.imex.states import Link, NodeView, domain_state

LEGEND = """\
Connectivity Table Legend:
I - Invalid: the node does not answer, its connections are not known
N - Never connected
R - Recovering: the connection was lost and is not cleaned up yet
D - Disconnected: the connection was lost and is cleaned up
A - Authenticating
!V! - Versions differ, no communication
!M! - Lists of nodes differ, no communication
C - Connected
"""


def moment(now: datetime) -> str:
    """A time as nvidia-imex-ctl prints it: month and day without zeros, milliseconds."""
    return f"{now.month}/{now.day}/{now.year} {now:%H:%M:%S}.{now.microsecond // 1000:03}"


def as_text(nodes: Sequence[NodeView], local: int, now: datetime) -> str:
    """The table. The local node's address is between asterisks."""
    lines = [LEGEND, moment(now), "Nodes:"]
    for number, node in enumerate(nodes):
        left, right = ("*", "*") if number == local else ("-", "-")
        version = f"Version: {node.version or 'N/A'}"
        lines.append(f"Node #{number:<3} {left} {node.host:<15} {right} {node.state.name:<20} - {version}")
    lines += ["", " Nodes From\\To  " + "".join(f"{number:<4}" for number in range(len(nodes)))]
    for number, node in enumerate(nodes):
        lines.append(f"       {number:<9}" + "".join(f"{link.value:<4}" for link in node.links))
    lines.append(f"Domain State: {domain_state(nodes, local)}")
    return "\n".join(lines) + "\n"


def as_json(nodes: Sequence[NodeView], local: int, now: datetime) -> str:
    """One JSON object in a line."""
    found = {
        str(number): {
            "status": node.state.name,
            "host": node.host,
            "hostName": "N/A",
            "connections": {
                str(other): {"host": nodes[other].host, "status": word(link), "changed": False}
                for other, link in enumerate(node.links)
            },
        }
        for number, node in enumerate(nodes)
    }
    return json.dumps({"nodes": found, "timestamp": moment(now), "status": domain_state(nodes, local)}) + "\n"


def word(link: Link) -> str:
    """A connection's status in JSON."""
    return link.name
