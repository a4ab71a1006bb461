"""Rules of DaemonSets, Deployments, ReplicaSets, Jobs and Services (``pkg/apis/{apps,batch,core}/validation``, 1.36)."""

from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    forbidden,
    invalid,
    not_supported,
    required,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.metadata import filled, immutable
from kube_emulator.apiserver.validation.pods import pod_template
from kube_emulator.apiserver.validation.selection import label_selector

STRATEGIES = ("Recreate", "RollingUpdate")
DAEMON_STRATEGIES = ("RollingUpdate", "OnDelete")
JOB_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)


def selects(selector: JsonObject, found: JsonObject) -> bool:
    """Whether a label selector, if it is well-formed, matches the labels FOUND."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if found.get(key) != value:
            return False
    for item in selector.get("matchExpressions") or []:
        key, values, operator = item.get("key"), item.get("values") or [], item.get("operator")
        matched = {
            "In": found.get(key) in values,
            "NotIn": key not in found or found[key] not in values,
            "Exists": key in found,
            "DoesNotExist": key not in found,
        }
        if not matched.get(operator, True):
            return False
    return True


def _selector(spec: JsonObject, kind: str) -> Iterator[Cause]:
    """The selector, which must match the template's labels; a missing selector matches nothing."""
    selector = spec.get("selector")
    found = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    malformed = list(label_selector(selector, "spec.selector"))
    yield from malformed
    empty = selector is not None and not any(selector.values())
    if empty and kind == "deployment":
        yield invalid("spec.selector", {}, "empty selector is invalid for deployment")
    if malformed and kind == "deployment":
        yield invalid("spec.selector", filled(selector or {}), "invalid label selector")
    if not malformed and (selector is None or not selects(selector, found or {})):
        yield invalid("spec.template.metadata.labels", found, "`selector` does not match template `labels`")
    if empty and kind == "daemonset":
        yield invalid("spec.selector", {}, "empty selector is invalid for daemonset")


def _template(spec: JsonObject, owner: str) -> Iterator[Cause]:
    template = spec.get("template") or {}
    yield from pod_template(template, "spec.template")
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy != "Always":
        yield not_supported("spec.template.spec.restartPolicy", policy, ("Always",))
    if (template.get("spec") or {}).get("activeDeadlineSeconds") is not None:
        kind = "DaemonSet" if owner == "daemonset" else "ReplicaSet"
        detail = f"activeDeadlineSeconds in {kind} is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", detail)


def int_or_percent(value: Any, path: str) -> Iterator[Cause]:
    """A number of pods, or a percentage of them."""
    if isinstance(value, int) and value < 0:
        yield invalid(path, value, "must be greater than or equal to 0")
    elif isinstance(value, str) and not names.matches("[0-9]+%", value):
        message = "a valid percent string must be a numeric string followed by an ending '%'"
        yield invalid(path, value, names.form(message, "[0-9]+%", "1%", "93%"))
    elif isinstance(value, str) and int(value[:-1]) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def _strategy(spec: JsonObject, member: str, kinds: tuple[str, ...]) -> Iterator[Cause]:
    strategy, path = spec.get(member) or {}, f"spec.{member}"
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in kinds:
        members = {name: (rolling or {}).get(name) for name in ("maxUnavailable", "maxSurge")}
        shown = {f"{name[0].upper()}{name[1:]}": value for name, value in members.items()}
        what = {"Type": strategy.get("type"), "RollingUpdate": shown if rolling is not None else None}
        yield not_supported(path, what, kinds)
    elif strategy["type"] == "RollingUpdate":
        for name in ("maxUnavailable", "maxSurge"):
            yield from int_or_percent((rolling or {}).get(name), f"{path}.rollingUpdate.{name}")
    elif strategy["type"] == "Recreate" and rolling is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden(f"{path}.rollingUpdate", detail)


def _counts(spec: JsonObject, members: tuple[str, ...]) -> Iterator[Cause]:
    for member in members:
        if (spec.get(member) or 0) < 0:
            yield invalid(f"spec.{member}", spec[member], "must be greater than or equal to 0")


def daemon_set(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A DaemonSet; its selector is immutable."""
    spec = new.get("spec") or {}
    if old is not None:
        yield from immutable(
            (old.get("spec") or {}).get("selector"),
            spec.get("selector"),
            "spec.selector",
            filled(spec.get("selector")),
        )
    yield from _selector(spec, "daemonset")
    yield from _template(spec, "daemonset")
    yield from _counts(spec, ("minReadySeconds",))
    yield from _strategy(spec, "updateStrategy", DAEMON_STRATEGIES)
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    surge, missing = rolling.get("maxSurge"), rolling.get("maxUnavailable")
    if surge not in (None, 0, "0%") and missing not in (None, 0, "0%"):
        where = "spec.updateStrategy.rollingUpdate.maxSurge"
        yield invalid(where, surge, "may not be set when maxUnavailable is non-zero")
    yield from _counts(spec, ("revisionHistoryLimit",))


def replicated(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A Deployment or ReplicaSet; its selector is immutable."""
    spec = new.get("spec") or {}
    members = ("replicas",) if new.get("kind") == "Deployment" else ("replicas", "minReadySeconds")
    yield from _counts(spec, members)
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    yield from _selector(spec, "deployment")
    yield from _template(spec, "deployment")
    if new.get("kind") == "Deployment":
        yield from _strategy(spec, "strategy", STRATEGIES)
        yield from _counts(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"))
        deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
        if deadline is not None and deadline <= ready:
            yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    if old is not None:
        yield from immutable(
            (old.get("spec") or {}).get("selector"), selector, "spec.selector", filled(selector)
        )


def job(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A Job."""
    spec = new.get("spec") or {}
    yield from _counts(spec, JOB_COUNTS)
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        yield required("spec.completions", "when completion mode is Indexed")
    if spec.get("completionMode") == "NonIndexed":
        for member in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(member) is not None:
                yield invalid(f"spec.{member}", spec[member], "requires indexed completion mode")
    yield from pod_template(spec.get("template") or {}, "spec.template")
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if policy == "Always":
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never"))
