"""The NVLink domains and cliques of a cluster, from its nodes, their plugins' slices and the claims. Pure.

A *domain* is all nodes of one cluster UUID: a rack. A *clique* is a part of it whose GPUs reach each other's memory; a rack that
nobody has divided is one clique. Which node is where is read from the label ``nvidia.com/gpu.clique``, because an allocation can
only be tied to nodes by labels. What the node's GPUs are is read from the attributes of its channel, which the plugin publishes;
without a plugin the label ``nvidia.com/gpu.count`` is enough.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dra_api.objects import AttributeValue, Node, ResourceClaim, ResourceSlice
from dra_api.quantity import parse
from dra_driver.computedomain.names import CLIQUE_OF_NODE, DRIVER, FABRIC_POOL, GPUS, GPUS_OF_NODE, HOSTNAME
from dra_driver.computedomain.requests import CHANNEL_DEVICE

CLIQUE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9]{1,10}")
COUNT_MAX = 1024
"""GPUs of a node that a label is believed to mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A node in a fabric.

    Attributes:
        host: its label ``kubernetes.io/hostname``.
        clique: ``<cluster UUID>.<clique id>``.
        usable: pods can come to it: it is ready and not cordoned.
        fault: what keeps its GPUs from working on the fabric; empty if nothing does.
        degraded: why they work there with less than all of it.
        bandwidth: of a GPU's links in one direction, bytes per second; None if unknown.
        generation: of NVLink.
    """

    node: str
    host: str
    clique: str
    gpus: int
    usable: bool = True
    fault: str = ""
    degraded: str = ""
    bandwidth: int | None = None
    generation: int | None = None

    @property
    def cluster(self) -> str:
        """The cluster UUID."""
        return self.clique.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """A domain or a clique.

    Attributes:
        kind: ``domain`` or ``clique``.
        id: the cluster UUID, of a clique with its id.
        cliques: that are in it.
        elsewhere: GPUs of it that claims of the other kind have.
        used: GPUs of it that claims of this kind have.
    """

    kind: str
    id: str
    cliques: tuple[str, ...]
    members: tuple[Member, ...]
    elsewhere: int = 0
    used: int = 0

    @property
    def good(self) -> tuple[Member, ...]:
        """The nodes that a job can use."""
        return tuple(one for one in self.members if one.usable and not one.fault)

    @property
    def faulty(self) -> tuple[Member, ...]:
        """The nodes whose GPUs do not work on the fabric."""
        return tuple(one for one in self.members if one.fault)

    @property
    def gpus(self) -> int:
        """How many GPUs claims of this kind can have."""
        return max(0, sum(one.gpus for one in self.good) - self.elsewhere)

    @property
    def free(self) -> int:
        """How many of them nobody has."""
        return max(0, self.gpus - self.used)

    @property
    def health(self) -> str:
        """``unhealthy`` when more than half of the nodes have a fault: then it is the fabric, and not the nodes."""
        if 2 * len(self.faulty) > len(self.members):
            return "unhealthy"
        return "degraded" if self.faulty or any(one.degraded for one in self.members) else "healthy"


def pool_of(fabric_id: str) -> str:
    """The name of the pool of a domain or clique."""
    return f"{FABRIC_POOL}{fabric_id}"


def members_of(nodes: Iterable[Node], slices: Iterable[ResourceSlice]) -> list[Member]:
    """The nodes that are in a fabric and have GPUs; a label that is no clique's counts as none."""
    facts = {
        node: device.get("attributes") or {}
        for item in slices
        if (node := item["spec"].get("nodeName"))
        for device in item["spec"].get("devices") or []
        if device["name"] == CHANNEL_DEVICE
    }
    found = (member_of(node, facts.get(node["metadata"]["name"], {})) for node in nodes)
    return sorted((one for one in found if one is not None), key=lambda one: one.node)


def member_of(node: Node, facts: Mapping[str, AttributeValue]) -> Member | None:
    """One node; None if it is in no fabric."""
    name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
    clique = labels.get(CLIQUE_OF_NODE, "")
    count = labels.get(GPUS_OF_NODE, "0")
    labelled = int(count) if re.fullmatch("[0-9]{1,4}", count) else 0
    gpus = number(facts, GPUS) or labelled
    if not CLIQUE.fullmatch(clique) or not 0 < gpus <= COUNT_MAX:
        return None
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = all(one["status"] == "True" for one in conditions if one["type"] == "Ready")
    moved = text(facts, "fabricClique") not in ("", clique)
    return Member(
        node=name,
        host=labels.get(HOSTNAME, name),
        clique=clique,
        gpus=gpus,
        usable=ready and not node.get("spec", {}).get("unschedulable"),
        fault="label-is-stale" if moved else text(facts, "fabricFault"),
        degraded=text(facts, "fabricDegraded"),
        bandwidth=number(facts, "nvlinkBandwidth"),
        generation=number(facts, "nvlinkGeneration"),
    )


def text(facts: Mapping[str, AttributeValue], name: str) -> str:
    """An attribute that is a string; empty if it is not there."""
    return facts[name].get("string", "") if name in facts else ""


def number(facts: Mapping[str, AttributeValue], name: str) -> int | None:
    """An attribute that is a number; None if it is not there."""
    return facts[name].get("int") if name in facts else None


def consumed_by(claims: Iterable[ResourceClaim]) -> dict[str, int]:
    """{pool: GPUs that claims have of it}."""
    found: dict[str, int] = {}
    for claim in claims:
        allocation = (claim.get("status") or {}).get("allocation")
        for result in allocation["devices"].get("results") or [] if allocation else []:
            consumed = result.get("consumedCapacity") or {}
            amount = consumed.get(GPUS, consumed.get(f"{DRIVER}/{GPUS}", "0"))
            if result["driver"] == DRIVER and result["pool"].startswith(FABRIC_POOL):
                found[result["pool"]] = found.get(result["pool"], 0) + int(parse(amount))
    return found


def fabrics_of(members: Sequence[Member], consumed: Mapping[str, int]) -> list[Fabric]:
    """The domains and cliques that MEMBERS make, the fullest first.

    What claims of a domain have may be in any clique of it, so it is taken from each: too little is offered, never too much.
    """
    by_cluster: dict[str, list[Member]] = {}
    for member in members:
        by_cluster.setdefault(member.cluster, []).append(member)
    found = []
    for cluster, inside in by_cluster.items():
        cliques = tuple(sorted({member.clique for member in inside}))
        taken = {clique: consumed.get(pool_of(clique), 0) for clique in cliques}
        whole = consumed.get(pool_of(cluster), 0)
        found.append(
            Fabric(
                kind="domain",
                id=cluster,
                cliques=cliques,
                members=tuple(inside),
                elsewhere=sum(taken.values()),
                used=whole,
            )
        )
        for clique in cliques:
            part = tuple(member for member in inside if member.clique == clique)
            found.append(
                Fabric(
                    kind="clique",
                    id=clique,
                    cliques=(clique,),
                    members=part,
                    elsewhere=whole,
                    used=taken[clique],
                )
            )
    return sorted(found, key=lambda fabric: (fabric.free, fabric.id))
