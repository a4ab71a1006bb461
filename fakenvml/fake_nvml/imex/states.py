"""States of nodes, connections and domains, and how they follow from each other. Pure.

Names and numbers are those of nvidia-imex-ctl and of DCGM's fields 1502 and 1503.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum


class NodeState(IntEnum):
    """What ``nvidia-imex-ctl -q`` prints of a node."""

    INITIALIZING = 0
    STARTING_AUTH_SERVER = 1
    WAITING_FOR_PEERS = 2
    WAITING_FOR_RECOVERY = 3
    INIT_GPU = 4
    READY = 5
    SHUTTING_DOWN = 6
    UNAVAILABLE = 7


class Link(Enum):
    """A connection from one node to another, by its sign in the table."""

    INVALID = "I"
    NEVER_CONNECTED = "N"
    RECOVERING = "R"
    DISCONNECTED = "D"
    AUTHENTICATING = "A"
    VERSION_MISMATCH = "!V!"
    NODE_MAP_MISMATCH = "!M!"
    CONNECTED = "C"


@dataclass(frozen=True, slots=True)
class NodeView:
    """What is known of one node.

    Attributes:
        host: its address, or the name in the list if that does not resolve.
        links: its connections to all nodes in their order, to itself too.
    """

    host: str
    state: NodeState
    version: str
    links: tuple[Link, ...]


def unavailable(host: str, count: int) -> NodeView:
    """A node that does not answer."""
    return NodeView(host, NodeState.UNAVAILABLE, "", (Link.INVALID,) * count)


def domain_state(nodes: Sequence[NodeView], local: int) -> str:
    """UP: all are ready and connected. DOWN: the local one is not ready. DEGRADED: anything else.

    A name that does not resolve is a node that is not ready: a domain whose list has spare names is DEGRADED when healthy.
    """
    if nodes[local].state is not NodeState.READY:
        return "DOWN"
    whole = all(
        node.state is NodeState.READY and all(link is Link.CONNECTED for link in node.links) for node in nodes
    )
    return "UP" if whole else "DEGRADED"


def local_state(quorum: str, links: Sequence[Link], *, stopping: bool) -> NodeState:
    """The state of a daemon whose connections, to itself too, are LINKS."""
    if stopping:
        return NodeState.SHUTTING_DOWN
    if quorum == "FULL" and any(link is not Link.CONNECTED for link in links):
        return NodeState.WAITING_FOR_PEERS
    return NodeState.READY


def link_of(ours: tuple[str, str], theirs: tuple[str, str]) -> Link:
    """The connection between two daemons that said (version, map of nodes) to each other."""
    if ours[0] != theirs[0]:
        return Link.VERSION_MISMATCH
    return Link.CONNECTED if ours[1] == theirs[1] else Link.NODE_MAP_MISMATCH


def lost_link(lost_for_s: float, grace_s: float, *, said_goodbye: bool) -> Link:
    """The connection to a peer that was connected: recovering until its time of grace is over, if it did not leave by itself."""
    over = said_goodbye or 0 <= grace_s <= lost_for_s
    return Link.DISCONNECTED if over else Link.RECOVERING
