"""What the controller does next for one domain, from what exists now. Pure: a list of actions, none where all is well.

Deletion first takes the workload's template, so that no pod can come, and waits for the claims that are there: daemons that
went under a running job would end it. Then go the daemons, the nodes' labels, and last the finalizer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject, Node, Pod, ResourceClaim
from dra_driver.computedomain.names import DOMAIN_LABEL, DRIVER, FINALIZER
from dra_driver.computedomain.objects import ComputeDomain, ComputeDomainClique, ComputeDomainStatus
from dra_driver.computedomain.status import Limits, nodes_of, shown, status_of
from dra_driver.computedomain.wanted import DaemonPods, daemon_set, daemon_template, workload_template


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object."""

    item: JsonObject


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object."""

    item: JsonObject


@dataclass(frozen=True, slots=True)
class SetFinalizers:
    """Write the finalizers of the domain."""

    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    """Take the domain's label from a node."""

    node: str


@dataclass(frozen=True, slots=True)
class SetDaemons:
    """Write the daemons of a clique: those of nodes that left are gone."""

    clique: ComputeDomainClique
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class WriteStatus:
    """Write the domain's status."""

    status: ComputeDomainStatus


@dataclass(frozen=True, slots=True)
class DropFinalizer:
    """Take our finalizer from an object that was made for the domain: this controller sets none there, NVIDIA's does."""

    item: JsonObject


Action = Create | Delete | DropFinalizer | SetFinalizers | RemoveLabel | SetDaemons | WriteStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What exists of a domain and for it.

    Attributes:
        claims: of the domain's namespace; only read while the domain is deleted.
        nodes: with the domain's label.
        plugins: nodes with the kubelet plugin; None while that is not known.
        shared: cliques of the domain in which another one has nodes.
    """

    domain: ComputeDomain
    workload_template: JsonObject | None = None
    daemon_template: JsonObject | None = None
    daemon_set: JsonObject | None = None
    cliques: Sequence[ComputeDomainClique] = ()
    pods: Sequence[Pod] = ()
    nodes: Sequence[Node] = ()
    claims: Sequence[ResourceClaim] = ()
    plugins: int | None = None
    shared: Sequence[str] = ()


def plan(seen: Seen, pods: DaemonPods, now: str) -> list[Action]:
    """The next actions, in order; NOW is a time stamp."""
    if seen.domain["metadata"].get("deletionTimestamp"):
        return list(deletion(seen, pods, now))
    return list(upkeep(seen, pods, now))


def is_ours(item: JsonObject, domain: ComputeDomain) -> bool:
    """Whether an object was made for DOMAIN."""
    return (item["metadata"].get("labels") or {}).get(DOMAIN_LABEL) == domain["metadata"]["uid"]


def waits_unseen(seen: Seen) -> bool:
    """Whether the domain waits for what no watch shows: more nodes with the plugin, or the end of a template of others."""
    taken = seen.workload_template
    wanted = seen.domain["spec"].get("numNodes", 0)
    return (
        (taken is not None and not is_ours(taken, seen.domain))
        or seen.plugins is None
        or wanted > seen.plugins
    )


def upkeep(seen: Seen, pods: DaemonPods, now: str) -> Iterator[Action]:
    """What a domain that is wanted lacks. The finalizer comes first: what is made must be found again."""
    domain = seen.domain
    finalizers = domain["metadata"].get("finalizers") or []
    if FINALIZER not in finalizers:
        yield SetFinalizers((*finalizers, FINALIZER))
    problem = None
    taken = seen.workload_template
    if taken is not None and not is_ours(taken, domain):
        name = f"{taken['metadata']['namespace']}/{taken['metadata']['name']}"
        why = (
            f"ResourceClaimTemplate {name} exists and was not made for this domain; delete it, or create the domain with "
            "another spec.channel.resourceClaimTemplate.name"
        )
        problem = ("TemplateNameTaken", why)
    else:
        if seen.daemon_template is None:
            yield Create(daemon_template(domain, pods))
        if seen.daemon_set is None:
            yield Create(daemon_set(domain, pods))
        if taken is None:
            yield Create(workload_template(domain))
    yield from forget_lost(seen)
    yield from report(seen, pods, now, problem=problem, deleting=None)


def forget_lost(seen: Seen) -> Iterator[Action]:
    """Take nodes without a daemon's pod out of their cliques, so that their indices are free."""
    alive = frozenset(pod["spec"]["nodeName"] for pod in seen.pods if pod["spec"].get("nodeName"))
    for clique in seen.cliques:
        if any(daemon["nodeName"] not in alive for daemon in clique.get("daemons") or []):
            yield SetDaemons(clique, alive)


def report(
    seen: Seen,
    pods: DaemonPods,
    now: str,
    *,
    problem: tuple[str, str] | None,
    deleting: tuple[str, str] | None,
) -> Iterator[Action]:
    """The status, if it is another one."""
    lost = {node["metadata"]["name"] for node in seen.nodes if is_lost(node)}
    nodes, limits = nodes_of(seen.cliques, seen.pods, lost), Limits(pods.max_nodes, seen.plugins)
    status = status_of(
        seen.domain,
        nodes,
        seen.pods,
        limits=limits,
        shared=seen.shared,
        problem=problem,
        deleting=deleting,
        now=now,
    )
    if status != seen.domain.get("status"):
        yield WriteStatus(status)


def is_lost(node: Node) -> bool:
    """Whether the kubelet of NODE does not answer."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] != "True" for one in conditions)


def deletion(seen: Seen, pods: DaemonPods, now: str) -> Iterator[Action]:
    """The next step of a deletion."""
    domain = seen.domain
    if FINALIZER not in (domain["metadata"].get("finalizers") or []):
        return
    if seen.workload_template is not None and is_ours(seen.workload_template, domain):
        yield from remove(seen.workload_template)
    users = users_of(domain, seen.claims)
    if users:
        why = f"{len(users)} claims use the domain: {shown(users)}; it goes when their pods have ended"
        yield from report(seen, pods, now, problem=None, deleting=("InUse", why))
        return
    made = [item for item in (seen.daemon_set, seen.daemon_template) if item is not None]
    for item in made:
        yield from remove(item)
    if made or seen.pods:
        why = f"{len(seen.pods)} daemons have not ended"
        yield from report(seen, pods, now, problem=None, deleting=("DaemonsRunning", why))
        return
    yield from (RemoveLabel(node["metadata"]["name"]) for node in seen.nodes)
    kept = [one for one in domain["metadata"].get("finalizers") or [] if one != FINALIZER]
    yield SetFinalizers(tuple(kept))


def remove(item: JsonObject) -> Iterator[Action]:
    """Delete an object; one with a finalizer of NVIDIA's controller would wait for that controller for ever."""
    if not item["metadata"].get("deletionTimestamp"):
        yield Delete(item)
    if FINALIZER in (item["metadata"].get("finalizers") or []):
        yield DropFinalizer(item)


def users_of(domain: ComputeDomain, claims: Sequence[ResourceClaim]) -> list[str]:
    """The claims that are allocated a channel of DOMAIN."""
    return sorted(
        claim["metadata"]["name"] for claim in claims if domain_id(claim) == domain["metadata"]["uid"]
    )


def domain_id(claim: ResourceClaim) -> str:
    """The domain that an allocated claim names; empty if none."""
    allocation = (claim.get("status") or {}).get("allocation")
    if not allocation:
        return ""
    for config in (allocation.get("devices") or {}).get("config") or []:
        opaque = config.get("opaque")
        if opaque and opaque["driver"] == DRIVER:
            return str(opaque["parameters"].get("domainID", ""))
    return ""
