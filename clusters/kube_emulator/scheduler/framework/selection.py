"""Pure: which nodes a node selector means (component-helpers scheduling/corev1/nodeaffinity, 1.36)."""

from collections.abc import Mapping, Sequence

from dra_api.objects import (
    Device,
    Node,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    ReadOnlyObject,
    ResourceSliceSpec,
)


def requirement_holds(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    """Whether one requirement holds for a node's labels or fields."""
    key, operator, wanted = requirement["key"], requirement["operator"], requirement.get("values") or []
    have = values.get(key)
    if operator == "In":
        return have is not None and have in wanted
    if operator == "NotIn":
        return have is None or have not in wanted
    if operator == "Exists":
        return have is not None
    if operator == "DoesNotExist":
        return have is None
    if operator in ("Gt", "Lt") and have is not None:
        try:
            left, right = int(have), int(wanted[0])
        except (ValueError, IndexError):
            return False
        return left > right if operator == "Gt" else left < right
    return False


def term_holds(term: NodeSelectorTerm, node: Node) -> bool:
    """Whether all of a term's requirements hold; an empty term holds nowhere."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    labels, named = node["metadata"].get("labels") or {}, {"metadata.name": node["metadata"]["name"]}
    return bool(expressions or fields) and (
        all(requirement_holds(requirement, labels) for requirement in expressions)
        and all(requirement_holds(requirement, named) for requirement in fields)
    )


def selects_node(selector: NodeSelector | None, node: Node) -> bool:
    """Whether one of SELECTOR's terms holds for NODE; no selector means every node."""
    return selector is None or any(term_holds(term, node) for term in selector.get("nodeSelectorTerms") or [])


def chosen_by(spec: ResourceSliceSpec | Device, node: Node) -> bool:
    """Whether NODE is meant by ``nodeName``, ``allNodes`` or ``nodeSelector`` of a slice or device."""
    if spec.get("nodeName"):
        return bool(spec["nodeName"] == node["metadata"]["name"])
    if spec.get("allNodes"):
        return True
    return bool(spec.get("nodeSelector")) and selects_node(spec["nodeSelector"], node)


def named_node(name: str) -> NodeSelector:
    """The selector of one node."""
    requirement: NodeSelectorRequirement = {"key": "metadata.name", "operator": "In", "values": [name]}
    return {"nodeSelectorTerms": [{"matchFields": [requirement]}]}


def selector_of(specs: Sequence[ReadOnlyObject], node: str) -> NodeSelector | None:
    """Where all of SPECS (slices or devices with node fields) can be used together; None: everywhere.

    One that is bound to a node binds the whole allocation to NODE.
    """
    fields: list[NodeSelectorRequirement] = []
    expressions: list[NodeSelectorRequirement] = []
    for spec in specs:
        if spec.get("nodeName") or spec.get("bindsToNode"):
            return named_node(node)
        for term in (spec.get("nodeSelector") or {}).get("nodeSelectorTerms") or []:
            fields += [r for r in term.get("matchFields") or [] if r not in fields]
            expressions += [r for r in term.get("matchExpressions") or [] if r not in expressions]
    together: NodeSelectorTerm = {}
    if expressions:
        together["matchExpressions"] = expressions
    if fields:
        together["matchFields"] = fields
    return {"nodeSelectorTerms": [together]} if together else None
