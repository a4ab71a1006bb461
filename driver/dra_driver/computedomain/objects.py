"""ComputeDomain and ComputeDomainClique (resource.nvidia.com/v1beta1), with conditions, which NVIDIA's does not have."""

from typing import NotRequired, TypedDict

from dra_api.objects import Condition, ObjectMeta


class TemplateReference(TypedDict):
    """``spec.channel.resourceClaimTemplate``."""

    name: str


class Channel(TypedDict):
    """``spec.channel``: the template that is made for the workload's claims; a claim gets one channel, or all."""

    resourceClaimTemplate: TemplateReference
    allocationMode: NotRequired[str]


class ComputeDomainSpec(TypedDict):
    """``spec``, which cannot be changed. ``numNodes``: how many nodes have to be ready; 0: those that joined."""

    channel: Channel
    numNodes: NotRequired[int]


class DomainNode(TypedDict):
    """``status.nodes[]``. ``index`` is -1 and ``cliqueID`` empty for a node outside any fabric."""

    name: str
    ipAddress: str
    cliqueID: str
    index: int
    status: str


class ComputeDomainStatus(TypedDict, total=False):
    """``status``: Ready or NotReady, and why."""

    status: str
    nodes: list[DomainNode]
    conditions: list[Condition]


class ComputeDomain(TypedDict):
    """A ComputeDomain."""

    metadata: ObjectMeta
    spec: ComputeDomainSpec
    status: NotRequired[ComputeDomainStatus]


class CliqueDaemon(TypedDict):
    """``daemons[]`` of a clique."""

    nodeName: str
    ipAddress: str
    cliqueID: str
    index: int
    status: str


class ComputeDomainClique(TypedDict):
    """The daemons of a domain that are in one clique, written by themselves."""

    metadata: ObjectMeta
    daemons: NotRequired[list[CliqueDaemon]]
