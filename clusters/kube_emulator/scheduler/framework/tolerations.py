"""Pure: taints of devices and of nodes, and who may use them all the same (resourceclaim ToleratesTaint, 1.36)."""

from collections.abc import Iterable, Sequence

from dra_api.objects import DeviceTaint, DeviceTaintRule, DeviceToleration

PREVENTING = ("NoSchedule", "NoExecute")


def tolerates(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    """Whether TOLERATION covers TAINT; an unknown operator covers nothing."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return bool(toleration.get("value", "") == taint.get("value", ""))
    return bool(operator == "Exists")


def preventing(taints: Iterable[DeviceTaint], tolerations: Sequence[DeviceToleration]) -> DeviceTaint | None:
    """The first of TAINTS that keeps a new user away; None if there is none."""
    for taint in taints:
        if taint.get("effect") in PREVENTING and not any(tolerates(t, taint) for t in tolerations):
            return taint
    return None


def meant(rule: DeviceTaintRule, driver: str, pool: str, device: str) -> bool:
    """Whether a DeviceTaintRule means a device; a rule without selector means none."""
    selector = rule["spec"].get("deviceSelector")
    if selector is None:
        return False
    wanted = (
        (selector.get("driver"), driver),
        (selector.get("pool"), pool),
        (selector.get("device"), device),
    )
    return all(name is None or name == have for name, have in wanted)


def named(taint: DeviceTaint) -> str:
    """TAINT for people: ``key=value:effect``."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint.get('effect', '')}"
