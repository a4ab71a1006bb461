"""The picture: frozen values that say all of it, for the terminal and for ``--output json``."""

from dataclasses import dataclass

WELL, DEGRADED, SICK = "well", "degraded", "sick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has a device: a claim, the pods that it is reserved for, and the JOB that they belong to (or the pod, or the claim)."""

    claim: str
    pods: tuple[str, ...]
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePicture:
    """One device of a node.

    Attributes:
        links: NVLinks that are up; None where the driver does not say.
        health: ``WELL``, ``DEGRADED`` (something informs of a fault) or ``SICK`` (new pods are kept away).
        faults: taints, as KEY=VALUE:EFFECT.
    """

    name: str
    driver: str
    uuid: str
    links: int | None
    health: str
    faults: tuple[str, ...]
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePicture:
    """One node.

    Attributes:
        fault: why no pod is placed there; empty if pods are.
        domains: ComputeDomains, NAMESPACE/NAME, that have the node.
    """

    name: str
    clique: str
    fault: str
    devices: tuple[DevicePicture, ...]
    domains: tuple[str, ...]
    pods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RackPicture:
    """Nodes of one NVLink domain; ``fabric`` is its cluster UUID, empty for nodes outside of any."""

    name: str
    fabric: str
    nodes: tuple[NodePicture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricDevicePicture:
    """A device that nodes share, such as a whole NVLink domain; CONSUMED is what claims took of its capacity, as NAME=N of M."""

    name: str
    pool: str
    driver: str
    consumed: tuple[str, ...]
    faults: tuple[str, ...]
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPicture:
    """A ComputeDomain: its status, the reason of its condition Ready if it has one, and its nodes with their status."""

    name: str
    status: str
    reason: str
    nodes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPod:
    """A pod that is not placed, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All of it."""

    racks: tuple[RackPicture, ...]
    fabrics: tuple[FabricDevicePicture, ...]
    domains: tuple[DomainPicture, ...]
    waiting: tuple[WaitingPod, ...]
