"""How a daemon joins the list of a clique's daemons, keeps its number, and leaves. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from dra_driver.computedomain.objects import CliqueDaemon
from dra_driver.errors import DriverError


class CliqueFull(DriverError):
    """Every number of the clique is taken."""


@dataclass(frozen=True, slots=True)
class Member:
    """One daemon.

    Attributes:
        clique: ``<cluster UUID>.<clique id>`` of its node's fabric.
    """

    node: str
    address: str
    clique: str


def joined(daemons: Sequence[CliqueDaemon], member: Member, *, ready: bool, limit: int) -> list[CliqueDaemon]:
    """DAEMONS with MEMBER: under the number that its node had, else the lowest free one below LIMIT.

    Raises:
        CliqueFull: there is none.
    """
    others = [daemon for daemon in daemons if daemon["nodeName"] != member.node]
    taken = {daemon["index"] for daemon in others}
    before = [daemon["index"] for daemon in daemons if daemon["nodeName"] == member.node]
    kept = next((index for index in before if index not in taken and 0 <= index < limit), None)
    index = kept if kept is not None else next((n for n in range(limit) if n not in taken), None)
    if index is None:
        message = (
            f"node {member.node} cannot join clique {member.clique}: all {limit} numbers of its IMEX domain are taken by "
            f"{', '.join(sorted(daemon['nodeName'] for daemon in others))}; use fewer nodes, or raise "
            "--max-nodes-per-imex-domain"
        )
        raise CliqueFull(message)
    entry: CliqueDaemon = {
        "nodeName": member.node,
        "ipAddress": member.address,
        "cliqueID": member.clique,
        "index": index,
        "status": "Ready" if ready else "NotReady",
    }
    return sorted([*others, entry], key=lambda daemon: daemon["index"])


def left(daemons: Sequence[CliqueDaemon], member: Member) -> list[CliqueDaemon]:
    """DAEMONS without MEMBER; an entry of its node with another address is a newer pod's, and stays."""
    return [
        daemon
        for daemon in daemons
        if (daemon["nodeName"], daemon["ipAddress"]) != (member.node, member.address)
    ]


def addresses(daemons: Sequence[CliqueDaemon], limit: int) -> dict[str, str]:
    """{name in the IMEX list of nodes: address} of the daemons that are there."""
    return {
        imex_name(daemon["index"]): daemon["ipAddress"] for daemon in daemons if 0 <= daemon["index"] < limit
    }


def imex_name(index: int) -> str:
    """The name of a daemon, which stays when its address changes."""
    return f"compute-domain-daemon-{index:04}"
