"""Rules of pods and pod templates, of a pod's changes and of its status.

Source: ``pkg/apis/core/validation/validation.go``, 1.36. Containers are in ``containers``, defaults in ``pod_defaults``.
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    duplicate,
    forbidden,
    go_json,
    invalid,
    not_supported,
    required,
)
from kube_emulator.apiserver.validation.containers import containers
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.metadata import annotations, filled, immutable, label_key, labels

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
SYSTEM_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
SYSCTL_MAX = 253
SYSCTL_PART = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
SYSCTL = rf"({SYSCTL_PART}[\./])*{SYSCTL_PART}"
ONLY_THESE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)


def pod(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A pod; OLD is the stored one on an update."""
    spec = new.get("spec") or {}
    yield from pod_spec(spec)
    if old is not None:
        yield from _change(old.get("spec") or {}, spec)
        return
    if spec.get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def pod_template(template: JsonObject, path: str) -> Iterator[Cause]:
    """A template for pods."""
    metadata = template.get("metadata") or {}
    yield from labels(metadata.get("labels"), f"{path}.labels")
    yield from annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from pod_spec(template.get("spec") or {}, f"{path}.spec")


def pod_spec(spec: JsonObject, path: str = "spec") -> Iterator[Cause]:
    """Spec of a pod or of a template."""
    volumes = {item.get("name") or "": item for item in spec.get("volumes") or []}
    yield from _volumes(spec.get("volumes") or [], f"{path}.volumes")
    claims = spec.get("resourceClaims") or []
    yield from _resource_claims(claims, f"{path}.resourceClaims")
    claim_names = {item["name"] for item in claims if item.get("name")}
    yield from containers(spec, claim_names, volumes, path)
    if spec.get("restartPolicy") not in RESTART_POLICIES:
        yield not_supported(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    if spec.get("dnsPolicy") not in DNS_POLICIES:
        yield not_supported(f"{path}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    yield from labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    sysctls = (spec.get("securityContext") or {}).get("sysctls") or []
    yield from _sysctls(sysctls, f"{path}.securityContext.sysctls")
    seen: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or []):
        name = gate.get("name") or ""
        yield from names.each(f"{path}.schedulingGates[{index}]", name, names.qualified(name))
        if name in seen:
            yield duplicate(f"{path}.schedulingGates[{index}]", name)
        seen.add(name)
    for member, check in (
        ("serviceAccountName", names.subdomain),
        ("nodeName", names.subdomain),
        ("hostname", names.label),
        ("subdomain", names.label),
    ):
        if spec.get(member):
            yield from names.each(f"{path}.{member}", spec[member], check(spec[member]))
    yield from tolerations(spec.get("tolerations") or [], f"{path}.tolerations")
    if spec.get("priorityClassName"):
        name = spec["priorityClassName"]
        yield from names.each(f"{path}.priorityClassName", name, names.subdomain(name))


def _sysctls(items: list[JsonObject], path: str) -> Iterator[Cause]:
    """Kernel parameters (``validateSysctls``, 1.37)."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        where, name = f"{path}[{index}].name", item.get("name") or ""
        if not name:
            yield required(where)
        elif names.size(name) > SYSCTL_MAX or not names.matches(SYSCTL, name):
            why = f"must have at most {SYSCTL_MAX} characters and match regex ^{SYSCTL}$"
            yield invalid(where, name, why)
        elif name in seen:
            yield duplicate(where, name)
        seen.add(name)


def _volumes(items: list[JsonObject], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        where, name = f"{path}[{index}]", item.get("name") or ""
        sources = [member for member in item if member != "name" and item[member] is not None]
        if not sources:
            yield required(where, "must specify a volume type")
        for member in sources[1:]:
            yield forbidden(f"{where}.{member}", "may not specify more than 1 volume type")
        if name:
            yield from names.each(f"{where}.name", name, names.label(name))
        else:
            yield required(f"{where}.name")
        if name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)


def _resource_claims(items: list[JsonObject], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        where, name = f"{path}[{index}]", item.get("name") or ""
        if not name:
            yield required(f"{where}.name")
        elif name in seen:
            yield duplicate(f"{where}.name", name)
        else:
            yield from names.each(f"{where}.name", name, names.label(name))
            seen.add(name)
        sources = {member: item.get(member) for member in ("resourceClaimName", "resourceClaimTemplateName")}
        given = [member for member, value in sources.items() if value is not None]
        shown = {
            f"{member[0].upper()}{member[1:]}": value for member, value in {"name": name, **sources}.items()
        }
        if len(given) > 1:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            yield invalid(where, shown, detail)
        if not given:
            yield invalid(
                where, shown, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            )
        for member in given:
            yield from names.each(f"{where}.{member}", item[member], names.subdomain(item[member]))


def tolerations(items: list[JsonObject], path: str) -> Iterator[Cause]:
    """Tolerations of node taints."""
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        key, operator, value = item.get("key") or "", item.get("operator") or "", item.get("value") or ""
        effect = item.get("effect") or ""
        if key:
            yield from label_key(key, f"{where}.key")
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            yield invalid(f"{where}.operator", operator, detail)
        if item.get("tolerationSeconds") is not None and effect != "NoExecute":
            yield invalid(
                f"{where}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"
            )
        if operator in ("", "Equal"):
            problems = names.label_value(value)
            yield from names.each(f"{where}.operator", value, [";".join(problems)] if problems else [])
        elif operator == "Exists":
            if value:
                yield invalid(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
        else:
            yield not_supported(f"{where}.operator", operator, ("Equal", "Exists"))
        if effect and effect not in TAINT_EFFECTS:
            yield not_supported(f"{where}.effect", effect, TAINT_EFFECTS)


def _change(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    """Updates of a pod's spec: images, more tolerations, fewer scheduling gates, a shorter deadline (ValidatePodUpdate)."""
    for kind in ("containers", "initContainers"):
        if len(old.get(kind) or []) != len(new.get(kind) or []):
            yield forbidden(f"spec.{kind}", "pod updates may not add or remove containers")
            return
        for index, item in enumerate(new.get(kind) or []):
            yield from _image(item.get("image") or "", f"spec.{kind}[{index}].image")
    before, after = old.get("activeDeadlineSeconds"), new.get("activeDeadlineSeconds")
    if after is None and before is not None:
        yield invalid(
            "spec.activeDeadlineSeconds", None, "must not update from a positive integer to nil value"
        )
    elif after is not None and before is not None and before < after:
        yield invalid("spec.activeDeadlineSeconds", after, "must be less than or equal to previous value")
        return
    kept = [{**item, "tolerationSeconds": None} for item in new.get("tolerations") or []]
    if any({**item, "tolerationSeconds": None} not in kept for item in old.get("tolerations") or []):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)
    gates = [gate.get("name") for gate in old.get("schedulingGates") or []]
    for index, gate in enumerate(new.get("schedulingGates") or []):
        if gate.get("name") not in gates:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", detail)
    gated = bool(gates)
    if gated:
        yield from _narrowed(old.get("nodeSelector") or {}, new.get("nodeSelector") or {})
    fixed_before, fixed_after = _fixed(old, gated), _fixed(new, gated)
    if fixed_before != fixed_after:
        changed = sorted(
            name for name in {*fixed_before, *fixed_after} if fixed_before.get(name) != fixed_after.get(name)
        )
        # upstream prints a cmp.Diff of Go structs, which is not reproduced byte for byte: the changed members are shown
        diff = "".join(
            f"- {name}: {go_json(fixed_before.get(name))}\n+ {name}: {go_json(fixed_after.get(name))}\n"
            for name in changed
        )
        yield forbidden("spec", f"{ONLY_THESE}{diff}")


def _image(image: str, path: str) -> Iterator[Cause]:
    if not image:
        yield required(path)
    if image != image.strip():
        yield invalid(path, image, "must not have leading or trailing whitespace")


def _narrowed(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if any(new.get(name) != value for name, value in old.items()):
        yield invalid(
            "spec.nodeSelector",
            new,
            "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
        )


def _fixed(spec: JsonObject, gated: bool) -> JsonObject:
    """The parts of a spec that cannot change; a GATED pod may also narrow its node selector."""
    free = ("activeDeadlineSeconds", "tolerations", "schedulingGates", *(("nodeSelector",) if gated else ()))
    kept = {name: value for name, value in spec.items() if name not in free}
    for kind in ("containers", "initContainers"):
        if spec.get(kind):
            kept[kind] = [{**item, "image": ""} for item in spec[kind]]
    return dict(filled(kept))


def pod_status(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """Status of a pod."""
    status, before = new.get("status") or {}, (old or {}).get("status") or {}
    for index, item in enumerate(status.get("conditions") or []):
        kind = item.get("type") or ""
        if kind not in SYSTEM_CONDITIONS:
            yield from names.each(f"status.conditions[{index}].Type", kind, names.qualified(kind))
    yield from immutable(before.get("qosClass"), status.get("qosClass"), "status.qosClass")
    yield from _states(status, before, (new.get("spec") or {}).get("restartPolicy") or "Always")
    claims = {item.get("name") for item in (new.get("spec") or {}).get("resourceClaims") or []}
    seen = set()
    for index, item in enumerate(status.get("resourceClaimStatuses") or []):
        where, name = f"status.resourceClaimStatuses[{index}]", item.get("name") or ""
        if name not in claims:
            yield invalid(f"{where}.name", name, "must match the name of an entry in `spec.resourceClaims`")
        if name in seen:
            yield duplicate(f"{where}.name", name)
        seen.add(name)
        claim = item.get("resourceClaimName")
        if claim is not None:
            yield from names.each(f"{where}.resourceClaimName", claim, names.subdomain(claim))


def _states(new: JsonObject, old: JsonObject, restart: str) -> Iterator[Cause]:
    """A container that will not be restarted stays terminated (ValidateContainerStateTransition)."""
    states = {item.get("name"): item.get("state") or {} for item in new.get("containerStatuses") or []}
    for index, item in enumerate(old.get("containerStatuses") or []):
        ended = (item.get("state") or {}).get("terminated")
        again = restart == "Always" or (restart == "OnFailure" and ended and ended.get("exitCode"))
        state = states.get(item.get("name"))
        if ended is not None and not again and state is not None and state.get("terminated") is None:
            where = f"status.containerStatuses[{index}].state"
            yield forbidden(where, "may not be transitioned to non-terminated state")
