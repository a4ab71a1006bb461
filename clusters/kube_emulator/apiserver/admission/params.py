"""Which objects a binding hands to its policy as ``params`` (``plugin/policy/generic/policy_matcher.go`` CollectParams, 1.37)."""

from collections.abc import Mapping
from typing import Any

from kube_emulator.apiserver.admission.cluster_view import ClusterView
from kube_emulator.apiserver.query.labels import selects


class ConfigurationError(Exception):
    """A binding cannot be used; its policy's failure policy decides."""


def params_of(
    view: ClusterView, kind: Mapping[str, str] | None, reference: Mapping[str, Any] | None, namespace: str
) -> list[Mapping[str, Any] | None]:
    """The params of a binding; NAMESPACE is that of the request. A policy without params gets one None.

    Raises:
        ConfigurationError: they cannot be found, and the binding does not allow that.
    """
    if kind is None or reference is None:
        return [None]
    group = kind["apiVersion"].rpartition("/")[0]
    resource = view.kind(group, kind["kind"])
    if resource is None:
        message = f"paramKind kind `{kind['apiVersion']}, Kind={kind['kind']}` not known"
        raise ConfigurationError(message)
    place = ""
    if resource.namespaced:
        place = reference.get("namespace") or namespace
        if not place:
            message = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            raise ConfigurationError(message)
    elif reference.get("namespace"):
        message = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
        raise ConfigurationError(message)
    found: list[Mapping[str, Any] | None]
    if name := reference.get("name"):
        item = view.objects.find(resource.key, name, place)
        found = [] if item is None else [item]
    else:
        selector = reference.get("selector")
        items = view.objects.values(resource.key, place)
        found = [item for item in items if selects(selector, item["metadata"].get("labels") or {})]
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        message = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise ConfigurationError(message)
    return found
