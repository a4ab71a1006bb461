"""The rows of resource.k8s.io: which rules apply to which kind (``pkg/registry/resource/*/strategy.go``, 1.36)."""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import allocations, claims, drops, names, requests, slices
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.kinds import Kind, spec_of
from kube_emulator.apiserver.validation.metadata import immutable
from kube_emulator.apiserver.validation.shown import shown


def _claim_admin(new: JsonObject, _old: JsonObject | None, context: Context) -> Iterator[Cause]:
    yield from claims.admin_access((spec_of(new).get("devices") or {}).get("requests"), context)


def _template_admin(new: JsonObject, _old: JsonObject | None, context: Context) -> Iterator[Cause]:
    yield from claims.admin_access((spec_of(spec_of(new)).get("devices") or {}).get("requests"), context)


def _claim_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    if old is not None:
        # an immutable spec was valid when it was stored: it is not validated again
        yield from immutable(spec_of(old), spec_of(new), "spec", shown("ClaimSpec", spec_of(new)))
        return
    yield from claims.claim_spec(spec_of(new), context)


def _claim_status_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    before = (old or {}).get("status") or {}
    yield from allocations.admin_status(new.get("status") or {}, before, context)
    yield from context.check_status(old or {}, new)
    deleted = bool(new["metadata"].get("deletionTimestamp"))
    yield from allocations.claim_status(new.get("status") or {}, before, spec_of(new), deleted=deleted)


def _template_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    inner = spec_of(new)
    yield from claims.template_metadata(inner.get("metadata") or {})
    yield from claims.claim_spec(inner.get("spec") or {}, context, "spec.spec")
    if old is not None:
        yield from immutable(spec_of(old), inner, "spec", shown("TemplateSpec", inner))


def _class_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    yield from claims.class_spec(spec_of(new), spec_of(old) if old is not None else None, context)


def _slice_rules(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    yield from slices.slice_spec(spec_of(new), spec_of(old) if old is not None else None, context)


def _taint_rule_rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    yield from requests.taint_rule_spec(spec_of(new), spec_of(old) if old is not None else None)


def _taint_rule_status_rules(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    yield from requests.taint_rule_status(new.get("status") or {})


def _pool_request_rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    yield from requests.pool_request_spec(spec_of(new), spec_of(old) if old is not None else None)


def _pool_request_status_rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    yield from requests.pool_request_status(new.get("status") or {}, (old or {}).get("status"))


def _drop_slice(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    drops.drop(drops.SLICE, spec_of(new), spec_of(old), context)


def _drop_claim(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    drops.drop(drops.CLAIM, spec_of(new), spec_of(old), context)


def _drop_template(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    drops.drop(drops.CLAIM, spec_of(spec_of(new)), spec_of(spec_of(old)), context)


def _drop_class(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    drops.drop(drops.CLASS, spec_of(new), spec_of(old), context)


def _stamp_taint(new: JsonObject, old: JsonObject | None, context: Context) -> None:
    """A change of the effect renews ``timeAdded``, unless the client sets another time (devicetaintrule strategy.go)."""
    before, after = spec_of(old).get("taint") or {}, spec_of(new).get("taint") or {}
    same_time = before.get("timeAdded") == after.get("timeAdded")
    if old is not None and same_time and before.get("effect") != after.get("effect"):
        after["timeAdded"] = context.stamp


def _drop_status(new: JsonObject, old: JsonObject, context: Context) -> None:
    drops.drop_status(new.setdefault("status", {}), old.get("status") or {}, spec_of(new), context)


KINDS: dict[str, Kind] = {
    "DeviceClass": Kind(
        name=names.long_name,
        rules=_class_rules,
        generation=True,
        old_names=False,
        rechecks=True,
        prepares=_drop_class,
    ),
    "DeviceTaintRule": Kind(
        rules=_taint_rule_rules,
        status_rules=_taint_rule_status_rules,
        prepares=_stamp_taint,
        generation=True,
        empty_status={},
    ),
    "ResourceClaim": Kind(
        before=_claim_admin,
        rules=_claim_rules,
        status_rules=_claim_status_rules,
        empty_status={},
        rechecks=True,
        prepares=_drop_claim,
        prepares_status=_drop_status,
    ),
    "ResourceClaimTemplate": Kind(
        before=_template_admin, rules=_template_rules, rechecks=True, prepares=_drop_template
    ),
    "ResourcePoolStatusRequest": Kind(rules=_pool_request_rules, status_rules=_pool_request_status_rules),
    "ResourceSlice": Kind(rules=_slice_rules, generation=True, prepares=_drop_slice),
}
