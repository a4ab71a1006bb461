"""Pure: priority classes, and the priority that a pod has by its class (plugin/pkg/admission/priority and pkg/apis/scheduling, 1.37)."""

from collections.abc import Iterable, Iterator

from dra_api.objects import JsonObject, ReadOnlyObject
from kube_emulator.apiserver.validation.causes import Cause, forbidden, invalid, not_supported
from kube_emulator.apiserver.validation.context import Context

LOWER, NEVER = "PreemptLowerPriority", "Never"
PREFIX = "system-"
HIGHEST = 1_000_000_000
"""The highest value of a class that users make."""

SYSTEM: dict[str, tuple[int, str]] = {
    "system-cluster-critical": (
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}
"""{class that every cluster has: (value, description)}; clients see both."""

NONE: JsonObject = {"metadata": {"name": ""}, "value": 0, "preemptionPolicy": LOWER}
"""What counts for a pod without a class where no class is the default."""


def system_classes() -> list[JsonObject]:
    """The classes that every cluster has."""
    return [
        {"metadata": {"name": name}, "value": value, "description": text}
        for name, (value, text) in SYSTEM.items()
    ]


def class_of(spec: ReadOnlyObject, classes: Iterable[ReadOnlyObject]) -> ReadOnlyObject | None:
    """The class of a pod's SPEC, by name or by default; None if CLASSES have none of that name.

    Of several defaults, which only a race can make, the lowest counts.
    """
    name = spec.get("priorityClassName")
    if name:
        return next((each for each in classes if each["metadata"]["name"] == name), None)
    defaults = [each for each in classes if each.get("globalDefault")]
    return min(defaults, key=lambda each: int(each.get("value", 0)), default=NONE)


def prioritize(spec: JsonObject, classes: Iterable[ReadOnlyObject]) -> None:
    """Give a new pod's SPEC the priority of its class, in place; what the client sent stays, to be refused by ``complaint``."""
    found = class_of(spec, classes) or NONE
    if found["metadata"]["name"]:
        spec["priorityClassName"] = found["metadata"]["name"]
    spec.setdefault("priority", found.get("value", 0))
    spec.setdefault("preemptionPolicy", found.get("preemptionPolicy", LOWER))


def complaint(spec: ReadOnlyObject, classes: Iterable[ReadOnlyObject]) -> str:
    """Why a new pod with SPEC is refused; empty if it is not."""
    found = class_of(spec, classes)
    if found is None:
        return f"no PriorityClass with name {spec['priorityClassName']} was found"
    computed = "priority admission controller computed {} from the given PriorityClass name"
    value, policy = found.get("value", 0), found.get("preemptionPolicy", LOWER)
    if spec["priority"] != value:
        return (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            + computed.format(value)
        )
    if spec["preemptionPolicy"] != policy:
        return (
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            + computed.format(policy)
        )
    return ""


def prepare(new: JsonObject, old: JsonObject | None, _context: Context) -> None:
    """A class is of generation 1 for ever: what counts in it cannot be changed."""
    if old is None:
        new["metadata"]["generation"] = 1


def rules(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A PriorityClass."""
    name, value, policy = new["metadata"].get("name", ""), new.get("value", 0), new["preemptionPolicy"]
    if old is not None:
        if value != old.get("value", 0):
            yield forbidden("value", "may not be changed in an update.")
        if policy != old.get("preemptionPolicy"):
            yield invalid("preemptionPolicy", policy, "field is immutable")
        return
    if name.startswith(PREFIX):
        why = _no_system_class(name, value, default=bool(new.get("globalDefault")))
        if why:
            text = (
                f"priority class names with '{PREFIX}' prefix are reserved for system use only. error: {why}"
            )
            yield forbidden("metadata.name", text)
    elif value > HIGHEST:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {HIGHEST}")
    if policy not in (LOWER, NEVER):
        yield not_supported("preemptionPolicy", policy, (LOWER, NEVER))


def _no_system_class(name: str, value: int, *, default: bool) -> str:
    if name not in SYSTEM:
        return f"{name} is not a known system priority class"
    if value != SYSTEM[name][0]:
        return f"value of {name} PriorityClass must be {SYSTEM[name][0]}"
    return f"globalDefault of {name} PriorityClass must be false" if default else ""
