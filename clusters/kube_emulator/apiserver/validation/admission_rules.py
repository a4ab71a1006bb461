"""Pure: rules and defaults of webhooks and ValidatingAdmissionPolicies (``pkg/apis/admissionregistration/validation``, 1.37).

Expressions are compiled by the caller (``Context.check_configuration``), because validation knows no CEL.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, duplicate, invalid, not_supported, required
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.selection import label_selector

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SIDE_EFFECTS = ("None", "NoneOnDryRun")
REVIEWS = ("v1", "v1beta1")
URL_FORM = "; desired format: https://host[/path]"


def default_webhooks(item: JsonObject, _context: Context) -> None:
    """Defaults of a webhook configuration, in place."""
    for hook in item.get("webhooks") or []:
        default_constraints(hook)
        hook.setdefault("failurePolicy", "Fail")
        hook.setdefault("timeoutSeconds", 10)
        if item.get("kind") == "MutatingWebhookConfiguration":
            hook.setdefault("reinvocationPolicy", "Never")
        service = (hook.get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)


def default_constraints(found: JsonObject) -> None:
    """Defaults of MatchResources, in place."""
    found.setdefault("matchPolicy", "Equivalent")
    found.setdefault("namespaceSelector", {})
    found.setdefault("objectSelector", {})
    for name in ("rules", "resourceRules", "excludeResourceRules"):
        for rule in found.get(name) or []:
            rule.setdefault("scope", "*")


def default_policy(item: JsonObject, _context: Context) -> None:
    """Defaults of a policy, in place."""
    spec = item.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    if spec.get("matchConstraints") is not None:
        default_constraints(spec["matchConstraints"])


def default_binding(item: JsonObject, _context: Context) -> None:
    """Defaults of a binding, in place."""
    spec = item.setdefault("spec", {})
    if spec.get("matchResources") is not None:
        default_constraints(spec["matchResources"])


def webhooks(new: JsonObject, _old: JsonObject | None, context: Context) -> Iterator[Cause]:
    """Rules of a webhook configuration."""
    seen = set()
    for index, hook in enumerate(new.get("webhooks") or []):
        path = f"webhooks[{index}]"
        yield from _webhook(hook, path)
        if hook.get("name") in seen:
            yield duplicate(f"{path}.name", hook["name"])
        seen.add(hook.get("name"))
    yield from context.check_configuration(new)


def _webhook(hook: JsonObject, path: str) -> Iterator[Cause]:
    yield from _full_name(hook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or []):
        yield from _rule(rule, f"{path}.rules[{index}]")
    yield from _one_of(hook, "failurePolicy", ("Fail", "Ignore"), path)
    yield from _one_of(hook, "matchPolicy", ("Equivalent", "Exact"), path)
    if not hook.get("sideEffects"):
        yield required(f"{path}.sideEffects", f"must specify one of {', '.join(SIDE_EFFECTS)}")
    yield from _one_of(hook, "sideEffects", SIDE_EFFECTS, path)
    if not 1 <= hook.get("timeoutSeconds", 10) <= 30:
        why = "the timeout value must be between 1 and 30 seconds"
        yield invalid(f"{path}.timeoutSeconds", hook["timeoutSeconds"], why)
    yield from label_selector(hook.get("namespaceSelector"), f"{path}.namespaceSelector")
    yield from label_selector(hook.get("objectSelector"), f"{path}.objectSelector")
    yield from _one_of(hook, "reinvocationPolicy", ("IfNeeded", "Never"), path)
    yield from _client(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    versions = hook.get("admissionReviewVersions") or []
    if not versions:
        yield required(f"{path}.admissionReviewVersions", f"must specify one of {', '.join(REVIEWS)}")
    elif not set(versions) & set(REVIEWS):
        why = f"must include at least one of {', '.join(REVIEWS)}"
        yield invalid(f"{path}.admissionReviewVersions", versions, why)


def _full_name(name: str, path: str) -> Iterator[Cause]:
    """A name with at least three parts (``IsFullyQualifiedName``)."""
    if not name:
        yield required(path)
    elif problems := names.subdomain(name):
        yield invalid(path, name, ",".join(problems))
    elif name.count(".") < 2:
        yield invalid(path, name, "should be a domain with at least three segments separated by dots")


def _client(config: JsonObject, path: str) -> Iterator[Cause]:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        yield required(path, "exactly one of url or service is required")
    elif url is not None:
        yield from _url(url, f"{path}.url")
    elif service is not None:
        for name in ("name", "namespace"):
            if not service.get(name):
                yield required(f"{path}.service.{name}")
        if not 1 <= service.get("port", 443) <= 65535:
            why = "port is not valid: must be between 1 and 65535, inclusive"
            yield invalid(f"{path}.service.port", service["port"], why)
        if not (service.get("path") or "/").startswith("/"):
            yield invalid(f"{path}.service.path", service["path"], "must start with a '/'")


def _url(text: str, path: str) -> Iterator[Cause]:
    try:
        url = urlsplit(text)
        host = url.netloc.rpartition("@")[2]
    except ValueError as error:
        yield required(path, f"url must be a valid URL: {error}{URL_FORM}")
        return
    if url.scheme != "https":
        yield invalid(path, url.scheme, f"'https' is the only allowed URL scheme{URL_FORM}")
    if not host:
        yield invalid(path, host, f"host must be specified{URL_FORM}")
    if "@" in url.netloc:
        yield invalid(path, url.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if url.fragment:
        yield invalid(path, url.fragment, "fragments are not permitted in the URL")
    if url.query:
        yield invalid(path, url.query, "query parameters are not permitted in the URL")


def _one_of(item: JsonObject, name: str, known: tuple[str, ...], path: str) -> Iterator[Cause]:
    if item.get(name) and item[name] not in known:
        yield not_supported(f"{path}.{name}", item[name], known)


def _rule(rule: JsonObject, path: str) -> Iterator[Cause]:
    operations = rule.get("operations") or []
    if not operations:
        yield required(f"{path}.operations")
    for index, operation in enumerate(operations):
        if operation not in OPERATIONS:
            yield not_supported(f"{path}.operations[{index}]", operation, OPERATIONS)
    members = {"operations": "operations", "apiGroups": "API groups", "apiVersions": "API versions"}
    for name, shown in members.items():
        items = rule.get(name) or []
        if name != "operations" and not items:
            yield required(f"{path}.{name}")
        if len(items) > 1 and "*" in items:
            yield invalid(f"{path}.{name}", items, f"if '*' is present, must not specify other {shown}")
    if not rule.get("resources"):
        yield required(f"{path}.resources")
    yield from _one_of(rule, "scope", ("*", "Cluster", "Namespaced"), path)


def policy(new: JsonObject, _old: JsonObject | None, context: Context) -> Iterator[Cause]:
    """Rules of a policy."""
    spec = new.get("spec") or {}
    yield from _one_of(spec, "failurePolicy", ("Fail", "Ignore"), "spec")
    if (kind := spec.get("paramKind")) is not None:
        yield from (
            required(f"spec.paramKind.{name}") for name in ("apiVersion", "kind") if not kind.get(name)
        )
    constraints = spec.get("matchConstraints")
    if constraints is None:
        yield required("spec.matchConstraints")
    else:
        yield from _constraints(constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            yield required("spec.matchConstraints.resourceRules")
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        for name in ("validations", "auditAnnotations"):
            yield required(f"spec.{name}", "validations or auditAnnotations must contain at least one item")
    for index, one in enumerate(spec.get("validations") or []):
        path = f"spec.validations[{index}]"
        if "\n" in (one.get("message") or "").strip():
            yield invalid(f"{path}.message", one["message"], "must not contain line breaks")
        yield from _one_of(one, "reason", ("Forbidden", "Invalid", "RequestEntityTooLarge"), path)
    yield from context.check_configuration(new)


def _constraints(found: JsonObject, path: str) -> Iterator[Cause]:
    yield from _one_of(found, "matchPolicy", ("Equivalent", "Exact"), path)
    yield from label_selector(found.get("namespaceSelector"), f"{path}.namespaceSelector")
    yield from label_selector(found.get("objectSelector"), f"{path}.objectSelector")
    for name in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(found.get(name) or []):
            yield from _rule(rule, f"{path}.{name}[{index}]")


def binding(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """Rules of a binding."""
    spec: dict[str, Any] = new.get("spec") or {}
    if not spec.get("policyName"):
        yield required("spec.policyName")
    if (reference := spec.get("paramRef")) is not None:
        path = "spec.paramRef"
        if not reference.get("name") and reference.get("selector") is None:
            yield required(path, "one of name or selector must be specified")
        if not reference.get("parameterNotFoundAction"):
            yield required(f"{path}.parameterNotFoundAction")
        yield from _one_of(reference, "parameterNotFoundAction", ("Deny", "Allow"), path)
    if spec.get("matchResources") is not None:
        yield from _constraints(spec["matchResources"], "spec.matchResources")
    actions = spec.get("validationActions") or []
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")
    for index, action in enumerate(actions):
        path = f"spec.validationActions[{index}]"
        if action not in ("Audit", "Deny", "Warn"):
            yield not_supported(path, action, ("Audit", "Deny", "Warn"))
        if action in actions[:index]:
            yield duplicate(path, action)
    if {"Deny", "Warn"} <= set(actions):
        why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
        yield invalid("spec.validationActions", actions, why)
