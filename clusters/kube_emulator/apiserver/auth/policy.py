"""Pure: one RBAC rule; what it allows, which rules cover others, how rules are shown.

Matching as in ``pkg/apis/rbac/v1/evaluation_helpers.go``, covering as in component-helpers ``auth/rbac/validation``
(1.36). ``*/scale`` matches the subresource of every kind; ``pods/*`` matches nothing, because a rule's resource is
compared as a whole.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.auth.attributes import Attributes
from kube_emulator.apiserver.validation.causes import quoted

ALL = "*"
Strings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A ``PolicyRule``; an empty ``names`` means every name."""

    verbs: Strings = ()
    groups: Strings = ()
    resources: Strings = ()
    names: Strings = ()
    urls: Strings = ()

    def document(self) -> dict[str, list[str]]:
        """As in a role."""
        parts = zip(MEMBERS, (self.verbs, self.groups, self.resources, self.names, self.urls), strict=True)
        return {member: list(values) for member, values in parts if values}


MEMBERS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")


def rules_of(role: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a Role or ClusterRole."""
    return tuple(
        Rule(*(tuple(rule.get(member) or ()) for member in MEMBERS)) for rule in role.get("rules") or ()
    )


def allows(rule: Rule, asked: Attributes) -> bool:
    """Whether RULE alone allows what is ASKED."""
    if not has(rule.verbs, asked.verb):
        return False
    if not asked.resource:
        return any(url_covers(url, asked.path) for url in rule.urls)
    return (
        has(rule.groups, asked.group)
        and matches_resource(rule.resources, asked.combined, asked.subresource)
        and (not rule.names or asked.name in rule.names)
    )


def has(names: Strings, wanted: str) -> bool:
    """Whether NAMES contain WANTED or everything."""
    return ALL in names or wanted in names


def matches_resource(resources: Strings, combined: str, subresource: str) -> bool:
    """Whether RESOURCES name ``pods/status`` outright, by ``*`` or by ``*/status``."""
    return has(resources, combined) or (bool(subresource) and f"*/{subresource}" in resources)


def url_covers(owned: str, path: str) -> bool:
    """Whether the URL of a rule covers PATH, which may be one with ``*`` itself."""
    return owned == path or (owned.endswith("*") and path.startswith(owned.rstrip("*")))


def uncovered(owned: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The smallest parts of WANTED that no rule of OWNED covers."""
    parts = itertools.chain.from_iterable(broken_down(rule) for rule in wanted)
    return [part for part in parts if not any(covers(rule, part) for rule in owned)]


def broken_down(rule: Rule) -> list[Rule]:
    """RULE as rules of one verb, one resource, one name."""
    names: list[Strings] = [(name,) for name in rule.names] or [()]
    # Resources and URLs are never in one part: a rule with both allows either, not their combination.
    parts = itertools.product(rule.groups, rule.resources, rule.verbs, names)
    return [Rule((verb,), (group,), (resource,), named) for group, resource, verb, named in parts] + [
        Rule(verbs=(verb,), urls=(url,)) for url, verb in itertools.product(rule.urls, rule.verbs)
    ]


def covers(owned: Rule, part: Rule) -> bool:
    """Whether OWNED covers PART, one of ``broken_down``."""

    def resource_covered(resource: str) -> bool:
        return matches_resource(owned.resources, resource, resource.partition("/")[2])

    return (
        has(owned.verbs, part.verbs[0])
        and all(has(owned.groups, group) for group in part.groups)
        and all(resource_covered(resource) for resource in part.resources)
        and (not owned.names or bool(part.names and part.names[0] in owned.names))
        and all(any(url_covers(url, path) for url in owned.urls) for path in part.urls)
    )


def compact(parts: Iterable[Rule]) -> list[Rule]:
    """PARTS of one resource and the same names become one rule of many verbs."""
    merged: dict[Rule, list[str]] = {}
    for part in parts:
        place = Rule((), part.groups, part.resources, part.names, part.urls)
        if part.urls:
            place = part
        merged.setdefault(place, []).extend(part.verbs)
    return [
        Rule(tuple(verbs), place.groups, place.resources, place.names, place.urls)
        for place, verbs in merged.items()
    ]


def shown(rule: Rule) -> str:
    """RULE as an escalation error shows it: ``{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}``."""
    parts = (
        ("APIGroups", rule.groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.urls),
        ("ResourceNames", rule.names),
        ("Verbs", rule.verbs),
    )
    return "{" + ", ".join(f"{name}:{go_list(values)}" for name, values in parts if values) + "}"


def go_list(values: Iterable[str]) -> str:
    """VALUES as Go's ``%q`` writes a slice: ``["a" "b"]``."""
    return f"[{' '.join(quoted(value) for value in values)}]"
