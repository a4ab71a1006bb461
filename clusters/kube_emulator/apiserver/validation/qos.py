"""The quality of service of a pod, from what its containers ask for (``pkg/apis/core/helper/qos``, 1.36).

The API server writes the class into the status of a new pod; the kubelet computes it only for a pod without one.
Resources of the pod as a whole (``spec.resources``) are not read: the emulator has no defaults for them.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from kube_emulator.apiserver.schema.quantity import value_of

COUNTED = ("cpu", "memory")
"""Other resources, devices among them, do not change the class (``isSupportedQoSComputeResource``)."""


def qos_class(spec: Mapping[str, Any]) -> str:
    """``Guaranteed`` if requests equal limits in each container, ``BestEffort`` if nothing is asked for, else ``Burstable``."""
    asked, guaranteed = False, True
    # Init containers count, sidecars or not. Ephemeral ones do not: they cannot ask for resources.
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        # A limit is the request where there is none (SetDefaults_Pod); before an API server did that, it holds here too.
        requests = {**limits, **(resources.get("requests") or {})}
        asked = asked or bool(_counted(requests) or _counted(limits))
        guaranteed = (
            guaranteed and set(_counted(limits)) == set(COUNTED) and _counted(requests) == _counted(limits)
        )
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _counted(amounts: Mapping[str, Any]) -> dict[str, Fraction]:
    """The amounts that count, as numbers: ``1`` and ``1000m`` are the same; zero is as if it were not there."""
    found = {name: value_of(amount) for name, amount in amounts.items() if name in COUNTED}
    return {name: value for name, value in found.items() if value > 0}
