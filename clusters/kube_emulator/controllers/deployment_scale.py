"""Pure: how many replicas each ReplicaSet of a Deployment should have (pkg/controller/deployment/util and rolling.go, 1.36).

Each function returns a plan, {name of a ReplicaSet: replicas} of those that change.
"""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from kube_emulator.controllers.pod_control import amount

Plan = dict[str, int]
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"


def limits(deployment: JsonObject) -> tuple[int, int]:
    """(surge, unavailable) pods of a rolling update; one may be missing if both are 0 (ResolveFenceposts)."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate")
    if rolling is None:
        return 0, 0
    replicas = deployment["spec"]["replicas"]
    surge = amount(rolling["maxSurge"], replicas, up=True)
    unavailable = amount(rolling["maxUnavailable"], replicas, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def most_unavailable(deployment: JsonObject) -> int:
    """How many of the wanted pods may be missing."""
    return min(limits(deployment)[1], deployment["spec"]["replicas"])


def replicas_of(sets: Sequence[JsonObject]) -> int:
    """The replicas that SETS want together."""
    return sum(one["spec"]["replicas"] for one in sets)


def available_of(item: JsonObject) -> int:
    """``status.availableReplicas``."""
    return int((item.get("status") or {}).get("availableReplicas") or 0)


def new_replicas(deployment: JsonObject, sets: Sequence[JsonObject], current: int) -> int:
    """The replicas of the newest set, which has CURRENT; SETS are all (NewRSNewReplicas)."""
    wanted = int(deployment["spec"]["replicas"])
    if deployment["spec"]["strategy"]["type"] == "Recreate":
        return wanted
    room = wanted + limits(deployment)[0] - replicas_of(sets)
    return current if room <= 0 else current + min(room, wanted - current)


def roll(deployment: JsonObject, new: JsonObject, old: Sequence[JsonObject]) -> Plan:
    """One step of a rolling update: the new set grows, else old ones shrink."""
    wanted, current = deployment["spec"]["replicas"], new["spec"]["replicas"]
    if current > wanted:
        return {new["metadata"]["name"]: wanted}
    if current < wanted:
        grown = new_replicas(deployment, [new, *old], current)
        if grown != current:
            return {new["metadata"]["name"]: grown}
    return shrink_old(deployment, new, old)


def shrink_old(deployment: JsonObject, new: JsonObject, old: Sequence[JsonObject]) -> Plan:
    """Fewer replicas of OLD sets: first those that are not available, then as many as may be missing."""
    if not replicas_of(old):
        return {}
    least = deployment["spec"]["replicas"] - most_unavailable(deployment)
    budget = replicas_of([new, *old]) - least - (new["spec"]["replicas"] - available_of(new))
    if budget <= 0:
        return {}
    oldest_first = sorted(
        old, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"])
    )
    left = {one["metadata"]["name"]: one["spec"]["replicas"] for one in oldest_first}
    for one in oldest_first:
        unhealthy = min(budget, max(0, one["spec"]["replicas"] - available_of(one)))
        left[one["metadata"]["name"]] -= unhealthy
        budget -= unhealthy
    spare = sum(available_of(one) for one in [new, *old]) - least
    for name in left:
        going = min(left[name], max(0, spare))
        left[name] -= going
        spare -= going
    return {
        one["metadata"]["name"]: left[one["metadata"]["name"]]
        for one in old
        if left[one["metadata"]["name"]] != one["spec"]["replicas"]
    }


def rescale(deployment: JsonObject, new: JsonObject | None, old: Sequence[JsonObject]) -> Plan:
    """Replicas after somebody changed ``spec.replicas``: in the middle of a rolling update each set gets its share (scale)."""
    wanted = deployment["spec"]["replicas"]
    active = [one for one in [*([new] if new else []), *old] if one["spec"]["replicas"]]
    if len(active) <= 1:
        only = active[0] if active else new or (old[-1] if old else None)
        changes = only is not None and only["spec"]["replicas"] != wanted
        return {only["metadata"]["name"]: wanted} if only is not None and changes else {}
    if new and new["spec"]["replicas"] == wanted == available_of(new):
        return {one["metadata"]["name"]: 0 for one in active if one is not new}
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
        return {}
    most = wanted + limits(deployment)[0] if wanted else 0
    return shares(deployment, active, most)


def shares(deployment: JsonObject, active: Sequence[JsonObject], most: int) -> Plan:
    """The shares of ACTIVE sets in MOST replicas, in proportion to what they have; the biggest gets what is left over."""
    missing = most - replicas_of(active)
    newest_first = sorted(active, key=lambda one: one["metadata"]["creationTimestamp"], reverse=missing > 0)
    ordered = sorted(newest_first, key=lambda one: -one["spec"]["replicas"])
    plan: Plan = {}
    added = 0
    for one in ordered:
        size = one["spec"]["replicas"]
        before = int((one["metadata"].get("annotations") or {}).get(MAX_REPLICAS) or 0)
        before = before or int((deployment.get("status") or {}).get("replicas") or 0) or replicas_of(active)
        share = -size if not deployment["spec"]["replicas"] else rounded(size * most, before) - size
        share = min(share, missing - added) if missing > 0 else max(share, missing - added)
        plan[one["metadata"]["name"]] = size + (share if missing else 0)
        added += share if missing else 0
    first = ordered[0]["metadata"]["name"]
    plan[first] = max(0, plan[first] + missing - added)
    return {
        one["metadata"]["name"]: plan[one["metadata"]["name"]]
        for one in ordered
        if plan[one["metadata"]["name"]] != one["spec"]["replicas"]
    }


def rounded(value: int, by: int) -> int:
    """VALUE divided BY, halves up."""
    return (2 * value + by) // (2 * by)
