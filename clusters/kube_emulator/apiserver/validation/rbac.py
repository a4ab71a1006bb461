"""Rules of roles and their bindings (``pkg/apis/rbac/validation/validation.go``, 1.36). ``auth`` evaluates them."""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_supported, required
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.selection import label_selector

GROUP = "rbac.authorization.k8s.io"
SUBJECTS = ("ServiceAccount", "User", "Group")


def role(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A Role or ClusterRole."""
    namespaced = new.get("kind") == "Role"
    for index, rule in enumerate(new.get("rules") or []):
        yield from _rule(rule, f"rules[{index}]", namespaced)
    aggregation = new.get("aggregationRule")
    if aggregation is None:
        return
    where, selectors = "aggregationRule.clusterRoleSelectors", aggregation.get("clusterRoleSelectors") or []
    if not selectors:
        yield required(where, "at least one clusterRoleSelector required if aggregationRule is non-nil")
    for index, selector in enumerate(selectors):
        yield from label_selector(selector, f"{where}[{index}]")


def _rule(rule: JsonObject, path: str, namespaced: bool) -> Iterator[Cause]:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs") or []
    if urls:
        where = f"{path}.nonResourceURLs"
        if namespaced:
            yield invalid(where, urls, "namespaced rules cannot apply to non-resource URLs")
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            yield invalid(where, urls, "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def binding(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A RoleBinding or ClusterRoleBinding; ``roleRef`` is immutable."""
    reference = new.get("roleRef") or {}
    namespaced = new.get("kind") == "RoleBinding"
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    if reference.get("apiGroup") != GROUP:
        yield not_supported("roleRef.apiGroup", reference.get("apiGroup") or "", (GROUP,))
    if reference.get("kind") not in kinds:
        yield not_supported("roleRef.kind", reference.get("kind") or "", kinds)
    name = reference.get("name") or ""
    if name:
        yield from names.each("roleRef.name", name, names.path_segment(name))
    else:
        yield required("roleRef.name")
    for index, subject in enumerate(new.get("subjects") or []):
        yield from _subject(subject, f"subjects[{index}]", namespaced)
    if old is not None and (old.get("roleRef") or {}) != reference:
        shown = {"APIGroup": reference.get("apiGroup"), "Kind": reference.get("kind") or "", "Name": name}
        yield invalid("roleRef", shown, "cannot change roleRef")


def _subject(subject: JsonObject, path: str, namespaced: bool) -> Iterator[Cause]:
    name, kind, group = subject.get("name") or "", subject.get("kind") or "", subject.get("apiGroup") or ""
    if not name:
        yield required(f"{path}.name")
    if kind == "ServiceAccount":
        if name:
            yield from names.each(f"{path}.name", name, names.subdomain(name))
        if group:
            yield not_supported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            yield required(f"{path}.namespace")
    elif kind in SUBJECTS:
        if group != GROUP:
            yield not_supported(f"{path}.apiGroup", group, (GROUP,))
    else:
        yield not_supported(f"{path}.kind", kind, SUBJECTS)
