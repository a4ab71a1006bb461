"""Pure: nobody grants permissions that they do not have (``pkg/registry/rbac/{clusterrole,rolebinding}/policybased``, 1.36.3).

The writer of a role must hold each of its rules, or the verb ``escalate``; the writer of a binding must hold them, or the
verb ``bind``. Members of system:masters are allowed both.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from dra_api.objects import ReadOnlyObject
from kube_emulator.apiserver import status
from kube_emulator.apiserver.auth.attributes import MASTERS, Attributes, Decision
from kube_emulator.apiserver.auth.policy import Rule, compact, go_list, rules_of, shown, uncovered
from kube_emulator.apiserver.auth.rbac import GROUP, NoRoleError, Rbac
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.validation.causes import quoted

Decide = Callable[[Attributes], Decision]
EVERYTHING = (Rule(("*",), ("*",), ("*",)), Rule(verbs=("*",), urls=("*",)))
AGGREGATION_REFUSED = "must have cluster-admin privileges to use the aggregationRule"


def check_escalation(write: Write, asked: Attributes, rbac: Rbac, decide: Decide) -> None:
    """Refuse a role or binding that would grant more than its writer has.

    Raises:
        ApiError: 403, or 404 for a binding to a role that does not exist.
    """
    if write.group != GROUP or write.operation == "DELETE" or MASTERS in asked.user.groups:
        return
    new, old = write.new or {}, write.old or {}
    # The garbage collector must be able to remove owners and finalizers of roles that it could not write.
    if write.operation == "UPDATE" and without_ends(old) == without_ends(new):
        return
    if write.plural in ("roles", "clusterroles"):
        check_role(write, new, old, asked, rbac, decide)
    elif write.plural in ("rolebindings", "clusterrolebindings"):
        check_binding(write, new, asked, rbac, decide)


def without_ends(item: ReadOnlyObject) -> ReadOnlyObject:
    """ITEM without what only decides when it is deleted (``pkg/registry/rbac/helpers.go`` ``IsOnlyMutatingGCFields``)."""
    ends = ("ownerReferences", "finalizers", "managedFields", "resourceVersion")
    return {**item, "metadata": {name: value for name, value in item["metadata"].items() if name not in ends}}


def check_role(
    write: Write, new: ReadOnlyObject, old: ReadOnlyObject, asked: Attributes, rbac: Rbac, decide: Decide
) -> None:
    """Refuse a role with rules that its writer does not hold; an aggregated one could get any rule."""
    if decide(replace(asked, verb="escalate", subresource="")).allowed:
        return
    missing = lacking(asked, rbac, rules_of(new))
    # An aggregated role will have rules that are not written yet, so its writer must hold everything. The old role
    # counts too: its rules were filled in by the controller.
    if not missing and (aggregates(new) or aggregates(old)) and lacking(asked, rbac, EVERYTHING):
        missing = AGGREGATION_REFUSED
    if missing:
        raise status.forbidden(write.plural, GROUP, write.name, missing)


def aggregates(role: ReadOnlyObject) -> bool:
    """Whether a ClusterRole has the rules of others."""
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def check_binding(write: Write, new: ReadOnlyObject, asked: Attributes, rbac: Rbac, decide: Decide) -> None:
    """Refuse a binding to a role with rules that its writer does not hold."""
    reference = new.get("roleRef") or {}
    wanted = Attributes(
        user=asked.user,
        verb="bind",
        group=reference.get("apiGroup", ""),
        resource="roles" if reference.get("kind") == "Role" else "clusterroles",
        namespace=write.namespace,
        name=reference.get("name", ""),
    )
    if decide(wanted).allowed:
        return
    try:
        rules = rbac.rules_of_reference(reference, write.namespace)
    except NoRoleError as error:
        raise status.not_found(write.plural, GROUP, reference.get("name", "")) from error
    missing = lacking(asked, rbac, rules)
    if missing:
        raise status.forbidden(write.plural, GROUP, write.name, missing)


def lacking(asked: Attributes, rbac: Rbac, wanted: Iterable[Rule]) -> str:
    """Which of the rules WANTED the user does not hold, with upstream's message; empty if all are held."""
    user = asked.user
    parts = uncovered(rbac.rules_for(user, asked.namespace), wanted)
    if not parts:
        return ""
    lines = "\n".join(sorted({shown(rule) for rule in compact(parts)}))
    whom = f"user {quoted(user.name)} (groups={go_list(user.groups)})"
    errors = rbac.missing(user, asked.namespace)
    tail = f"; resolution errors: [{' '.join(errors)}]" if errors else ""
    return f"{whom} is attempting to grant RBAC permissions not currently held:\n{lines}{tail}"
