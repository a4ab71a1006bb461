"""Parts of objects as causes print them: JSON of the API server's internal types (``pkg/apis/resource/types.go``, 1.36).

Those types have no JSON names, so clients see Go's names, in the order of the declaration and with ``null`` for what is
not set. Only causes of immutable fields print objects, so only the types of a claim's spec and allocation are here.
"""

from typing import Any

from kube_emulator.apiserver.schema.quantity import canonical

EMPTY: dict[str, Any] = {"text": "", "number": 0}

TYPES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "ClaimSpec": (("Devices", "devices", "DeviceClaim"),),
    "TemplateSpec": (("Spec", "spec", "ClaimSpec"),),
    "DeviceClaim": (
        ("Requests", "requests", "[Request"),
        ("Constraints", "constraints", "[Constraint"),
        ("Config", "config", "[ClaimConfig"),
    ),
    "Request": (
        ("Name", "name", "text"),
        ("Exactly", "exactly", "*Exact"),
        ("FirstAvailable", "firstAvailable", "[SubRequest"),
    ),
    "Exact": (
        ("DeviceClassName", "deviceClassName", "text"),
        ("Selectors", "selectors", "[Selector"),
        ("AllocationMode", "allocationMode", "text"),
        ("Count", "count", "number"),
        ("AdminAccess", "adminAccess", "any"),
        ("Tolerations", "tolerations", "[Toleration"),
        ("Capacity", "capacity", "*CapacityRequirements"),
    ),
    "SubRequest": (
        ("Name", "name", "text"),
        ("DeviceClassName", "deviceClassName", "text"),
        ("Selectors", "selectors", "[Selector"),
        ("AllocationMode", "allocationMode", "text"),
        ("Count", "count", "number"),
        ("Tolerations", "tolerations", "[Toleration"),
        ("Capacity", "capacity", "*CapacityRequirements"),
    ),
    "CapacityRequirements": (("Requests", "requests", "quantities"),),
    "Selector": (("CEL", "cel", "*Cel"),),
    "Cel": (("Expression", "expression", "text"),),
    "Toleration": (
        ("Key", "key", "text"),
        ("Operator", "operator", "text"),
        ("Value", "value", "text"),
        ("Effect", "effect", "text"),
        ("TolerationSeconds", "tolerationSeconds", "any"),
    ),
    "Constraint": (
        ("Requests", "requests", "any"),
        ("MatchAttribute", "matchAttribute", "any"),
        ("DistinctAttribute", "distinctAttribute", "any"),
    ),
    "ClaimConfig": (("Requests", "requests", "any"), ("Opaque", "opaque", "*Opaque")),
    "Opaque": (("Driver", "driver", "text"), ("Parameters", "parameters", "any")),
    "AllocationResult": (
        ("Devices", "devices", "DeviceAllocation"),
        ("NodeSelector", "nodeSelector", "*NodeSelector"),
        ("AllocationTimestamp", "allocationTimestamp", "any"),
    ),
    "DeviceAllocation": (("Results", "results", "[Result"), ("Config", "config", "[AllocationConfig")),
    "Result": (
        ("Request", "request", "text"),
        ("Driver", "driver", "text"),
        ("Pool", "pool", "text"),
        ("Device", "device", "text"),
        ("AdminAccess", "adminAccess", "any"),
        ("Tolerations", "tolerations", "[Toleration"),
        ("BindingConditions", "bindingConditions", "any"),
        ("BindingFailureConditions", "bindingFailureConditions", "any"),
        ("ShareID", "shareID", "any"),
        ("ConsumedCapacity", "consumedCapacity", "quantities"),
    ),
    "AllocationConfig": (
        ("Source", "source", "text"),
        ("Requests", "requests", "any"),
        ("Opaque", "opaque", "*Opaque"),
    ),
    "NodeSelector": (("NodeSelectorTerms", "nodeSelectorTerms", "[Term"),),
    "Term": (
        ("MatchExpressions", "matchExpressions", "[Requirement"),
        ("MatchFields", "matchFields", "[Requirement"),
    ),
    "Requirement": (("Key", "key", "text"), ("Operator", "operator", "text"), ("Values", "values", "any")),
}
"""{type: its fields as (Go name, JSON name, type)}; ``*`` marks a pointer, ``[`` a list."""


def shown(kind: str, item: Any) -> Any:
    """ITEM, which is of the type KIND, as it is printed."""
    if kind in EMPTY:
        return item or EMPTY[kind]
    if kind == "any":
        return item
    if kind == "quantities":
        return None if item is None else {name: canonical(item[name]) for name in sorted(item)}
    if kind.startswith("["):
        return None if item is None else [shown(kind[1:], part) for part in item]
    if kind.startswith("*"):
        return None if item is None else shown(kind[1:], item)
    found = item or {}
    # the template embeds ObjectMeta, whose JSON tags make its members appear beside Spec
    inline = found.get("metadata") or {} if kind == "TemplateSpec" else {}
    return inline | {go: shown(member, found.get(name)) for go, name, member in TYPES[kind]}
