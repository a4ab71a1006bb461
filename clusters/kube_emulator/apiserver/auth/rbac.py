"""Pure: what the roles and bindings of a cluster allow to which user.

``Rbac`` is made from the stored objects once after each change of one of them. It keeps, for each user and what is asked
for, the few rules that can match, so that a request costs a look into a dictionary. The order and the reasons are those
of ``pkg/registry/rbac/validation/rule.go`` (1.36): the first binding that allows is the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver.auth.attributes import ACCOUNT_PREFIX, Attributes, Decision, User
from kube_emulator.apiserver.auth.policy import Rule, allows, rules_of
from kube_emulator.apiserver.query.labels import selects

GROUP = "rbac.authorization.k8s.io"
KINDS = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
MEMO_MAX = 20_000
Subject = tuple[str, str]
"""(``User`` or ``Group``, name)."""


class NoRoleError(LookupError):
    """The role that a binding names does not exist; the text is upstream's."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One binding for one of its subjects.

    Attributes:
        namespace: empty for a ClusterRoleBinding.
        source: for reasons, e.g. ``ClusterRoleBinding "a" of ClusterRole "b" to Group "c"``.
        missing: the error instead of rules, if the role does not exist.
    """

    order: int
    namespace: str
    source: str
    rules: tuple[Rule, ...]
    missing: str = ""


class Rbac:
    """Roles and bindings, indexed by subject."""

    def __init__(
        self,
        roles: Iterable[ReadOnlyObject],
        cluster_roles: Iterable[ReadOnlyObject],
        bindings: Iterable[ReadOnlyObject],
        cluster_bindings: Iterable[ReadOnlyObject],
    ) -> None:
        self._roles = {
            (role["metadata"].get("namespace", ""), role["metadata"]["name"]): rules_of(role)
            for role in roles
        }
        self._cluster_roles = aggregated(cluster_roles)
        self._grants: dict[Subject, list[Grant]] = {}
        by_name = sorted(cluster_bindings, key=lambda item: item["metadata"]["name"])
        for order, binding in enumerate([*by_name, *sorted(bindings, key=order_of)]):
            self._add(order, binding)
        self._of_user: dict[tuple[str, tuple[str, ...]], tuple[Grant, ...]] = {}
        self._memo: dict[tuple[Any, ...], tuple[Grant, ...]] = {}

    def _add(self, order: int, binding: ReadOnlyObject) -> None:
        namespace = binding["metadata"].get("namespace", "")
        try:
            rules, missing = self.rules_of_reference(binding.get("roleRef") or {}, namespace), ""
        except NoRoleError as error:
            rules, missing = (), str(error)
        for subject in binding.get("subjects") or ():
            key = subject_key(subject, namespace)
            if key is not None:
                grant = Grant(order, namespace, described(binding, subject, namespace), rules, missing)
                self._grants.setdefault(key, []).append(grant)

    def rules_of_reference(self, reference: ReadOnlyObject, namespace: str) -> tuple[Rule, ...]:
        """The rules of the role that a binding in NAMESPACE refers to.

        Raises:
            NoRoleError: there is no such role.
        """
        kind, name = reference.get("kind", ""), reference.get("name", "")
        found = self._roles.get((namespace, name)) if kind == "Role" else self._cluster_roles.get(name)
        if found is None:
            message = f'{kind.lower()}.{GROUP} "{name}" not found'
            raise NoRoleError(message)
        return found

    def _grants_of(self, user: User) -> tuple[Grant, ...]:
        key = (user.name, user.groups)
        found = self._of_user.get(key)
        if found is None:
            subjects = [("User", user.name), *(("Group", group) for group in user.groups)]
            first: dict[int, Grant] = {}
            for grant in (grant for subject in subjects for grant in self._grants.get(subject, ())):
                first.setdefault(grant.order, grant)
            found = self._of_user[key] = tuple(first[order] for order in sorted(first))
        return found

    def decide(self, asked: Attributes) -> Decision:
        """Whether a rule allows what is ASKED; the reason of a denial names only roles that do not exist."""
        for grant in self._candidates(asked):
            # ClusterRoleBindings come before RoleBindings, as in VisitRulesFor: the reason names the first that allows.
            if any(allows(rule, asked) for rule in grant.rules):
                return Decision(True, f"RBAC: allowed by {grant.source}")
        missing = self.missing(asked.user, asked.namespace)
        return Decision(False, f"RBAC: {joined(missing)}" if missing else "")

    def _candidates(self, asked: Attributes) -> tuple[Grant, ...]:
        """The bindings of the user, with the rules that match all but the name of the object."""
        user = asked.user
        key = (user.name, user.groups, asked.verb, asked.group, asked.combined, asked.namespace, asked.path)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= MEMO_MAX:
                self._memo.clear()
            grants = [self._reduced(grant, asked) for grant in self._in(user, asked.namespace)]
            found = self._memo[key] = tuple(grant for grant in grants if grant.rules)
        return found

    def _reduced(self, grant: Grant, asked: Attributes) -> Grant:
        rules = tuple(
            rule
            for rule in grant.rules
            if allows(Rule(rule.verbs, rule.groups, rule.resources, (), rule.urls), asked)
        )
        return Grant(grant.order, grant.namespace, grant.source, rules)

    def _in(self, user: User, namespace: str) -> list[Grant]:
        return [grant for grant in self._grants_of(user) if grant.namespace in ("", namespace)]

    def rules_for(self, user: User, namespace: str) -> list[Rule]:
        """Every rule that holds for USER in NAMESPACE and cluster-wide."""
        return [rule for grant in self._in(user, namespace) for rule in grant.rules]

    def missing(self, user: User, namespace: str) -> list[str]:
        """Errors of the bindings of USER to roles that do not exist."""
        return list(dict.fromkeys(grant.missing for grant in self._in(user, namespace) if grant.missing))


def joined(errors: list[str]) -> str:
    """ERRORS as Go's aggregate writes them."""
    return errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"


def order_of(item: ReadOnlyObject) -> tuple[str, str]:
    """The order of namespaced objects."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def subject_key(subject: ReadOnlyObject, namespace: str) -> Subject | None:
    """The user or group that SUBJECT of a binding in NAMESPACE names; None for nobody."""
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return ("User", f"{ACCOUNT_PREFIX}{home}:{name}") if home else None
    return (kind, name) if kind in ("User", "Group") else None


def described(binding: ReadOnlyObject, subject: ReadOnlyObject, namespace: str) -> str:
    """A binding and one of its subjects, with upstream's wording."""
    reference, name = binding["roleRef"], binding["metadata"]["name"]
    head = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    whom = subject["name"]
    if subject["kind"] == "ServiceAccount":
        whom += f"/{subject.get('namespace') or namespace}"
    return f'{head} of {reference["kind"]} "{reference["name"]}" to {subject["kind"]} "{whom}"'


def aggregated(roles: Iterable[ReadOnlyObject]) -> dict[str, tuple[Rule, ...]]:
    """{name: rules} of ClusterRoles; one with an ``aggregationRule`` has the rules of those that it selects.

    Upstream's clusterrole-aggregation controller writes them into the object, selector by selector in the order of names, each rule once;
    roles that aggregate aggregated ones are computed by repeating until nothing changes.
    """
    items = {role["metadata"]["name"]: role for role in roles}
    rules = {name: rules_of(role) for name, role in sorted(items.items())}
    collectors = {name: role for name, role in items.items() if role.get("aggregationRule")}
    for _ in range(len(collectors) + 1):
        before = dict(rules)
        for name, role in sorted(collectors.items()):
            selectors = role["aggregationRule"].get("clusterRoleSelectors") or ()
            chosen = (
                other
                for selector in selectors
                for other in rules
                if other != name and selects(selector, items[other]["metadata"].get("labels") or {})
            )
            rules[name] = tuple(dict.fromkeys(rule for other in chosen for rule in before[other]))
        if rules == before:
            break
    return rules
