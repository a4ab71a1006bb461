"""Pure: where a pod goes for the sake of other pods (kube-scheduler's plugin InterPodAffinity, its Filter, 1.37).

A term names pods and a label of nodes; all nodes with the same value of the label are one place. What only prefers a
node is not looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dra_api.objects import JsonObject, Node, Pod
from kube_emulator.apiserver.query.labels import selects

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
Place = tuple[str, str]
"""(label of nodes, its value)."""
Placed = tuple[Pod, Node]


def terms_of(pod: Pod, kind: str) -> list[JsonObject]:
    """What POD requires of others; KIND is ``podAffinity`` or ``podAntiAffinity``."""
    return ((pod["spec"].get("affinity") or {}).get(kind) or {}).get(REQUIRED) or []


def concerned(pod: Pod) -> bool:
    """Whether POD requires anything of other pods."""
    return bool(terms_of(pod, "podAffinity") or terms_of(pod, "podAntiAffinity"))


def means(term: JsonObject, owner: Pod, other: Pod, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether TERM of the pod OWNER means the pod OTHER; NAMESPACES: {name: labels}.

    Without names and without a selector of namespaces it is the owner's own; an empty selector means all of them.
    """
    names, selector = term.get("namespaces") or [], term.get("namespaceSelector")
    if not names and selector is None:
        names = [owner["metadata"]["namespace"]]
    namespace = other["metadata"]["namespace"]
    there = namespace in names or selects(selector, namespaces.get(namespace, {}))
    return there and selects(term.get("labelSelector"), other["metadata"].get("labels") or {})


def place_of(term: JsonObject, node: Node) -> set[Place]:
    """The place of NODE in TERM; none if it lacks the label."""
    value = (node["metadata"].get("labels") or {}).get(term["topologyKey"])
    return set() if value is None else {(term["topologyKey"], value)}


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What other pods mean for where a pod goes."""

    wanted: Sequence[str]
    """The labels of nodes in the terms of its affinity."""
    near: frozenset[Place]
    """The places of the pods that all these terms mean."""
    first: bool
    """Whether it is the first of pods that want to be together: then nobody is near, and it may go anywhere."""
    avoided: frozenset[Place]
    """Where pods are that it must not be with."""
    defended: frozenset[Place]
    """Where pods are that must not be with it."""

    @classmethod
    def of(
        cls, pod: Pod, placed: Iterable[Placed], namespaces: Mapping[str, Mapping[str, str]]
    ) -> "Neighbours":
        """Those of POD among PLACED pods; NAMESPACES: {name: labels}."""
        affinity, aversion = terms_of(pod, "podAffinity"), terms_of(pod, "podAntiAffinity")
        near, avoided, defended = set[Place](), set[Place](), set[Place]()
        for other, node in placed:
            if affinity and all(means(term, pod, other, namespaces) for term in affinity):
                near.update(*(place_of(term, node) for term in affinity))
            for term in aversion:
                avoided |= place_of(term, node) if means(term, pod, other, namespaces) else set()
            for term in terms_of(other, "podAntiAffinity"):
                defended |= place_of(term, node) if means(term, other, pod, namespaces) else set()
        first = bool(affinity) and not near and all(means(term, pod, pod, namespaces) for term in affinity)
        wanted = [term["topologyKey"] for term in affinity]
        return cls(wanted, frozenset(near), first, frozenset(avoided), frozenset(defended))

    def refusal(self, node: Node) -> str:
        """Why the pod cannot be on NODE, with kube-scheduler's message; nothing if it can."""
        places = (node["metadata"].get("labels") or {}).items()
        mine = {place for place in places if place[0] in self.wanted}
        if len(mine) < len(set(self.wanted)) or not (self.first or mine <= self.near):
            return "node(s) didn't match pod affinity rules"
        if self.avoided & places:
            return "node(s) didn't match pod anti-affinity rules"
        if self.defended & places:
            return "node(s) didn't satisfy existing pods anti-affinity rules"
        return ""
