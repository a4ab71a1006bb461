"""Pure: what a ResourceQuota counts of claims, and what is wrong with one (pkg/quota/v1/evaluator/core/resource_claims.go, 1.37).

Only claims are counted: their number, and the devices that they may get of each class. Other names are stored as they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from dra_api.objects import JsonObject, ReadOnlyObject
from kube_emulator.apiserver.schema.quantity import canonical, value_of
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid
from kube_emulator.apiserver.validation.context import Context

CLAIMS = "count/resourceclaims.resource.k8s.io"
DEVICES = ".deviceclass.resource.k8s.io/devices"
MOST_DEVICES = 32
"""What a request for all devices counts: the most that one allocation can have (``AllocationResultsMaxSize``)."""

INTEGER = frozenset(
    [
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ]
)
FRACTIONAL = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "requests.", "limits.")
    for name in ("cpu", "memory", "ephemeral-storage")
) | {"requests.storage"}


def is_tracked(name: str) -> bool:
    """Whether NAME of ``spec.hard`` is counted."""
    return name == CLAIMS or name.endswith(DEVICES)


def usage_of(claim: ReadOnlyObject) -> Counter[str]:
    """{name: how much} of one claim; a prioritized list counts the most that it may get of each class."""
    used = Counter({CLAIMS: 1})
    for request in claim["spec"].get("devices", {}).get("requests") or []:
        most: Counter[str] = Counter()
        for choice in request.get("firstAvailable") or [request.get("exactly") or {}]:
            mode = choice.get("allocationMode")
            count = {"ExactCount": choice.get("count", 0), "All": MOST_DEVICES}.get(mode, 0)
            most |= Counter({f"{choice.get('deviceClassName', '')}{DEVICES}": count})
        used += most
    return used


def is_scoped(quota: ReadOnlyObject) -> bool:
    """Whether it is for pods of some scope only; claims have none."""
    spec = quota.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def status_of(quota: ReadOnlyObject, claims: Iterable[ReadOnlyObject]) -> JsonObject:
    """The status of QUOTA where CLAIMS are those of its namespace."""
    hard = dict((quota.get("spec") or {}).get("hard") or {})
    used = Counter() if is_scoped(quota) else total(claims)
    return {"hard": hard, "used": {name: canonical(used[name]) for name in hard if is_tracked(name)}}


def total(claims: Iterable[ReadOnlyObject]) -> Counter[str]:
    """What CLAIMS use together."""
    used: Counter[str] = Counter()
    for claim in claims:
        used += usage_of(claim)
    return used


def complaint(quota: ReadOnlyObject, claim: ReadOnlyObject, claims: Iterable[ReadOnlyObject]) -> str:
    """Why a new CLAIM beside CLAIMS is refused; empty if QUOTA leaves room for it, or is not in force yet."""
    hard: Mapping[str, str] = (quota.get("status") or {}).get("hard") or {}
    wanted = {name: count for name, count in usage_of(claim).items() if name in hard}
    if not wanted or is_scoped(quota):
        return ""
    used = total(claims)
    exceeded = sorted(name for name, count in wanted.items() if used[name] + count > value_of(hard[name]))
    if not exceeded:
        return ""
    shown = [
        ",".join(f"{name}={canonical(values[name])}" for name in exceeded) for values in (wanted, used, hard)
    ]
    return f"exceeded quota: {quota['metadata']['name']}, requested: {shown[0]}, used: {shown[1]}, limited: {shown[2]}"


def rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A ResourceQuota."""
    spec = new.get("spec") or {}
    for name, value in (spec.get("hard") or {}).items():
        where = f"spec.hard[{name}]"
        problems = list(names.qualified(name))
        yield from names.each(where, name, problems)
        if not problems and "/" not in name and name not in INTEGER | FRACTIONAL:
            yield invalid(where, name, "must be a standard resource type or fully qualified")
            yield invalid(where, name, "must be a standard resource for quota")
        number = value_of(value)
        if number < 0:
            yield invalid(where, value, "must be greater than or equal to 0")
        if _is_integer(name) and number != Fraction(int(number)):
            yield invalid(where, value, "must be an integer")
    if old is not None and set(spec.get("scopes") or ()) != set((old.get("spec") or {}).get("scopes") or ()):
        yield invalid("spec.scopes", spec.get("scopes"), "field is immutable")


def _is_integer(name: str) -> bool:
    return name in INTEGER or (
        "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")
    )
