"""Pure: which writes a webhook or policy is for: rules, equivalent versions, selectors.

After apiserver ``plugin/webhook/predicates`` and ``plugin/policy/matching`` (1.37).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.query.labels import selects

Rule = Mapping[str, Any]
Labels = Mapping[str, str]
Versions = Callable[[Write], Sequence[str]]
"""All served versions of the kind that is written."""

CONFIGURATION = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Match:
    """The version in which a webhook or policy wants the object."""

    version: str


def is_exempt(write: Write) -> bool:
    """Whether nothing is asked about it: what is broken in the configuration of admission must be repairable."""
    return write.group == CONFIGURATION


def holds(rule: Rule, write: Write, version: str) -> bool:
    """Whether RULE is for WRITE if that were of VERSION."""
    return (
        _in_scope(rule.get("scope") or "*", write)
        and _listed(rule.get("operations"), write.operation)
        and _listed(rule.get("apiGroups"), write.group)
        and _listed(rule.get("apiVersions"), version)
        and any(_is_resource(entry, write) for entry in rule.get("resources") or ())
        and (not rule.get("resourceNames") or write.name in rule["resourceNames"])
    )


def _listed(items: Iterable[str] | None, wanted: str) -> bool:
    return any(item in ("*", wanted) for item in items or ())


def _in_scope(scope: str, write: Write) -> bool:
    # a Namespace is cluster-scoped though its requests have a namespace: itself
    clusterwide = not write.namespace or (write.group, write.plural) == ("", "namespaces")
    return scope == "*" or clusterwide == (scope == "Cluster")


def _is_resource(entry: str, write: Write) -> bool:
    plural, _, subresource = entry.partition("/")
    return plural in ("*", write.plural) and subresource in ("*", write.subresource)


def matched(rules: Iterable[Rule], policy: str, write: Write, versions: Versions) -> Match | None:
    """How one of RULES is for WRITE; with the policy Equivalent also in another version of the kind."""
    rules = list(rules)
    if any(holds(rule, write, write.version) for rule in rules):
        return Match(write.version)
    if policy == "Exact":
        return None
    for rule in rules:
        for version in versions(write):
            if version != write.version and holds(rule, write, version):
                return Match(version)
    return None


def selected(constraints: Mapping[str, Any], write: Write, namespace: Labels | None) -> bool:
    """Whether both selectors of CONSTRAINTS select; NAMESPACE: the labels of the object's namespace, None if it has none."""
    by_namespace, by_object = (
        constraints.get("namespaceSelector") or {},
        constraints.get("objectSelector") or {},
    )
    if by_namespace and namespace is not None and not selects(by_namespace, namespace):
        return False
    items = (item for item in (write.new, write.old) if item is not None)
    return not by_object or any(selects(by_object, (item["metadata"].get("labels") or {})) for item in items)


def constrained(
    constraints: Mapping[str, Any], write: Write, namespace: Labels | None, versions: Versions
) -> Match | None:
    """How ``MatchResources`` are for WRITE; without rules they are for everything."""
    policy = constraints.get("matchPolicy") or "Equivalent"
    if not selected(constraints, write, namespace):
        return None
    if matched(constraints.get("excludeResourceRules") or (), policy, write, versions):
        return None
    rules = constraints.get("resourceRules") or ()
    return matched(rules, policy, write, versions) if rules else Match(write.version)
