"""The quality of service of a pod, from what its containers ask for (``pkg/apis/core/v1/helper/qos``, 1.36)."""

from typing import Any

from kube_emulator.apiserver.validation.quantities import value_of

COUNTED = ("cpu", "memory")


def qos_class(spec: dict[str, Any]) -> str:
    """``Guaranteed`` if requests equal limits everywhere, ``BestEffort`` if nothing is asked for, else ``Burstable``."""
    asked, guaranteed = False, True
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        resources = container.get("resources") or {}
        requests = _counted(resources.get("requests"))
        limits = _counted(resources.get("limits"))
        asked = asked or bool(requests or limits)
        guaranteed = guaranteed and set(limits) == set(COUNTED) and (requests or limits) == limits
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _counted(amounts: dict[str, Any] | None) -> dict[str, Any]:
    found = {name: value_of(amount) for name, amount in (amounts or {}).items() if name in COUNTED}
    return {name: value for name, value in found.items() if value > 0}
